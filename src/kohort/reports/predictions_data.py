"""Predictions, look-alikes and supervised segments in force, as the report and the page of checks read it."""

from dataclasses import dataclass

from kohort.learning.cards import ModelCard
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

    Of a prediction, or of a supervised segment, whose chances are as those. `alarms` are features that alone tell so
    well who does it that they most likely know. `drift` is None where no run has looked.
    """

    score: str
    number: int
    study: PredictionStudy
    alarms: tuple[LeftOut, ...] = ()
    weights: tuple[Weight, ...] = ()
    drift: DriftShown | None = None


@dataclass(frozen=True)
class LookalikesShown:
    """The model of `number` that is in force for look-alikes: how they rank hidden members, and beside the rule.

    `drift` is None where no run has looked.
    """

    score: str
    number: int
    study: PredictionStudy
    quality: LookalikeQuality
    drift: DriftShown | None = None


@dataclass(frozen=True)
class LabelledSegment:
    """What the report tells of a segment from labels: its `card`, what is checked, and who is in it.

    `shown` is what was found of look-alikes, or of a segment that was learnt from examples. Of `told` people who have a
    chance as of the report's moment `chosen` are in it.
    """

    card: ModelCard
    shown: LookalikesShown | PredictionShown
    told: int
    chosen: int
