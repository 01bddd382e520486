"""The common scale on which people are compared, and what cannot be on it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scale:
    """The mean and the standard deviation of each column's known values, each of shape (columns,)."""

    mean: Values
    deviation: Values

    def apply(self, values: Values) -> Values:
        """Return `values`, shape (people, columns), in standard deviations from the mean; missing stays missing."""
        scaled: Values = (values - self.mean) / self.deviation
        return scaled


def scale_of(values: Values) -> Scale:
    """Return the scale of `values`, float64 of shape (people, columns), NaN where missing.

    A column without spread has the deviation 1, and says nothing of anybody. Raises UsageError for a column without
    any value, or an infinite one.

    >>> scale_of(np.array([[1.0, 7.0], [3.0, np.nan]])).deviation.tolist()
    [1.0, 1.0]
    """
    if np.isinf(values).any():
        raise UsageError("imputing needs finite values; write NaN for what is missing")
    known = ~np.isnan(values)
    if not known.any(axis=0).all():
        raise UsageError("a column without any value cannot be imputed, nor tell of others; leave it out")
    deviation = np.nanstd(values, axis=0)
    return Scale(np.nanmean(values, axis=0), np.where(deviation > 0, deviation, 1.0))
