"""Events of several names, person by person in the order of time, as the traits of a family are computed from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.engines.columns import NO_CODE, Block, Column, History, Rows
from kohort.errors import DefinitionError, UnknownNameError
from kohort.pipeline.mapped.histories import open_history
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog


class TextCodes:
    """What a function makes of each distinct text of columns, as a code, or `NO_CODE`: each text is looked at once."""

    def __init__(self, code: Callable[[str], int]) -> None:
        self._code = code
        # A dictionary is kept with its codes, so that no other one gets its identity.
        self._known: dict[int, tuple[Sequence[Any], NDArray[np.int64]]] = {}

    def of(self, column: Column) -> NDArray[np.int64]:
        """Return the code of each row."""
        known = self._known.get(id(column.dictionary))
        if known is None:
            codes = [self._code(text) for text in column.dictionary]
            known = self._known[id(column.dictionary)] = column.dictionary, np.array([*codes, NO_CODE], dtype=np.int64)
        return known[1][column.values]


@dataclass(frozen=True)
class Gathered:
    """Events of some people, sorted by person and time, those of one moment in the order in which names were asked for.

    `people` are places in `ids`, `ts` moments, `names` places in the names asked for; `codes` holds one array for each
    property asked for. All have a place for each event.
    """

    ids: pa.StringArray
    people: NDArray[np.int32]
    ts: NDArray[np.int64]
    names: NDArray[np.int64]
    codes: Mapping[str, NDArray[np.int64]]

    def ids_of(self, people: NDArray[Any]) -> pa.StringArray:
        """Return the ids of people, which stand together in `people`, each once."""
        return self.ids.take(pa.array(people[np.flatnonzero(np.diff(people, prepend=-1))]))


@dataclass(frozen=True)
class Everybody:
    """Everybody's history, what data have shown, and the IANA name of the time zone in which days are told."""

    history: History
    catalog: Catalog
    zone: str

    @staticmethod
    def of(workspace: Workspace) -> "Everybody":
        """Return everybody of a project."""
        catalog = workspace.catalog({})
        return Everybody(open_history(workspace, catalog, whole=True), catalog, workspace.settings.zone.key)


@dataclass(frozen=True)
class Wanted:
    """A text property to be read, and what makes a code of its texts; `usual`: it may be that no event has it."""

    name: str
    codes: TextCodes
    usual: bool = False


def known_events(catalog: Catalog, events: Sequence[str]) -> list[str]:
    """Return those of `events`, by any of their names, that data have shown or the tracking plan declares."""
    return [key for key in dict.fromkeys(catalog.aliases.get(one, one) for one in events) if key in catalog.events]


def gather(
    everybody: Everybody, events: Sequence[str], wanted: Mapping[str, Wanted], *, at: Moment, where: str
) -> Iterator[Gathered]:
    """Yield the events called `events` up to `at`, block of people by block, with what is `wanted` of them.

    Raises UnknownNameError for a property that none of the events has, DefinitionError for one that is no text.
    """
    history, catalog = everybody.history, everybody.catalog
    columns = {key: _columns(catalog, events, one, where) for key, one in wanted.items()}
    for start, block in zip(history.starts(), history.blocks, strict=True):
        yield _gathered(
            history, start, block, events, {key: (columns[key], one.codes) for key, one in wanted.items()}, at
        )


def _columns(catalog: Catalog, events: Sequence[str], wanted: Wanted, where: str) -> Mapping[str, str]:
    """Return the column that holds a text property, by event that has it."""
    having = {event: catalog.events[event][wanted.name] for event in events if wanted.name in catalog.events[event]}
    if not having and not wanted.usual:
        known = {name for event in events for name in catalog.events[event]}
        raise UnknownNameError(f"property of {' or '.join(events)}", wanted.name, known, where=where)
    for event, kinds in having.items():
        if ValueType.TEXT not in kinds and not wanted.usual:
            raise DefinitionError(f"{where}: {event}.{wanted.name} should be a text and is a {', '.join(kinds)}")
    return {event: kinds[ValueType.TEXT] for event, kinds in having.items() if ValueType.TEXT in kinds}


def _gathered(
    history: History,
    start: int,
    block: Block,
    events: Sequence[str],
    wanted: Mapping[str, tuple[Mapping[str, str], TextCodes]],
    at: Moment,
) -> Gathered:
    rows = [block.events[event] for event in events]
    until = [one.until(at) for one in rows]
    people = _joined([one.people[:end] for one, end in zip(rows, until, strict=True)], np.int32)
    ts = _joined([one.ts[:end] for one, end in zip(rows, until, strict=True)], np.int64)
    names = np.repeat(np.arange(len(events)), until)
    order = np.lexsort((ts, people))
    codes = {}
    for key, (columns, maker) in wanted.items():
        parts = [
            _codes(one, end, columns.get(event), maker) for event, one, end in zip(events, rows, until, strict=True)
        ]
        codes[key] = _joined(parts, np.int64)[order]
    ids = history.people.slice(start, block.size)
    return Gathered(ids, people[order], ts[order], names[order], codes)


def _codes(rows: Rows, until: int, name: str | None, maker: TextCodes) -> NDArray[np.int64]:
    column = None if name is None else rows.columns.get(name)
    if column is None:
        return np.full(until, NO_CODE, dtype=np.int64)
    return maker.of(Column(column.values[:until], column.dictionary))


def _joined(parts: Sequence[NDArray[Any]], kind: Any) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype=kind), *parts])
