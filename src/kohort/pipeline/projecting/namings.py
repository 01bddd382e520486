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
from kohort.profiles.identity import actor_id_of, actor_ids_of, actor_of, named_in
from kohort.storage.messages import Message
from kohort.storage.schemas import SCHEMAS

WHO: Final = "who"

SIGHTED: Final = ("kind", "value", "actor_id")
"""What makes two sightings one."""

_SEEN: Final = pa.schema([(WHO, pa.int64()), *(SCHEMAS["identifiers"].field(name) for name in SIGHTED)])
_LINKED: Final = pa.schema(
    [(WHO, pa.int64()), *(SCHEMAS["links"].field(name) for name in ("actor_id", "linked_actor_id"))]
)


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
    users, visitors = heads.user_ids.dictionary_encode(), heads.anonymous_ids.dictionary_encode()
    alike = users.indices.to_numpy().astype(np.int64) * len(visitors.dictionary) + visitors.indices.to_numpy()
    more: dict[tuple[Any, ...], int] = {}
    for place, message in others.items():
        key = _more_than_ids(place, message, definition)
        if key:
            alike[place] = more.setdefault(key, -1 - len(more))
    numbered = pa.array(alike).dictionary_encode()
    who, kinds = numbered.indices.to_numpy().astype(np.int64), numbered.dictionary.to_numpy()
    firsts = np.empty(len(kinds), np.int64)
    firsts[who[::-1]] = np.arange(len(who))[::-1]
    ids = [
        _Ids(kind, coded.dictionary, coded.indices.to_numpy()[firsts])
        for kind, coded in ((USER, users), (ANONYMOUS, visitors))
    ]
    is_plain = (kinds >= 0) & np.logical_or(*(one.given() for one in ids))
    is_plain &= ~np.logical_or(*(one.blocked(definition) for one in ids))
    plain = _namings_of_ids(np.flatnonzero(is_plain), ids)
    places = {number: int(firsts[number]) for number in np.flatnonzero(~is_plain).tolist()}
    namings = {
        number: naming_of(others[place] if place in others else _message_at(place, heads), definition)
        for number, place in places.items()
    }
    rows = np.empty(len(kinds), np.int64)
    rows[np.concatenate([np.flatnonzero(is_plain), np.flatnonzero(~is_plain)])] = np.arange(len(kinds))
    actors = pa.concat_arrays([plain.actors, pa.array([one.actor for one in namings.values()], pa.string())])
    seen = _numbered({number: one.seen for number, one in namings.items()}, _SEEN)
    linked = _numbered({number: one.linked for number, one in namings.items()}, _LINKED)
    return Namings(
        who, actors.take(pa.array(rows[who])), _in_order([plain.seen, seen]), _in_order([plain.linked, linked])
    )


def _more_than_ids(place: int, message: Message, definition: IdentityDefinition) -> tuple[Any, ...]:
    """Return what messages have in common that say the same of who is who; nothing where their ids tell that."""
    if definition.unique and message.type == "identify":
        return (place,)  # it may tell an identifier by any trait: it is looked at by itself
    shared = tuple(sorted(message.shared.items())) if definition.unique else ()
    if not (message.previous_id or shared):
        return ()
    return (message.user_id, message.anonymous_id, message.previous_id, *shared)


def naming_of(message: Message, definition: IdentityDefinition) -> Naming:
    """Return what a message says of who is who."""
    named = named_in(message, definition)
    own = actor_id_of(*named.actor)
    others = [actor_id_of(*one) for one in named.others]
    seen = [(*named.actor, own), *((*one, other) for one, other in zip(named.others, others, strict=True))]
    seen += [(*one, own) for one in named.carried]
    return Naming(actor_of(message, named), seen, [(own, other) for other in others])


class _Ids(NamedTuple):
    """Distinct ids of a kind, "" among them where one is not given, and where in them the id of each naming stands."""

    kind: str
    texts: pa.Array
    places: NDArray[np.int32]

    def given(self) -> NDArray[np.bool_]:
        """Return of which namings the id is not empty."""
        return np.array(pc.not_equal(self.texts, ""), np.bool_)[self.places]

    def blocked(self, definition: IdentityDefinition) -> NDArray[np.bool_]:
        """Return of which namings the id is blocked."""
        blocked = definition.blocked_among(self.kind, self.texts.to_pylist()) - {""}
        return np.array(pc.is_in(self.texts, pa.array(blocked, pa.string())), np.bool_)[self.places]

    def of(self, numbers: NDArray[np.int64]) -> tuple[pa.Array, pa.Array]:
        """Return the ids of some namings and their actors, null where the id is empty."""
        actors = pc.if_else(pc.equal(self.texts, ""), None, actor_ids_of(self.kind, self.texts))
        places = pa.array(self.places[numbers])
        return self.texts.take(places), actors.take(places)


class _Plain(NamedTuple):
    """The actor of each naming that says no more than two ids, and what these say."""

    actors: pa.Array
    seen: pa.Table
    linked: pa.Table


def _message_at(place: int, heads: Heads) -> Message:
    ids = (one[place].as_py() for one in (heads.user_ids, heads.anonymous_ids))
    return Message("", "track", 0, 0, "", "", *ids)


def _namings_of_ids(numbers: NDArray[np.int64], ids: Sequence[_Ids]) -> _Plain:
    """Return what namings say by two ids, of which one may be empty and none is blocked: as `naming_of` does."""
    who = pa.array(numbers)
    parts, actors = [], []
    for one in ids:
        texts, its = one.of(numbers)
        parts.append(pa.table([who, pa.repeat(one.kind, len(who)), texts, its], schema=_SEEN).filter(its.is_valid()))
        actors.append(its)
    own, other = actors
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
