"""Fences and scores that mark values far from the others; NaN means missing and is left out."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError

MAD_TO_DEVIATION: Final = 1.4826
"""What the median absolute deviation of a normal distribution is multiplied by to give its standard deviation."""
MEAN_DEVIATION_TO_DEVIATION: Final = 1.2533
"""The same for the mean absolute deviation."""


@dataclass(frozen=True)
class Fences:
    """The limits beyond which a value is unusual; a value on a fence is not."""

    low: float
    high: float


def tukey_fences(values: npt.NDArray[np.float64], *, reach: float = 1.5) -> Fences:
    """Return the quartiles widened by `reach` times their distance (Tukey 1977, Exploratory Data Analysis, 2C).

    Quantiles interpolate linearly (type 7 of Hyndman and Fan 1996).

    Raises UsageError if no value is present.

    >>> tukey_fences(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    Fences(low=-1.0, high=7.0)
    """
    present = _present(values)
    lower, upper = (float(quartile) for quartile in np.quantile(present, [0.25, 0.75]))
    return Fences(lower - reach * (upper - lower), upper + reach * (upper - lower))


def z_fences(values: npt.NDArray[np.float64], *, limit: float = 3.0) -> Fences:
    """Return the mean minus and plus `limit` sample standard deviations (ddof = 1; zero for a single value).

    Raises UsageError if no value is present.

    >>> z_fences(np.array([1.0, 2.0, 3.0]), limit=2.0)
    Fences(low=0.0, high=4.0)
    """
    present = _present(values)
    mean = float(present.mean())
    deviation = float(present.std(ddof=1)) if present.size > 1 else 0.0
    return Fences(mean - limit * deviation, mean + limit * deviation)


def mad_fences(values: npt.NDArray[np.float64], *, limit: float = 3.5) -> Fences:
    """Return the median minus and plus `limit` robust standard deviations: 1.4826 median absolute deviations.

    Iglewicz and Hoaglin 1993, How to Detect and Handle Outliers, p. 12: the modified z-score, which outliers cannot
    widen. Where half of the values are equal the median deviation is zero; then the mean absolute deviation, times
    1.2533, takes its place (ibid.), or else every other value would be unusual.

    Raises UsageError if no value is present.

    >>> found = mad_fences(np.array([1.0, 2.0, 3.0, 4.0, 1000.0]), limit=2.0)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0348, 5.9652)
    """
    present = _present(values)
    median = float(np.median(present))
    apart = np.abs(present - median)
    spread = MAD_TO_DEVIATION * float(np.median(apart)) or MEAN_DEVIATION_TO_DEVIATION * float(apart.mean())
    return Fences(median - limit * spread, median + limit * spread)


def z_scores(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each value's distance from the mean in sample standard deviations; missing stays missing.

    Without any spread every score is zero. Raises UsageError if no value is present.

    >>> z_scores(np.array([1.0, 2.0, 3.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    fences = z_fences(values, limit=1.0)
    deviation = (fences.high - fences.low) / 2
    scores: npt.NDArray[np.float64] = (values - (fences.low + fences.high) / 2) / (deviation or 1.0)
    return scores


def _present(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    present = values[~np.isnan(values)]
    if present.size == 0:
        raise UsageError("there is no value to compute fences from: every one is missing")
    return present
