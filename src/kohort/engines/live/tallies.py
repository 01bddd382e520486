"""Conditions on counts and sums, kept up to date by adding what happens and taking it back when its time has passed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Moments
from kohort.engines.live import sliding
from kohort.engines.live.flips import Cause, Flips
from kohort.engines.live.layout import FOREVER, Bounds, Cell, Layout, Span
from kohort.engines.live.table import Log, Table, spread
from kohort.errors import OverloadError

_ROOM = 2**16
_MOST_CELLS = 2**31 - 1
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Plans:
    """The cells of a layout as the loops read them; see `sliding.count`."""

    events: tuple[str, ...]
    spans: tuple[Span, ...]
    places: Mapping[Cell, tuple[int, int]]
    ranges: NDArray[np.int32]
    cells: Numbers
    comparisons: Numbers
    sizes: NDArray[np.int32]
    most: int

    @staticmethod
    def of(layout: Layout) -> "Plans":
        """Arrange the cells by events and spans, and their comparisons by cells."""
        asked: dict[Cell, list[tuple[int, Bounds]]] = {}
        for number, (cell, bounds) in enumerate(layout.asked, start=layout.first):
            asked.setdefault(cell, []).append((number, bounds))
        events = tuple(layout.streams)
        spans = tuple(sorted({cell.span for cell in asked}, key=lambda span: (span.enter, span.leave)))
        columns = layout.columns()
        ordered = sorted(asked, key=lambda cell: (events.index(cell.event), spans.index(cell.span)))
        keys = [events.index(cell.event) * len(spans) + spans.index(cell.span) for cell in ordered]
        edges = np.searchsorted(keys, np.arange(len(events) * len(spans) + 1))
        width = len(spans)
        ranges = np.array([edges[one * width : (one + 1) * width + 1] for one in range(len(events))], np.int32)
        ranges = ranges.reshape(-1, width + 1)
        ends = np.cumsum([0, *(len(asked[cell]) for cell in ordered)])
        firsts = {event: int(ranges[place, 0]) for place, event in enumerate(events)}
        places = {cell: (events.index(cell.event), place - firsts[cell.event]) for place, cell in enumerate(ordered)}
        cells = [
            (
                places[cell][1],
                cell.stream,
                -1 if cell.column is None else columns[cell.event].index(cell.column),
                ends[place],
                ends[place + 1],
            )
            for place, cell in enumerate(ordered)
        ]
        comparisons = [(b.low, b.high, b.negated, number) for cell in ordered for number, b in asked[cell]]
        flips = ends[ranges[:, 1:]] - ends[ranges[:, :-1]]
        return Plans(
            events,
            spans,
            places,
            ranges,
            np.array(cells, np.int64).reshape(-1, 5),
            np.array(comparisons, np.int64).reshape(-1, 4),
            (ranges[:, -1] - ranges[:, 0]).astype(np.int32),
            int(flips.max(initial=0)),
        )


class Tallies:
    """Everybody's cells, and the rows that they are made of, for as long as these can still leave a span.

    `width` is the number of columns of values in the tables that it is told.

    A person has cells for an event only from its first one on; whoever has none has zeros.
    """

    def __init__(self, layout: Layout, width: int, people: int) -> None:
        self._people = people
        self._plans = its = Plans.of(layout)
        self._enters = np.array([span.enter for span in its.spans], np.int64)
        self._leaves = np.array([span.leave for span in its.spans], np.int64)
        self._blocks = np.full((people, len(its.events)), -1, np.int32)
        self._pool, self._used = np.zeros(_ROOM, np.int64), 0
        self._log, self._late = Log(width), Table.empty(width)
        self._heads, self._tails = np.zeros((2, 2, len(its.spans)), np.int64)
        self._rows = {number: row for row, number in enumerate(its.comparisons[:, 3].tolist())}
        self._flips = np.empty((5, max(_ROOM, its.most)), np.int64)

    def blank(self) -> NDArray[np.int32]:
        """Return the numbers of the comparisons that hold of whoever has done nothing."""
        low, high, negated, numbers = self._plans.comparisons.T
        holds = ((low <= 0) & (high >= 0)) != (negated == 1)
        return np.asarray(numbers[holds].astype(np.int32))

    def begin(self, table: Table, at: Moment) -> Iterator[Flips]:
        """Count rows up to `at`, in the order of time; yield what is not `blank`."""
        table = self._allotted(table)
        self._log.add(table)
        self._heads[0], self._tails[0] = self._pointers(table, at)
        silent = self._plans.cells.copy()
        silent[:, 3:] = 0
        self._fill(table, silent, self._tails[0], self._heads[0], at)
        return self._present(at)

    def grow(self, people: int) -> None:
        """Make room for so many people."""
        self._people = people
        if people > len(self._blocks):
            room = np.full((max(people, len(self._blocks) * 5 // 4), self._blocks.shape[1]), -1, np.int32)
            room[: len(self._blocks)] = self._blocks
            self._blocks = room

    def tell(self, late: Table, due: Table, since: Moment, now: Moment) -> Flips:
        """Take in rows, late ones up to `since` and those up to `now`, and the time between; return what flips."""
        found = [self._tell_late(late, since)] if len(late) else []
        self._forget()
        self._log.add(self._allotted(due))
        return Flips.joined([*found, *self._slide(now)])

    def count(self, moments: Moments) -> Numbers:
        """Return how many rows enter or leave spans by each of some moments."""
        found = np.zeros(len(moments), np.int64)
        for number, span in enumerate(self._plans.spans):
            for log, table in enumerate((self._log.table, self._late)):
                if span.enter:
                    found += table.until(moments - span.enter) - self._heads[log, number]
                if span.leave != FOREVER:
                    found += table.until(moments - span.leave) - self._tails[log, number]
        return found

    def forget(self, people: Numbers, moments: Moments) -> None:
        """Let people have done nothing: their rows belong to no stream any more, and their cells hold 0.

        `moments` are those of all their rows, by which these are found.
        """
        for table in (self._log.table, self._late):
            low, high = (np.searchsorted(table.ts, np.unique(moments), side) for side in ("left", "right"))
            sizes = high - low
            rows = np.repeat(high - np.cumsum(sizes), sizes) + np.arange(int(sizes.sum()))
            table.bits[rows[np.isin(table.people[rows], people)]] = 0
        for event, size in enumerate(self._plans.sizes.tolist()):
            starts = self._blocks[people, event]
            self._pool[starts[starts >= 0, np.newaxis] + np.arange(size)] = 0

    def pin(self, layout: Layout, at: Moment) -> Flips:
        """Compare with other numbers of the population; return what flips."""
        found = []
        for condition, number in layout.pinned.items():
            cell, _ = layout.asked[number - layout.first]
            bounds = layout.bounds_of(condition)
            row = self._plans.comparisons[self._rows[number]]
            values = self._values(cell)
            before = _holds(values, row)
            row[:3] = bounds.low, bounds.high, bounds.negated
            after = _holds(values, row)
            people = np.flatnonzero(after != before)
            found.append(_flips(people, number, after[people], at, Cause.EPOCH))
        return Flips.joined(found)

    def _allotted(self, table: Table) -> Table:
        most = self._used + int(self._plans.sizes[table.events].sum())
        if most > _MOST_CELLS:
            raise OverloadError("more counts are kept than one live engine can; share the people among several")
        if most > len(self._pool):
            room = np.zeros(max(most, len(self._pool) * 3 // 2), np.int64)
            room[: self._used] = self._pool[: self._used]
            self._pool = room
        starts = np.empty(len(table), np.int32)
        its = self._plans.sizes
        self._used = sliding.allot(table.people, table.events, its, self._blocks, starts, self._used)
        return replace(table, starts=starts)

    def _tell_late(self, table: Table, since: Moment) -> Flips:
        table = self._allotted(table)
        heads, tails = self._pointers(table, since)
        flips = self._fill(table, self._plans.cells, tails, heads, since)
        self._late = Table.joined([self._late, table]).in_time()
        self._heads[1], self._tails[1] = self._pointers(self._late, since)
        return flips

    def _pointers(self, table: Table, at: Moment) -> tuple[Numbers, Numbers]:
        """Return for each span how many rows have entered it, and how many have left it, up to `at`."""
        return (
            table.until(spread(at, self._enters, FOREVER)),
            table.until(spread(at, self._leaves, FOREVER)),
        )

    def _fill(self, table: Table, cells: Numbers, first: Numbers, last: Numbers, at: Moment) -> Flips:
        most = int((last - first).clip(0).sum()) * self._plans.most if cells is self._plans.cells else 0
        flips = np.empty((5, most), np.int64)
        found = sliding.fill(table.lines(), first, last, self._counters(cells), at, flips)
        return flips_of(flips[:, :found])

    def _slide(self, now: Moment) -> Sequence[Flips]:
        found, done = list[Flips](), False
        lines, late, its = self._log.table.lines(), self._late.lines(), self._counters(self._plans.cells)
        while not done:
            size, done, _ = sliding.slide(
                lines,
                late,
                self._heads,
                self._tails,
                self._enters,
                self._leaves,
                now,
                its,
                self._flips,
                self._plans.most,
            )
            found.append(flips_of(self._flips[:, :size]))
        return found

    def _counters(self, cells: Numbers) -> sliding.Counters:
        return sliding.Counters(self._plans.ranges, cells, self._plans.comparisons, self._pool)

    def _forget(self) -> None:
        """Forget the rows that have entered and left all spans."""
        passed = np.where(self._leaves == FOREVER, self._heads, self._tails).min(axis=1, initial=2**62)
        passed = np.minimum(passed, [len(self._log), len(self._late)])
        self._log.forget(int(passed[0]))
        self._late = self._late.of(slice(int(passed[1]), None))
        self._heads -= passed[:, np.newaxis]
        self._tails[:, self._leaves != FOREVER] -= passed[:, np.newaxis]

    def _values(self, cell: Cell) -> Numbers:
        values = np.empty(self._people, np.int64)
        event, offset = self._plans.places[cell]
        sliding.read_cells(self._blocks, event, offset, self._pool, values)
        return values

    def _present(self, at: Moment) -> Iterator[Flips]:
        blank = set(self.blank().tolist())
        for cell, (event, offset) in self._plans.places.items():
            values = self._values(cell)
            _, _, _, first, last = self._plans.cells[self._plans.ranges[event, 0] + offset]
            for comparison in self._plans.comparisons[first:last]:
                number = int(comparison[3])
                holds = _holds(values, comparison)
                people = np.flatnonzero(holds != (number in blank))
                yield _flips(people, number, holds[people], at, Cause.TIME)


def _holds(values: Numbers, comparison: Numbers) -> NDArray[np.bool_]:
    low, high, negated, _ = comparison.tolist()
    return np.asarray(((values >= low) & (values <= high)) != bool(negated))


def _flips(people: NDArray[np.int64], number: int, holds: NDArray[np.bool_], at: Moment, cause: Cause) -> Flips:
    return Flips(
        np.full(len(people), at, np.int64),
        people.astype(np.int32),
        np.full(len(people), number, np.int32),
        holds,
        np.full(len(people), cause, np.int8),
    )


def flips_of(flips: Numbers) -> Flips:
    """Return what a loop has put into rows of moments, people, numbers, whether these hold, and causes."""
    moments, people, numbers, holds, causes = flips
    return Flips(moments.copy(), people.astype(np.int32), numbers.astype(np.int32), holds == 1, causes.astype(np.int8))
