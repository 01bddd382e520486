"""Conditions as an engine runs them: the population's statistics turned into plain numbers."""

from dataclasses import dataclass

from kohort.definitions.values import MICRO
from kohort.engines.plan import Feature, features_of
from kohort.engines.predicates import Never, Predicate, Present, Within, bounds, predicate_of
from kohort.engines.statistics import Statistic, Statistics, population_term, statistic_key
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import AgainstMean, Between, Comparison, Exists, Extreme, Missing, Score, Side, Valued


@dataclass(frozen=True)
class Criterion:
    """A question about a feature, or about any of several.

    `in_population`: people outside the feature's population have no value here; otherwise a count, sum or
    distinct of no events is 0.
    """

    features: tuple[Feature, ...]
    predicate: Predicate
    in_population: bool = False


def criterion_of(condition: Valued, statistics: Statistics, catalog: Catalog) -> Criterion:
    """Return how to decide a canonical condition, given the statistics that it needs.

    >>> from kohort.definitions.values import ValueType
    >>> from kohort.rules.parse import parse_rule
    >>> statistics = Statistics({"top 5% of clv": Statistic(at=0, population=40, thresholds=(70,))})
    >>> catalog = Catalog(traits={"clv": ValueType.NUMBER})
    >>> criterion_of(parse_rule("clv in top 5%"), statistics, catalog).predicate
    Within(low=70, high=None, negated=False)
    """
    features = features_of(condition, catalog)
    term = population_term(condition)
    if term is None:
        match condition:
            case Comparison() | Between() | Exists() | Missing():
                return Criterion(features, predicate_of(condition, catalog.zone))
            case _:
                raise TypeError(f"{condition} lacks its term of the population")
    statistic = statistics.by_key[statistic_key(term)]
    match condition:
        case AgainstMean():
            return Criterion(features, _against(condition, statistic))
        case Extreme():
            return Criterion(features, _extreme(condition.side, statistic), in_population=True)
        case Comparison(value=Score() as score) | Between(value=Score() as score):
            wanted = predicate_of(condition, catalog.zone)
            return Criterion(features, _scored(score, wanted, statistic), in_population=True)
        case Exists() | Missing():
            return Criterion(features, Present(isinstance(condition, Missing)), in_population=True)
        case _:
            raise TypeError(f"{condition} does not depend on the population")


def _against(condition: AgainstMean, statistic: Statistic) -> Predicate:
    if not statistic.thresholds:
        return Never()
    (threshold,) = statistic.thresholds
    return bounds(condition.operator, threshold, threshold)


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
