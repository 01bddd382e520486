"""What the messages of a stretch say of who is who: those that name the same people are looked at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.collection.message_columns import Heads
from kohort.definitions.identity import ANONYMOUS, USER, IdentityDefinition
from kohort.profiles.identity import actor_id_of, actor_of, named_in
from kohort.storage.messages import Message
from kohort.storage.schemas import SCHEMAS

WHO: Final = "who"

SIGHTED: Final = ("kind", "value", "actor_id")
"""What makes two sightings one."""

_SEEN: Final = pa.schema([(WHO, pa.int64()), *(SCHEMAS["identifiers"].field(name) for name in SIGHTED)])
_LINKED: Final = pa.schema(
    [(WHO, pa.int64()), *(SCHEMAS["links"].field(name) for name in ("actor_id", "linked_actor_id"))]
)

_Ids = tuple[str, str]
"""A user id and an anonymous id; where that is all that is said of who is who, messages with the same are alike."""

_IDS_ALONE: Final = 2


class Naming(NamedTuple):
    """What messages that name the same people say of who is who.

    `actor` did what they tell; `seen` are identifiers (kind, value, actor), `linked` pairs of actors.
    """

    actor: str
    seen: Sequence[tuple[str, str, str]]
    linked: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Namings:
    """The number of each message's naming (`who`), the actor of each message, and what the namings say, by number."""

    who: NDArray[np.int64]
    actors: pa.Array
    seen: pa.Table
    linked: pa.Table


def namings_of(heads: Heads, others: Mapping[int, Message], definition: IdentityDefinition) -> Namings:
    """Return what messages say of who is who; `others` are those, by place, that may say more of it than their ids."""
    alike: list[Any] = [*zip(heads.user_ids, heads.anonymous_ids, strict=True)]
    for place, message in others.items():
        alike[place] = _alike(place, message, definition)
    numbers: dict[Any, int] = {}
    who = np.array([numbers.setdefault(key, len(numbers)) for key in alike], np.int64)
    firsts = np.empty(len(numbers), np.int64)
    firsts[who[::-1]] = np.arange(len(who))[::-1]
    namings = [
        _naming_of_ids(key, definition) if len(key) == _IDS_ALONE else naming_of(others[place], definition)
        for key, place in zip(numbers, firsts.tolist(), strict=True)
    ]
    actors = pa.array([one.actor for one in namings], pa.string()).take(pa.array(who))
    seen, linked = [one.seen for one in namings], [one.linked for one in namings]
    return Namings(who, actors, _numbered(seen, _SEEN), _numbered(linked, _LINKED))


def _alike(place: int, message: Message, definition: IdentityDefinition) -> tuple[Any, ...]:
    """Return what messages have in common that say the same of who is who."""
    if definition.unique and message.type == "identify":
        return (place,)  # it may tell an identifier by any trait: it is looked at by itself
    ids = message.user_id, message.anonymous_id
    shared = tuple(sorted(message.shared.items())) if definition.unique else ()
    return (*ids, message.previous_id, *shared) if message.previous_id or shared else ids


def naming_of(message: Message, definition: IdentityDefinition) -> Naming:
    """Return what a message says of who is who."""
    named = named_in(message, definition)
    own = actor_id_of(*named.actor)
    others = [actor_id_of(*one) for one in named.others]
    seen = [(*named.actor, own), *((*one, other) for one, other in zip(named.others, others, strict=True))]
    seen += [(*one, own) for one in named.carried]
    return Naming(actor_of(message, named), seen, [(own, other) for other in others])


def _naming_of_ids(ids: _Ids, definition: IdentityDefinition) -> Naming:
    """Return what a message says of who is who that says no more than two ids, either of which may be empty."""
    user, visitor = ids
    blocked = (user and definition.is_blocked(USER, user)) or (visitor and definition.is_blocked(ANONYMOUS, visitor))
    if blocked or not (user or visitor):
        return naming_of(Message("", "track", 0, 0, "", user_id=user, anonymous_id=visitor), definition)
    if not visitor:
        own = actor_id_of(USER, user)
        return Naming(own, ((USER, user, own),), ())
    other = actor_id_of(ANONYMOUS, visitor)
    if not user:
        return Naming(other, ((ANONYMOUS, visitor, other),), ())
    own = actor_id_of(USER, user)
    return Naming(own, ((USER, user, own), (ANONYMOUS, visitor, other)), ((own, other),))


def _numbered(parts: Sequence[Iterable[tuple[Any, ...]]], schema: pa.Schema) -> pa.Table:
    """Return a table of rows with the number of the part that each belongs to in front."""
    rows = [(number, *row) for number, part in enumerate(parts) for row in part]
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([pa.array(one, field.type) for one, field in zip(columns, schema, strict=True)], schema=schema)
