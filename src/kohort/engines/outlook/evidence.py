"""The events and trait values that a person's value of a condition comes from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from kohort.definitions.values import ValueType, decimal_of
from kohort.engines.columns import Column
from kohort.engines.evaluation import Explanation, Fact, Shown
from kohort.engines.plan import Feature, Plan, condition_of, features_of
from kohort.engines.timelines.courses import Points
from kohort.engines.timelines.sequences import sequence_ways
from kohort.engines.timelines.values import Sources, Traced, columns_of
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import (
    Aggregate,
    And,
    Basic,
    DaysSince,
    InSegment,
    Measure,
    Not,
    Or,
    Rule,
    Sequence,
    Trait,
    children,
)
from kohort.rules.operators import Function, Occurrence

MOST_FACTS: Final = 3
"""The number of facts shown of a leaf."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def with_facts(explanation: Explanation, rule: Rule, plan: Plan, sources: Sources) -> Explanation:
    """Return the explanation of `rule` with the facts of each leaf.

    `sources` are of the one person that is explained, and of a stretch that is the moment of the explanation.
    """
    match rule:
        case And() | Or() | Not():
            pairs = zip(explanation.parts, children(rule), strict=True)
            return replace(explanation, parts=tuple(with_facts(part, one, plan, sources) for part, one in pairs))
        case InSegment():
            (inner,) = explanation.parts
            return replace(explanation, parts=(with_facts(inner, plan.segments[rule.name], plan, sources),))
        case _:
            condition = condition_of(rule)
            facts = [] if condition is None else _facts(condition, sources)
            return replace(explanation, facts=tuple(facts[:MOST_FACTS]), facts_in_all=len(facts))


def shown(column: Column, place: int, kind: ValueType) -> Shown:
    """Return a value of a column as people read it.

    >>> shown(Column(np.array([2_500_000])), 0, ValueType.NUMBER)
    Decimal('2.5')
    """
    value = int(column.values[place])
    if value == column.missing:
        return None
    match kind:
        case ValueType.NUMBER:
            return decimal_of(value)
        case ValueType.MOMENT:
            return _EPOCH + timedelta(microseconds=value)
        case ValueType.BOOLEAN:
            return bool(value)
        case ValueType.TEXT:
            return str(column.dictionary[value])
        case ValueType.TEXT_LIST:
            return tuple(column.dictionary[value])


def _facts(condition: Basic, sources: Sources) -> list[Fact]:
    """Return what a condition looks at, the most telling first."""
    if isinstance(condition, Sequence):
        return _of_sequence(condition, sources)
    found: dict[tuple[int, int], Fact] = {}
    for number, feature in enumerate(features_of(condition, sources.context.catalog)):
        # A property of several types is one event's all the same; a point is two traits.
        kind = number if isinstance(feature.measure, Trait) else 0
        for place, fact in _of_feature(feature, sources):
            known = found.get((kind, place))
            if known is None or known.value is None:
                found[kind, place] = fact
    return list(found.values())


def _of_feature(feature: Feature, sources: Sources) -> list[tuple[int, Fact]]:
    traced = Traced.of(feature, sources)
    at = np.array([sources.stretch.until], np.int64)
    low, high = (int(one[0]) for one in traced.spans.counting(Points(np.zeros(1, np.int64), at)))
    ts = traced.spans.rows.ts
    match feature.measure:
        case Trait(name=name):
            column = _column(traced, feature, sources.context.catalog)
            value = None if column is None else shown(column, high - 1, feature.type)
            return [(high - 1, Fact(name, int(ts[high - 1]), value=value))] if high > low and value is not None else []
        case Aggregate() | DaysSince() as measure:
            asked = measure.property if isinstance(measure, Aggregate) else None
            values = {place: _value(traced, feature, place, sources.context.catalog) for place in range(low, high)}
            places = [place for place in values if asked is None or values[place] is not None]
            return [
                (place, Fact(measure.event, int(ts[place]), asked, values[place]))
                for place in _most_telling_first(measure, places, traced)
            ]
        case _:
            return []


def _most_telling_first(measure: Measure, places: list[int], traced: Traced) -> list[int]:
    """Return the rows that a value comes from: of a first or last one only that one."""
    match measure:
        case Aggregate(function=Function.MIN):
            return sorted(places, key=lambda place: int(traced.values()[place]))
        case Aggregate(function=Function.MAX):
            return sorted(places, key=lambda place: -int(traced.values()[place]))
        case Aggregate(function=Function.FIRST) | DaysSince(occurrence=Occurrence.FIRST):
            return places[:1]
        case Aggregate(function=Function.LAST) | DaysSince(occurrence=Occurrence.LAST):
            return places[-1:]
        case _:
            return places[::-1]


def _value(traced: Traced, feature: Feature, place: int, catalog: Catalog) -> Shown:
    """Return the value of the property that a feature reads, of the first of its types that is there."""
    measure = feature.measure
    if not isinstance(measure, Aggregate) or measure.property is None:
        return None
    kinds = {column: kind for kind, column in catalog.events[measure.event][measure.property].items()}
    columns = traced.spans.rows.columns
    values = (shown(columns[name], place, kinds[name]) for name in columns_of(feature, catalog) if name in columns)
    return next((value for value in values if value is not None), None)


def _column(traced: Traced, feature: Feature, catalog: Catalog) -> Column | None:
    (name,) = columns_of(feature, catalog)
    return traced.spans.rows.columns.get(name)


def _of_sequence(sequence: Sequence, sources: Sources) -> list[Fact]:
    """Return the steps of the latest way in which the person has done a sequence, the first step first."""
    ways, at = sequence_ways(sequence, sources), sources.stretch.until
    true = np.flatnonzero((ways.enter <= at) & (ways.leave > at))
    if not len(true):
        return []
    latest = true[np.argmax(ways.begun[true])]
    done = [step for step in sequence.steps if not step.negated]
    return [Fact(step.event, int(moments[latest])) for step, moments in zip(done, ways.steps, strict=True)]
