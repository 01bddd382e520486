"""Conditions on counts and sums, kept up to date by adding what happens and taking it back when its time has passed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Moments, Places
from kohort.engines.live import passing, sliding
from kohort.engines.live.changes import Changes
from kohort.engines.live.flips import Cause, Flips, Lines, in_order
from kohort.engines.live.layout import FOREVER, Bounds, Cell, Layout, Span
from kohort.engines.live.memberships import Memberships
from kohort.engines.live.owing import Chosen, Owed
from kohort.engines.live.table import BITS, Log, Table, spread
from kohort.engines.statistics import Statistics
from kohort.errors import OverloadError

A_TURN = 64
"""How many rows enter in one turn: what they, and those that leave meanwhile, ask for fits into the nearest caches."""

_STRETCHES = 2**10
"""How many stretches of its time a turn is put in order by: more than twice as many as it has visits, as a rule."""

_ROOM = 2**16
_FEW = 2**14
"""So many rows are counted one by one; what more make true is looked up in the cells."""
_MOST_CELLS = 2**31 - 1
_NOBODY = np.zeros(0, np.int32)
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Plans:
    """The cells of a layout as the loops read them; see `sliding.count`."""

    events: tuple[str, ...]
    spans: tuple[Span, ...]
    places: Mapping[Cell, tuple[int, int]]
    ranges: sliding.Indices
    cells: Numbers
    comparisons: Numbers
    sizes: Places
    most_of_span: int
    most_of_event: int

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
        ranges = np.array([edges[one * width : (one + 1) * width + 1] for one in range(len(events))], np.uint32)
        ranges = ranges.reshape(-1, width + 1)
        ends = np.cumsum([0, *(len(asked[cell]) for cell in ordered)])
        firsts = {event: int(ranges[place, 0]) for place, event in enumerate(events)}
        places = {cell: (events.index(cell.event), place - firsts[cell.event]) for place, cell in enumerate(ordered)}
        comparisons = np.array(
            [(its.low, its.high, 8 * number + its.negated) for cell in ordered for number, its in asked[cell]], np.int64
        ).reshape(-1, 3)
        cells = [
            (
                places[cell][1],
                cell.stream,
                -1 if cell.column is None else columns[cell.event].index(cell.column),
                ends[place],
                ends[place + 1],
                sliding.edges(comparisons[ends[place] : ends[place + 1]]),
            )
            for place, cell in enumerate(ordered)
        ]
        flips = ends[ranges[:, 1:]] - ends[ranges[:, :-1]]
        return Plans(
            events,
            spans,
            places,
            ranges,
            np.array(cells, np.int64).reshape(-1, sliding.EDGES + 1),
            comparisons,
            (ranges[:, -1] - ranges[:, 0]).astype(np.int32),
            int(flips.max(initial=0)),
            int(flips.sum(axis=1).max(initial=0)),
        )

    @cached_property
    def most_cells(self) -> int:
        """How many cells a person has for one event at most."""
        return int(self.sizes.max(initial=0))

    @property
    def numbers(self) -> NDArray[np.int32]:
        """The numbers of the comparisons."""
        return (self.comparisons[:, 2] >> 3).astype(np.int32)

    def holds(self, comparison: int, values: Numbers) -> NDArray[np.bool_]:
        """Return of which values a comparison holds, by its row."""
        low, high, asked = self.comparisons[comparison].tolist()
        return np.asarray(((values >= low) & (values <= high)) != (asked & 1 == 1))

    def compare(self, comparison: int, number: int, bounds: Bounds) -> None:
        """Let a comparison have other bounds."""
        self.comparisons[comparison] = bounds.low, bounds.high, 8 * number + bounds.negated
        cell = int(np.searchsorted(self.cells[:, sliding.LAST], comparison, side="right"))
        first, last = self.cells[cell, [sliding.FIRST, sliding.LAST]].tolist()
        self.cells[cell, sliding.EDGES] = sliding.edges(self.comparisons[first:last])


class Tallies:
    """Everybody's cells, and the rows that they are made of, for as long as these can still leave a span.

    `width` is the number of columns of values in the tables that it is told.

    A person has cells for an event only from its first one on; whoever has none has zeros.
    """

    def __init__(self, plans: Plans, width: int, people: int) -> None:
        self._people = people
        # Another epoch asks for other bounds: these are its own.
        self._plans = its = replace(plans, cells=plans.cells.copy(), comparisons=plans.comparisons.copy())
        self._enters = np.array([span.enter for span in its.spans], np.int64)
        self._leaves = np.array([span.leave for span in its.spans], np.int64)
        leaving = [(span.leave, place, -1) for place, span in enumerate(its.spans) if span.leave != FOREVER]
        entering = [(span.enter, place, 1) for place, span in enumerate(its.spans) if span.enter]
        lengths, spans, signs = np.array(leaving + entering, np.int64).reshape(-1, 3).T.copy()
        runs = [*np.stack([spans, spans + 1], axis=1)] * 2 + [np.array([0, len(its.spans) - len(entering)])]
        self._lags = passing.Lags(
            lengths,
            np.array(runs, np.uint32),
            np.concatenate([signs, signs, np.ones(1, np.int64)]),
            np.zeros((2, len(lengths)), np.int64),
        )
        self._blocks = np.full((people, len(its.events)), -1, np.int32)
        self._pool, self._used = np.zeros(_ROOM, np.int64), 0
        self._log, self._late = Log(width), Table.empty(width)
        self._rows = {number: row for row, number in enumerate(its.numbers.tolist())}
        self._room = _room(0, 0)
        self._owed = Owed()
        self._no_visits = passing.Asked(np.empty((0, 3), np.int64), np.zeros(1, np.int64))

    def blank(self) -> NDArray[np.int32]:
        """Return the numbers of the comparisons that hold of whoever has done nothing."""
        nothing = np.zeros(1, np.int64)
        holds = [bool(self._plans.holds(row, nothing)[0]) for row in range(len(self._plans.comparisons))]
        return self._plans.numbers[np.array(holds, np.bool_)]

    def begin(self, table: Table, at: Moment) -> Iterator[Flips]:
        """Count rows up to `at`, in the order of time; yield what is not `blank`."""
        table = self._allotted(table)
        self._log.add(table)
        self._lags.next[0] = table.until(at - self._lags.lengths)
        if len(table) <= _FEW:
            return iter([self._fill(table, self._plans.cells, at)])
        silent = self._plans.cells.copy()
        silent[:, [sliding.FIRST, sliding.LAST]] = 0
        self._fill(table, silent, at)
        return self._present(at)

    def grow(self, people: int) -> None:
        """Make room for so many people."""
        self._people = people
        if people > len(self._blocks):
            room = np.full((max(people, len(self._blocks) * 5 // 4), self._blocks.shape[1]), -1, np.int32)
            room[: len(self._blocks)] = self._blocks
            self._blocks = room

    def tell_late(self, table: Table, since: Moment) -> Flips:
        """Take in rows of the time up to `since`; return what flips, all at that moment."""
        if not len(table):
            return Flips.none()
        table = self._allotted(table)
        flips = self._fill(table, self._plans.cells, since)
        passed = int(self._lags.next[1].min(initial=len(self._late)))
        self._late = Table.joined([self._late.of(slice(passed, None)), table]).in_time()
        self._lags.next[1] = self._late.until(since - self._lags.lengths)
        return flips

    def tell(
        self,
        due: Table,
        others: Sequence[Lines],
        now: Moment,
        memberships: Memberships,
        most: int | None = None,
        whose: NDArray[np.integer] = _NOBODY,
    ) -> Changes:
        """Take in rows up to `now`, the time up to it, and what else flips; return what changes in `memberships`.

        Where more than `most` comes by time, about so much of it is done now, and the rest is owed: all is done for
        those `whose` or `due` rows there are, as if all had been for everybody.
        """
        if not self._log.has_room(len(due)):
            self._forget()
        done = np.zeros(passing.DONE, np.int64)
        done[passing.HEAD] = len(self._log)
        self._log.add(self._allotted(due))
        now_told, late = self._log.table, self._late
        flips, asked = self._chosen(due, in_order(others), now, most, whose)
        counters = self._counters(self._plans.cells)
        logs = (now_told.ts, now_told.rows), (late.ts, late.rows)
        counted = *logs, tuple(self._lags), tuple(counters), tuple(asked)
        sizes = (self._plans.most_of_event, self._plans.most_of_span, A_TURN)
        while True:
            visited, flipped, changed = passing.pass_time(
                counted, flips, now, sizes, tuple(memberships.known()), tuple(self._room), tuple(memberships.room), done
            )
            if visited > len(self._room.visits) or flipped > len(self._room.flips):
                self._room = _room(2 * visited, 2 * flipped)
            elif changed:
                memberships.make_room(2 * changed)
            else:
                return memberships.found(int(done[passing.FOUND]))

    @property
    def owes(self) -> bool:
        """Whether anything is due that is still to be done."""
        return self._owed.left > 0

    def _chosen(self, due: Table, flips: Lines, now: Moment, most: int | None, whose: NDArray[np.integer]) -> Chosen:
        """Return what to do now of what is due by `now` and of what else flips; what is not done now is owed."""
        table, lags = self._log.table, self._lags
        if not self.owes and (most is None or passing.count_due(table.ts, tuple(lags), now) + len(flips) <= most):
            return Chosen(flips, self._no_visits)
        people, late = np.unique(flips[:, 1]) if len(flips) <= (most or 0) else _NOBODY, list[Numbers]()
        for lag, until in enumerate(self._late.until(now - lags.lengths).tolist()):
            late.append(self._late.of(slice(int(lags.next[1, lag]), until)).people)
        self._owed.note_visits(table, lags, now, self._plans.ranges, self._people)
        self._owed.note_flips(flips, self._people)
        first = np.concatenate([due.people, whose, people, *late])
        return self._owed.choose(first, self._owed.left if most is None else most)

    def forget(self, people: Numbers, moments: Moments) -> None:
        """Let people have done nothing: their rows belong to no stream any more, and their cells hold 0.

        `moments` are those of all their rows, by which these are found.
        """
        for table in (self._log.table, self._late):
            low, high = (np.searchsorted(table.ts, np.unique(moments), side) for side in ("left", "right"))
            sizes = high - low
            rows = np.repeat(high - np.cumsum(sizes), sizes) + np.arange(int(sizes.sum()))
            table.rows[rows[np.isin(table.at(rows).people, people)], BITS] = 0
        for event, size in enumerate(self._plans.sizes.tolist()):
            starts = self._blocks[people, event]
            self._pool[starts[starts >= 0, np.newaxis] + np.arange(size)] = 0

    def pin(self, layout: Layout, statistics: Statistics, at: Moment) -> Flips:
        """Compare with other numbers of the population; return what flips."""
        found = []
        for condition, number in layout.pinned.items():
            cell, _ = layout.asked[number - layout.first]
            bounds = layout.bounds_of(condition, statistics)
            row, its = self._rows[number], self._plans
            values = self._values(cell)
            before = its.holds(row, values)
            its.compare(row, number, bounds)
            after = its.holds(row, values)
            people = np.flatnonzero(after != before)
            found.append(_flips(people, number, after[people], at, Cause.EPOCH))
        return Flips.joined(found)

    def _allotted(self, table: Table) -> Table:
        most = self._used + len(table) * self._plans.most_cells
        if most > len(self._pool):
            most = self._used + int(self._plans.sizes[table.events].sum())
        if most > _MOST_CELLS:
            raise OverloadError("more counts are kept than one live engine can; share the people among several")
        if most > len(self._pool):
            room = np.zeros(max(most, len(self._pool) * 3 // 2), np.int64)
            room[: self._used] = self._pool[: self._used]
            self._pool = room
        self._used = sliding.allot(table.rows, self._plans.sizes, self._blocks, self._used)
        return table

    def _fill(self, table: Table, cells: Numbers, at: Moment) -> Flips:
        """Count rows that have entered spans up to `at`, and not left them, by `cells`."""
        entered, left = (table.until(spread(at, lengths, FOREVER)) for lengths in (self._enters, self._leaves))
        silent = cells is not self._plans.cells
        most = 0 if silent else int((entered - left).clip(0).sum()) * self._plans.most_of_span
        flips = np.empty((most, 3), np.int64)
        found = sliding.fill(table.rows, left, entered, tuple(self._counters(cells)), at, flips)
        return Flips.of_lines(flips[:found])

    def _counters(self, cells: Numbers) -> sliding.Counters:
        return sliding.Counters(self._plans.ranges, cells, self._plans.comparisons, self._pool)

    def _forget(self) -> None:
        """Forget the rows to which nothing is going to happen any more."""
        if self.owes:
            return  # which names rows by their places
        passed = int(self._lags.next[0].min(initial=len(self._log)))
        self._log.forget(passed)
        self._lags.next[0] -= passed

    def _values(self, cell: Cell) -> Numbers:
        values = np.empty(self._people, np.int64)
        event, offset = self._plans.places[cell]
        sliding.read_cells(self._blocks, event, offset, self._pool, values)
        return values

    def _present(self, at: Moment) -> Iterator[Flips]:
        blank = set(self.blank().tolist())
        for cell, (event, offset) in self._plans.places.items():
            values = self._values(cell)
            its = self._plans.cells[self._plans.ranges[event, 0] + offset]
            for row in range(its[sliding.FIRST], its[sliding.LAST]):
                number = int(self._plans.numbers[row])
                holds = self._plans.holds(row, values)
                people = np.flatnonzero(holds != (number in blank))
                yield _flips(people, number, holds[people], at, Cause.TIME)


def _flips(people: NDArray[np.int64], number: int, holds: NDArray[np.bool_], at: Moment, cause: Cause) -> Flips:
    return Flips(
        np.full(len(people), at, np.int64),
        people.astype(np.int32),
        np.full(len(people), number, np.int32),
        holds,
        np.full(len(people), cause, np.int8),
    )


def _room(visits: int, flips: int) -> passing.Room:
    some, ordered, counts = (
        np.empty((visits, 3), np.int64),
        np.empty((visits, 3), np.int64),
        np.empty(_STRETCHES, np.int64),
    )
    return passing.Room(some, ordered, counts, np.empty((flips, 3), np.int64))
