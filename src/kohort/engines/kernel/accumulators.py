"""One value a person from that person's rows: what each function of the rule language keeps while it reads rows.

Rows come in stretches from the latest to the earliest, so that windows that end at the same moment are found one
after another, each from the one within it: a row is read once, however many windows hold it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import MICRO, ValueType
from kohort.engines.columns import MISSING, NO_CODE, Column, Places, Rows
from kohort.engines.kernel.choice import Kernels
from kohort.engines.kernel.found import Found
from kohort.engines.kernel.masks import Mask, any_present
from kohort.rules.nodes import Aggregate
from kohort.rules.operators import Function, Occurrence

_LARGEST: Final = 2**63 - 1
_LOW_HALF: Final = 2**32 - 1


@dataclass(frozen=True)
class Matching:
    """The rows that an aggregate speaks of: the first `until` of a block's, of them those that `chosen` names.

    `chosen` has the shape (rows,); None names all. `size` is the number of people in the block.
    """

    rows: Rows
    chosen: Mask | None
    size: int
    until: int
    kernels: Kernels

    def people(self, low: int, high: int) -> Places:
        """Return the people of the rows from `low` to before `high`."""
        return self.rows.people[low:high]

    def chosen_in(self, low: int, high: int) -> Mask | None:
        """Return which of those rows are chosen; None for all."""
        return None if self.chosen is None else self.chosen[low:high]

    def only(self, mask: Mask) -> "Matching":
        """Return the same with the rows that `mask`, shape (rows,), names besides."""
        return replace(self, chosen=mask if self.chosen is None else self.chosen & mask)

    def up_to(self, until: int) -> "Matching":
        """Return the same of the first `until` rows."""
        return replace(self, until=until)


class Accumulator(Protocol):
    """Keeps what the rows read so far amount to."""

    def add(self, low: int, high: int) -> None:
        """Read the rows from `low` to before `high`, all of them before those read so far."""

    def found(self) -> Found:
        """Return the values as of the rows read so far; the next `add` may change them."""


def accumulator(  # noqa: PLR0911 - one answer a function
    aggregate: Aggregate, columns: Mapping[ValueType, str], kind: ValueType, its: Matching
) -> Accumulator:
    """Return a new accumulator of an aggregate's function, for its values of type `kind`.

    `columns` names the physical columns of its property by type; it is empty where bare events are counted.
    """
    there = {one: its.rows.columns[name] for one, name in columns.items() if name in its.rows.columns}
    function = aggregate.function
    if function is Function.COUNT:
        return Counts(its.only(any_present(its.rows, list(columns.values()))) if columns else its)
    if function is Function.DISTINCT:
        return Distinct(its, there)
    if kind not in there:
        return Nothing(its, 0 if function is Function.SUM else MISSING)
    column = there[kind]
    match function:
        case Function.SUM:
            return Totals(its, column)
        case Function.MEAN:
            return Means(its, column)
        case Function.MIN | Function.MAX:
            return Extremes(its, column, lowest=function is Function.MIN)
        case _:
            occurrence = Occurrence.FIRST if function is Function.FIRST else Occurrence.LAST
            return Picked(its.only(column.present()), column, occurrence)


@dataclass
class Nothing:
    """No value was ever seen: the same for everybody."""

    its: Matching
    value: int = MISSING

    def add(self, low: int, high: int) -> None:
        """Read nothing."""

    def found(self) -> Found:
        """Return the value for everybody."""
        return Found(Column(np.full(self.its.size, self.value, np.int64)))


@dataclass
class Counts:
    """How many rows."""

    its: Matching
    counts: NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.its.size, np.int32)

    def add(self, low: int, high: int) -> None:
        """Count the rows."""
        self.its.kernels.add_counts(self.its.people(low, high), self.its.chosen_in(low, high), self.counts)

    def found(self) -> Found:
        """Return the counts, 0 for whoever has no row."""
        return Found(Column(self.counts), MICRO, self.counts)


@dataclass
class Totals:
    """The sum of a column, exact: in two halves where 64 bits might not hold it."""

    its: Matching
    column: Column
    high: NDArray[np.int64] | None = field(init=False)
    low: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        wide = self.column.largest * len(self.column.values) > _LARGEST
        self.low = np.zeros(self.its.size, np.int64)
        self.high = np.zeros(self.its.size, np.int64) if wide else None

    def add(self, low: int, high: int) -> None:
        """Add the values."""
        people, chosen = self.its.people(low, high), self.its.chosen_in(low, high)
        values = self.column.values[low:high]
        if self.high is None:
            self.its.kernels.add_totals(people, values, chosen, self.low)
            return
        there = values != MISSING
        chosen = there if chosen is None else there & chosen
        self.its.kernels.add_totals(people, values >> 32, chosen, self.high)
        self.its.kernels.add_totals(people, values & _LOW_HALF, chosen, self.low)

    def found(self) -> Found:
        """Return the sums, 0 of no values, missing where 64 bits cannot hold one."""
        if self.high is None:
            return Found(Column(self.low))
        high = self.high + (self.low >> 32)
        fits = (high >= -(2**31)) & (high < 2**31)
        return Found(Column(np.where(fits, (high << 32) | (self.low & _LOW_HALF), MISSING)))

    def exact(self, person: int) -> int:
        """Return one person's sum, however large."""
        return int(self.low[person]) + (0 if self.high is None else int(self.high[person]) << 32)


