"""From what a model says to a chance: a curve fitted on people whom the model did not learn from."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from kohort.learning.auc import Groups
from kohort.learning.prediction.judged import Chances, Reached
from kohort.learning.prediction.results import Calibration

EDGE: Final = 1e-6
"""How far from 0 and 1 scores and chances are kept."""
_WEAK: Final = 1e6


@dataclass(frozen=True)
class SigmoidCurve:
    """The chance is the sigmoid of `slope` times the log-odds of the score, plus `intercept`.

    >>> SigmoidCurve(1.0, 0.0).apply(np.array([0.25, 0.5])).round(6).tolist()
    [0.25, 0.5]
    """

    slope: float
    intercept: float

    def apply(self, scores: Chances) -> Chances:
        """Return chances, shape (rows,)."""
        chances: Chances = np.clip(expit(self.slope * _log_odds(scores) + self.intercept), EDGE, 1 - EDGE)
        return chances


@dataclass(frozen=True)
class IsotonicCurve:
    """The chance rises with the score in straight lines between `scores` and `chances`, and ends flat.

    >>> IsotonicCurve((0.2, 0.6), (0.1, 0.5)).apply(np.array([0.0, 0.4, 0.9])).round(6).tolist()
    [0.1, 0.3, 0.5]
    """

    scores: tuple[float, ...]
    chances: tuple[float, ...]

    def apply(self, scores: Chances) -> Chances:
        """Return chances, shape (rows,)."""
        return np.interp(scores, self.scores, self.chances)


Curve = SigmoidCurve | IsotonicCurve


def fit_curve(calibration: Calibration, scores: Chances, reached: Reached) -> Curve:
    """Return the curve from scores of people whom the model did not learn from to the chances they had.

    Labels are drawn in towards each other as Platt did: nobody's chance becomes 0 or 1 by a few people alone.
    """
    if calibration is Calibration.ISOTONIC:
        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, reached.astype(np.float64))
        least, most = 1 / (len(reached) + 2), 1 - 1 / (len(reached) + 2)
        return IsotonicCurve(tuple(fitted.X_thresholds_.tolist()),
                             tuple(np.clip(fitted.y_thresholds_, least, most).tolist()))  # fmt: skip
    inside, outside = int(reached.sum()), int((~reached).sum())
    targets = np.where(reached, (inside + 1) / (inside + 2), 1 / (outside + 2))
    rows = np.tile(_log_odds(scores)[:, None], (2, 1))
    told = np.repeat([1, 0], len(reached))
    weights = np.concatenate([targets, 1 - targets])
    fitted = LogisticRegression(C=_WEAK, max_iter=1_000).fit(rows, told, sample_weight=weights)
    return SigmoidCurve(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))


@dataclass(frozen=True, eq=False)
class Calibrated:
    """The curve that was chosen, and the chances that people had by curves fitted without their fold."""

    calibration: Calibration
    curve: Curve
    chances: Chances


def calibrate(scores: Chances, reached: Reached, parts: Groups) -> Calibrated:
    """Return the curve whose chances come nearest to what happened, by the Brier score on folds it was not fitted to.

    `parts`, int64 of shape (rows,), are the folds that the scores come from. The sigmoid stays where steps are no
    better by a standard error: steps need thousands of people (Niculescu-Mizil and Caruana 2005, ICML).
    """
    by_curve = {one: _without_own_fold(one, scores, reached, parts) for one in Calibration}
    errors = {one: (chances - reached) ** 2 for one, chances in by_curve.items()}
    gained = errors[Calibration.SIGMOID] - errors[Calibration.ISOTONIC]
    is_better = float(gained.mean()) > float(gained.std()) / np.sqrt(len(gained))
    chosen = Calibration.ISOTONIC if is_better else Calibration.SIGMOID
    return Calibrated(chosen, fit_curve(chosen, scores, reached), by_curve[chosen])


def _without_own_fold(one: Calibration, scores: Chances, reached: Reached, parts: Groups) -> Chances:
    chances = np.empty(len(scores))
    for part in np.unique(parts):
        own = parts == part
        chances[own] = fit_curve(one, scores[~own], reached[~own]).apply(scores[own])
    return chances


def _log_odds(scores: Chances) -> Chances:
    return np.asarray(logit(np.clip(scores, EDGE, 1 - EDGE)))
