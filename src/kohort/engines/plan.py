"""All rules as one plan: distinct features, distinct conditions on them, and the boolean algebra over those.

Every engine runs the same plan; it differs only in how it finds the features' values.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.consent import consent_trait
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.statistics import PopulationTerm, Statistics, population_term, statistic_key
from kohort.rules.catalog import Catalog
from kohort.rules.check import check_rule, types_of
from kohort.rules.literals import Boolean, Number, type_of
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    Aggregate,
    And,
    Anniversary,
    Basic,
    Between,
    Comparison,
    ConsentTo,
    DaysSince,
    Did,
    Exists,
    Extreme,
    InCell,
    Includes,
    InPolygon,
    InSegment,
    Leaf,
    Located,
    Measure,
    Missing,
    Near,
    Not,
    OneOf,
    Or,
    Property,
    Rule,
    Score,
    Sequence,
    TextTest,
    Trait,
    Valued,
    leaves,
    populations,
)
from kohort.rules.operators import Function, Operator
from kohort.rules.read import segments_of
from kohort.rules.windows import canonical_window

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Feature:
    """A value of every person, in one type: what an engine has to find. Of a sequence: true, or missing."""

    measure: Measure | Sequence
    type: ValueType


@dataclass(frozen=True)
class Plan:
    """What has to be found to evaluate `rules`.

    `segments` are the rules that these refer to, each after those it needs. `conditions` are the distinct
    leaves of all of them, `features` the distinct values that these ask for, `terms` what they need to know of
    the population, by its key. `stages` are the conditions in an order in which they can be decided: those of a
    stage need no population but everyone, or the members of rules whose conditions stand in stages before it.
    `formulas` are the rules, those of segments and populations included, over the conditions' numbers.
    """

    rules: Mapping[str, Rule]
    segments: Mapping[str, Rule]
    conditions: tuple[Basic, ...]
    features: tuple[Feature, ...]
    terms: Mapping[str, PopulationTerm]
    stages: tuple[tuple[Basic, ...], ...]
    formulas: Mapping[Rule, "Formula"]
    _alone: dict[str, "Plan"] = field(default_factory=dict, compare=False, repr=False)

    def alone(self, name: str, catalog: Catalog) -> "Plan":
        """Return the plan of one of the rules, which is made once; `catalog` is the one that all were planned with."""
        if name not in self._alone:
            self._alone[name] = build_plan({name: self.rules[name]}, catalog)
        return self._alone[name]

    def known(self, pinned: Statistics | None) -> Statistics:
        """Return those of an epoch's statistics that the rules need."""
        by_key = {} if pinned is None else pinned.by_key
        return Statistics({key: by_key[key] for key in self.terms if key in by_key})


@dataclass(frozen=True)
class Gate:
    """All, any, or the opposite, of what the parts are true of."""

    operator: Literal["and", "or", "not"]
    parts: tuple["Formula", ...]


Formula = int | str | Gate
"""The number of a condition, the name of a segment, or a gate over formulas."""


def build_plan(rules: Mapping[str, Rule], catalog: Catalog) -> Plan:
    """Return the plan of `rules`, names resolved by `catalog`; raises what `read_rule` raises.

    >>> from kohort.rules.parse import parse_rule
    >>> rules = {"new": parse_rule("count of e >= 1 and did e"), "old": parse_rule("count of e in last 1 week > 2")}
    >>> plan = build_plan(rules, Catalog(events={"e": {}}))
    >>> len(plan.conditions), len(plan.features)
    (2, 2)
    """
    checked = {name: check_rule(rule, catalog) for name, rule in rules.items()}
    segments = segments_of(list(checked.values()), catalog)
    conditions = tuple(dict.fromkeys(_conditions([*checked.values(), *segments.values()])))
    features = tuple(dict.fromkeys(feature for one in conditions for feature in features_of(one, catalog)))
    terms = {statistic_key(term): term for term in map(population_term, conditions) if term is not None}
    numbers = {condition: number for number, condition in enumerate(conditions)}
    named = [*checked.values(), *segments.values(), *populations_in([*checked.values(), *segments.values()])]
    formulas = {rule: _formula(rule, numbers) for rule in named}
    return Plan(checked, segments, conditions, features, terms, _stages(conditions, segments), formulas)


