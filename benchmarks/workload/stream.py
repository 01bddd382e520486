"""The made-up shop as a stream: what was there at first, and the events after it in micro-batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Block, Column, History, Rows
from kohort.engines.live.archive import joined
from workload.population import NAMES, Population


@dataclass(frozen=True)
class Stream:
    """A history up to the moment `begin`, and after it the `told` events of `later`, in the order of time.

    `all` is the whole of them; in `later` each row names an event, its table's rows, and one of these.
    """

    warm: History
    all: History
    begin: Moment
    later: dict[str, Rows]
    order: tuple[NDArray[np.int8], NDArray[np.int64], NDArray[np.int64]]

    @property
    def told(self) -> int:
        """The number of events to tell."""
        return len(self.order[0])

    def batches(self, size: int) -> Iterator[tuple[dict[str, Rows], Moment]]:
        """Yield micro-batches and the moment of the last event of each."""
        names, _, ts = self.order
        next_row = dict.fromkeys(NAMES, 0)
        for first in range(0, self.told, size):
            found = {}
            counts = np.bincount(names[first : first + size], minlength=len(NAMES))
            for number in np.flatnonzero(counts):
                name, count = NAMES[number], int(counts[number])
                start = next_row[name]
                next_row[name] += count
                found[name] = _part(self.later[name], start, start + count)
            yield found, int(ts[min(first + size, self.told) - 1])


def delayed(
    batches: Iterator[tuple[dict[str, Rows], Moment]], share: float
) -> Iterator[tuple[dict[str, Rows], Moment]]:
    """Yield micro-batches of which a share of the rows, by a fixed seed, comes with the next one, and so late."""
    random = np.random.default_rng(7)
    held: dict[str, Rows] = {}
    for events, now in batches:
        waits = {name: random.random(len(rows.ts)) < share for name, rows in events.items()}
        told = {name: [rows.of(~waits[name])] for name, rows in events.items()}
        for name, rows in held.items():
            told.setdefault(name, []).append(rows)
        held = {name: rows.of(waits[name]) for name, rows in events.items()}
        yield {name: joined(rows) for name, rows in told.items()}, now
    yield held, now


def stream_of(population: Population, warm: float, most: int) -> Stream:
    """Return the stream of a population that begins after a share of its events and tells `most` at most."""
    history = population.history()
    tables = {name: [block.events[name] for block in history.blocks] for name in NAMES}
    starts = history.starts()
    moments = np.sort(np.concatenate([rows.ts for its in tables.values() for rows in its]))
    begin = int(moments[int(len(moments) * warm)])
    end = int(moments[min(int(len(moments) * warm) + most, len(moments) - 1)])
    later = {name: _between(its, starts, begin, end) for name, its in tables.items()}
    names = np.concatenate([np.full(len(later[name].ts), number, np.int8) for number, name in enumerate(NAMES)])
    rows = np.concatenate([np.arange(len(later[name].ts)) for name in NAMES])
    ts = np.concatenate([later[name].ts for name in NAMES])
    order = np.argsort(ts, kind="stable")
    return Stream(_until(history, begin), _until(history, end), begin, later, (names[order], rows[order], ts[order]))


def _between(tables: list[Rows], starts: list[int], begin: Moment, end: Moment) -> Rows:
    parts = [
        (_part(rows, rows.until(begin), rows.until(end)), start) for rows, start in zip(tables, starts, strict=True)
    ]
    people = np.concatenate([rows.people + np.int32(start) for rows, start in parts])
    ts = np.concatenate([rows.ts for rows, _ in parts])
    order = np.argsort(ts, kind="stable")
    columns = {
        name: Column(np.concatenate([rows.columns[name].values for rows, _ in parts])[order], column.dictionary)
        for name, column in tables[0].columns.items()
    }
    return Rows(people[order], ts[order], columns)


def _until(history: History, moment: Moment) -> History:
    blocks = [
        Block(
            block.first_seen,
            {name: _part(rows, 0, rows.until(moment)) for name, rows in block.events.items()},
            block.traits,
        )
        for block in history.blocks
    ]
    return History(history.people, blocks)


def _part(rows: Rows, start: int, stop: int) -> Rows:
    columns = {name: Column(one.values[start:stop], one.dictionary) for name, one in rows.columns.items()}
    return Rows(rows.people[start:stop], rows.ts[start:stop], columns)
