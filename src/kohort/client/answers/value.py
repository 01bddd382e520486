"""Answers about what people will be worth."""

from msgspec import Struct

from kohort.client.answers.discovery import Interval, Words


class ValueParameter(Struct, frozen=True):
    """A parameter of a model with its interval of 95 %; `high` is None where there is no border."""

    name: str
    estimate: float | None
    low: float | None
    high: float | None


class ValueModel(Struct, frozen=True):
    """A model, fitted by maximum likelihood."""

    key: str
    parameters: tuple[ValueParameter, ...]
    log_likelihood: float | None
    people: int
    has_converged: bool
    by_profile: bool


class ValuePosterior(Struct, frozen=True):
    """What a model's parameters may be: means of the posterior between its quantiles of 2.5 and 97.5 %."""

    key: str
    parameters: tuple[ValueParameter, ...]
    log_likelihood: float | None
    people: int
    has_converged: bool


class ValueJudged(Struct, frozen=True):
    """How well a model, or a plain rule, foretold the held-out time; None where it does not speak of that."""

    key: str
    spent: float | None
    spent_error: Interval
    captured: float | None
    purchases: float | None
    purchases_error: Interval | None
    score: Interval | None
    deviance: Interval | None
    correlation: float | None
    area: Interval | None


class ValueCalibration(Struct, frozen=True):
    """Some people of the held-out time: what they were to do on average, and what they did."""

    first: int
    last: int | None
    people: int
    purchases: float | None
    purchases_made: Interval
    active: float | None
    active_made: Interval
    spent: float | None
    spent_made: Interval


class ValueHoldout(Struct, frozen=True):
    """The time held out; `split` is the last day that was known, in days since 1970.

    `over_same_rate` and `over_last_period` are the shares of the squared error of two plain rules that the chosen one
    does without.
    """

    split: int
    weeks: float
    people: int
    purchases: int
    spent: float
    chosen: str
    judged: tuple[ValueJudged, ...]
    by_frequency: tuple[ValueCalibration, ...]
    by_decile: tuple[ValueCalibration, ...]
    over_same_rate: Interval | None
    over_last_period: Interval | None


class ValueGroup(Struct, frozen=True):
    """Some people by what they are worth: the mean a person, between what it is in nine worlds of ten."""

    group: int
    people: int
    worth: float | None
    low: float | None
    high: float | None
    share: float | None


class ValueTop(Struct, frozen=True):
    """The share of people who are worth most, and the chance that one of them will really be there."""

    share: float
    people: int
    least: float | None
    share_of_worth: float | None
    certainty: float | None


class SegmentValue(Struct, frozen=True):
    """What the members of a segment are worth: the mean with its interval of 95 %."""

    segment: str
    label: Words
    members: int
    valued: int
    worth: Interval | None
    share: float | None


class Value(Struct, frozen=True):
    """What people will be worth over a horizon, in microseconds."""

    score: str
    at: str
    currency: str
    horizon: int
    chosen: str
    reason: str
    words: tuple[Words, ...]
    people: int
    repeaters: int
    repeats: int
    model: ValueModel | None
    values: ValueModel | None
    posterior: tuple[ValuePosterior, ...]
    holdout: ValueHoldout | None
    total: ValueGroup
    deciles: tuple[ValueGroup, ...]
    quartiles: tuple[ValueGroup, ...]
    top: tuple[ValueTop, ...]
    segments: tuple[SegmentValue, ...]
