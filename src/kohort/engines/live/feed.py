"""What comes in, as one table in the order of time: what is late, what is due, and what is to come."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import MISSING, Moments, Rows
from kohort.engines.live.layout import Layout
from kohort.engines.live.streams import Streams
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
        late = table.ts <= since
        if late.any():
            return table.of(late).in_time(), self._due([self._to_come, table.of(~late)], now)
        return Table.empty(self.width), self._due([self._to_come, table], now)

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
        tables = [Table.empty(self.width)]
        for number, (name, streams) in enumerate(self._streams.items()):
            rows = events.get(name)
            if rows is None or not len(rows.ts):
                continue
            values = np.zeros((len(rows.ts), self.width), np.int64)
            for place, column in enumerate(self._columns[name]):
                if column in rows.columns:
                    numbers = rows.columns[column].values
                    values[:, place] = np.where(numbers == MISSING, 0, numbers)
            people = rows.people if not first else rows.people + np.int32(first)
            kinds, unknown = np.full(len(people), number, np.int16), np.zeros(len(people), np.int32)
            tables.append(Table(people, kinds, streams.bits(rows), values, rows.ts, unknown))
        return Table.joined(tables)