def condition_of(leaf: Leaf) -> Basic | None:  # noqa: PLR0911 - one answer a node
    """Return the canonical form of a leaf, so that equal conditions are one; None for `in segment`.

    >>> from kohort.rules.parse import parse_rule
    >>> condition_of(parse_rule("did e in last 2 weeks")) == parse_rule("count of e in last 14 days >= 1")
    True
    """
    match leaf:
        case InSegment():
            return None
        case Did():
            count = Aggregate(Function.COUNT, leaf.event, None, leaf.where, leaf.window)
            return Comparison(_canonical(count), Operator.AT_LEAST, Number(MICRO))
        case ConsentTo():
            return Comparison(Trait(consent_trait(leaf.purpose)), Operator.EQUAL, Boolean(True))
        case Near() | InPolygon() | InCell():
            return leaf
        case Sequence():
            return _canonical_sequence(leaf)
        case AgainstMean() | AgainstQuantile() | Extreme():
            return replace(leaf, value=_canonical(leaf.value))
        case Comparison() | Between() | Exists() | Missing() | TextTest() | OneOf() | Includes() | Anniversary():
            match leaf.value:
                case Property():
                    return leaf
                case Score() as score:
                    return replace(leaf, value=replace(score, value=_canonical(score.value)))
                case measure:
                    return replace(leaf, value=_canonical(measure))
        case _:
            assert_never(leaf)


def features_of(condition: Basic, catalog: Catalog) -> tuple[Feature, ...]:
    """Return the features that a canonical condition asks for: several only where any of several types will do.

    >>> from kohort.rules.parse import parse_rule
    >>> [one.type.value for one in features_of(parse_rule("clv > 3"), Catalog(traits={"clv": ValueType.NUMBER}))]
    ['number']
    """
    if isinstance(condition, Located):
        return tuple(Feature(trait, ValueType.NUMBER) for trait in condition.coordinates)
    if isinstance(condition, Sequence):
        return (Feature(condition, ValueType.BOOLEAN),)
    match condition.value:
        case Score() as score:
            return (Feature(score.value, ValueType.NUMBER),)
        case Trait() | Aggregate() | DaysSince() as measure:
            return tuple(Feature(measure, one) for one in _types(condition, measure, catalog))
        case Property():
            raise TypeError("a property stands in a where only; rules are checked before they are planned")
        case _:
            assert_never(condition.value)


def events_of(plan: Plan) -> set[str]:
    """Return the events that the features of `plan` read.

    >>> from kohort.rules.parse import parse_rule
    >>> sorted(events_of(build_plan({"": parse_rule("did a then b")}, Catalog(events={"a": {}, "b": {}}))))
    ['a', 'b']
    """
    found: set[str] = set()
    for feature in plan.features:
        match feature.measure:
            case Aggregate(event=event) | DaysSince(event=event):
                found.add(event)
            case Sequence(steps=steps):
                found.update(step.event for step in steps)
            case Trait():
                pass
    return found


