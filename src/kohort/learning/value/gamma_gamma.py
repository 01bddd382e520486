"""Gamma-gamma: what a purchase of somebody is worth, given the mean of a few that were seen.

Colombo and Jiang 1999, Interfaces 29:2; Fader and Hardie 2013, The Gamma-Gamma Model of Monetary Value. The values of
a person's purchases are gamma distributed with shape p and rate ν, and ν over people with shape q and rate v. Who buys
often is supposed to buy neither dearer nor cheaper, which `independence` tests.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from kohort.errors import UsageError
from kohort.learning.value.fitting import Fit, Floats, Likelihood, maximise
from kohort.stats.intervals import Interval, critical_value

NAMES: Final = ("p", "q", "v")
MOST_CORRELATED: Final = 0.3
"""A correlation of frequency and value beyond which multiplying their expectations misleads."""
_FEWEST: Final = 4


@dataclass(frozen=True)
class Independence:
    """Whether those who buy often spend more each time: correlation of frequency and value, with its interval.

    `ranks` is the same of their ranks (Spearman), which few large buyers do not decide. `is_doubtful` says that one of
    them is beyond `MOST_CORRELATED` either way: then value and frequency must be told together, as the supervised model
    does.
    """

    correlation: Interval
    ranks: Interval
    is_doubtful: bool


def fit_values(valued: NDArray[np.int64], mean_value: Floats) -> Fit:
    """Return p, q and v under which the mean values of people's repeat purchases are most likely.

    `valued` is of how many purchases above zero `mean_value` is the mean, both of shape (people,); those without any
    are left out. Raises UsageError where nobody has one.
    """
    known = (valued > 0) & (mean_value > 0)
    if int(known.sum()) < _FEWEST:
        raise UsageError("fewer than four people bought twice at a price above zero; values cannot be learnt from them")
    x, mean = valued[known].astype(np.float64), mean_value[known]
    start = np.array([2.0, 4.0, 1.5 * float(mean.mean())])
    return maximise(value_likelihood(x, mean), NAMES, start, len(x))


def value_likelihood(valued: Floats, mean_value: Floats) -> Likelihood:
    """Return the log likelihood of mean values as a function of p, q and v (equation 1a), with its gradient."""
    counts, places = np.unique(valued, return_inverse=True)
    people = np.bincount(places).astype(np.float64)
    sums = valued * mean_value
    weighted = float(valued @ np.log(sums))
    constant = float(np.log(mean_value).sum())
    size = len(valued)

    def likelihood(values: Floats) -> tuple[float, Floats]:
        p, q, v = values
        whole = np.log(sums + v)
        falls = float((p * valued + q) @ whole)
        found = (
            float(people @ (gammaln(p * counts + q) - gammaln(p * counts)))
            + size * float(q * np.log(v) - gammaln(q))
            + p * weighted
            - constant
            - falls
        )
        by_p = people @ (counts * (digamma(p * counts + q) - digamma(p * counts))) + weighted - valued @ whole
        by_q = people @ digamma(p * counts + q) + size * (np.log(v) - digamma(q)) - whole.sum()
        by_v = size * q / v - ((p * valued + q) / (sums + v)).sum()
        return found, np.array([by_p, by_q, by_v])

    return likelihood


def expected_value(values: Floats, valued: NDArray[np.int64], mean_value: Floats) -> Floats:
    """Return what a purchase of each is worth: between their own mean and that of all (equation 5).

    Of those without a purchase that is worth something it is the mean of all, infinite where q is at most 1.

    >>> expected_value(np.array([6.25, 3.74, 15.44]), np.array([2, 0]), np.array([22.35, 0.0])).round(2).tolist()
    [24.66, 35.22]
    """
    p, q, v = values
    down = p * valued + q - 1
    with np.errstate(divide="ignore"):
        return np.where(down > 0, p * (v + valued * mean_value) / np.where(down > 0, down, 1.0), np.inf)


def independence(valued: NDArray[np.int64], mean_value: Floats) -> Independence:
    """Return how frequency and value go together among those with repeat purchases, with intervals of 95 %.

    Raises UsageError where fewer than four have any.
    """
    known = (valued > 0) & (mean_value > 0)
    size = int(known.sum())
    if size < _FEWEST:
        raise UsageError("fewer than four people bought twice at a price above zero; a correlation needs four")
    x, mean = valued[known].astype(np.float64), mean_value[known]
    plain, ranked = _correlation(x, mean), _correlation(_ranks(x), _ranks(mean))
    doubtful = max(abs(plain.estimate), abs(ranked.estimate)) > MOST_CORRELATED
    return Independence(plain, ranked, doubtful)


def _correlation(one: Floats, other: Floats) -> Interval:
    """Return a correlation with the interval of Fisher's transformation."""
    spread = one.std() * other.std()
    found = float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread > 0 else 0.0
    bounded = min(max(found, -0.999999), 0.999999)
    reach = critical_value(0.95) / float(np.sqrt(len(one) - 3))
    low, high = np.tanh(np.arctanh(bounded) + np.array([-reach, reach]))
    return Interval(found, float(low), float(high), len(one))


def _ranks(values: Floats) -> Floats:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles: Floats = (ends - (counts - 1) / 2)[places]
    return middles
