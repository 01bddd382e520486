"""Effect sizes: how far apart two groups are, in units that do not grow with their size."""

import math

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.intervals import Interval, critical_value

_FEWEST = 2


def hedges_g(
    inside: npt.NDArray[np.float64], outside: npt.NDArray[np.float64], *, confidence: float = 0.95
) -> Interval:
    """Return the standardised difference of means, inside minus outside, corrected for small samples.

    Hedges 1981, Journal of Educational Statistics 6:107; its interval from the large-sample variance of Hedges and
    Olkin 1985, Statistical Methods for Meta-Analysis, chapter 5, equation 8. The unit is the pooled standard
    deviation. Two groups without any spread are infinitely far apart, or not at all.

    Raises UsageError if a group has fewer than two people or a value that is no finite number.

    >>> effect = hedges_g(np.array([5.0, 6.0, 7.0]), np.array([3.0, 4.0, 5.0]))
    >>> round(effect.estimate, 2)
    1.6
    """
    n, m = inside.size, outside.size
    if min(n, m) < _FEWEST or not (np.isfinite(inside).all() and np.isfinite(outside).all()):
        raise UsageError("an effect size needs two groups of at least two people each, with finite values")
    freedom = n + m - 2
    difference = float(inside.mean() - outside.mean())
    pooled = math.sqrt(((n - 1) * inside.var(ddof=1) + (m - 1) * outside.var(ddof=1)) / freedom)
    if pooled == 0:
        apart = math.copysign(math.inf, difference) if difference else 0.0
        return Interval(apart, apart, apart, n + m)
    correction = 1 - 3 / (4 * freedom - 1)
    effect = correction * difference / pooled
    reach = critical_value(confidence) * math.sqrt((n + m) / (n * m) + effect * effect / (2 * (n + m)))
    return Interval(effect, effect - reach, effect + reach, n + m)
