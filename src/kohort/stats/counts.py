"""How unlikely a count is that is lower than counts usually are."""

import math

import numpy as np

from kohort.errors import UsageError


def lower_tail(count: int, mean: float, variance: float) -> float:
    """Return the probability of at most `count` where counts have a mean and a variance.

    They follow the negative binomial distribution with these moments, or that of Poisson where the variance is no
    larger than the mean (Johnson, Kemp and Kotz 2005, Univariate Discrete Distributions, chapters 4 and 5).

    Raises UsageError unless `count` is 0 or more and `mean` above 0.

    >>> round(lower_tail(0, 3, 3), 4), round(lower_tail(0, 3, 6), 4), round(lower_tail(4, 10, 20), 4)
    (0.0498, 0.125, 0.0898)
    """
    if count < 0 or not mean > 0:
        raise UsageError(f"a count is 0 or more and its mean above 0; got {count} and {mean}")
    steps = np.arange(1, count + 1, dtype=np.float64)
    if variance <= mean:
        first, ratios = -mean, np.log(mean / steps)
    else:
        share = mean / variance
        size = mean * share / (1 - share)
        first, ratios = size * math.log(share), np.log((size + steps - 1) / steps * (1 - share))
    logs = first + np.concatenate([[0.0], np.cumsum(ratios)])
    largest = float(logs.max())
    return min(1.0, math.exp(largest) * float(np.exp(logs - largest).sum()))
