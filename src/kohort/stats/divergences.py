"""How far two distributions are from each other, in measures that do not grow with the number of people.

Shares of bins are compared by the population stability index and the Jensen-Shannon divergence; values themselves by
Kolmogorov's and Wasserstein's distances.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError

Counts = npt.NDArray[np.int64]
"""People by bin, int64 of shape (…, bins)."""
Values = npt.NDArray[np.float64]

EMPTY: Final = 0.5
"""An empty bin counts as half a person, so that its share has a logarithm."""


def stability_index(reference: npt.ArrayLike, counts: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the population stability index of `counts` against `reference`, both of shape (…, bins).

    Σ (p - q)·ln(p / q) over the shares of bins, which is Jeffreys' divergence (Jeffreys 1946, Proc. Royal Society A
    186:453; Siddiqi 2006, Credit Risk Scorecards, chapter 9). The rule for bins without anybody: they count as half a
    person, no other bin is touched, and shares are not made to add up again. Two normal distributions whose means are
    d standard deviations apart are d² from each other.

    Raises UsageError where the bins disagree, or nobody is counted.

    >>> round(float(stability_index([50, 50], [60, 40])), 5)
    0.04055
    >>> round(float(stability_index([50, 50], [100, 0])), 4)
    2.6261
    """
    shares, others = _filled(reference, counts)
    index: npt.NDArray[np.float64] = ((shares - others) * np.log(shares / others)).sum(axis=-1)
    return index


def jensen_shannon(reference: npt.ArrayLike, counts: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the Jensen-Shannon divergence in bits, from 0 (the same) to 1 (no bin in common).

    Lin 1991, IEEE Transactions on Information Theory 37:145. Both of shape (…, bins); an empty bin needs no rule here.
    Raises UsageError where the bins disagree, or nobody is counted.

    >>> float(jensen_shannon([10, 0], [0, 7])), float(jensen_shannon([1, 1], [5, 5]))
    (1.0, 0.0)
    """
    first, second = _checked(reference, counts)
    shares, others = _shares(first), _shares(second)
    middle = (shares + others) / 2
    divergence: npt.NDArray[np.float64] = (_relative(shares, middle) + _relative(others, middle)) / 2
    return divergence


def kolmogorov_smirnov(reference: Values, values: Values) -> float:
    """Return the greatest distance of two empirical distribution functions, from 0 to 1; shapes (n,) and (m,).

    Smirnov 1939. It is told as an effect: its p-value alone says little, since with a million people any distance is
    sure. Raises UsageError if either has no value, or one that is no finite number.

    >>> kolmogorov_smirnov(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0]))
    0.5
    """
    _, below, others = _steps(reference, values)
    return float(np.abs(below - others).max())


def wasserstein(reference: Values, values: Values) -> float:
    """Return how far people would have to move, on average, to turn one distribution into the other, in its unit.

    The area between the two empirical distribution functions (Vallender 1974, Theory of Probability 18:784); shapes
    (n,) and (m,). Raises UsageError if either has no value, or one that is no finite number.

    >>> wasserstein(np.array([0.0, 1.0]), np.array([3.0, 4.0]))
    3.0
    """
    points, below, others = _steps(reference, values)
    return float((np.abs(below - others)[:-1] * np.diff(points)).sum())


def _steps(reference: Values, values: Values) -> tuple[Values, Values, Values]:
    """Return all values in order, and the two distribution functions just after each."""
    if not (reference.size and values.size and np.isfinite(reference).all() and np.isfinite(values).all()):
        raise UsageError("two distributions are compared by finite values of both; leave missing ones out first")
    points = np.unique(np.concatenate([reference, values]))
    below = [np.searchsorted(np.sort(one), points, side="right") / one.size for one in (reference, values)]
    return points, below[0], below[1]


def _checked(reference: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[Values, Values]:
    first, second = (np.asarray(one, dtype=np.float64) for one in (reference, counts))
    if not first.ndim or not second.ndim or first.shape[-1] != second.shape[-1]:
        raise UsageError(f"bins disagree: {first.shape[-1:]} of the reference and {second.shape[-1:]} to compare")
    if (first < 0).any() or (second < 0).any() or not (first.sum(axis=-1).all() and second.sum(axis=-1).all()):
        raise UsageError("distributions are compared by counts of people, of whom there is at least one on both sides")
    return first, second


def _filled(reference: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[Values, Values]:
    first, second = _checked(reference, counts)
    return np.maximum(first, EMPTY) / _sums(first), np.maximum(second, EMPTY) / _sums(second)


def _shares(counts: Values) -> Values:
    shares: Values = counts / _sums(counts)
    return shares


def _sums(counts: Values) -> Values:
    sums: Values = counts.sum(axis=-1, keepdims=True)
    return sums


def _relative(shares: Values, middle: Values) -> Values:
    """Return the relative entropy in bits; a share of 0 adds nothing."""
    ratio = np.divide(shares, middle, out=np.ones(np.broadcast(shares, middle).shape), where=shares > 0)
    entropy: Values = (shares * np.log2(ratio)).sum(axis=-1)
    return entropy
