"""What is kept of a study of value: how each model did on held-out time, what was chosen, and what people are worth."""

from dataclasses import dataclass
from enum import StrEnum

from kohort.learning.value.summaries import Merged
from kohort.stats.intervals import Interval


class Foreteller(StrEnum):
    """Who foretells what people will buy: a model, or a plain rule to compare it with."""

    BG_NBD = "bg_nbd"
    MBG_NBD = "mbg_nbd"
    PARETO_NBD = "pareto_nbd"
    SUPERVISED = "supervised"
    SAME_RATE = "same_rate"
    LAST_PERIOD = "last_period"


class Reason(StrEnum):
    """Why a model was chosen."""

    ASKED = "asked"
    LIKELIER = "likelier"
    ALIKE = "alike"
    NEARER = "nearer"
    UNTRIED = "untried"


@dataclass(frozen=True)
class Terms:
    """What worth means: over how many `weeks`, at which `discount` a year, and which `margin` of what is spent.

    Money in t years counts 1 / (1 + discount)^t; `margin` is a share.
    """

    weeks: float
    discount: float = 0.1
    margin: float = 1.0


@dataclass(frozen=True)
class Parameter:
    """A parameter with its interval of 95 %; `high` is None where the likelihood sets no border."""

    name: str
    estimate: float
    low: float
    high: float | None


@dataclass(frozen=True)
class FittedModel:
    """A model as it was found; `by_profile` says how its intervals were, otherwise by the curvature (Wald)."""

    key: str
    parameters: tuple[Parameter, ...]
    log_likelihood: float
    people: int
    has_converged: bool
    by_profile: bool


@dataclass(frozen=True)
class PosteriorModel:
    """What a model's parameters may be, given the data and the priors of `pymc-marketing`.

    Of each parameter the mean over the posterior, between its quantiles of 2.5 and 97.5 %; `has_converged` says that
    all chains agree, `log_likelihood` is that at the means.
    """

    key: str
    parameters: tuple[Parameter, ...]
    log_likelihood: float
    people: int
    has_converged: bool


@dataclass(frozen=True)
class Judged:
    """How well one foretold the held-out time; None where it does not speak of that.

    `purchases` and `spent` are the totals foretold, `purchases_error` and `spent_error` the mean absolute error a
    person, `captured` the share of what was spent that came from the tenth of people who were to spend most, `score`
    the mean logarithm of the density of what happened (greater is better), `correlation` that of purchases foretold and
    made, `area` the area under the ROC curve of the chance to buy at all, and `deviance` the mean Poisson deviance of
    what was spent (less is better): who foretells the mean has the least, which is not so of the absolute error, where
    half of the people or more buy nothing (Gneiting 2011, JASA 106:746).
    """

    key: Foreteller
    spent: float
    spent_error: Interval
    captured: float
    purchases: float | None = None
    purchases_error: Interval | None = None
    score: Interval | None = None
    deviance: Interval | None = None
    correlation: float | None = None
    area: Interval | None = None


@dataclass(frozen=True)
class CalibrationRow:
    """Some people of the holdout: what they were to do on average, and what they did, with its interval.

    `first` and `last` are the repeat purchases, or the deciles of what was foretold (1 lowest), between which they are.
    """

    first: int
    last: int | None
    people: int
    purchases: float | None
    purchases_made: Interval
    active: float | None
    active_made: Interval
    spent: float
    spent_made: Interval


@dataclass(frozen=True)
class Holdout:
    """The time held out: what was known at the end of the day `split` against what happened in `weeks` after it.

    `chosen` is the one whose calibration is told. `over_same_rate` and `over_last_period` are the shares of the squared
    error of two plain rules that it does without; None in studies of before that was told, or where a rule is right
    about everybody. Days are counted since 1970.
    """

    split: int
    weeks: float
    people: int
    purchases: int
    spent: float
    judged: tuple[Judged, ...]
    chosen: Foreteller
    by_frequency: tuple[CalibrationRow, ...]
    by_decile: tuple[CalibrationRow, ...]
    over_same_rate: Interval | None = None
    over_last_period: Interval | None = None


@dataclass(frozen=True)
class WorthGroup:
    """Some people by what they are worth: `group` is a decile or quartile, 1 the lowest.

    `worth` is the mean a person, between `low` and `high` in nine worlds of ten, None where no worlds are drawn;
    `share` is that of all worth.
    """

    group: int
    people: int
    worth: float
    low: float | None
    high: float | None
    share: float


@dataclass(frozen=True)
class TopGroup:
    """The `share` of people who are worth most: from what worth on, their part of all worth, and how sure it is.

    `certainty` is the chance that one of them will really be among as many who spend most, where it was drawn.
    """

    share: float
    people: int
    least: float
    share_of_worth: float
    certainty: float | None


@dataclass(frozen=True)
class ValueStudy:
    """What was found of the value of all people up to the end of the day `until` (days since 1970).

    `difference` is what decided, with its interval: in `score` to the next likely model, or in `deviance` between the
    supervised and the best other one. `correlation` and `ranks` tell how frequency and value go together; None without
    enough repeat purchases. `worlds` is how many worlds the intervals are from; 0 for the supervised model, whose
    intervals are what people with such a forecast spent in the held-out time. `posterior` tells of the model of
    purchases and of gamma-gamma where posteriors were asked for and the chosen model has one.
    """

    until: int
    terms: Terms
    told: Merged
    people: int
    repeaters: int
    repeats: int
    chosen: Foreteller
    reason: Reason
    difference: Interval | None
    model: FittedModel | None
    values: FittedModel | None
    correlation: Interval | None
    ranks: Interval | None
    is_dependent: bool
    holdout: Holdout | None
    total: WorthGroup
    deciles: tuple[WorthGroup, ...]
    quartiles: tuple[WorthGroup, ...]
    top: tuple[TopGroup, ...]
    worlds: int
    posterior: tuple[PosteriorModel, ...] = ()
