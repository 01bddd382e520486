"""A stretch of the journal as columns: all that its messages say, before anybody asks which of them are new.

What one message says is said in `columns`, `consents` and `kohort.profiles.identity`; here many are read at once: those
that speak of the same people are looked at once, and those with the same properties fill columns together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.definitions.identity import IdentityDefinition
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.pipeline.columns import EVENT_TYPES, Names, spread
from kohort.pipeline.consents import choices_told
from kohort.pipeline.deduplication import identities_of
from kohort.profiles.identity import actor_id_of, actor_of, named_in
from kohort.storage.messages import Message, Values
from kohort.storage.schemas import ARROW_TYPES, SCHEMAS
from kohort.storage.seen import Keys

_PLACE: Final = "place"
_WHO: Final = "who"
_FIELDS: Final = {
    ValueType.NUMBER: "numbers",
    ValueType.TEXT: "texts",
    ValueType.BOOLEAN: "booleans",
    ValueType.MOMENT: "moments",
    ValueType.TEXT_LIST: "lists",
}

SIGHTED: Final = ("kind", "value", "actor_id")
"""What makes two sightings one."""

_SEEN: Final = pa.schema([(_WHO, pa.int64()), *(SCHEMAS["identifiers"].field(name) for name in SIGHTED)])
_LINKED: Final = pa.schema(
    [(_WHO, pa.int64()), *(SCHEMAS["links"].field(name) for name in ("actor_id", "linked_actor_id"))]
)

_Shape = tuple[tuple[str, ...], ...]
"""The names of a message's values, type by type."""


class Property(NamedTuple):
    """A property of events, whichever has it, or a trait."""

    name: str
    kind: ValueType


class Naming(NamedTuple):
    """What messages that name the same people say of who is who.

    `actor` did what they tell; `seen` are identifiers (kind, value, actor), `linked` pairs of actors.
    """

    actor: str
    seen: list[tuple[str, str, str]]
    linked: list[tuple[str, str]]


