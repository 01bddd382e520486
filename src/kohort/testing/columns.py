"""A world as the columns that the kernel engine reads."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from kohort.definitions.values import MICRO, VALUE_COLUMNS, ValueType
from kohort.engines.columns import MISSING, NO_CODE, Block, Column, History, Rows
from kohort.engines.reference import Event, Person, TraitValue, Typed
from kohort.testing.worlds import World, consent_values

_NEVER = 2**62
_DTYPES = {ValueType.NUMBER: np.int64, ValueType.MOMENT: np.int64, ValueType.BOOLEAN: np.int8}


def history_of(world: World, real: int = 2, size: int = 8) -> History:
    """Return the history of a world, `real` people to a block of `size` (a multiple of 8): the others never exist."""
    known = sorted(world.people, key=lambda one: one.person_id)
    groups = []
    for start in range(0, len(known), real):
        group = known[start : start + real]
        others = [Person(f"{group[-1].person_id}~{number:02}", _NEVER) for number in range(size - len(group))]
        groups.append([*group, *others])
    people = [person for group in groups for person in group]
    ids = pa.array([one.person_id for one in people], pa.string())
    return History(ids, [_block(group, world) for group in groups])


def _block(people: list[Person], world: World) -> Block:
    events: dict[str, list[tuple[int, Event]]] = {}
    traits: dict[str, list[tuple[int, TraitValue]]] = {}
    for place, person in enumerate(people):
        for event in person.events:
            events.setdefault(event.name, []).append((place, event))
        for value in (*person.traits, *consent_values(person, world.catalog)):
            traits.setdefault(value.name, []).append((place, value))
    seen = np.array([person.first_seen for person in people], np.int64)
    return Block(
        seen,
        {name: event_rows(rows, world.catalog.events[name]) for name, rows in events.items()},
        {name: value_rows(rows) for name, rows in traits.items()},
    )


def event_rows(rows: list[tuple[int, Event]], properties: Mapping[str, Mapping[ValueType, str]]) -> Rows:
    """Return the events of one name, each with its person's place, in the order of time and then of ids."""
    rows.sort(key=lambda row: (row[1].ts, row[1].event_id))
    columns = {
        column: _column(kind, [event.properties.get(name) for _, event in rows])
        for name, types in properties.items()
        for kind, column in types.items()
    }
    return _rows([place for place, _ in rows], [event.ts for _, event in rows], columns)


def value_rows(rows: list[tuple[int, TraitValue]]) -> Rows:
    """Return the values of one trait, each with its person's place, in the order of time and then of ids."""
    rows.sort(key=lambda row: (row[1].set_at, row[1].value_id))
    columns = {column: _column(kind, [one.value for _, one in rows]) for kind, column in VALUE_COLUMNS.items()}
    return _rows([place for place, _ in rows], [one.set_at for _, one in rows], columns)


def _rows(people: Iterable[int], ts: Iterable[int], columns: Mapping[str, Column]) -> Rows:
    return Rows(np.array(list(people), np.int32), np.array(list(ts), np.int64), columns)


def _column(kind: ValueType, values: list[Typed | None]) -> Column:
    held: list[Any] = [one.value if one is not None and one.type is kind else None for one in values]
    if kind in _DTYPES:
        missing = NO_CODE if kind is ValueType.BOOLEAN else MISSING
        scale = MICRO if kind is ValueType.NUMBER else 1
        return Column(np.array([missing if one is None else int(one * scale) for one in held], _DTYPES[kind]))
    dictionary = sorted({one for one in held if one is not None})
    codes = {one: code for code, one in enumerate(dictionary)}
    return Column(np.array([NO_CODE if one is None else codes[one] for one in held], np.int32), dictionary)
