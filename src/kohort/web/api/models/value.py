"""What people will be worth, and how that was found."""

from pydantic import Field

from kohort.pipeline.learning.values import ValueSearch
from kohort.reports.value import value_words
from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.api.models.discovery import Interval, Number, Words


class ValueParameter(Answer):
    """A parameter of a model with its interval of 95 %; `high` is null where there is no border."""

    name: str
    estimate: Number
    low: Number
    high: Number


class ValueModel(Answer):
    """A model, fitted by maximum likelihood."""

    key: str
    parameters: list[ValueParameter]
    log_likelihood: Number
    people: int
    has_converged: bool
    by_profile: bool = Field(description="Whether intervals are by the profile of the likelihood, not its curvature.")


class ValuePosterior(Answer):
    """What a model's parameters may be: means of the posterior between its quantiles of 2.5 and 97.5 %."""

    key: str
    parameters: list[ValueParameter]
    log_likelihood: Number
    people: int
    has_converged: bool = Field(description="Whether all chains agree.")


class ValueJudged(Answer):
    """How well a model, or a plain rule, foretold the held-out time; null where it does not speak of that."""

    key: str
    spent: Number
    spent_error: Interval
    captured: Number = Field(description="The share of what was spent by the tenth who were to spend most.")
    purchases: Number
    purchases_error: Interval | None
    score: Interval | None
    deviance: Interval | None
    correlation: Number
    area: Interval | None


class ValueCalibration(Answer):
    """Some people of the held-out time: what they were to do on average, and what they did."""

    first: int
    last: int | None
    people: int
    purchases: Number
    purchases_made: Interval
    active: Number
    active_made: Interval
    spent: Number
    spent_made: Interval


class ValueHoldout(Answer):
    """The time held out; `split` is the last day that was known, in days since 1970."""

    split: int
    weeks: float
    people: int
    purchases: int
    spent: float
    chosen: str
    judged: list[ValueJudged]
    by_frequency: list[ValueCalibration]
    by_decile: list[ValueCalibration]
    over_same_rate: Interval | None = Field(
        description="The share of the squared error of going on at the same rate that the chosen one does without."
    )
    over_last_period: Interval | None = Field(description="The same of spending as in the last period.")


class ValueGroup(Answer):
    """Some people by what they are worth: the mean a person, between what it is in nine worlds of ten."""

    group: int
    people: int
    worth: Number
    low: Number
    high: Number
    share: Number


class ValueTop(Answer):
    """The share of people who are worth most, and the chance that one of them will really be there."""

    share: float
    people: int
    least: Number
    share_of_worth: Number
    certainty: Number


class SegmentValue(Answer):
    """What the members of a segment are worth: the mean with its interval of 95 %."""

    segment: str
    label: Words
    members: int
    valued: int
    worth: Interval | None
    share: Number


class Value(Answer):
    """What people will be worth over a horizon, in microseconds."""

    score: str
    at: IsoMoment
    currency: str
    horizon: int
    chosen: str
    reason: str
    words: list[Words]
    people: int
    repeaters: int
    repeats: int
    model: ValueModel | None
    values: ValueModel | None
    posterior: list[ValuePosterior] = Field(description="Where the score asks for it; empty otherwise.")
    holdout: ValueHoldout | None
    total: ValueGroup
    deciles: list[ValueGroup]
    quartiles: list[ValueGroup]
    top: list[ValueTop]
    segments: list[SegmentValue]


def value_of(found: ValueSearch) -> Value | None:
    """Return what was found as it is told, None where nothing was yet."""
    document = found.document
    if document is None:
        return None
    study = document.study
    its = {name: getattr(study, name) for name in Value.model_fields if hasattr(study, name)}
    about = {name: getattr(document, name) for name in ("score", "at", "currency", "horizon")}
    return Value.model_validate({**its, **about, "words": value_words(study), "segments": found.segments})
