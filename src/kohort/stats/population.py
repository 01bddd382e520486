"""Thresholds that follow the population: exact functions of integer values, one for every engine.

Values are integers in the unit of what they measure: micros (10⁻⁶) for numbers, microseconds for durations.
Nothing here rounds on the way: thresholds are found by integer arithmetic alone, so every engine and every
machine binds the same number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import LARGEST_MICROS, MICRO

Integers = NDArray[np.int64]

_ROWS_AT_ONCE: Final = 2**20  # so that 2²⁰ products of two 21-bit limbs stay below 2⁶³
_LIMB: Final = 21


@dataclass(frozen=True)
class Moments:
    """The exact sufficient statistics of a population: its size n, Σx and Σx²; two add up to those of both.

    >>> Moments(2, 3, 5) + Moments(1, 4, 16)
    Moments(size=3, total=7, squares=21)
    """

    size: int
    total: int
    squares: int

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.size + other.size, self.total + other.total, self.squares + other.squares)


def moments_of(values: Integers) -> Moments:
    """Return the exact moments of `values`, shape (n,), dtype int64, each of magnitude below 2⁶³.

    >>> moments_of(np.array([1, -2, 3]))
    Moments(size=3, total=2, squares=14)
    """
    total = squares = 0
    for chunk in _chunks(values):
        total += (int((chunk >> 32).sum()) << 32) + int((chunk & (2**32 - 1)).sum())
        magnitude = np.abs(chunk)
        places = -(-int(magnitude.max()).bit_length() // _LIMB)
        limbs = [(magnitude >> (_LIMB * place)) & (2**_LIMB - 1) for place in range(places)]
        for one, left in enumerate(limbs):
            for other, right in enumerate(limbs):
                squares += int(left @ right) << (_LIMB * (one + other))
    return Moments(len(values), total, squares)


def deviation_threshold(moments: Moments, deviations: int) -> int | None:
    """Return `mean + k std`, rounded half-even to an integer of the values' unit; None where it is missing.

    `deviations` is k in micros. std is the sample standard deviation, ddof = 1, so that
    ``s² = (n Σx² − (Σx)²) / (n (n − 1))`` (Snedecor & Cochran, Statistical Methods, §3.3). Missing are the mean
    of nobody, a std of fewer than two people, and a threshold that 64 bits cannot hold.

    >>> deviation_threshold(Moments(3, 6, 14), 0), deviation_threshold(Moments(3, 6, 14), 1_000_000)
    (2, 3)
    >>> deviation_threshold(Moments(1, 6, 36), 1_000_000) is None
    True
    """
    n, total = moments.size, moments.total
    if n == 0 or (n == 1 and deviations):
        return None
    if not deviations:
        return _held(round(Fraction(total, n)))
    # (total·(n−1)·10⁶ + k·√(n(n−1)·(nΣx² − total²))) / (n(n−1)·10⁶), with k in micros
    denominator = n * (n - 1) * MICRO
    whole = total * (n - 1) * MICRO
    radicand = deviations**2 * n * (n - 1) * (n * moments.squares - total**2)
    root = isqrt(radicand)
    if root * root == radicand:
        return _held(round(Fraction(whole + (root if deviations > 0 else -root), denominator)))
    # An irrational root leaves no ties, and ⌊(a ± √b) / c⌋ = ⌊⌊a ± √b⌋ / c⌋ for whole a and c > 0.
    doubled = isqrt(4 * radicand)
    floor = 2 * whole + denominator + (doubled if deviations > 0 else -doubled - 1)
    return _held(floor // (2 * denominator))


def quantile_threshold(values: Integers, quantile: int) -> int | None:
    """Return the quantile of `values`, shape (n,), rounded half-even to an integer; None for an empty population.

    `quantile` is in micros, 0 to 10⁶. Linear interpolation of the order statistics, type 7 of Hyndman & Fan,
    Sample Quantiles in Statistical Packages (1996): with h = (n − 1) q, ``x₍⌊h⌋₎ + (h − ⌊h⌋)(x₍⌊h⌋₊₁₎ − x₍⌊h⌋₎)``.

    >>> quantile_threshold(np.array([40, 10, 20, 31]), 500_000)
    26
    """
    if not len(values):
        return None
    rank, rest = divmod((len(values) - 1) * quantile, MICRO)
    upper = min(rank + 1, len(values) - 1)
    ordered = np.partition(values, (rank, upper))
    low, high = int(ordered[rank]), int(ordered[upper])
    return round(low + Fraction(rest, MICRO) * (high - low))


def top_threshold(values: Integers, percent: int) -> int | None:
    """Return the value from which on people are in the top `percent` (micros, 0 < q ≤ 100) of `values`.

    The share of people with a strictly greater value is below q % exactly for x ≥ the ⌈qN/100⌉-th largest.
    None for an empty population.

    >>> top_threshold(np.array([10, 20, 30, 40]), 50_000_000)
    30
    """
    return _nth_largest(values, _share(percent, len(values)))


def bottom_threshold(values: Integers, percent: int) -> int | None:
    """Return the value up to which people are in the bottom `percent` (micros, 0 < q ≤ 100) of `values`.

    >>> bottom_threshold(np.array([10, 20, 30, 40]), 50_000_000)
    20
    """
    return _nth_smallest(values, _share(percent, len(values)))


def score_cuts(values: Integers, levels: int, *, reversed: bool = False) -> tuple[int, ...]:  # noqa: A002 - the rule language's own word
    """Return the cut points of scores 2 to `levels`: the score is 1 + the number of cuts that x lies beyond.

    Score ≥ s exactly for x > the ⌈(s−1)N/n⌉-th smallest value; reversed, for x < the ⌈(s−1)N/n⌉-th largest.
    Empty for an empty population.

    >>> score_cuts(np.array([10, 20, 30, 40]), 4), score_cuts(np.array([10, 20, 30, 40]), 4, reversed=True)
    ((10, 20, 30), (40, 30, 20))
    """
    if not len(values):
        return ()
    ordered = np.sort(values)
    ranks = (-(-(score - 1) * len(values) // levels) for score in range(2, levels + 1))
    return tuple(int(ordered[-rank] if reversed else ordered[rank - 1]) for rank in ranks)


def score_of(value: int, cuts: tuple[int, ...], *, reversed: bool = False) -> int:  # noqa: A002 - as above
    """Return the score that `cuts` (see `score_cuts`) give to a value of the population.

    >>> score_of(30, (10, 20, 30))
    3
    """
    return 1 + sum(value < cut if reversed else value > cut for cut in cuts)


def ntile_scores(values: Integers, levels: int, *, reversed: bool = False) -> Integers:  # noqa: A002 - as above
    """Return the scores 1 to `levels` of `values`, shape (n,), int64: ``1 + ⌊n·L / N⌋``, equal values alike.

    L is the number of people with a strictly smaller value (`reversed`: strictly greater), N that of all.
    Raises ValueError if `levels` is below 1.

    >>> ntile_scores(np.array([10, 20, 20, 40]), 4).tolist()
    [1, 2, 2, 4]
    >>> ntile_scores(np.array([10, 20, 20, 40]), 4, reversed=True).tolist()
    [4, 2, 2, 1]
    """
    if levels < 1:
        raise ValueError(f"a score needs at least one level, not {levels}")
    ordered = np.sort(values)
    if reversed:
        beaten = len(values) - np.searchsorted(ordered, values, side="right")
    else:
        beaten = np.searchsorted(ordered, values, side="left")
    return (1 + levels * beaten.astype(np.int64) // max(1, len(values))).astype(np.int64)


def _chunks(values: Integers) -> Iterator[Integers]:
    for start in range(0, len(values), _ROWS_AT_ONCE):
        yield values[start : start + _ROWS_AT_ONCE]


def _held(threshold: int) -> int | None:
    return threshold if -LARGEST_MICROS <= threshold <= LARGEST_MICROS else None


def _share(percent: int, size: int) -> int:
    return -(-percent * size // (100 * MICRO))


def _nth_smallest(values: Integers, rank: int) -> int | None:
    return int(np.partition(values, rank - 1)[rank - 1]) if len(values) else None


def _nth_largest(values: Integers, rank: int) -> int | None:
    return _nth_smallest(values, len(values) + 1 - rank)
