"""An explanation: the rule's tree with what was found for one person at every leaf."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import assert_never

import numpy as np

from kohort.clock import DAY
from kohort.definitions.values import MICRO, ValueType, decimal_of, format_micros, micros_of
from kohort.engines.evaluation import Explanation, Shown
from kohort.engines.plan import Feature, Plan, condition_of, features_of
from kohort.engines.statistics import Statistics, population_rule, population_term, statistic_key
from kohort.rules.catalog import Catalog
from kohort.rules.geography import cell_of, degrees, distances
from kohort.rules.nodes import (
    And,
    DaysSince,
    Everyone,
    InCell,
    InPolygon,
    InSegment,
    Leaf,
    Located,
    Near,
    Not,
    Or,
    Rule,
    Score,
    children,
)
from kohort.rules.operators import LengthUnit
from kohort.rules.polygons import is_place
from kohort.rules.print import print_rule
from kohort.stats.population import score_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Facts:
    """What an engine found for one person.

    `holds` says whether a rule of the plan is true, `values` gives each feature's value in its unit, `in_population`
    the same where the person belongs to the feature's population, and None elsewhere.
    """

    holds: Callable[[Rule], bool]
    values: Mapping[Feature, object]
    in_population: Mapping[Feature, object]
    statistics: Statistics


def explain_rule(plan: Plan, rule: Rule, facts: Facts, catalog: Catalog) -> Explanation:
    """Return the explanation of `rule`, one of `plan`, for the person of `facts`."""
    sentence = print_rule(rule, catalog.language)
    match rule:
        case And() | Or() | Not():
            parts = tuple(explain_rule(plan, part, facts, catalog) for part in children(rule))
            return Explanation(sentence, _combined(rule, [part.holds for part in parts]), parts)
        case InSegment():
            inner = explain_rule(plan, plan.segments[rule.name], facts, catalog)
            return Explanation(sentence, inner.holds, (inner,))
        case _:
            return _explained_leaf(rule, sentence, facts, catalog)


def _combined(rule: And | Or | Not, holds: list[bool]) -> bool:
    match rule:
        case And():
            return all(holds)
        case Or():
            return any(holds)
        case Not():
            return not holds[0]


def _explained_leaf(leaf: Leaf, sentence: str, facts: Facts, catalog: Catalog) -> Explanation:
    condition = condition_of(leaf)
    if condition is None:
        raise TypeError(f"{sentence} refers to a segment")
    features = features_of(condition, catalog)
    if isinstance(condition, Located):
        return Explanation(sentence, facts.holds(condition), value=_whereabouts(condition, facts))
    found = [feature for feature in features if facts.values[feature] is not None]
    feature = (found or list(features))[0]
    value = _shown(feature, facts.values[feature])
    term = population_term(condition)
    if term is None:
        return Explanation(sentence, facts.holds(condition), value=value)
    statistic = facts.statistics.by_key[statistic_key(term)]
    scored: Shown = None
    if isinstance(term, Score):
        among = population_rule(term)
        known = facts.values if isinstance(term.among, Everyone) else facts.in_population
        inside = among is None or facts.holds(among)
        scored, value = value, _score(term, known[feature] if inside else None, statistic.thresholds)
    return Explanation(
        sentence,
        facts.holds(condition),
        value=value,
        scored=scored,
        thresholds=tuple(_in_unit(feature, one) for one in statistic.thresholds),
        population=statistic.population,
        statistics_at=statistic.at,
    )


def _whereabouts(condition: Located, facts: Facts) -> Shown:
    """Return how far the person's point is, in the rule's unit to the sixth place, its cell, or the point itself."""
    latitude, longitude = (facts.values[Feature(trait, ValueType.NUMBER)] for trait in condition.coordinates)
    if not (isinstance(latitude, int) and isinstance(longitude, int) and is_place(latitude, longitude)):
        return None
    north, east = degrees(latitude), degrees(longitude)
    match condition:
        case Near():
            place = degrees(condition.latitude), degrees(condition.longitude)
            metres = float(distances(np.array([north]), np.array([east]), *place)[0])
            return decimal_of(micros_of(metres / (1000 if condition.unit is LengthUnit.KILOMETRE else 1)))
        case InPolygon():
            return f"({format_micros(latitude)}, {format_micros(longitude)})"
        case InCell():
            return cell_of(north, east, condition.cell)
        case _:
            assert_never(condition)


def _score(score: Score, value: object, cuts: tuple[int, ...]) -> Decimal | None:
    if not isinstance(value, int) or not cuts:
        return None
    return Decimal(score_of(value, cuts, reversed=score.reversed))


def _shown(feature: Feature, value: object) -> Shown:
    match value:
        case bool() | str():
            return value
        case int() if feature.type is ValueType.MOMENT:
            return _EPOCH + timedelta(microseconds=value)
        case int():
            return _in_unit(feature, value)
        case list():
            return tuple(str(one) for one in value)
        case _:
            return None


def _in_unit(feature: Feature, value: int) -> Decimal:
    """Return an integer of the feature's unit as people read it: a number, or days to the sixth place."""
    if isinstance(feature.measure, DaysSince):
        return decimal_of(round(value * MICRO / Decimal(DAY)))
    return decimal_of(value)
