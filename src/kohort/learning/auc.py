"""How often a score puts who reached a goal above who did not."""

from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.stats.intervals import Interval, critical_value

Numbers = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64]

TELLING: Final = 0.98
"""From here on a score tells a goal so well that what it is made of must have come after it (Kaufman et al. 2012)."""


def auc_interval(
    values: Numbers, reached: npt.NDArray[np.bool_], *, groups: Groups | None = None, confidence: float = 0.95
) -> Interval:
    """Return how often who reached the goal has the greater value: the area under the ROC curve, ties by half.

    Its variance is that of DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837, computed by midranks (Sun and
    Xu 2014, IEEE Signal Processing Letters 21:1389). Arguments have the shape (people,), and both groups somebody.
    Rows of equal `groups` are of one person: they count as one observation (Obuchowski 1997, Biometrics 53:567).

    >>> auc_interval(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True])).estimate
    1.0
    """
    area, shares = _shares(values, reached)
    reach = critical_value(confidence) * _error(shares, groups)
    return Interval(area, max(0.0, area - reach), min(1.0, area + reach), len(values))


def auc_difference(
    values: Numbers,
    others: Numbers,
    reached: npt.NDArray[np.bool_],
    *,
    groups: Groups | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Return how much greater the area of `values` is than that of `others`, both of the same people.

    The variance is that of the difference, with what both have in common (DeLong et al. 1988, equation 5).

    >>> reached = np.array([False, True, False, True])
    >>> auc_difference(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0]), reached)
    Interval(estimate=0.0, low=0.0, high=0.0, n=4)
    """
    (area, shares), (other, other_shares) = _shares(values, reached), _shares(others, reached)
    reach = critical_value(confidence) * _error(shares - other_shares, groups)
    return Interval(area - other, area - other - reach, area - other + reach, len(values))


def _shares(values: Numbers, reached: npt.NDArray[np.bool_]) -> tuple[float, Numbers]:
    """Return the area, and what each person adds to its error: the sum of squares is its variance."""
    from scipy.stats import rankdata  # noqa: PLC0415 - a second to load, which who reads figures need not wait for

    inside, outside = values[reached], values[~reached]
    n, m = len(inside), len(outside)
    together = rankdata(np.concatenate([inside, outside]))
    placed_inside = (together[:n] - rankdata(inside)) / m
    placed_outside = 1 - (together[n:] - rankdata(outside)) / n
    area = float(placed_inside.mean())
    shares = np.empty(n + m)
    shares[reached] = (placed_inside - area) / np.sqrt(n * max(1, n - 1))
    shares[~reached] = (placed_outside - area) / np.sqrt(m * max(1, m - 1))
    return area, shares


def _error(shares: Numbers, groups: Groups | None) -> float:
    if groups is None:
        return float(np.sqrt((shares**2).sum()))
    sums = np.bincount(np.unique(groups, return_inverse=True)[1], weights=shares)
    return float(np.sqrt((sums**2).sum()))
