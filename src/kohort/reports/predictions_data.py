"""Predictions and look-alikes in force, as the report and the page of checks read it."""

from dataclasses import dataclass

from kohort.learning.importance.results import LeftOut
from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.models.explanation.weights import Weight
from kohort.learning.prediction.results import PredictionStudy
from kohort.learning.wording import Bilingual


@dataclass(frozen=True)
class FeatureMoved:
    """How far one feature, or the score, is from what the model knows: the population stability index."""

    name: str
    index: float
    found: bool


@dataclass(frozen=True)
class DriftShown:
    """What the last look at a model found, in a month of so many `people`."""

    month: str
    people: int
    words: Bilingual
    features: tuple[FeatureMoved, ...]
    found: tuple[str, ...]


@dataclass(frozen=True)
class PredictionShown:
    """The model of `number` that is in force for a score: how good it is, what it weighs, and whether it drifts.

    `alarms` are features that alone tell so well who does it that they most likely know. `drift` is None where no run
    has looked.
    """

    score: str
    number: int
    study: PredictionStudy
    alarms: tuple[LeftOut, ...] = ()
    weights: tuple[Weight, ...] = ()
    drift: DriftShown | None = None


@dataclass(frozen=True)
class LookalikesShown:
    """The model of `number` that is in force for look-alikes: how they rank hidden members, and beside the rule."""

    score: str
    number: int
    study: PredictionStudy
    quality: LookalikeQuality
