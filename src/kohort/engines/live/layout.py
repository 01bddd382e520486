"""How conditions become numbers that are counted up and down: cells of people, and comparisons of them."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from kohort.definitions.values import MICRO, ValueType
from kohort.engines.context import Context
from kohort.engines.criteria import Criterion, criterion_of
from kohort.engines.plan import Formula, Gate
from kohort.engines.predicates import Never, Predicate, Within
from kohort.engines.statistics import Statistics, population_term
from kohort.rules.literals import Last
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    Aggregate,
    Basic,
    Between,
    Comparison,
    Condition,
    DaysSince,
    Extreme,
    Score,
)
from kohort.rules.operators import Function, Occurrence

LEAST: Final = -(2**63)
GREATEST: Final = 2**63 - 1
FOREVER: Final = 2**62
"""A length of time that never passes."""

_MOST_STREAMS: Final = 64
_LONGEST: Final = 2**60


@dataclass(frozen=True)
class Span:
    """From when to when a row counts, after its own moment (µs); `FOREVER` if it does not cease to."""

    enter: int
    leave: int


@dataclass(frozen=True)
class Stream:
    """Which rows of an event count: those that `where` holds of, with a value in any of `columns` if there are any."""

    where: Condition | None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """The number of a stream's rows of an event within a span, or the sum of a column of theirs."""

    event: str
    span: Span
    stream: int
    column: str | None = None


@dataclass(frozen=True)
class Bounds:
    """Which values of a cell a condition holds of: from `low` to `high`; negated: all others."""

    low: int
    high: int
    negated: bool = False


SOME: Final = Bounds(1, GREATEST)
NONE: Final = Bounds(1, 0)
"""Of no value: the least that it holds of is the greater."""


