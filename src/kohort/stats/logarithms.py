"""Differences of logarithms, as people read them."""

import math


def share_less(difference: float) -> float:
    """Return how much less there is, as a share, where a logarithm is lower by `difference`: 1 - exp(-difference).

    A gap statistic is such a difference (Tibshirani, Walther and Hastie 2001, JRSS B 63:411, equation 3): of clusters
    with a gap of 0.1 the inertia left is 9.5 % less than of those it is compared with. Where more is left the share is
    negative.

    >>> round(share_less(0.1), 4), round(share_less(math.log(2)), 4), share_less(0.0), round(share_less(-0.1), 4)
    (0.0952, 0.5, 0.0, -0.1052)
    """
    return -math.expm1(-difference)
