"""The value of a feature at any moments of any people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import MICRO, VALUE_COLUMNS, ValueType
from kohort.engines.columns import MISSING, NO_CODE, Block, Column, Rows, Values
from kohort.engines.context import Context
from kohort.engines.kernel.masks import any_present
from kohort.engines.plan import Feature
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Points, Positions, Stretch
from kohort.engines.timelines.ranges import (
    counts,
    distinct,
    first_places,
    greatest,
    last_places,
    least,
    means,
    totals,
)
from kohort.engines.timelines.spans import Spans, spans_of
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, DaysSince, Measure, Trait
from kohort.rules.operators import Function, Occurrence

_EMPTY = Rows(np.zeros(0, np.int32), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Sources:
    """What timelines are made from: some people's history, what rules mean, the statistics in force, the stretch."""

    block: Block
    context: Context
    statistics: Statistics
    stretch: Stretch

    def rows(self, event: str) -> Rows:
        """Return the rows of an event; none of one that nobody did."""
        return self.block.events.get(event, _EMPTY)

    def points(self, people: NDArray[Any], moments: NDArray[Any]) -> Points:
        """Return the points of the stretch, its beginning included, at which something may have changed."""
        return Points.of(self.block.size, people, moments, self.stretch)


@dataclass(frozen=True)
class Traced:
    """A feature with the rows that its value comes from."""

    feature: Feature
    spans: Spans
    catalog: Catalog

    @classmethod
    def of(cls, feature: Feature, sources: Sources) -> "Traced":
        """Find the rows of a feature."""
        context, stretch = sources.context, sources.stretch
        measure = feature.measure
        keep = columns_of(feature, context.catalog)
        match measure:
            case Trait(name=name):
                rows = sources.block.traits.get(name, _EMPTY)
                spans = spans_of(rows, (name, None), None, keep, context, stretch)
            case DaysSince():
                spans = spans_of(
                    sources.rows(measure.event), (measure.event, measure.where), None, keep, context, stretch
                )
            case Aggregate(event=event, where=where, window=window):
                spans = spans_of(sources.rows(event), (event, where), window, keep, context, stretch)
            case _:
                raise TypeError("a sequence has no value; it is traced by its own steps")
        return cls(feature, spans, context.catalog)

    def at(self, points: Points, *, in_population: bool = False) -> Column:
        """Return the value at each point; `in_population`: none where no event counts, not the 0 of a count."""
        low, high = self.spans.counting(points)
        match self.feature.measure:
            case Trait():
                return self._picked(np.where(high > low, high - 1, NO_CODE))
            case DaysSince(occurrence=occurrence):
                place = high - 1 if occurrence is Occurrence.LAST else low
                ts = np.append(self.spans.rows.ts, 0)
                return Column(np.where(high > low, points.moments - ts[np.where(high > low, place, 0)], MISSING))
            case Aggregate() as aggregate:
                found = self._aggregate(aggregate, low, high)
                if not in_population:
                    return found
                return Column(np.where(high > low, found.values, found.missing), found.dictionary)
            case _:
                raise TypeError("a sequence has no value; it is traced by its own steps")

    def values(self) -> Values:
        """Return the rows' own numbers or moments."""
        return self._column().values

    def _aggregate(self, aggregate: Aggregate, low: Positions, high: Positions) -> Column:  # noqa: PLR0911 - one answer a function
        rows, names = self.spans.rows, columns_of(self.feature, self.catalog)
        match aggregate.function:
            case Function.COUNT if aggregate.property is None:
                return Column((high - low) * MICRO)
            case Function.COUNT:
                return Column(counts(any_present(rows, names), low, high) * MICRO)
            case Function.SUM:
                return Column(totals(self.values(), low, high))
            case Function.MEAN:
                return Column(means(self.values(), low, high))
            case Function.MIN:
                return Column(least(self.values(), low, high))
            case Function.MAX:
                return Column(greatest(self.values(), low, high))
            case Function.DISTINCT:
                return Column(_distinct(rows, names, low, high) * MICRO)
            case Function.FIRST:
                return self._picked(first_places(self._column().present(), low, high))
            case Function.LAST:
                return self._picked(last_places(self._column().present(), low, high))
            case _:
                assert_never(aggregate.function)

    def _column(self) -> Column:
        (name,) = columns_of(self.feature, self.catalog)
        if name in self.spans.rows.columns:
            return self.spans.rows.columns[name]
        numeric = self.feature.type in {ValueType.NUMBER, ValueType.MOMENT}
        size = len(self.spans.rows.people)
        return Column(np.full(size, MISSING, np.int64) if numeric else np.full(size, NO_CODE, np.int32))

    def _picked(self, places: Positions) -> Column:
        """Return the rows' values at `places`, none where a place is -1."""
        column = self._column()
        # One value more, for what is missing: the place -1 is the last.
        values = np.append(column.values, np.array([column.missing], column.values.dtype))
        return Column(values[places], column.dictionary)


def columns_of(feature: Feature, catalog: Catalog) -> list[str]:
    """Return the columns that a feature's values stand in: several only where a property has several types.

    >>> columns_of(Feature(Trait("clv"), ValueType.NUMBER), Catalog())
    ['number']
    """
    measure: Measure | object = feature.measure
    match measure:
        case Trait():
            return [VALUE_COLUMNS[feature.type]]
        case Aggregate(function=Function.COUNT | Function.DISTINCT, property=str(name), event=event):
            return list(catalog.events[event][name].values())
        case Aggregate(property=str(name), event=event):
            return [catalog.events[event][name][feature.type]]
        case _:
            return []


def _distinct(rows: Rows, names: Sequence[str], low: Positions, high: Positions) -> Positions:
    """Return how many different values each range of rows has, of lists their elements, those of types apart."""
    places: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    codes: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    known = 0
    for name in names:
        if name not in rows.columns:
            continue
        column = rows.columns[name]
        there = np.flatnonzero(column.present())
        if len(column.dictionary) and isinstance(column.dictionary[0], tuple):
            numbers = {
                text: code for code, text in enumerate(sorted({one for row in column.dictionary for one in row}))
            }
            elements = [[numbers[text] for text in dict.fromkeys(row)] for row in column.dictionary]
            lengths = np.array([len(one) for one in elements], np.int64)[column.values[there]]
            places.append(np.repeat(there, lengths))
            its = np.array([code for place in there for code in elements[column.values[place]]], np.int64)
        else:
            places.append(there)
            its = np.unique(column.values[there], return_inverse=True)[1].astype(np.int64)
        codes.append(its + known)
        known += int(its.max()) + 1 if len(its) else 0
    place, code = np.concatenate(places), np.concatenate(codes)
    order = np.argsort(place, kind="stable")
    place, code = place[order], code[order]
    first, last = np.searchsorted(place, low), np.searchsorted(place, high)
    return distinct(rows.people[place], code, first, last)
