"""Answers about models: what was trained and is in force, how good a prediction is, and drift."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from kohort.client.answers.discovery import Interval, Words
from kohort.client.answers.importance import LeftOutVariable


class ModelRun(Struct, frozen=True):
    """A training run, and what became of its model."""

    score: str
    number: int
    state: str
    kind: str
    at: str
    trained_at: str
    since: str | None
    people: int | None
    cause: str
    digest: str


class ScoreModels(Struct, frozen=True):
    """The models of one score."""

    score: str
    standing: str
    live: int | None
    candidate: int | None
    drifted: tuple[str, ...]
    looked: str | None


class Models(Struct, frozen=True):
    """How the models of each score stand, and every training run, the oldest first."""

    scores: tuple[ScoreModels, ...]
    models: tuple[ModelRun, ...]


class ModelFigure(Struct, frozen=True):
    """A figure of how good a model is."""

    name: str
    words: Words
    value: Interval


class ChanceCalibration(Struct, frozen=True):
    """People of neighbouring chances: what they were told, and how many of them reached the goal."""

    people: int
    chance: float
    observed: Interval


class ChanceLift(Struct, frozen=True):
    """The first so many of people, those with the greatest chances."""

    share: float
    capture: Interval
    lift: Interval


class ChanceBand(Struct, frozen=True):
    """People with chances from low up to high; chance and observed are null where nobody is in the band."""

    low: float
    high: float
    people: int
    chance: float | None
    observed: Interval | None


class FeatureWeight(Struct, frozen=True):
    """How much features that say the same bring to a chance, more or less, on average over people."""

    group: tuple[str, ...]
    brought: Interval


class ObviousRule(Struct, frozen=True):
    """The obvious rule beside the model, on the same people."""

    name: str
    rises: bool
    auc: Interval
    gained: Interval
    is_beaten: bool


class ErrorCost(Struct, frozen=True):
    """What errors cost a person on average, in the unit of the declared costs."""

    model: Interval
    everybody: float
    nobody: float


class PredictionQuality(Struct, frozen=True):
    """What a prediction foretells, and how good its chances were for people that judged it and did not teach it."""

    target: str
    event: str
    within: int
    cut_offs: tuple[str, ...]
    words: tuple[Words, ...]
    family: Words
    chosen: str
    reason: str
    calibration: str
    base_rate: float
    threshold: float
    cost: ErrorCost | None
    rule: ObviousRule
    bands: tuple[ChanceBand, ...]
    calibration_curve: tuple[ChanceCalibration, ...]
    lift_curve: tuple[ChanceLift, ...]
    contributions: tuple[FeatureWeight, ...]
    read_so: Words
    is_telling: bool
    alarms: tuple[LeftOutVariable, ...]


class Model(ModelRun, frozen=True):
    """A model with its card, and what it takes to train it again."""

    known: int | None
    seed: int | None
    features: tuple[str, ...]
    parameters: Mapping[str, Any]
    figures: tuple[ModelFigure, ...]
    why: Words | None
    card: Words | None
    prediction: PredictionQuality | None


class DriftedFeature(Struct, frozen=True):
    """How far one feature, or what the model says of people, has moved."""

    feature: str
    is_score: bool
    index: float
    divergence: float
    usual: float | None
    p_value: float | None
    distance: float | None
    moved: float | None
    furthest: str
    share_before: float
    share_now: float
    found: bool


class MaturedChances(Struct, frozen=True):
    """How good chances were of people whose time is over."""

    people: int
    ratio: Interval
    brier: Interval
    auc: Interval | None


class JudgedMonth(Struct, frozen=True):
    """How good the chances of one month were."""

    month: str
    found: MaturedChances


class LossOfQuality(Struct, frozen=True):
    """How far the newest judged month is from what the model was."""

    measure: str
    change: float
    p_value: float
    found: bool


class Drift(Struct, frozen=True):
    """Whether people of a month were still as the model in force knows them."""

    score: str
    model: int
    at: str
    month: str
    people: int
    against: tuple[str, ...]
    is_seasonal: bool
    found: tuple[str, ...]
    proposes: bool
    words: Words
    features: tuple[DriftedFeature, ...]
    judged_months: tuple[JudgedMonth, ...]
    losses: tuple[LossOfQuality, ...]
