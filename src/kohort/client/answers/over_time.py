"""Answers about clusters month by month, and what they foretell."""

from msgspec import Struct

from kohort.client.answers.discovery import Interval, Words


class ClusterFate(Struct, frozen=True):
    """What became of a group of the first month: persists, split, merged, dissolved or moved."""

    cluster: int
    fate: str
    into: tuple[int, ...]
    jaccard: Interval


class ClusterShift(Struct, frozen=True):
    """How far a centre, a spread or a correlation has moved; `cluster` is None where it is of everybody."""

    kind: str
    cluster: int | None
    feature: str
    other: str | None
    change: Interval
    p_value: float
    found: bool


class ClusterPeriod(Struct, frozen=True):
    """One later month: shares by the first month's model, and what became of its groups."""

    name: str
    people: int
    k: int
    shares: tuple[Interval, ...]
    stayed: tuple[Interval | None, ...]
    fates: tuple[ClusterFate, ...]
    appeared: tuple[int, ...]
    shifts: tuple[ClusterShift, ...]


class CohortOfMonth(Struct, frozen=True):
    """Those who came in a month, by its place in `months`, so many months later."""

    cohort: int
    since: int
    people: int
    active: Interval
    shares: tuple[Interval, ...]


class ClusterPeriods(Struct, frozen=True):
    """The groups of the month `first`, followed month by month up to `at`."""

    score: str
    at: str
    words: Words
    is_silent: bool
    method: str
    first: str
    months: tuple[str, ...]
    names: tuple[Words, ...]
    features: dict[str, Words]
    periods: tuple[ClusterPeriod, ...]
    cohorts: tuple[CohortOfMonth, ...]


class ClusterOutcome(Struct, frozen=True):
    """What the people of a group did after the split, beside everybody else; None where there is nobody."""

    name: Words
    rate: Interval | None
    others: Interval | None
    difference: Interval | None
    lift: Interval | None
    p_value: float | None
    is_small: bool


class DepthOfLift(Struct, frozen=True):
    """What the `depth` share of people of whom it was expected most hold of all who did it."""

    depth: float
    captured: Interval
    lift: Interval


class ForetellingPower(Struct, frozen=True):
    """How well people are told apart: an area of 0.5 and an association of 0 are chance."""

    area: Interval
    association: Interval
    lift: tuple[DepthOfLift, ...]


class ForetoldOutcome(Struct, frozen=True):
    """Whether groups formed at the split tell who did something after it; powers are None where too few did it."""

    did: Words
    horizon: Words
    split: str
    words: Words
    method: str
    base: Interval | None
    outcomes: tuple[ClusterOutcome, ...]
    groups: ForetellingPower | None
    rule: ForetellingPower | None
    gain: Interval | None


class ClusterForetelling(Struct, frozen=True):
    """What the groups foretell, outcome by outcome, as seen up to `at`."""

    score: str
    at: str
    outcomes: tuple[ForetoldOutcome, ...]
