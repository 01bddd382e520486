"""People month after month, with a season and a drift whose places are known: what alarms are measured on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.drift.bins import number_bins
from kohort.stats.divergences import Counts

MONTHS: Final = 12


@dataclass(frozen=True)
class Planted:
    """What is planted: from the window `at` on, the mean of the first feature is `shift` standard deviations higher.

    `swing` is how many standard deviations the season moves every feature up and down within a year, and `restless`
    how far windows differ by themselves.
    """

    shift: float = 0.0
    at: int = 0
    swing: float = 0.0
    restless: float = 0.0


def stream(planted: Planted, *, windows: int, people: int, features: int, seed: int) -> npt.NDArray[np.float64]:
    """Return the values of other people in every window, float64 of shape (windows, features, people).

    Features are normal, each with its own phase of the season.

    >>> values = stream(Planted(shift=5.0, at=1), windows=2, people=100, features=2, seed=0)
    >>> values.shape, (values.mean(axis=2) > 4).tolist()
    ((2, 2, 100), [[False, False], [True, False]])
    """
    random = np.random.default_rng(seed)
    values = random.normal(size=(windows, features, people))
    months = np.arange(windows)[:, None] + random.integers(0, MONTHS, features)
    means = planted.swing * np.sin(2 * np.pi * months / MONTHS) + planted.restless * random.normal(
        size=(windows, features)
    )
    means[planted.at :, 0] += planted.shift
    values += means[:, :, None]
    return values


def counted(values: npt.NDArray[np.float64], learnt: int) -> dict[str, Counts]:
    """Return the people by bin, shape (windows, bins), of each feature of a stream, by the bins of one window.

    >>> [(name, counts.shape) for name, counts in counted(np.zeros((3, 1, 5)), 0).items()]
    [('feature 1', (3, 4))]
    """
    found = {}
    for place in range(values.shape[1]):
        bins = number_bins(values[learnt, place])
        found[f"feature {place + 1}"] = np.array([bins.counts(window[place]) for window in values])
    return found
