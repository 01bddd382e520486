"""Conditions as an engine runs them: the population's statistics turned into plain numbers."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import MICRO
from kohort.engines.context import Context
from kohort.engines.plan import Bits, Feature, features_of
from kohort.engines.predicates import Never, Predicate, Present, Within, bounds, predicate_of
from kohort.engines.statistics import Statistic, Statistics, population_term, statistic_key
from kohort.rules.geography import Degrees, degrees, distances, inside_cell, inside_polygon
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    Basic,
    Between,
    Comparison,
    Everyone,
    Exists,
    Extreme,
    InCell,
    InPolygon,
    Located,
    Missing,
    Near,
    Score,
    Sequence,
)
from kohort.rules.operators import Operator, Side

_COMPARED: Final[Mapping[Operator, Callable[[Any, float], Any]]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


@dataclass(frozen=True)
class Criterion:
    """A question about a feature, or about any of several.

    `in_population`: people outside the feature's population have no value here; otherwise a count, sum or
    distinct of no events is 0.
    """

    features: tuple[Feature, ...]
    predicate: Predicate
    in_population: bool = False


def criterion_of(condition: Basic, statistics: Statistics, context: Context) -> Criterion:
    """Return how to decide a canonical condition, given the statistics that it needs.

    >>> from kohort.definitions.values import ValueType
    >>> from kohort.rules.catalog import Catalog
    >>> from kohort.rules.parse import parse_rule
    >>> statistics = Statistics({"top 5% of clv": Statistic(at=0, population=40, thresholds=(70,))})
    >>> catalog = Catalog(traits={"clv": ValueType.NUMBER})
    >>> criterion_of(parse_rule("clv in top 5%"), statistics, Context(catalog, at=0)).predicate
    Within(low=70, high=None, negated=False)
    """
    features = features_of(condition, context.catalog)
    term = population_term(condition)
    if term is None:
        match condition:
            case Near() | InPolygon() | InCell():
                raise TypeError("where somebody is, is decided by `is_located`, from two values")
            case Sequence():
                return Criterion(features, Present())
            case AgainstMean() | AgainstQuantile() | Extreme():
                raise TypeError(f"{condition} lacks its term of the population")
            case _:
                return Criterion(features, predicate_of(condition, context))
    statistic = statistics.by_key[statistic_key(term)]
    in_population = not isinstance(term.among, Everyone)
    match condition:
        case AgainstMean() | AgainstQuantile():
            return Criterion(features, _against(condition.operator, statistic))
        case Extreme():
            return Criterion(features, _extreme(condition.side, statistic), in_population)
        case Comparison(value=Score() as score) | Between(value=Score() as score):
            wanted = predicate_of(condition, context)
            return Criterion(features, _scored(score, wanted, statistic), in_population)
        case Exists() | Missing():
            return Criterion(features, Present(isinstance(condition, Missing)), in_population)
        case _:
            raise TypeError(f"{condition} does not depend on the population")


def is_located(condition: Located, latitudes: Degrees, longitudes: Degrees) -> NDArray[np.bool_]:
    """Return for which points, shape (n,) in degrees and NaN where one is missing, `condition` holds.

    Degrees are micros / 10⁶, so that a polygon is decided exactly. Raises MissingExtraError for a cell of H3 without
    the extra `[people]`.

    >>> from kohort.rules.operators import LengthUnit
    >>> home = Near("home", 0, 0, Operator.LESS, 1_000_000, LengthUnit.KILOMETRE)
    >>> is_located(home, np.array([0.001, 1.0, np.nan]), np.array([0.0, 0.0, 0.0])).tolist()
    [True, False, False]
    """
    on_earth = (np.abs(latitudes) <= 90) & (np.abs(longitudes) <= 180)  # noqa: PLR2004 - degrees
    north, east = latitudes[on_earth], longitudes[on_earth]
    holds = np.zeros(len(latitudes), np.bool_)
    match condition:
        case Near():
            metres = distances(north, east, degrees(condition.latitude), degrees(condition.longitude))
            holds[on_earth] = _COMPARED[condition.operator](metres, condition.metres)
        case InPolygon():
            holds[on_earth] = inside_polygon(north, east, condition.corners)
        case InCell():
            holds[on_earth] = inside_cell(north, east, condition.cell)
        case _:
            assert_never(condition)
    return holds


def confined(condition: Basic, holds: Bits, among: Bits) -> Bits:
    """Return for whom a condition holds whose population is `among`, from `holds`, which looks at everybody.

    Whoever is outside is in no top or bottom and has no score; a mean or quantile is compared with all the same.

    >>> from kohort.rules.parse import parse_rule
    >>> confined(parse_rule("clv in top 5% among did e"), np.uint8([0b11]), np.uint8([0b01])).tolist()
    [1]
    """
    match condition:
        case AgainstMean() | AgainstQuantile():
            return holds
        case Missing():
            return holds | ~among
        case _:
            return holds & among


def _against(comparison: Operator, statistic: Statistic) -> Predicate:
    if not statistic.thresholds:
        return Never()
    (threshold,) = statistic.thresholds
    return bounds(comparison, threshold, threshold)


def _extreme(side: Side, statistic: Statistic) -> Predicate:
    if not statistic.thresholds:
        return Never()
    (threshold,) = statistic.thresholds
    return Within(low=threshold) if side is Side.TOP else Within(high=threshold)


def _scored(score: Score, wanted: Predicate, statistic: Statistic) -> Predicate:
    """Return the bounds of the value for which the score, a whole number, lies where `wanted` says."""
    if not isinstance(wanted, Within):
        raise TypeError("a score is a number; rules are checked before they are planned")
    if not statistic.thresholds:
        return Never()
    lowest = 1 if wanted.low is None else max(1, -(-wanted.low // MICRO))
    highest = score.levels if wanted.high is None else min(score.levels, wanted.high // MICRO)
    if lowest > highest:
        return Within() if wanted.negated else Never()
    enter = None if lowest == 1 else statistic.thresholds[lowest - 2]
    leave = None if highest == score.levels else statistic.thresholds[highest - 1]
    if score.reversed:
        return Within(leave, None if enter is None else enter - 1, wanted.negated)
    return Within(None if enter is None else enter + 1, leave, wanted.negated)
