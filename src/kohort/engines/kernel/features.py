"""The features of a plan, found block by block: those that read the same rows are found together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from kohort.definitions.values import VALUE_COLUMNS
from kohort.engines.columns import MISSING, NO_CODE, Block, Column, Rows
from kohort.engines.context import Context
from kohort.engines.kernel.accumulators import Accumulator, Counts, Matching, accumulator, picked
from kohort.engines.kernel.choice import Kernels
from kohort.engines.kernel.found import Found
from kohort.engines.kernel.masks import Mask, where_mask
from kohort.engines.kernel.steps import Stream, steps_of
from kohort.engines.plan import Feature
from kohort.rules.nodes import Aggregate, Condition, DaysSince, Function, Occurrence, Step, Trait
from kohort.rules.nodes import Sequence as Steps
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


def find(
    source: Source, wanted: Sequence[Wanted], block: Block, context: Context, kernels: Kernels
) -> Iterator[tuple[Feature, Found]]:
    """Yield the values of the features `wanted`, all of `source`; each holds only until the next is asked for."""
    match source:
        case Trait(name=name):
            yield from _traits(name, [one.feature for one in wanted], block, context, kernels)
        case Steps():
            done = did_sequence(source, block, context, kernels)
            yield wanted[0].feature, Found(Column(np.where(done, 1, NO_CODE).astype(np.int8)))
        case event, where:
            yield from _events(event, where, wanted, block, context, kernels)


def did_sequence(sequence: Steps, block: Block, context: Context, kernels: Kernels) -> Mask:
    """Return which people of a block have done `sequence`, shape (people,)."""

    def stream(step: Step, first: bool) -> Stream:
        rows = block.events.get(step.event, _NO_ROWS)
        until = rows.until(context.at)
        spans = [(0, until)]
        if first and sequence.window is not None:
            spans = _spans(context.ranges(sequence.window), rows, until)
        low, high = _hull(spans)
        chosen = _inside(spans, low, high) if len(spans) > 1 else None
        if step.where is not None:
            met = where_mask(step.where, rows, step.event, context)[low:high]
            chosen = met if chosen is None else chosen & met
        people, ts = rows.people[low:high], rows.ts[low:high]
        return Stream(people, ts) if chosen is None else Stream(people[chosen], ts[chosen])

    return kernels.did_steps(steps_of(sequence, stream), context.at, block.size)


_NO_ROWS = Rows(np.zeros(0, np.int32), np.zeros(0, np.int64))


def _traits(
    name: str, features: Iterable[Feature], block: Block, context: Context, kernels: Kernels
) -> Iterator[tuple[Feature, Found]]:
    rows = block.traits.get(name, _NO_ROWS)
    until = rows.until(context.at)
    latest = np.full(block.size, NO_CODE, np.int32)
    kernels.take_last(rows.people[:until], None, 0, latest)
    for feature in features:
        column = rows.columns.get(VALUE_COLUMNS[feature.type])
        values = Column(np.full(block.size, MISSING, np.int64)) if column is None else picked(column, latest)
        yield feature, Found(values)


def _events(
    event: str, where: Condition | None, wanted: Sequence[Wanted], block: Block, context: Context, kernels: Kernels
) -> Iterator[tuple[Feature, Found]]:
    rows = block.events.get(event, _NO_ROWS)
    chosen = None if where is None else where_mask(where, rows, event, context)
    its = _Reading(Matching(rows, chosen, block.size, rows.until(context.at), kernels), context)
    since = [one for one in wanted if isinstance(one.feature.measure, DaysSince)]
    for one in since:
        yield one.feature, its.days_since(one)
    rest = sorted((one for one in wanted if one not in since), key=_kind)
    for _, group in groupby(rest, _kind):
        yield from its.aggregates(list(group))


def _kind(wanted: Wanted) -> tuple[str, str, str]:
    """Return what one accumulator can find, window after window."""
    measure = wanted.feature.measure
    if not isinstance(measure, Aggregate):
        raise TypeError("only a value over events is an aggregate")
    return str(measure.function), measure.property or "", str(wanted.feature.type)


@dataclass(frozen=True)
class _Reading:
    """The rows of one event and `where` of one block."""

    matching: Matching
    context: Context

    @property
    def until(self) -> int:
        return self.matching.until

    def days_since(self, wanted: Wanted) -> Found:
        measure = wanted.feature.measure
        rows = self.matching.rows
        picked_rows = np.full(self.matching.size, NO_CODE, np.int32)
        start, kernels = 0, self.matching.kernels
        take = kernels.take_first
        if isinstance(measure, DaysSince) and measure.occurrence is Occurrence.LAST:
            take = kernels.take_last
            start = min(_first_from(rows, wanted.oldest), self.until)
        take(self.matching.people(start, self.until), self.matching.chosen_in(start, self.until), start, picked_rows)
        there = picked_rows != NO_CODE
        since = np.full(self.matching.size, MISSING, np.int64)
        since[there] = self.context.at - rows.ts[picked_rows[there]]
        return Found(Column(since))

    def aggregates(self, wanted: Sequence[Wanted]) -> Iterator[tuple[Feature, Found]]:
        """Yield features of one function and property: those of windows up to the moment from the shortest on."""
        nested: list[tuple[int, Wanted]] = []
        for one in wanted:
            spans = self._spans(one.feature)
            if len(spans) == 1 and spans[0][1] == self.until:
                nested.append((spans[0][0], one))
            else:
                yield one.feature, self._apart(one, spans)
        if nested:
            population = any(one.population for _, one in nested)
            kept = self._accumulator(nested[0][1].feature, self.matching, population=population)
            high = self.until
            for low, one in sorted(nested, key=lambda pair: -pair[0]):
                kept.add(low, high)
                high = low
                yield one.feature, kept.found()

    def _apart(self, wanted: Wanted, spans: Sequence[tuple[int, int]]) -> Found:
        low, high = _hull(spans)
        its = self.matching.up_to(high)
        if len(spans) != 1:
            its = its.only(_inside(spans, 0, len(its.rows.people)))
        kept = self._accumulator(wanted.feature, its, population=wanted.population)
        kept.add(low, high)
        return kept.found()

    def _spans(self, feature: Feature) -> list[tuple[int, int]]:
        measure = feature.measure
        if not isinstance(measure, Aggregate) or measure.window is None:
            return [(0, self.until)]
        return _spans(self.context.ranges(measure.window), self.matching.rows, self.until)

    def _accumulator(self, feature: Feature, its: Matching, *, population: bool) -> "_Kept":
        measure = feature.measure
        if not isinstance(measure, Aggregate):
            raise TypeError("only a value over events is an aggregate")
        columns = {}
        if measure.property is not None:
            columns = dict(self.context.catalog.events[measure.event][measure.property])
        found = accumulator(measure, columns, feature.type, its)
        counted = columns and measure.function in {Function.COUNT, Function.SUM, Function.DISTINCT}
        return _Kept(found, Counts(its) if population and counted else None)


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