@dataclass
class Layout:
    """The cells that conditions need, and the comparisons, which have numbers from `first` on.

    `wide` names columns, by event, whose sums 64 bits might not hold.

    >>> from kohort.rules.catalog import Catalog
    >>> from kohort.rules.parse import parse_rule
    >>> layout = Layout(Context(Catalog(events={"visit": {}}), at=0), Statistics(), first=1)
    >>> layout.formula_of(parse_rule("count of visit in last 7 days >= 2"))
    1
    >>> [(cell.span, bounds.low) for cell, bounds in layout.asked]
    [(Span(enter=0, leave=604800000000), 2)]
    """

    context: Context
    statistics: Statistics
    first: int
    wide: Collection[tuple[str, str]] = ()
    streams: dict[str, list[Stream]] = field(default_factory=dict)
    asked: list[tuple[Cell, Bounds]] = field(default_factory=list)
    pinned: dict[Basic, int] = field(default_factory=dict)
    _known: dict[tuple[Cell, Bounds], int] = field(default_factory=dict)

    def formula_of(self, condition: Basic) -> Formula | None:
        """Return a condition as a formula over numbered comparisons; None where it cannot be counted up and down."""
        if not isinstance(condition, Comparison | Between | AgainstMean | AgainstQuantile | Extreme):
            return None
        measure = condition.value.value if isinstance(condition.value, Score) else condition.value
        pinned = population_term(condition) is not None
        match measure:
            case DaysSince() if not pinned:
                return self._days_since(measure, self._criterion(condition).predicate)
            case Aggregate(function=Function.COUNT | Function.SUM, window=None | Last()):
                return self._aggregate(condition, measure, pinned=pinned)
            case _:
                return None

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of each event that are summed."""
        found: dict[str, dict[str, None]] = {event: {} for event in self.streams}
        for cell, _ in self.asked:
            if cell.column is not None:
                found[cell.event][cell.column] = None
        return {event: tuple(columns) for event, columns in found.items()}

    def stream(self, event: str, where: Condition | None) -> int | None:
        """Return the number of a stream of an event; None if there are too many."""
        cell = self._cell(event, Span(0, FOREVER), Stream(where))
        return None if cell is None else cell.stream

    def bounds_of(self, condition: Basic, statistics: Statistics) -> Bounds:
        """Return what a condition that depends on the population asks of its cell, under some statistics."""
        cell, _ = self.asked[self.pinned[condition] - self.first]
        return _bounds(criterion_of(condition, statistics, self.context).predicate, cell)

    def _criterion(self, condition: Basic) -> Criterion:
        return criterion_of(condition, self.statistics, self.context)

    def _aggregate(self, condition: Basic, measure: Aggregate, *, pinned: bool) -> Formula | None:
        span = Span(0, FOREVER if measure.window is None else measure.window.length)  # type: ignore[union-attr]  # a length
        columns = {} if measure.property is None else self.context.catalog.events[measure.event][measure.property]
        if measure.function is Function.SUM:
            column = columns[ValueType.NUMBER]
            cell = self._cell(measure.event, span, Stream(measure.where), column)
        else:
            cell = self._cell(measure.event, span, Stream(measure.where, tuple(columns.values())))
        matched = self._cell(measure.event, span, Stream(measure.where))
        if cell is None or matched is None or (measure.event, cell.column) in self.wide:
            return None
        criterion = self._criterion(condition)
        if not isinstance(criterion.predicate, Within | Never):
            return None
        bounds = _bounds(criterion.predicate, cell)
        number = self._number(cell, bounds, apart=pinned)
        if pinned:
            self.pinned[condition] = number
        if not criterion.in_population:
            return number
        return Gate("and", (number, self._number(matched, SOME)))

    def _days_since(self, measure: DaysSince, predicate: Predicate) -> Formula | None:
        """Return how long ago the last, or first, event was by whether one lies within spans of time.

        The last is at most H ago if one lies in the last H + 1 µs, and at least L ago if none lies in the last L; the
        first is at least L ago if one is.
        """
        if not isinstance(predicate, Within):
            return None
        event, stream = measure.event, Stream(measure.where)
        cell = self._cell(event, Span(0, FOREVER), stream)
        if cell is None:
            return None
        ever = self._number(cell, SOME)
        parts: list[Formula] = [ever]
        last = measure.occurrence is Occurrence.LAST
        if predicate.high is not None and predicate.high < 0:
            parts.append(self._number(cell, NONE))
        elif predicate.high is not None and predicate.high < _LONGEST:
            parts.append(self._passed(event, stream, predicate.high + 1, last=last, negated=not last))
        if predicate.low is not None and predicate.low > 0:
            parts.append(self._passed(event, stream, min(predicate.low, _LONGEST), last=last, negated=last))
        inside = Gate("and", tuple(parts)) if len(parts) > 1 else ever
        return Gate("and", (ever, Gate("not", (inside,)))) if predicate.negated else inside

    def _passed(self, event: str, stream: Stream, length: int, *, last: bool, negated: bool) -> Formula:
        """Return whether a row is younger than `length`, of the last, or at least so old, of the first; or is not."""
        number = self._number(
            Cell(event, Span(0, length) if last else Span(length, FOREVER), self.streams[event].index(stream)), SOME
        )
        return Gate("not", (number,)) if negated else number

    def _cell(self, event: str, span: Span, stream: Stream, column: str | None = None) -> Cell | None:
        streams = self.streams.setdefault(event, [])
        if stream not in streams:
            if len(streams) == _MOST_STREAMS:
                return None
            streams.append(stream)
        return Cell(event, span, streams.index(stream), column)

    def _number(self, cell: Cell, bounds: Bounds, *, apart: bool = False) -> int:
        if (cell, bounds) in self._known and not apart:
            return self._known[cell, bounds]
        self.asked.append((cell, bounds))
        number = self.first + len(self.asked) - 1
        if not apart:
            self._known[cell, bounds] = number
        return number


def _bounds(predicate: Predicate, cell: Cell) -> Bounds:
    """Return a comparison in the cell's own unit: a number of rows is one micro million times."""
    if not isinstance(predicate, Within):
        return NONE
    unit = MICRO if cell.column is None else 1
    low = LEAST if predicate.low is None else max(LEAST, -(-predicate.low // unit))
    high = GREATEST if predicate.high is None else min(GREATEST, predicate.high // unit)
    return Bounds(low, high, predicate.negated) if low <= high else replace(NONE, negated=predicate.negated)
