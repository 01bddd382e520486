"""The features of a plan, found block by block: those that read the same rows are found together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.columns import MISSING, NO_CODE, Block, Column, Rows
from kohort.engines.context import Context
from kohort.engines.kernel.accumulators import Accumulator, Counts, Matching, accumulator, picked
from kohort.engines.kernel.choice import Kernels
from kohort.engines.kernel.found import Found
from kohort.engines.kernel.masks import Mask, where_mask
from kohort.engines.kernel.steps import Stream, steps_of
from kohort.engines.plan import Feature
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, Condition, DaysSince, Step, Trait
from kohort.rules.nodes import Sequence as Steps
from kohort.rules.operators import Function, Occurrence
from kohort.rules.windows import Range

Source = tuple[str, Condition | None] | Trait | Steps


@dataclass(frozen=True)
class Wanted:
    """A feature, whether it is asked who belongs to its population, and the oldest moment that can matter, if any."""

    feature: Feature
    population: bool = False
    oldest: int | None = None


def source_of(feature: Feature) -> Source:
    """Return what a feature reads: an event with a `where`, a trait, or the events of a sequence.

    >>> from kohort.definitions.values import ValueType
    >>> source_of(Feature(Trait("clv"), ValueType.NUMBER))
    Trait(name='clv')
    """
    match feature.measure:
        case Aggregate() | DaysSince() as measure:
            return measure.event, measure.where
        case measure:
            return measure


class Reader:
    """What reads the features `wanted`, all of `source`, of one block after another."""

    def __init__(self, source: Source, wanted: Sequence[Wanted], context: Context, kernels: Kernels) -> None:
        self._source, self._wanted = source, wanted
        self._context, self._kernels = context, kernels
        aggregates = [
            _Windowed.of(number, one, one.feature.measure, context)
            for number, one in enumerate(wanted)
            if isinstance(one.feature.measure, Aggregate)
        ]
        self._groups = [list(group) for _, group in groupby(sorted(aggregates, key=_kind), _kind)]

    def read(self, block: Block) -> Iterator[tuple[int, Found]]:
        """Yield each wanted feature's number and its values; these hold only until the next is asked for."""
        match self._source:
            case Trait(name=name):
                yield from self._traits(name, block)
            case Steps():
                done = did_sequence(self._source, block, self._context, self._kernels)
                yield 0, Found(Column(np.where(done, 1, NO_CODE).astype(np.int8)))
            case event, where:
                yield from self._events(event, where, block)

    def _traits(self, name: str, block: Block) -> Iterator[tuple[int, Found]]:
        rows = block.traits.get(name, _NO_ROWS)
        until = rows.until(self._context.at)
        latest = np.full(block.size, NO_CODE, np.int32)
        self._kernels.take_last(rows.people[:until], None, 0, latest)
        for number, one in enumerate(self._wanted):
            column = rows.columns.get(VALUE_COLUMNS[one.feature.type])
            values = Column(np.full(block.size, MISSING, np.int64)) if column is None else picked(column, latest)
            yield number, Found(values)

    def _events(self, event: str, where: Condition | None, block: Block) -> Iterator[tuple[int, Found]]:
        rows = block.events.get(event, _NO_ROWS)
        chosen = None if where is None else where_mask(where, rows, event, self._context)
        its = Matching(rows, chosen, block.size, rows.until(self._context.at), self._kernels)
        for number, one in enumerate(self._wanted):
            if isinstance(one.feature.measure, DaysSince):
                yield number, _days_since(one.feature.measure, one.oldest, its, self._context.at)
        for group in self._groups:
            yield from _aggregates(group, its, self._context.catalog)


def did_sequence(sequence: Steps, block: Block, context: Context, kernels: Kernels) -> Mask:
    """Return which people of a block have done `sequence`, shape (people,)."""
    ranges = None if sequence.window is None else context.ranges(sequence.window)

    def stream(step: Step, first: bool) -> Stream:
        rows = block.events.get(step.event, _NO_ROWS)
        until = rows.until(context.at)
        spans = [(0, until)] if ranges is None else _spans(ranges, rows, until)
        if not first:
            # Nothing before the first step can matter.
            spans = [(_hull(spans)[0], until)]
        low, high = _hull(spans)
        chosen = _inside(spans, low, high) if len(spans) > 1 else None
        if step.where is not None:
            met = where_mask(step.where, rows, step.event, context)[low:high]
            chosen = met if chosen is None else chosen & met
        people, ts = rows.people[low:high], rows.ts[low:high]
        return Stream(people, ts) if chosen is None else Stream(people[chosen], ts[chosen])

    return kernels.did_steps(steps_of(sequence, stream), context.at, block.size)


_NO_ROWS = Rows(np.zeros(0, np.int32), np.zeros(0, np.int64))


