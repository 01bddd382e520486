"""All figures that say how good chances are, each with its interval.

Accuracy is not among them: on a goal that six of a hundred reach, "nobody" has 94 % of it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.auc import auc_interval
from kohort.learning.prediction.judged import Judged, Weights, measured
from kohort.learning.prediction.ranking import Ranking
from kohort.learning.prediction.reliability import bins_of, brier_score, calibration_error
from kohort.stats.intervals import Interval

SHARE: Final = 0.2
"""Lift and capture are told of this share of people, those with the greatest chances."""


@dataclass(frozen=True)
class Measures:
    """How good chances are: of `n` rows, `base_rate` of which reached the goal, F1 where who is `chosen` is meant.

    `auc` is by DeLong's variance, all others by the stratified bootstrap. `lift` and `capture` are of the first 20 %.
    """

    n: int
    base_rate: float
    auc: Interval
    average_precision: Interval
    brier: Interval
    f1: Interval
    lift: Interval
    capture: Interval
    calibration_error: Interval


def measures_of(judged: Judged, chosen: npt.NDArray[np.bool_], *, seed: int, resamples: int = 0) -> Measures:
    """Return all measures; `chosen`, bool of shape (rows,), says who was above the threshold.

    >>> chances = np.array([0.1, 0.2, 0.7, 0.9] * 25)
    >>> found = measures_of(Judged(chances, np.array([False, True, False, True] * 25)), chances > 0.5, seed=0)
    >>> found.auc.estimate, round(found.brier.estimate, 4), found.f1.estimate
    (0.75, 0.2875, 0.5)
    """
    ranking, places = Ranking(judged), bins_of(judged.chances)
    found = measured(
        judged,
        {
            "average_precision": ranking.average_precision,
            "brier": lambda weights: brier_score(judged, weights),
            "f1": lambda weights: f1_score(judged, weights, chosen),
            "lift": lambda weights: ranking.lift(weights, SHARE),
            "capture": lambda weights: ranking.captured(weights, SHARE),
            "calibration_error": lambda weights: calibration_error(judged, weights, places),
        },
        seed=seed,
        resamples=resamples,
    )
    area = auc_interval(judged.chances, judged.reached, groups=judged.groups)
    return Measures(len(judged), judged.base_rate, area, **found)


def f1_score(judged: Judged, weights: Weights, chosen: npt.NDArray[np.bool_]) -> float:
    """Return the harmonic mean of precision and recall of who was chosen; 0 where nobody is who reached the goal.

    >>> judged = Judged(np.array([0.9, 0.1]), np.array([True, False]))
    >>> f1_score(judged, np.ones(2, dtype=np.int64), np.array([True, True]))
    0.6666666666666666
    """
    hits = float(weights[chosen & judged.reached].sum())
    return 2 * hits / float(weights[chosen].sum() + weights[judged.reached].sum())
