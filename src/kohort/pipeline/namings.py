"""What the messages of a stretch say of who is who: those that name the same people are looked at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
    unblocked = _unblocked(numbers, definition)
    namings = {
        number: naming_of(others[place] if place in others else _message_of(key), definition)
        for (key, number), place in zip(numbers.items(), firsts.tolist(), strict=True)
        if key not in unblocked
    }
    plain = _namings_of_ids(unblocked)
    own = np.empty(len(numbers), object)
    own[np.fromiter(unblocked.values(), np.int64, len(unblocked))] = plain.actors.to_numpy(zero_copy_only=False)
    own[list(namings)] = [one.actor for one in namings.values()]
    seen = _numbered({number: one.seen for number, one in namings.items()}, _SEEN)
    linked = _numbered({number: one.linked for number, one in namings.items()}, _LINKED)
    return Namings(
        who,
        pa.array(own, pa.string()).take(pa.array(who)),
        _in_order([plain.seen, seen]),
        _in_order([plain.linked, linked]),
    )


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


class _Plain(NamedTuple):
    """The actor of each naming that says no more than two ids, and what these say."""

    actors: pa.Array
    seen: pa.Table
    linked: pa.Table


def _unblocked(numbers: Mapping[Any, int], definition: IdentityDefinition) -> dict[_Ids, int]:
    """Return the numbers of namings that say no more than two ids, of which one may be empty and neither is blocked."""
    ids = {key: number for key, number in numbers.items() if len(key) == _IDS_ALONE}
    users = definition.blocked_among(USER, {user for user, _ in ids}) - {""}
    visitors = definition.blocked_among(ANONYMOUS, {visitor for _, visitor in ids}) - {""}
    return {
        (user, visitor): number
        for (user, visitor), number in ids.items()
        if user not in users and visitor not in visitors and (user or visitor)
    }


def _message_of(ids: _Ids) -> Message:
    return Message("", "track", 0, 0, "", user_id=ids[0], anonymous_id=ids[1])


def _namings_of_ids(numbers: Mapping[_Ids, int]) -> _Plain:
    """Return what namings say by two ids, which are not blocked: as `naming_of` does for each."""
    who = pa.array(numbers.values(), pa.int64())
    own, other = (
        pa.array([actor_id_of(kind, ids[place]) if ids[place] else None for ids in numbers], pa.string())
        for place, kind in enumerate((USER, ANONYMOUS))
    )
    parts = [
        pa.table(
            [who, pa.repeat(kind, len(who)), pa.array([ids[place] for ids in numbers], pa.string()), actors],
            schema=_SEEN,
        ).filter(actors.is_valid())
        for place, (kind, actors) in enumerate(((USER, own), (ANONYMOUS, other)))
    ]
    linked = pa.table([who, own, other], schema=_LINKED).filter(pc.and_(own.is_valid(), other.is_valid()))
    return _Plain(pc.coalesce(own, other), pa.concat_tables(parts), linked)


def _in_order(parts: list[pa.Table]) -> pa.Table:
    """Return the rows of tables by the number in front; those of one number stay in order."""
    together = pa.concat_tables(parts)
    order = np.argsort(together.column(WHO).to_numpy(), kind="stable")
    return together.take(pa.array(order)).combine_chunks()


def _numbered(parts: Mapping[int, Iterable[tuple[Any, ...]]], schema: pa.Schema) -> pa.Table:
    """Return a table of rows with the number of the part that each belongs to in front."""
    rows = [(number, *row) for number, part in parts.items() for row in part]
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([pa.array(one, field.type) for one, field in zip(columns, schema, strict=True)], schema=schema)