class Algebra:
    """For whom each rule of a plan holds, as far as it is known for whom its conditions do.

    Sets of people are one bit a person, packed in Arrow's order (`numpy.packbits`, little). What fills the last byte
    is without meaning.

    >>> from kohort.rules.parse import parse_rule
    >>> plan = build_plan({"quiet": parse_rule("not did e")}, Catalog(events={"e": {}}))
    >>> algebra = Algebra(plan)
    >>> algebra.learn(plan.conditions[0], np.packbits([1, 0, 1], bitorder="little"))
    >>> np.unpackbits(algebra.of(plan.rules["quiet"]), count=3, bitorder="little").tolist()
    [0, 1, 0]
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._numbers = {condition: number for number, condition in enumerate(plan.conditions)}
        self._known: dict[Formula, Bits] = {}

    def learn(self, condition: Basic, bits: Bits) -> None:
        """Take in for whom a canonical condition holds."""
        self._known[self._numbers[condition]] = bits

    def of(self, rule: Rule, out: Bits | None = None) -> Bits:
        """Return for whom `rule`, or any part of a rule of the plan, holds; written into `out` if that is given.

        Raises KeyError for a condition that is not known yet.
        """
        formula = self._plan.formulas.get(rule)
        formula = _formula(rule, self._numbers) if formula is None else formula
        known = self._known_of(formula)
        if known is None:
            return self._combined(formula, out)
        if out is None:
            return known
        np.copyto(out, known)
        return out

    def _known_of(self, formula: Formula) -> Bits | None:
        """Return what a condition or a segment is true of; None for a gate."""
        if isinstance(formula, Gate):
            return None
        if isinstance(formula, str) and formula not in self._known:
            self._known[formula] = self.of(self._plan.segments[formula])
        return self._known[formula]

    def _combined(self, formula: Formula, out: Bits | None = None) -> Bits:
        known = self._known_of(formula)
        if known is not None:
            return known
        if not isinstance(formula, Gate):
            raise TypeError("a formula is a condition, a segment or a gate")
        first, *others = formula.parts
        if formula.operator == "not":
            return np.invert(self._combined(first), out=out)
        combine = np.bitwise_and if formula.operator == "and" else np.bitwise_or
        second, *others = others
        found: Bits = combine(self._combined(first), self._combined(second), out=out)
        for part in others:
            combine(found, self._combined(part), out=found)
        return found


def _formula(rule: Rule, numbers: Mapping[Basic, int]) -> Formula:
    match rule:
        case And() | Or():
            parts = tuple(_formula(part, numbers) for part in rule.parts)
            return Gate("and" if isinstance(rule, And) else "or", parts)
        case Not():
            return Gate("not", (_formula(rule.part, numbers),))
        case InSegment():
            return rule.name
        case _:
            condition = condition_of(rule)
            if condition is None:
                raise KeyError(f"the plan lacks the rule of {rule}")
            return numbers[condition]


def populations_in(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield every rule that names a population in `rules`, and in those populations.

    >>> from kohort.rules.parse import parse_rule
    >>> [one.name for one in populations_in([parse_rule('clv in top 5% among in segment "vip"')])]
    ['vip']
    """
    for rule in rules:
        for among in populations(rule):
            yield among
            yield from populations_in([among])


def _stages(conditions: Iterable[Basic], segments: Mapping[str, Rule]) -> tuple[tuple[Basic, ...], ...]:
    known: dict[Rule, int] = {}

    def stage(rule: Rule) -> int:
        if rule not in known:
            within = (stage(segments[one.name]) for one in leaves(rule) if isinstance(one, InSegment))
            known[rule] = max([0, *within, *(1 + stage(among) for among in populations(rule))])
        return known[rule]

    stages: dict[int, list[Basic]] = {}
    for condition in conditions:
        stages.setdefault(stage(condition), []).append(condition)
    return tuple(tuple(stages[number]) for number in sorted(stages))


def _conditions(rules: Iterable[Rule]) -> Iterator[Basic]:
    for rule in rules:
        for leaf in leaves(rule):
            condition = condition_of(leaf)
            if condition is not None:
                yield condition
        yield from _conditions(populations(rule))


def _types(condition: Valued, measure: Measure, catalog: Catalog) -> Iterable[ValueType]:  # noqa: PLR0911 - one answer a node
    match condition:
        case Comparison():
            return (type_of(condition.literal),)
        case Between():
            return (type_of(condition.low),)
        case TextTest() | OneOf():
            return (ValueType.TEXT,)
        case Includes():
            return (ValueType.TEXT_LIST,)
        case Anniversary():
            return (ValueType.MOMENT,)
        case Exists() | Missing():
            return sorted(types_of(measure, catalog))
        case _:
            return (ValueType.NUMBER,)


def _canonical_sequence(sequence: Sequence) -> Sequence:
    return replace(
        sequence,
        steps=tuple(replace(step, within=step.within and step.within.canonical()) for step in sequence.steps),
        window=canonical_window(sequence.window),
        limit=sequence.limit and sequence.limit.canonical(),
    )


def _canonical(measure: Measure) -> Measure:
    if isinstance(measure, Aggregate) and measure.window is not None:
        return replace(measure, window=canonical_window(measure.window))
    return measure
