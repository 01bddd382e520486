"""Does a segment mean something? Later conversion of its members, against everyone else.

A segment is part of the base, so comparing it with the base would compare members partly with themselves: the
test, the difference and the lift compare members with *non-members*, and the rate of the whole base stands beside.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from kohort.errors import UsageError
from kohort.stats.comparisons import Method, compare_proportions, holm
from kohort.stats.intervals import Interval, newcombe_difference, relative_lift, wilson_interval

_FEW_PEOPLE: Final = 30
_FEW_CONVERSIONS: Final = 5


@dataclass(frozen=True)
class Comparison:
    """Members against non-members.

    `difference` of rates with Newcombe's interval; `lift`, the ratio of rates, with that of Katz; `p_value` that both
    rates are equal, by `method`; `adjusted_p_value` after Holm over all segments compared in the same call.
    """

    difference: Interval
    lift: Interval
    p_value: float
    adjusted_p_value: float
    method: Method


@dataclass(frozen=True)
class SegmentOutcome:
    """What the members of a segment at the split did in the horizon after it.

    Rates carry Wilson intervals; `members` or `others` is None where that group is empty, and then so is
    `comparison`. `base` is the rate of everyone. `value_per_member` and `value_per_other` are mean values per person,
    converted or not, 0 for an empty group. `small` warns that a group has fewer than 30 people, or the members
    fewer than 5 conversions or non-conversions: read the interval, not the estimate.
    """

    segment: str
    members: Interval | None
    others: Interval | None
    base: Interval
    value_per_member: float
    value_per_other: float
    comparison: Comparison | None
    small: bool


def measure_outcomes(
    segments: Mapping[str, AbstractSet[str]],
    *,
    everyone: AbstractSet[str],
    converted: AbstractSet[str],
    value: Mapping[str, float],
) -> tuple[SegmentOutcome, ...]:
    """Compare later conversion of each segment's members with that of non-members, in the order of `segments`.

    `segments` maps a name to the ids of its members at the split; `everyone` holds all people who existed then;
    `converted` those who did the wanted thing in the horizon, people unknown at the split being ignored; `value`
    what each brought in the horizon (absent means 0).

    Raises UsageError if `everyone` is empty or a member is not among them.

    >>> everyone = {str(number) for number in range(200)}
    >>> vip = {str(number) for number in range(50)}
    >>> bought = {str(number) for number in [*range(30), *range(100, 130)]}
    >>> [outcome] = measure_outcomes({"vip": vip}, everyone=everyone, converted=bought, value={})
    >>> outcome.members.estimate, outcome.others.estimate, outcome.base.estimate
    (0.6, 0.2, 0.3)
    """
    if not everyone:
        raise UsageError("measuring outcomes needs people who existed at the split; choose a later split")
    outcomes = [_measure(name, members, everyone, converted, value) for name, members in segments.items()]
    adjusted = iter(holm([outcome.comparison.p_value for outcome in outcomes if outcome.comparison]).tolist())
    return tuple(
        replace(outcome, comparison=replace(outcome.comparison, adjusted_p_value=next(adjusted)))
        if outcome.comparison
        else outcome
        for outcome in outcomes
    )


def _measure(
    segment: str,
    members: AbstractSet[str],
    everyone: AbstractSet[str],
    converted: AbstractSet[str],
    value: Mapping[str, float],
) -> SegmentOutcome:
    strangers = members - everyone
    if strangers:
        example = min(strangers)
        raise UsageError(
            f'segment "{segment}" has members who did not exist at the split, such as "{example}"; '
            "evaluate the segment as of the split"
        )
    others = everyone - members
    hits, other_hits = len(members & converted), len(others & converted)
    comparison = _compare(hits, len(members), other_hits, len(others)) if members and others else None
    few = min(len(members), len(others)) < _FEW_PEOPLE or min(hits, len(members) - hits) < _FEW_CONVERSIONS
    return SegmentOutcome(
        segment=segment,
        members=wilson_interval(hits, len(members)) if members else None,
        others=wilson_interval(other_hits, len(others)) if others else None,
        base=wilson_interval(hits + other_hits, len(everyone)),
        value_per_member=_mean_value(members, value),
        value_per_other=_mean_value(others, value),
        comparison=comparison,
        small=few,
    )


def _compare(hits: int, members: int, other_hits: int, others: int) -> Comparison:
    test = compare_proportions(hits, members, other_hits, others)
    return Comparison(
        difference=newcombe_difference(hits, members, other_hits, others),
        lift=relative_lift(hits, members, other_hits, others),
        p_value=test.p_value,
        adjusted_p_value=test.p_value,
        method=test.method,
    )


def _mean_value(people: AbstractSet[str], value: Mapping[str, float]) -> float:
    return sum(value.get(person, 0.0) for person in sorted(people)) / len(people) if people else 0.0
