"""What comes in, as one table in the order of time: what is late, what is due, and what is to come."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Moments, Rows
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.layout import Layout
from kohort.engines.live.streams import Bits, Streams
from kohort.engines.live.table import BITS, EVENT, VALUE, WHO, Table
from kohort.rules.catalog import Catalog


class Feed:
    """Turns rows of events into tables with the streams of a layout; those of the future wait until they are due."""

    def __init__(self, layout: Layout, catalog: Catalog) -> None:
        columns = layout.columns()
        self._known = {
            event: (number, Streams(event, streams, catalog), columns[event])
            for number, (event, streams) in enumerate(layout.streams.items())
        }
        self.width = max([1, *(len(one) for one in columns.values())])
        self._to_come = Table.empty(self.width)

    def begin(self, parts: Iterable[tuple[int, Mapping[str, Rows]]], at: Moment) -> Table:
        """Take in a history, in parts each with the number of its first person; return its rows up to `at`."""
        tables = [self._table(Arrivals(events), first) for first, events in parts]
        return self._due([Table.empty(self.width), *tables], at)

    def take(self, arrivals: Arrivals, since: Moment, now: Moment) -> tuple[Table, Table]:
        """Take in rows; return those that are late, up to `since`, and all that are due, up to `now`."""
        table = self._table(arrivals, 0)
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
        if len(told) and told.ts[-1] <= now:
            self._to_come = Table.empty(self.width)
            return told
        due = int(np.searchsorted(told.ts, now, side="right"))
        self._to_come = told.of(slice(due, None))
        return told.of(slice(due))

    def _table(self, arrivals: Arrivals, first: int) -> Table:
        """Return rows of all events, of people numbered from `first` on, one event after another."""
        people, ts = arrivals.happened
        sizes = [len(rows.ts) for rows in arrivals.events.values()]
        numbers, looked_up = list[int](), list[tuple[Bits, NDArray[np.integer]]]()
        rows_of = np.zeros((len(people), VALUE + self.width), np.int64)
        end = 0
        for (name, rows), size in zip(arrivals.events.items(), sizes, strict=True):
            number, streams, columns = self._known.get(name, _UNKNOWN)
            end += size
            numbers.append(number)
            looked_up.append((_NO_BITS, np.full(size, -1)) if streams is None else streams.looked_up(rows))
            for place, column in enumerate(columns, start=VALUE):
                if column in rows.columns:
                    rows_of[end - size : end, place] = rows.columns[column].values
        events = np.array(numbers, np.int64).repeat(sizes)
        rows_of[:, WHO] = people + first + (events << EVENT)
        rows_of[:, BITS] = _bits(looked_up, sizes).view(np.int64)
        table = Table(ts, rows_of)
        return table if min(numbers, default=0) >= 0 else table.of(events >= 0)


_UNKNOWN: tuple[int, None, tuple[str, ...]] = (-1, None, ())
_NO_PLACES, _NO_BITS = np.zeros(0, np.int64), np.zeros(1, np.uint64)


def _bits(looked_up: Sequence[tuple[Bits, NDArray[np.integer]]], sizes: Sequence[int]) -> Bits:
    """Return what tables say of the places in each, -1 being the first, with one look into all of them."""
    begins = np.array([*accumulate([len(table) for table, _ in looked_up], initial=1)][:-1], np.int64)
    places = np.concatenate([_NO_PLACES, *[its for _, its in looked_up]], dtype=np.int64)
    places += begins.repeat(sizes)
    return np.asarray(np.concatenate([*[table for table, _ in looked_up], _NO_BITS])[places])
