"""What comes in, as one table in the order of time: what is late, what is due, and what is to come."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Rows
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.layout import Layout
from kohort.engines.live.streams import Bits, Streams
from kohort.engines.live.table import VALUE, Table, lay_out
from kohort.rules.catalog import Catalog


class Feed:
    """Turns rows of events into tables with the streams of a layout; those of the future wait until they are due."""

    def __init__(self, layout: Layout, catalog: Catalog) -> None:
        columns = layout.columns()
        self._known = {event: number for number, event in enumerate(layout.streams)}
        self._streams = [(Streams(event, its, catalog), columns[event]) for event, its in layout.streams.items()]
        self.width = max([1, *(len(one) for one in columns.values())])
        self._to_come = Table.empty(self.width)

    def begin(self, parts: Iterable[tuple[int, Mapping[str, Rows]]], at: Moment) -> Table:
        """Take in a history, in parts each with the number of its first person; return its rows up to `at`."""
        tables = [self._table(Arrivals(events), first) for first, events in parts]
        return self._due([Table.empty(self.width), *tables], at)

    def take(self, arrivals: Arrivals, since: Moment, now: Moment) -> tuple[Table, Table]:
        """Take in rows; return those that are late, up to `since`, and all that are due, up to `now`."""
        table = self._table(arrivals, 0)
        if len(table) and table.ts[0] <= since:
            late = int(np.searchsorted(table.ts, since, side="right"))
            return table.of(slice(late)), self._due([self._to_come, table.of(slice(late, None))], now)
        return Table.empty(self.width), self._due([self._to_come, table], now)

    def nothing(self) -> Table:
        """Return a table of no rows."""
        return Table.empty(self.width)

    def forget(self, people: NDArray[np.int64]) -> None:
        """Forget what is to come of people."""
        self._to_come = self._to_come.of(~np.isin(self._to_come.people, people))

    def _due(self, tables: list[Table], now: Moment) -> Table:
        told = Table.joined(tables)
        if sum(len(table) > 0 for table in tables) > 1:
            told = told.in_time()
        if len(told) and told.ts[-1] <= now:
            self._to_come = Table.empty(self.width)
            return told
        due = int(np.searchsorted(told.ts, now, side="right"))
        self._to_come = told.of(slice(due, None))
        return told.of(slice(due))

    def _table(self, arrivals: Arrivals, first: int) -> Table:
        """Return rows of all events, of people numbered from `first` on, in the order of time."""
        people, ts = arrivals.happened
        numbers = [self._known.get(name, -1) for name in arrivals.events]
        sizes = [len(rows.ts) for rows in arrivals.events.values()]
        values = np.zeros((len(people), self.width), np.int64)
        looked_up: list[tuple[Bits, NDArray[np.integer]]] = []
        end = 0
        for number, rows, size in zip(numbers, arrivals.events.values(), sizes, strict=True):
            end += size
            if number < 0:
                looked_up.append((_NO_BITS, rows.ts * 0))
                continue
            streams, columns = self._streams[number]
            looked_up.append(streams.looked_up(rows))
            for place, name in enumerate(columns):
                if name in rows.columns:
                    values[end - size : end, place] = rows.columns[name].values
        tables = np.concatenate([*[table for table, _ in looked_up], _NO_BITS]).view(np.int64)
        begins = np.array([*accumulate([len(table) for table, _ in looked_up], initial=1)][:-1], np.int64)
        places = np.concatenate([_NO_PLACES, *[its for _, its in looked_up]], dtype=np.int64)
        table = Table(np.empty(len(people), np.int64), np.empty((len(people), VALUE + self.width), np.int64))
        order, events = np.argsort(ts, kind="stable"), np.array([numbers, sizes, begins], np.int64)
        size = lay_out(people, ts, order, events, places, tables, values, first, table.ts, table.rows)
        return table.of(slice(size))


_NO_PLACES, _NO_BITS = np.zeros(0, np.int64), np.zeros(1, np.uint64)
