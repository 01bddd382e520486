"""A stretch of the journal as columns: all that its messages say, before anybody asks which of them are new.

What one message says is said in `columns`, `consents` and `kohort.profiles.identity`; here many are read at once, those
with the same properties filling columns together. Usual events come as columns already.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.collection.message_columns import Alike, Heads, heads_of
from kohort.collection.usual_events import NO_USUAL, UsualEvents
from kohort.definitions.identity import IdentityDefinition
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.pipeline.columns import EVENT_TYPES, Names, spread
from kohort.pipeline.projecting.consents import choices_told
from kohort.pipeline.projecting.namings import SIGHTED, WHO, namings_of
from kohort.storage.messages import Message, Values
from kohort.storage.schemas import ARROW_TYPES, SCHEMAS
from kohort.storage.seen import Keys, keys_in

_PLACE: Final = "place"
_FIELDS: Final = {
    ValueType.NUMBER: "numbers",
    ValueType.TEXT: "texts",
    ValueType.BOOLEAN: "booleans",
    ValueType.MOMENT: "moments",
    ValueType.TEXT_LIST: "lists",
}

_ORDER: Final = [(column, "ascending") for column in ("name", "ts", "event_id", "source")]
_NOWHERE: Final = np.zeros(0, np.int64)

_Shape = tuple[tuple[str, ...], ...]
"""The names of a message's values, type by type."""


class Property(NamedTuple):
    """A property of events, whichever has it, or a trait."""

    name: str
    kind: ValueType


