"""What comes in, as one table in the order of time: what is late, what is due, and what is to come."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import MISSING, Moments, Rows
from kohort.engines.live.layout import Layout
from kohort.engines.live.streams import Bits, Streams
from kohort.engines.live.table import Table
from kohort.rules.catalog import Catalog


class Feed:
    """Turns rows of events into tables with the streams of a layout; those of the future wait until they are due."""

    def __init__(self, layout: Layout, catalog: Catalog) -> None:
        self._streams = {event: Streams(event, streams, catalog) for event, streams in layout.streams.items()}
        self._columns = layout.columns()
        self.width = max([1, *(len(columns) for columns in self._columns.values())])
        self._to_come = Table.empty(self.width)

    def begin(self, parts: Iterable[tuple[int, Mapping[str, Rows]]], at: Moment) -> Table:
        """Take in a history, in parts each with the number of its first person; return its rows up to `at`."""
        tables = [self._table(events, first) for first, events in parts]
        return self._due([Table.empty(self.width), *tables], at)

    def take(self, events: Mapping[str, Rows], since: Moment, now: Moment) -> tuple[Table, Table]:
        """Take in rows; return those that are late, up to `since`, and all that are due, up to `now`."""
        table = self._table(events, 0)
        if len(table) and table.ts.min() <= since:
            late = table.ts <= since
            return table.of(late).in_time(), self._due([self._to_come, table.of(~late)], now)
        return Table.empty(self.width), self._due([self._to_come, table], now)

    def nothing(self) -> Table:
        """Return a table of no rows."""
        return Table.empty(self.width)

    def count(self, moments: Moments) -> NDArray[np.int64]:
        """Return how many rows are due by each of some moments."""
        return self._to_come.until(moments)

    def forget(self, people: NDArray[np.int64]) -> None:
        """Forget what is to come of people."""
        self._to_come = self._to_come.of(~np.isin(self._to_come.people, people))

    def _due(self, tables: list[Table], now: Moment) -> Table:
        told = Table.joined(tables).in_time()
        due = int(np.searchsorted(told.ts, now, side="right"))
        self._to_come = told.of(slice(due, None))
        return told.of(slice(due))

    def _table(self, events: Mapping[str, Rows], first: int) -> Table:
        """Return rows of all events, of people numbered from `first` on, one event after another."""
        named = [
            (number, name, streams, rows)
            for number, (name, streams) in enumerate(self._streams.items())
            if (rows := events.get(name)) is not None and len(rows.ts)
        ]
        if not named:
            return Table.empty(self.width)
        sizes = [len(rows.ts) for _, _, _, rows in named]
        people = np.concatenate([rows.people for _, _, _, rows in named])
        values = np.zeros((len(people), self.width), np.int64)
        for (_, name, _, rows), end in zip(named, accumulate(sizes), strict=True):
            for place, column in enumerate(self._columns[name]):
                if column in rows.columns:
                    numbers = rows.columns[column].values
                    values[end - len(numbers) : end, place] = np.where(numbers == MISSING, 0, numbers)
        return Table(
            people + np.int32(first) if first else people,
            np.repeat(np.array([number for number, _, _, _ in named], np.int16), sizes),
            _bits([streams.looked_up(rows) for _, _, streams, rows in named], sizes),
            values,
            np.concatenate([rows.ts for _, _, _, rows in named]),
            np.zeros(len(people), np.int32),
        )


def _bits(looked_up: Sequence[tuple[Bits, NDArray[np.integer]]], sizes: Sequence[int]) -> Bits:
    """Return what tables say of the places in each, -1 being the first, with one look into all of them."""
    begins = accumulate((len(table) for table, _ in looked_up), initial=1)
    places = np.concatenate([its for _, its in looked_up], dtype=np.int64)
    places += np.repeat(np.array([*begins][:-1]), sizes)
    return np.asarray(np.concatenate([table for table, _ in looked_up])[places])
