"""Whether chances are what they say: of people told 30 %, do three of ten reach the goal?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.prediction.judged import Chances, Judged, Weights
from kohort.stats.intervals import Interval, wilson_interval

BINS: Final = 10


@dataclass(frozen=True)
class ReliabilityRow:
    """People of neighbouring chances: how many, their mean chance, and the share of them that reached the goal."""

    people: int
    chance: float
    observed: Interval


def bins_of(chances: Chances, bins: int = BINS) -> npt.NDArray[np.int64]:
    """Return the bin of each chance, from 0: of as equal numbers of people as equal chances, never parted, allow.

    >>> bins_of(np.array([0.1, 0.1, 0.2, 0.3, 0.4, 0.9]), 3).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    edges = np.quantile(chances, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    return np.unique(np.searchsorted(np.unique(edges), chances, side="left"), return_inverse=True)[1]


def calibration_curve(judged: Judged, bins: int = BINS) -> tuple[ReliabilityRow, ...]:
    """Return the reliability diagram (Bröcker and Smith 2007, Weather and Forecasting 22:651), by bins of equal size.

    >>> judged = Judged(np.array([0.2, 0.2, 0.8, 0.8]), np.array([False, False, True, True]))
    >>> [(one.people, one.chance, one.observed.estimate) for one in calibration_curve(judged, 2)]
    [(2, 0.2, 0.0), (2, 0.8, 1.0)]
    """
    places = bins_of(judged.chances, bins)
    return tuple(reliability_row(judged, places == place) for place in range(int(places.max()) + 1))


def reliability_row(judged: Judged, inside: npt.NDArray[np.bool_]) -> ReliabilityRow:
    """Return what was told some people, and what they did; somebody must be `inside`."""
    reached = judged.reached[inside]
    return ReliabilityRow(
        len(reached), float(judged.chances[inside].mean()), wilson_interval(int(reached.sum()), len(reached))
    )


def calibration_error(judged: Judged, weights: Weights, places: npt.NDArray[np.int64]) -> float:
    """Return the expected calibration error: how far bins' chances are from what happened, on average over people.

    Naeini, Cooper and Hauskrecht 2015, AAAI, with bins of equal size (Nixon et al. 2019, CVPR workshops). `places` has
    the bin of each. Of chances that are just right it is above 0 by chance alone, the more the fewer people.

    >>> judged = Judged(np.array([0.2, 0.2, 0.8, 0.8]), np.array([False, False, True, True]))
    >>> round(calibration_error(judged, np.ones(4, dtype=np.int64), np.array([0, 0, 1, 1])), 3)
    0.2
    """
    gaps = np.bincount(places, weights=weights * (judged.chances - judged.reached))
    return float(np.abs(gaps).sum() / weights.sum())


def brier_score(judged: Judged, weights: Weights) -> float:
    """Return the mean squared distance of chances from what happened (Brier 1950, Monthly Weather Review 78:1).

    >>> brier_score(Judged(np.array([1.0, 0.5]), np.array([True, False])), np.ones(2, dtype=np.int64))
    0.125
    """
    return float((weights * (judged.chances - judged.reached) ** 2).sum() / weights.sum())