@dataclass(frozen=True)
class Stretch:
    """What `len(keys)` messages say; every table tells by `place` which of them says a row.

    `keys` and `digests` tell them apart (see `identities_of`), `sources` are theirs, `moments` their times. `who`
    numbers those that name the same people, of whom `seen` tells identifiers with their actors, and `linked` pairs of
    actors. `properties` are what those columns of `events` hold that are called by numbers. `shown` are events, their
    properties, and under an empty text traits, in the order in which they came.
    """

    keys: Keys
    digests: NDArray[np.int64]
    event_ids: pa.Array
    sources: pa.Array
    moments: NDArray[np.int64]
    who: NDArray[np.int64]
    seen: pa.Table
    linked: pa.Table
    events: pa.Table
    properties: Sequence[Property]
    traits: pa.Table
    choices: pa.Table
    shown: Sequence[tuple[str, Property | None]] = field(default=())

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, places: NDArray[np.int64]) -> "Stretch":
        """Return what the messages at some places, in order, say; the others were never there."""
        if len(places) == len(self):
            return self
        chosen = np.zeros(len(self), np.bool_)
        chosen[places] = True
        events = _only(self.events, chosen)
        empty = [str(number) for number in range(len(self.properties)) if _is_empty(events.column(str(number)))]
        return replace(
            self,
            keys=self.keys[places],
            digests=self.digests[places],
            event_ids=self.event_ids.take(pa.array(places)),
            sources=self.sources.take(pa.array(places)),
            moments=self.moments[places],
            who=self.who[places],
            events=events.drop_columns(empty),
            traits=_only(self.traits, chosen),
            choices=_only(self.choices, chosen),
            shown=self._shown_in(events.drop_columns(empty), _only(self.traits, chosen)),
        )

    def show(self, names: Names) -> None:
        """Note the names that the messages show."""
        for event, one in self.shown:
            if one is None:
                names.event(event)
            elif event:
                names.column(event, *one)
            else:
                names.trait(*one)

    def event_rows(self, names: Names) -> pa.Table:
        """Return rows of `events`, sorted by name and time, with a column for each property met."""
        columns = {
            str(number): names.types[one.name, one.kind]
            for number, one in enumerate(self.properties)
            if str(number) in self.events.column_names
        }
        return _bare(self.events).rename_columns(columns)

    def trait_rows(self) -> pa.Table:
        """Return rows of `trait_values`."""
        return _bare(self.traits)

    def choice_rows(self) -> pa.Table:
        """Return rows of `consent_choices`."""
        return _bare(self.choices)

    def sightings(self) -> pa.Table:
        """Return which identifiers were seen with which actors, and when first and last."""
        who = self.seen.column(WHO).to_numpy()
        firsts, lasts = self._spans()
        told = firsts[who] <= lasts[who]
        times = {"first_seen": pa.array(firsts[who]), "last_seen": pa.array(lasts[who])}
        found = pa.table({**dict(zip(SIGHTED, self.seen.select(SIGHTED).columns, strict=True)), **times})
        return found.filter(pa.array(told))

    def links(self) -> pa.Table:
        """Return which actors were named together, as the earliest messages tell it."""
        who = self.linked.column(WHO).to_numpy()
        told = np.flatnonzero(np.isin(self.who, who) & (self.moments == self._spans()[0][self.who]))
        starts, ends = (np.searchsorted(who, self.who[told], side) for side in ("left", "right"))
        counts = ends - starts
        places = np.repeat(told, counts)
        rows = pa.array(np.arange(len(places)) + np.repeat(starts - (np.cumsum(counts) - counts), counts))
        columns = [
            self.linked.column("actor_id").take(rows),
            self.linked.column("linked_actor_id").take(rows),
            pa.array(self.moments[places]),
            self.event_ids.take(pa.array(places)),
        ]
        return pa.table(columns, schema=SCHEMAS["links"])

    def _spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first and the last moment of each naming; of one that no message has, the first is the later."""
        namings = int(self.seen.column(WHO).to_numpy().max(initial=-1)) + 1
        least = np.full(namings, np.iinfo(np.int64).max)
        most = np.full(namings, np.iinfo(np.int64).min)
        np.minimum.at(least, self.who, self.moments)
        np.maximum.at(most, self.who, self.moments)
        return least, most

    def _shown_in(self, events: pa.Table, traits: pa.Table) -> Sequence[tuple[str, Property | None]]:
        """Return what some rows of the events and traits show, in the order in which they came."""
        firsts: dict[tuple[str, Property | None], int] = {}
        for number, one in enumerate([None, *self.properties]):
            if one is not None and str(number - 1) not in events.column_names:
                continue
            rows = events if one is None else _having(events, str(number - 1))
            firsts |= {(event, one): place for event, place in _firsts(rows, "name")}
        for kind, column in VALUE_COLUMNS.items():
            rows = _having(traits, column)
            firsts |= {("", Property(trait, kind)): place for trait, place in _firsts(rows, "name")}
        kinds = list(ValueType)
        left = [(event, one) for event, one in self.shown if (event, one) in firsts]
        return sorted(left, key=lambda key: (firsts[key], -1 if key[1] is None else kinds.index(key[1].kind)))


def stretch_of(
    messages: Sequence[Message],
    definition: IdentityDefinition,
    usual: UsualEvents = NO_USUAL,
    places: NDArray[np.int64] = _NOWHERE,
) -> Stretch:
    """Return what messages say, by how people are told apart; `usual` events stand among them at some places.

    >>> said = stretch_of([Message("1", "page", 5, 6, "web", "visit", anonymous_id="a")], IdentityDefinition())
    >>> names = Names()
    >>> said.show(names)
    >>> said.event_rows(names).column("ts").to_pylist(), said.sightings().column("value").to_pylist()
    ([5], ['a'])
    """
    is_other = np.ones(len(messages) + len(places), np.bool_)
    is_other[places] = False
    others = dict(zip(np.flatnonzero(is_other).tolist(), messages, strict=True))
    heads, digests = _woven(usual, places, others)
    namings = namings_of(heads, others, definition)
    alike = [*_alike(others), *(one._replace(places=places[one.places]) for one in usual.alike)]
    events, properties, shown = _events(heads, sorted(alike, key=lambda one: int(one.places[0])), namings.actors)
    traits, traits_shown = _traits(others, namings.actors)
    return Stretch(
        keys=keys_in(heads.sources, heads.event_ids),
        digests=digests,
        event_ids=heads.event_ids,
        sources=heads.sources,
        moments=heads.moments.to_numpy(),
        who=namings.who,
        seen=namings.seen,
        linked=namings.linked,
        events=events,
        properties=properties,
        traits=traits,
        choices=_choices(others, definition),
        shown=[*shown, *traits_shown],
    )


def _woven(
    usual: UsualEvents, places: NDArray[np.int64], others: Mapping[int, Message]
) -> tuple[Heads, NDArray[np.int64]]:
    """Return what all messages have, and the digests of what they say."""
    if not others:
        return usual.heads, usual.digests
    theirs, their_places = heads_of(others.values()), np.fromiter(others, np.int64, len(others))
    digests = np.empty(len(places) + len(others), np.int64)
    digests[places], digests[their_places] = usual.digests, [one.digest() for one in others.values()]
    if not len(places):
        return theirs, digests
    order = np.empty(len(digests), np.int64)
    order[np.concatenate([places, their_places])] = np.arange(len(digests))
    woven = (pa.concat_arrays(both).take(pa.array(order)) for both in zip(usual.heads, theirs, strict=True))
    return Heads(*woven), digests


def _events(
    heads: Heads, alike: Sequence[Alike], actors: pa.Array
) -> tuple[pa.Table, list[Property], list[tuple[str, Property | None]]]:
    """Return the events with a column for each property, sorted; the properties; what was shown, in order."""
    places = np.sort(np.concatenate([_NOWHERE, *(one.places for one in alike)]))
    cells: dict[Property, list[tuple[NDArray[np.int64], pa.Array]]] = {}
    shown: dict[tuple[str, Property | None], None] = {}
    for one in alike:
        its = np.searchsorted(places, one.places)
        shown[one.name, None] = None
        for kind, name, values in one.columns:
            each = Property(name, kind)
            shown[one.name, each] = None
            cells.setdefault(each, []).append((its, values))
    taken = pa.array(places)
    columns = {
        "event_id": heads.event_ids,
        "actor_id": actors,
        "name": heads.names,
        "ts": heads.moments,
        "received_at": heads.received_at,
        "source": heads.sources,
    }
    table = pa.table({_PLACE: taken, **{name: column.take(taken) for name, column in columns.items()}})
    for number, pieces in enumerate(cells.values()):
        rows = np.concatenate([one for one, _ in pieces])
        values = pa.concat_arrays([one for _, one in pieces])
        table = table.append_column(str(number), spread(len(places), rows, values))
    return table.take(_sorted(table)), [*cells], [*shown]


def _sorted(events: pa.Table) -> pa.Array:
    """Return the order of events by name and time; of the same ones by id and source."""
    names, times = events.column("name").combine_chunks().dictionary_encode(), events.column("ts").to_numpy()
    ranks = np.empty(len(names.dictionary), np.int64)
    ranks[pc.sort_indices(names.dictionary)] = np.arange(len(ranks))
    codes = ranks[names.indices]
    order = np.lexsort((times, codes))
    same = (np.diff(codes[order]) == 0) & (np.diff(times[order]) == 0)
    if same.any():
        places = np.flatnonzero(np.append(same, False) | np.append(False, same))
        alike = events.take(pa.array(order[places]))
        order[places] = order[places][pc.sort_indices(alike, _ORDER)]
    return pa.array(order)


def _alike(messages: Mapping[int, Message]) -> Iterator[Alike]:
    """Yield the events among messages, those of one name and shape together."""
    found: dict[tuple[str, _Shape], list[int]] = {}
    for place, one in messages.items():
        if one.type in EVENT_TYPES:
            found.setdefault((one.name, _shape(one.values)), []).append(place)
    for (name, shape), places in found.items():
        columns = [*_columns(shape, [messages[place].values for place in places])]
        yield Alike(name, np.array(places, np.int64), columns)


def _shape(values: Values) -> _Shape:
    numbers, texts, booleans = tuple(values.numbers), tuple(values.texts), tuple(values.booleans)
    return numbers, texts, booleans, tuple(values.moments), tuple(values.lists)


def _columns(shape: _Shape, values: Sequence[Values]) -> Iterator[tuple[ValueType, str, pa.Array]]:
    """Yield the values of messages of one shape, by type and name."""
    for (kind, group), names in zip(_FIELDS.items(), shape, strict=True):
        columns = zip(*(getattr(one, group).values() for one in values), strict=True) if names else ()
        for name, column in zip(names, columns, strict=True):
            yield kind, name, pa.array(column, ARROW_TYPES[kind])


def _traits(messages: Mapping[int, Message], actors: pa.Array) -> tuple[pa.Table, list[tuple[str, Property | None]]]:
    """Return rows for what identify messages say, and the traits in the order in which they came."""
    told = [
        (place, name, kind, value)
        for place, one in messages.items()
        if one.type == "identify"
        for kind, name, value in _told(one.values)
    ]
    rows = [messages[place] for place, *_ in told]
    places = pa.array([place for place, *_ in told], pa.int64())
    table = pa.table(
        {
            _PLACE: places,
            "actor_id": actors.take(places),
            "name": pa.array([name for _, name, _, _ in told], pa.string()),
            "value_id": pa.array([one.event_id for one in rows], pa.string()),
            "set_at": pa.array([one.ts for one in rows], pa.int64()),
            "recorded_at": pa.array([one.received_at for one in rows], pa.int64()),
            "source": pa.array([one.source for one in rows], pa.string()),
            **{
                column: pa.array([value if its is kind else None for *_, its, value in told], ARROW_TYPES[kind])
                for kind, column in VALUE_COLUMNS.items()
            },
            "removed": pa.array([kind is None for *_, kind, _ in told], pa.bool_()),
        }
    )
    return table, [*dict.fromkeys(("", Property(name, kind)) for _, name, kind, _ in told if kind is not None)]


def _told(values: Values) -> Iterator[tuple[ValueType | None, str, Any]]:
    for kind, group in _FIELDS.items():
        for name, value in getattr(values, group).items():
            yield kind, name, value
    for name in values.removed:
        yield None, name, None


def _choices(messages: Mapping[int, Message], definition: IdentityDefinition) -> pa.Table:
    rows = [
        {_PLACE: place, **row}
        for place, one in messages.items()
        if one.choices is not None
        for row in choices_told(one, definition)
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([(_PLACE, pa.int64()), *SCHEMAS["consent_choices"]]))


def _only(table: pa.Table, chosen: NDArray[np.bool_]) -> pa.Table:
    return table.filter(pa.array(chosen).take(table.column(_PLACE).combine_chunks()))


def _bare(table: pa.Table) -> pa.Table:
    return table.drop_columns([_PLACE])


def _is_empty(column: pa.ChunkedArray) -> bool:
    return bool(column.null_count == len(column))


def _having(table: pa.Table, column: str) -> pa.Table:
    return table.filter(pc.is_valid(table.column(column)))


def _firsts(table: pa.Table, column: str) -> Iterator[tuple[str, int]]:
    firsts = table.group_by(column).aggregate([(_PLACE, "min")])
    yield from zip(firsts.column(column).to_pylist(), firsts.column(f"{_PLACE}_min").to_pylist(), strict=True)
