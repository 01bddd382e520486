"""What sets a group apart: where its members differ from those with whom they are compared.

Members are part of everybody, so that a comparison with everybody would compare them partly with themselves: effects
and their intervals compare members with the others, as in `measurement.outcomes`, and a lift against everybody follows
from the one against the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kohort.stats.effects import cohens_h, hedges_g_of
from kohort.stats.intervals import Interval, mean_interval, ratio_of_means, relative_lift, wilson_interval
from kohort.stats.summaries import Summary

_FEWEST = 2


class Kind(StrEnum):
    """What is compared."""

    NUMBER = "number"
    """The mean of a trait."""

    CATEGORY = "category"
    """The share with one value of a trait, among those who have the trait."""

    EVENT = "event"
    """The share who did something."""


@dataclass(frozen=True)
class Distinction:
    """One way in which members and the others differ, or do not.

    `subject` is a trait or an event, `value` the value of a category, else empty. `members`, `others` are shares with
    Wilson's intervals, or means; `everybody` that of both. `effect` is Cohen's h of shares, Hedges' g of means. `lift`
    is the members' over everybody's, with an interval; None where a ratio says nothing.
    """

    kind: Kind
    subject: str
    value: str
    members: Interval
    others: Interval
    everybody: float
    effect: Interval
    lift: Interval | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the effect leaves out that there is none."""
        return not self.effect.low <= 0 <= self.effect.high


def compare_shares(
    kind: Kind, subject: str, value: str, members: tuple[int, int], others: tuple[int, int]
) -> Distinction | None:
    """Compare a share of the members with that of the others, each (successes, trials); None without trials on a side.

    >>> found = compare_shares(Kind.EVENT, "order_completed", "", (30, 100), (20, 200))
    >>> round(found.everybody, 3), round(found.lift.estimate, 2), found.is_clear
    (0.167, 1.8, True)
    """
    if not members[1] or not others[1]:
        return None
    people = members[1] + others[1]
    lift = None
    if members[0] + others[0]:
        lift = _against_everybody(relative_lift(*members, *others), members[1] / people)
    return Distinction(
        kind,
        subject,
        value,
        wilson_interval(*members),
        wilson_interval(*others),
        (members[0] + others[0]) / people,
        cohens_h(*members, *others),
        lift,
    )


def compare_means(subject: str, members: Summary, others: Summary) -> Distinction | None:
    """Compare a mean of the members with that of the others; None with fewer than two people, or no spread, in both.

    >>> round(compare_means("orders", Summary(50, 8.0, 4.0), Summary(150, 4.0, 4.0)).lift.estimate, 2)
    1.6
    """
    if min(members.size, others.size) < _FEWEST or not members.variance + others.variance:
        return None
    people = members.size + others.size
    ratio = ratio_of_means(members, others)
    return Distinction(
        Kind.NUMBER,
        subject,
        "",
        mean_interval(members),
        mean_interval(others),
        (members.size * members.mean + others.size * others.mean) / people,
        hedges_g_of(members, others),
        None if ratio is None else _against_everybody(ratio, members.size / people),
    )


def most_distinctive(found: Iterable[Distinction | None]) -> tuple[Distinction, ...]:
    """Return distinctions in the order of their effects, the largest first, clear ones before the others.

    >>> most_distinctive([None])
    ()
    """
    there = [one for one in found if one is not None]
    return tuple(sorted(there, key=lambda one: (not one.is_clear, -abs(one.effect.estimate), one.subject, one.value)))


def _against_everybody(lift: Interval, share: float) -> Interval:
    """Return a lift against the others as one against everybody, of whom the members are `share`.

    Everybody's value is share · members + (1 − share) · others, so that r against the others is r / (share · r + 1 −
    share) against everybody, which only grows with r: the ends of the interval move along.
    """
    estimate, low, high = (one / (share * one + 1 - share) for one in (lift.estimate, lift.low, lift.high))
    return Interval(estimate, low, high, lift.n)