@dataclass
class Means:
    """The mean of a column, rounded half-even."""

    its: Matching
    column: Column
    totals: Totals = field(init=False)
    counts: Counts = field(init=False)

    def __post_init__(self) -> None:
        self.totals = Totals(self.its, self.column)
        self.counts = Counts(self.its.only(self.column.present()))

    def add(self, low: int, high: int) -> None:
        """Add and count the values."""
        self.totals.add(low, high)
        self.counts.add(low, high)

    def found(self) -> Found:
        """Return the means, missing of no values."""
        totals = self.totals.found().column.values
        counts = np.maximum(self.counts.counts, 1).astype(np.int64)
        whole, rest = np.divmod(np.abs(totals), counts)
        up = (2 * rest > counts) | ((2 * rest == counts) & (whole % 2 == 1))
        means = np.where(self.counts.counts > 0, np.sign(totals) * (whole + up), MISSING)
        for person in np.flatnonzero((self.counts.counts > 0) & (totals == MISSING)):
            means[person] = round(Fraction(self.totals.exact(int(person)), int(counts[person])))
        return Found(Column(means))


@dataclass
class Extremes:
    """The least or the greatest value of a column."""

    its: Matching
    column: Column
    lowest: bool
    greatest: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.greatest = np.full(self.its.size, MISSING, np.int64)

    def add(self, low: int, high: int) -> None:
        """Compare the values."""
        values = self.column.values[low:high]
        # The least is the greatest of the opposites; what is missing is its own opposite in 64 bits.
        values = -values if self.lowest else values
        self.its.kernels.take_greatest(self.its.people(low, high), values, self.its.chosen_in(low, high), self.greatest)

    def found(self) -> Found:
        """Return the extremes, missing of no values."""
        return Found(Column(-self.greatest if self.lowest else self.greatest))


@dataclass
class Picked:
    """The value of each person's first or last row."""

    its: Matching
    column: Column
    occurrence: Occurrence
    rows: Places = field(init=False)

    def __post_init__(self) -> None:
        self.rows = np.full(self.its.size, NO_CODE, np.int32)

    def add(self, low: int, high: int) -> None:
        """Look for the rows."""
        take = self.its.kernels.take_first if self.occurrence is Occurrence.FIRST else self.its.kernels.take_last
        take(self.its.people(low, high), self.its.chosen_in(low, high), low, self.rows)

    def found(self) -> Found:
        """Return the values in those rows, missing of no row."""
        return Found(picked(self.column, self.rows))


@dataclass
class Distinct:
    """How many different values; a list counts by its elements, and values of two types are different."""

    its: Matching
    columns: dict[ValueType, Column]
    counts: NDArray[np.int32] = field(init=False)
    _last: NDArray[np.int64] = field(init=False)
    _people: Places = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.its.size, np.int32)
        found = [self._latest(column) for column in self.columns.values()]
        rows = np.concatenate(found) if found else np.zeros(0, np.int64)
        self._last = np.sort(rows)
        self._people = self.its.rows.people[self._last]

    def add(self, low: int, high: int) -> None:
        """Count the values of which the last row is one of these."""
        first, after = np.searchsorted(self._last, (low, high))
        self.its.kernels.add_counts(self._people[first:after], None, self.counts)

    def found(self) -> Found:
        """Return the numbers of values, 0 of none."""
        return Found(Column(self.counts), MICRO)

    def _latest(self, column: Column) -> NDArray[np.int64]:
        """Return the last row of each person and value."""
        chosen = column.present() if self.its.chosen is None else column.present() & self.its.chosen
        rows = np.flatnonzero(chosen[: self.its.until])
        values = column.values[rows].astype(np.int64)
        if column.dictionary and isinstance(column.dictionary[0], tuple):
            rows, values = _elements(rows, values, column)
        people = self.its.rows.people[rows]
        order = np.lexsort((rows, values, people))
        rows, values, people = rows[order], values[order], people[order]
        last = np.ones(len(rows), np.bool_)
        last[:-1] = (people[1:] != people[:-1]) | (values[1:] != values[:-1])
        return rows[last]


def picked(column: Column, rows: Places) -> Column:
    """Return the values of a column in `rows`, missing where a row is `NO_CODE`.

    >>> picked(Column(np.array([7, 8])), np.array([1, -1], np.int32)).values.tolist() == [8, MISSING]
    True
    """
    there = rows != NO_CODE
    values: NDArray[Any] = np.full(len(rows), column.missing, column.values.dtype)
    values[there] = column.values[rows[there]]
    return Column(values, column.dictionary)


def _elements(
    rows: NDArray[np.int64], codes: NDArray[np.int64], column: Column
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and elements of lists: one row again for each of its elements."""
    numbers: dict[str, int] = {}
    lists = [[numbers.setdefault(text, len(numbers)) for text in texts] for texts in column.dictionary]
    lengths = np.array([len(one) for one in lists], np.int64)
    starts = np.cumsum(lengths) - lengths
    flat = np.array([code for one in lists for code in one], np.int64)
    repeated = lengths[codes]
    within = np.arange(int(repeated.sum())) - np.repeat(np.cumsum(repeated) - repeated, repeated)
    return np.repeat(rows, repeated), flat[np.repeat(starts[codes], repeated) + within]
