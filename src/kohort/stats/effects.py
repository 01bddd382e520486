"""Effect sizes: how far apart two groups are, in units that do not grow with their size."""

import math

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.intervals import Interval, critical_value
from kohort.stats.summaries import Summary

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
    if not (np.isfinite(inside).all() and np.isfinite(outside).all()):
        raise UsageError("an effect size needs finite values; leave missing ones out first")
    return hedges_g_of(Summary.of(inside), Summary.of(outside), confidence=confidence)


def hedges_g_of(inside: Summary, outside: Summary, *, confidence: float = 0.95) -> Interval:
    """Return `hedges_g` of two groups of which size, mean and variance are known.

    >>> round(hedges_g_of(Summary(3, 6.0, 1.0), Summary(3, 4.0, 1.0)).estimate, 2)
    1.6
    """
    n, m = inside.size, outside.size
    if min(n, m) < _FEWEST:
        raise UsageError("an effect size needs two groups of at least two people each")
    freedom = n + m - 2
    difference = inside.mean - outside.mean
    pooled = math.sqrt(((n - 1) * inside.variance + (m - 1) * outside.variance) / freedom)
    if pooled == 0:
        apart = math.copysign(math.inf, difference) if difference else 0.0
        return Interval(apart, apart, apart, n + m)
    correction = 1 - 3 / (4 * freedom - 1)
    effect = correction * difference / pooled
    reach = critical_value(confidence) * math.sqrt((n + m) / (n * m) + effect * effect / (2 * (n + m)))
    return Interval(effect, effect - reach, effect + reach, n + m)


def cohens_h(
    successes: int, trials: int, other_successes: int, other_trials: int, *, confidence: float = 0.95
) -> Interval:
    """Return the difference of two independent proportions, first minus other, after the arcsine transformation.

    Cohen 1988, Statistical Power Analysis, 6.2: 2 arcsin √p, whose variance is nearly 1/n whatever p is. Its sizes read
    as those of a difference of means: 0.2 is small, 0.5 medium, 0.8 large.

    Raises UsageError unless 0 ≤ successes ≤ trials and trials ≥ 1 on both sides.

    >>> round(cohens_h(50, 100, 25, 100).estimate, 3)
    0.524
    """
    if not (0 <= successes <= trials and 0 <= other_successes <= other_trials and trials and other_trials):
        counts = f"{successes}/{trials} and {other_successes}/{other_trials}"
        raise UsageError(f"an effect size needs 0 ≤ successes ≤ trials and trials on both sides; got {counts}")
    angles = [2 * math.asin(math.sqrt(one)) for one in (successes / trials, other_successes / other_trials)]
    effect = angles[0] - angles[1]
    reach = critical_value(confidence) * math.sqrt(1 / trials + 1 / other_trials)
    return Interval(effect, effect - reach, effect + reach, trials + other_trials)
