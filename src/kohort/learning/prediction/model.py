"""A model that tells chances: how features become points, what learnt from them, and the curve to chances."""

from dataclasses import dataclass
from typing import Any

from kohort.learning.features.preparation import Preparation
from kohort.learning.features.table import FeatureTable, Points
from kohort.learning.prediction.calibrating import Curve
from kohort.learning.prediction.fitting import raw_scores
from kohort.learning.prediction.judged import Chances, Reached
from kohort.learning.prediction.results import Settings


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """All that tells chances of anybody later; `threshold` is the chance from which on people are taken.

    `estimator` is one of scikit-learn's, LightGBM's or XGBoost's that has learnt from the points of `preparation`.
    """

    family: str
    settings: Settings
    preparation: Preparation
    estimator: Any
    calibrator: Curve
    threshold: float

    def probabilities(self, matrix: Points) -> Chances:
        """Return the calibrated chances of prepared points, float64 of shape (rows, columns), shape (rows,)."""
        return self.calibrator.apply(raw_scores(self.estimator, matrix))

    def chances(self, table: FeatureTable) -> Chances:
        """Return the chances of people, shape (people,); raises UnknownNameError if the table lacks a feature."""
        return self.probabilities(self.preparation.apply(table))

    def takes(self, chances: Chances) -> Reached:
        """Return who is taken, bool of shape (people,)."""
        taken: Reached = chances >= self.threshold
        return taken
