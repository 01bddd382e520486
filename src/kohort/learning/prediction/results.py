"""What was found of a prediction, as plain values: all that is kept of a study, and read where nothing is learnt."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kohort.learning.prediction.measures import Measures
from kohort.learning.prediction.ranking import LiftRow
from kohort.learning.prediction.reliability import ReliabilityRow
from kohort.learning.prediction.thresholds import BandRow
from kohort.stats.intervals import Interval

Settings = Mapping[str, float]
"""What is set of a family, by the name of the parameter."""


class Calibration(StrEnum):
    """The form of the curve: of two numbers (Platt 1999), or of steps (Zadrozny and Elkan 2002, KDD)."""

    SIGMOID = "sigmoid"
    ISOTONIC = "isotonic"


class FoldKind(StrEnum):
    """How the judged were held apart: by person, or as a later time."""

    BY_PERSON = "by_person"
    IN_TIME = "in_time"


class Reason(StrEnum):
    """Why a family was chosen."""

    ONLY = "only"
    BEST = "best"
    PLAINEST_ALIKE = "plainest_alike"


@dataclass(frozen=True)
class FamilyJudged:
    """How one family did on people that it did not learn from, with settings found without them."""

    family: str
    measures: Measures


@dataclass(frozen=True)
class RuleJudged:
    """The obvious rule, and how much greater the model's area is on the same people; `rises`: the more the likelier.

    `name` is the column that was taken most often; `is_beaten` whether the whole interval of the gain is above 0.
    """

    name: str
    rises: bool
    auc: Interval
    gained: Interval
    is_beaten: bool


@dataclass(frozen=True)
class CostJudged:
    """What errors cost a person, on average: with the model, by taking everybody, and nobody."""

    model: Interval
    everybody: float
    nobody: float


@dataclass(frozen=True)
class PredictionStudy:
    """All that was found, without the model.

    `measures` are of the whole way, choices included, on folds that it did not see; `threshold` is that of the final
    model. `is_telling`: the area is so great that a feature most likely knows what happened.
    """

    rows: int
    people: int
    folds: FoldKind
    parts: int
    features: tuple[str, ...]
    chosen: str
    reason: Reason
    settings: Settings
    balance: str
    search: str
    calibration: Calibration
    threshold: float
    measures: Measures
    families: tuple[FamilyJudged, ...]
    rule: RuleJudged
    cost: CostJudged | None
    bands: tuple[BandRow, ...]
    curve: tuple[ReliabilityRow, ...]
    is_telling: bool
    seed: int
    lift: tuple[LiftRow, ...] = ()
