"""What a person could do, or have set, that may change whether a condition holds: the least of each kind first."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType, decimal_of
from kohort.engines.columns import MISSING
from kohort.engines.criteria import criterion_of
from kohort.engines.evaluation import Doing, Setting, Shown
from kohort.engines.outlook.wheres import ANY, Properties, in_unit, satisfying, to_the_cent, value_for
from kohort.engines.plan import Feature
from kohort.engines.predicates import Predicate, Present, Within
from kohort.engines.timelines.courses import Points
from kohort.engines.timelines.values import Sources, Traced
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    Aggregate,
    Anniversary,
    Basic,
    DaysSince,
    Extreme,
    InCell,
    InPolygon,
    Near,
    Sequence,
    Trait,
)
from kohort.rules.operators import Function

MOST_TIMES: Final = 1_000
"""The most times that somebody is supposed to do something."""

_CENT: Final = Decimal("0.01")


def proposals(conditions: Iterable[Basic], sources: Sources) -> list[Doing | Setting]:
    """Return what may change any of `conditions` for the one person of `sources`: events first, few before many."""
    found = [one for condition in conditions for one in _of_condition(condition, sources)]
    return sorted(dict.fromkeys([*found, *_together(found)]), key=_size)


def _size(change: Doing | Setting) -> tuple[int, int, bool, Decimal]:
    """Return what to order changes by: events first, then how often, to the cent before finer, then how much."""
    values = [change.value] if isinstance(change, Setting) else [value for _, value in change.properties]
    numbers = [value for value in values if isinstance(value, Decimal)]
    finer = any(value % _CENT for value in numbers)
    amount = sum(map(abs, numbers), Decimal())
    match change:
        case Setting(value=value):
            return (1 if value is not None else 2), 1, finer, amount
        case Doing(times=times):
            return 0, times, finer, amount


def _together(found: Iterable[Doing | Setting]) -> Iterator[Doing]:
    """Yield for each event what would serve several conditions at once: as often, and as much, as any of them needs."""
    by_event: dict[str, list[Doing]] = {}
    for one in found:
        if isinstance(one, Doing):
            by_event.setdefault(one.event, []).append(one)
    for event, its in by_event.items():
        greatest: dict[str, Shown] = {}
        for name, value in (pair for one in its for pair in one.properties):
            known = greatest.get(name)
            larger = isinstance(value, Decimal) and isinstance(known, Decimal) and value > known
            greatest[name] = value if known is None or larger else known
        yield Doing(event, max(one.times for one in its), tuple(sorted(greatest.items())))


def _of_condition(condition: Basic, sources: Sources) -> Iterator[Doing | Setting]:
    match condition:
        case Sequence():
            for step in condition.steps:
                yield from _doings(step.event, satisfying(step.where, step.event, sources.context))
        case Near() | InPolygon() | InCell() | Anniversary():
            return
        case _:
            criterion = criterion_of(condition, sources.statistics, sources.context)
            for feature in criterion.features:
                yield from _of_feature(condition, feature, criterion.predicate, sources)


def _of_feature(
    condition: Basic, feature: Feature, predicate: Predicate, sources: Sources
) -> Iterator[Doing | Setting]:
    match feature.measure:
        case Trait(name=name):
            yield from (Setting(name, value) for value in _values(condition, feature, predicate))
            yield Setting(name, None)
        case DaysSince(event=event, where=where):
            yield from _doings(event, satisfying(where, event, sources.context))
        case Aggregate(event=event, where=where) as aggregate:
            base = satisfying(where, event, sources.context)
            if base is None:
                return
            match aggregate.function:
                case Function.COUNT:
                    yield from _counts(aggregate, base, feature, predicate, sources)
                case Function.SUM | Function.MEAN:
                    yield from _amounts(aggregate, base, feature, predicate, sources)
                case Function.DISTINCT:
                    return
                case _:
                    for value in _values(condition, feature, predicate):
                        yield from _doings(event, {**base, str(aggregate.property): value})


def _doings(event: str, properties: Properties | None, times: int = 1) -> Iterator[Doing]:
    if properties is not None:
        yield Doing(event, times, tuple(sorted(properties.items())))


def _edges(predicate: Predicate) -> list[int]:
    """Return the values just inside and just outside of the bounds of a predicate."""
    if not isinstance(predicate, Within):
        return []
    low, high = predicate.low, predicate.high
    around = [] if low is None else [low, low - 1]
    around += [] if high is None else [high, high + 1]
    return [edge for edge in around if abs(edge) <= LARGEST_MICROS]


def _values(condition: Basic, feature: Feature, predicate: Predicate) -> list[Shown]:
    """Return values for which a predicate may turn: of numbers and moments those at its bounds."""
    match predicate:
        case Within():
            edges = [near for edge in _edges(predicate) for near in (edge, *to_the_cent(edge))]
            found = [in_unit(edge, feature.type) for edge in edges]
        case Present():
            found = [ANY[feature.type]]
        case _ if isinstance(condition, AgainstMean | AgainstQuantile | Extreme | Sequence | Near | InPolygon | InCell):
            found = []
        case _:
            value = value_for(condition, predicate)
            found = [value, not value] if isinstance(value, bool) else [value]
            if isinstance(value, str):
                found.append(ANY[ValueType.TEXT])
            if isinstance(value, tuple):
                found.append(ANY[ValueType.TEXT_LIST])
    return [value for value in found if value is not None]


def _counts(
    aggregate: Aggregate, base: Properties, feature: Feature, predicate: Predicate, sources: Sources
) -> Iterator[Doing]:
    property_ = aggregate.property
    if property_ is not None and property_ not in base:
        (kind, *_) = sources.context.catalog.events[aggregate.event][property_]
        base = {**base, property_: ANY[kind]}
    now = _now(feature, sources)
    if isinstance(predicate, Present):
        yield from _doings(aggregate.event, base)
    for times in {-(-(edge - now) // MICRO) for edge in _edges(predicate)}:
        if 0 < times <= MOST_TIMES:
            yield from _doings(aggregate.event, base, times)


def _amounts(
    aggregate: Aggregate, base: Properties, feature: Feature, predicate: Predicate, sources: Sources
) -> Iterator[Doing]:
    """Yield one event with what is lacking to a bound, to the cent upwards where that will do, else exactly."""
    name = str(aggregate.property)
    total = _now(replace(feature, measure=replace(aggregate, function=Function.SUM)), sources)
    number = _now(replace(feature, measure=replace(aggregate, function=Function.COUNT)), sources) // MICRO
    if isinstance(predicate, Present):
        yield from _doings(aggregate.event, {**base, name: Decimal(1)})
    if total == MISSING:
        return
    for edge in _edges(predicate):
        lacking = edge - total if aggregate.function is Function.SUM else edge * (number + 1) - total
        for amount in (lacking, *to_the_cent(lacking)):
            if abs(amount) <= LARGEST_MICROS and (amount > 0 or aggregate.function is Function.MEAN):
                yield from _doings(aggregate.event, {**base, name: decimal_of(amount)})


def _now(feature: Feature, sources: Sources) -> int:
    points = Points(np.zeros(1, np.int64), np.array([sources.stretch.until], np.int64))
    return int(Traced.of(feature, sources).at(points).values[0])