@dataclass(frozen=True)
class Stretch:
    """What `len(keys)` messages say; every table tells by `place` which of them says a row.

    `keys` and `digests` tell them apart (see `identities_of`), `moments` are their times. `who` numbers those that name
    the same people, of whom `seen` tells identifiers with their actors, and `linked` pairs of actors. `properties` are
    what those columns of `events` hold that are called by numbers. `shown` are events, their properties, and under an
    empty text traits, in the order in which they came.
    """

    keys: Keys
    digests: NDArray[np.int64]
    event_ids: pa.Array
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
        who = self.seen.column(_WHO).to_numpy()
        firsts, lasts = self._spans()
        told = firsts[who] <= lasts[who]
        times = {"first_seen": pa.array(firsts[who]), "last_seen": pa.array(lasts[who])}
        found = pa.table({**dict(zip(SIGHTED, self.seen.select(SIGHTED).columns, strict=True)), **times})
        return found.filter(pa.array(told))

    def links(self) -> pa.Table:
        """Return which actors were named together, as the earliest messages tell it."""
        who = self.linked.column(_WHO).to_numpy()
        told = np.flatnonzero(np.isin(self.who, who) & (self.moments == self._spans()[0][self.who]))
        starts, ends = (np.searchsorted(who, self.who[told], side) for side in ("left", "right"))
        places = np.repeat(told, ends - starts)
        rows = pa.array(
            np.concatenate([np.arange(low, high) for low, high in zip(starts, ends, strict=True)] or [told])
        )
        columns = [
            self.linked.column("actor_id").take(rows),
            self.linked.column("linked_actor_id").take(rows),
            pa.array(self.moments[places]),
            self.event_ids.take(pa.array(places)),
        ]
        return pa.table(columns, schema=SCHEMAS["links"])

    def _spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first and the last moment of each naming; of one that no message has, the first is the later."""
        namings = int(self.seen.column(_WHO).to_numpy().max(initial=-1)) + 1
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


def stretch_of(messages: Sequence[Message], definition: IdentityDefinition) -> Stretch:
    """Return what messages say, by how people are told apart.

    >>> said = stretch_of([Message("1", "page", 5, 6, "web", "visit", anonymous_id="a")], IdentityDefinition())
    >>> names = Names()
    >>> said.show(names)
    >>> said.event_rows(names).column("ts").to_pylist(), said.sightings().column("value").to_pylist()
    ([5], ['a'])
    """
    keys, digests = identities_of(messages)
    namings, who = _who(messages, definition)
    actors = pa.array([one.actor for one in namings], pa.string()).take(pa.array(who))
    events, properties, shown = _events(messages, actors)
    traits, traits_shown = _traits(messages, actors)
    return Stretch(
        keys=keys,
        digests=digests,
        event_ids=pa.array([one.event_id for one in messages], pa.string()),
        moments=np.array([one.ts for one in messages], np.int64),
        who=who,
        seen=_numbered([one.seen for one in namings], _SEEN),
        linked=_numbered([one.linked for one in namings], _LINKED),
        events=events,
        properties=properties,
        traits=traits,
        choices=_choices(messages, definition),
        shown=[*shown, *traits_shown],
    )


def _who(messages: Sequence[Message], definition: IdentityDefinition) -> tuple[list[Naming], NDArray[np.int64]]:
    """Return the namings, and for each message the place of its own."""
    if not definition.unique:
        alike: list[Any] = [(one.user_id, one.anonymous_id, one.previous_id) for one in messages]
    else:
        # An identify may tell an identifier by any trait: it is looked at by itself.
        alike = [
            place if one.type == "identify"
            else (one.user_id, one.anonymous_id, one.previous_id, *chain.from_iterable(sorted(one.shared.items())))
            for place, one in enumerate(messages)
        ]  # fmt: skip
    numbers: dict[Any, int] = {}
    who = np.array([numbers.setdefault(key, len(numbers)) for key in alike], np.int64)
    _, firsts = np.unique(who, return_index=True)
    return [naming_of(messages[place], definition) for place in firsts.tolist()], who


def naming_of(message: Message, definition: IdentityDefinition) -> Naming:
    """Return what a message says of who is who."""
    named = named_in(message, definition)
    own = actor_id_of(*named.actor)
    others = [actor_id_of(*one) for one in named.others]
    seen = [(*named.actor, own), *((*one, other) for one, other in zip(named.others, others, strict=True))]
    seen += [(*one, own) for one in named.carried]
    return Naming(actor_of(message, named), seen, [(own, other) for other in others])


def _events(
    messages: Sequence[Message], actors: pa.Array
) -> tuple[pa.Table, list[Property], list[tuple[str, Property | None]]]:
    """Return the events with a column for each property, sorted; the properties; what was shown, in order."""
    places = [place for place, one in enumerate(messages) if one.type in EVENT_TYPES]
    events = [messages[place] for place in places]
    alike: dict[tuple[str, _Shape], list[int]] = {}
    for index, one in enumerate(events):
        alike.setdefault((one.name, _shape(one.values)), []).append(index)
    cells: dict[Property, list[tuple[list[int], Sequence[Any]]]] = {}
    shown: dict[tuple[str, Property | None], None] = {}
    for (name, shape), its in alike.items():
        shown[name, None] = None
        for each, values in _columns(shape, [events[index].values for index in its]):
            shown[name, each] = None
            cells.setdefault(each, []).append((its, values))
    table = pa.table(
        {
            _PLACE: pa.array(places, pa.int64()),
            "event_id": pa.array([one.event_id for one in events], pa.string()),
            "actor_id": actors.take(pa.array(places, pa.int64())),
            "name": pa.array([one.name for one in events], pa.string()),
            "ts": pa.array([one.ts for one in events], pa.int64()),
            "received_at": pa.array([one.received_at for one in events], pa.int64()),
            "source": pa.array([one.source for one in events], pa.string()),
        }
    )
    for number, (each, pieces) in enumerate(cells.items()):
        rows, values = ([*chain.from_iterable(part)] for part in zip(*pieces, strict=True))
        table = table.append_column(str(number), spread(len(events), rows, values, ARROW_TYPES[each.kind]))
    ordered = table.sort_by([(column, "ascending") for column in ("name", "ts", "event_id", "source")])
    return ordered, [*cells], [*shown]


def _shape(values: Values) -> _Shape:
    numbers, texts, booleans = tuple(values.numbers), tuple(values.texts), tuple(values.booleans)
    return numbers, texts, booleans, tuple(values.moments), tuple(values.lists)


def _columns(shape: _Shape, values: Sequence[Values]) -> Iterator[tuple[Property, Sequence[Any]]]:
    """Yield each property of messages of one shape with its values."""
    for (kind, group), names in zip(_FIELDS.items(), shape, strict=True):
        columns = zip(*(getattr(one, group).values() for one in values), strict=True) if names else ()
        for name, column in zip(names, columns, strict=True):
            yield Property(name, kind), column


def _traits(messages: Sequence[Message], actors: pa.Array) -> tuple[pa.Table, list[tuple[str, Property | None]]]:
    """Return rows for what identify messages say, and the traits in the order in which they came."""
    told = [
        (place, name, kind, value)
        for place, one in enumerate(messages)
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


def _choices(messages: Sequence[Message], definition: IdentityDefinition) -> pa.Table:
    rows = [
        {_PLACE: place, **row}
        for place, one in enumerate(messages)
        if one.choices is not None
        for row in choices_told(one, definition)
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([(_PLACE, pa.int64()), *SCHEMAS["consent_choices"]]))


def _numbered(rows: Sequence[Sequence[tuple[str, ...]]], schema: pa.Schema) -> pa.Table:
    """Return the rows of each naming with its number."""
    columns = zip(*((number, *row) for number, its in enumerate(rows) for row in its), strict=True)
    return pa.table([*columns] or [()] * len(schema), schema=schema)


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