@dataclass(frozen=True)
class _Windowed:
    """An aggregate with its number, and the ranges of moments that its window holds; None for all."""

    number: int
    wanted: Wanted
    aggregate: Aggregate
    ranges: tuple[Range, ...] | None

    @staticmethod
    def of(number: int, wanted: Wanted, aggregate: Aggregate, context: Context) -> "_Windowed":
        ranges = None if aggregate.window is None else context.ranges(aggregate.window)
        return _Windowed(number, wanted, aggregate, ranges)

    def spans(self, its: Matching) -> list[tuple[int, int]]:
        return [(0, its.until)] if self.ranges is None else _spans(self.ranges, its.rows, its.until)

    def kept(self, its: Matching, catalog: Catalog, *, population: bool) -> "_Kept":
        columns: Mapping[ValueType, str] = {}
        if self.aggregate.property is not None:
            columns = catalog.events[self.aggregate.event][self.aggregate.property]
        found = accumulator(self.aggregate, columns, self.wanted.feature.type, its)
        counted = columns and self.aggregate.function in {Function.COUNT, Function.SUM, Function.DISTINCT}
        return _Kept(found, Counts(its) if population and counted else None)


def _kind(one: _Windowed) -> tuple[str, str, str]:
    """Return what one accumulator can find, window after window."""
    return str(one.aggregate.function), one.aggregate.property or "", str(one.wanted.feature.type)


def _aggregates(group: Sequence[_Windowed], its: Matching, catalog: Catalog) -> Iterator[tuple[int, Found]]:
    """Yield aggregates of one function and property: those of windows up to the moment from the shortest on."""
    nested: list[tuple[int, _Windowed]] = []
    for one in group:
        spans = one.spans(its)
        if len(spans) == 1 and spans[0][1] == its.until:
            nested.append((spans[0][0], one))
        else:
            yield one.number, _apart(one, spans, its, catalog)
    if nested:
        population = any(one.wanted.population for _, one in nested)
        kept = nested[0][1].kept(its, catalog, population=population)
        high = its.until
        for low, one in sorted(nested, key=lambda pair: -pair[0]):
            kept.add(low, high)
            high = low
            yield one.number, kept.found()


def _apart(one: _Windowed, spans: Sequence[tuple[int, int]], its: Matching, catalog: Catalog) -> Found:
    """Return an aggregate of a window that does not end at the moment, or has several ranges."""
    low, high = _hull(spans)
    its = its.up_to(high)
    if len(spans) != 1:
        its = its.only(_inside(spans, 0, len(its.rows.people)))
    kept = one.kept(its, catalog, population=one.wanted.population)
    kept.add(low, high)
    return kept.found()


def _days_since(measure: DaysSince, oldest: int | None, its: Matching, at: int) -> Found:
    """Return the time since the first or last row, of those not older than `oldest` if it is the last."""
    last = measure.occurrence is Occurrence.LAST
    start = min(_first_from(its.rows, oldest), its.until) if last else 0
    people, ts = its.people(start, its.until), its.rows.ts[start : its.until]
    chosen = its.chosen_in(start, its.until)
    if chosen is not None:
        people, ts = people[chosen], ts[chosen]
    moments = np.full(its.size, MISSING)
    # Whoever comes again is overwritten, so what is read last stays.
    its.kernels.put(people if last else people[::-1], ts if last else ts[::-1], moments)
    return Found(Column(np.where(moments == MISSING, MISSING, at - moments)))


@dataclass
class _Kept:
    """An accumulator, and with it, where it is asked for, how many rows match at all."""

    values: Accumulator
    matched: Counts | None = field(default=None)

    def add(self, low: int, high: int) -> None:
        self.values.add(low, high)
        if self.matched is not None:
            self.matched.add(low, high)

    def found(self) -> Found:
        found = self.values.found()
        return found if self.matched is None else Found(found.column, found.unit, self.matched.counts)


def _spans(ranges: Sequence[Range], rows: Rows, until: int) -> list[tuple[int, int]]:
    """Return ranges of moments as ranges of rows; an empty one where there is none."""
    found = [(_first_from(rows, low), min(until, rows.until(high))) for low, high in ranges]
    return [(low, max(low, high)) for low, high in found] or [(until, until)]


def _first_from(rows: Rows, low: int | None) -> int:
    return 0 if low is None else int(np.searchsorted(rows.ts, low, side="left"))


def _hull(spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return min(low for low, _ in spans), max(high for _, high in spans)


def _inside(spans: Sequence[tuple[int, int]], low: int, high: int) -> Mask:
    mask = np.zeros(high - low, np.bool_)
    for start, end in spans:
        mask[start - low : end - low] = True
    return mask
