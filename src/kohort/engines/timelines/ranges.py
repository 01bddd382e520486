"""Aggregates over many ranges of one array at once, all exact: totals, means, extremes, distinct and end values.

A range is [low, high) of positions; arrays of ranges have the shape (ranges,). Where a range gives nothing, the answer
is MISSING.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, Values
from kohort.engines.timelines.courses import Positions, Truth

_HALF: Final = 32
_LOW_BITS: Final = 2**_HALF - 1
_LARGEST_HALF: Final = 2 ** (_HALF - 1)


def counts(chosen: Truth, low: Positions, high: Positions) -> Positions:
    """Return how many of `chosen` lie in each range.

    >>> counts(np.array([True, False, True]), np.array([0, 1]), np.array([3, 2])).tolist()
    [2, 0]
    """
    running = _running(chosen)
    return np.asarray(running[high] - running[low])


def totals(values: Values, low: Positions, high: Positions) -> Values:
    """Return the exact sum of the values of each range, MISSING ones left out; MISSING beyond 64 bits.

    >>> totals(np.array([2**62, 2**62, -(2**62)]), np.array([0, 0]), np.array([2, 3])).tolist() == [MISSING, 2**62]
    True
    """
    upper, lower = _halves(values, low, high)
    fits = (upper >= -_LARGEST_HALF) & (upper < _LARGEST_HALF)
    return np.where(fits, (np.where(fits, upper, 0) << _HALF) | lower, MISSING)


def means(values: Values, low: Positions, high: Positions) -> Values:
    """Return the mean of each range, rounded half-even to an integer.

    >>> means(np.array([1, 2, MISSING, 4]), np.array([0, 0, 2]), np.array([2, 4, 3])).tolist() == [2, 2, MISSING]
    True
    """
    number = counts(values != MISSING, low, high)
    total = totals(values, low, high)
    there = number > 0
    divisor = np.where(there, number, 1)
    whole, rest = np.divmod(np.where(total == MISSING, 0, total), divisor)
    up = (2 * rest > divisor) | ((2 * rest == divisor) & (whole % 2 == 1))
    found = np.where(there, whole + up, MISSING)
    upper, lower = _halves(values, low, high)
    for place in np.flatnonzero(there & (total == MISSING)):
        exact = (int(upper[place]) << _HALF) + int(lower[place])
        quotient, remainder = divmod(exact, int(number[place]))
        doubled = 2 * remainder - int(number[place])
        found[place] = quotient + (doubled > 0 or (doubled == 0 and quotient % 2 == 1))
    return found


def greatest(values: Values, low: Positions, high: Positions) -> Values:
    """Return the greatest value of each range: two overlapping ranges of a power of two cover it (a sparse table).

    >>> greatest(np.array([3, 9, 4]), np.array([0, 1, 2]), np.array([3, 2, 2])).tolist() == [9, 9, MISSING]
    True
    """
    found = np.full(len(low), MISSING, np.int64)
    lengths = high - low
    table, width = values, 1
    while width <= (int(lengths.max()) if len(lengths) else 0):
        its = (lengths >= width) & (lengths < 2 * width)
        found[its] = np.maximum(table[low[its]], table[high[its] - width])
        table = np.maximum(table[: max(0, len(table) - width)], table[width:])
        width *= 2
    return found


def least(values: Values, low: Positions, high: Positions) -> Values:
    """Return the least value of each range.

    >>> least(np.array([3, 9, MISSING]), np.array([0]), np.array([3])).tolist()
    [3]
    """
    return _negative(greatest(_negative(values), low, high))


def first_places(chosen: Truth, low: Positions, high: Positions) -> Positions:
    """Return the position of the first of `chosen` in each range, -1 of none.

    >>> first_places(np.array([False, True, True]), np.array([0, 0]), np.array([3, 1])).tolist()
    [1, -1]
    """
    following = np.append(np.where(chosen, np.arange(len(chosen)), len(chosen)), len(chosen))
    following = np.minimum.accumulate(following[::-1])[::-1]
    return np.where(following[low] < high, following[low], -1)


def last_places(chosen: Truth, low: Positions, high: Positions) -> Positions:
    """Return the position of the last of `chosen` in each range, -1 of none.

    >>> last_places(np.array([False, True, True]), np.array([0, 0]), np.array([3, 1])).tolist()
    [2, -1]
    """
    latest = np.maximum.accumulate(np.append(-1, np.where(chosen, np.arange(len(chosen)), -1)))
    return np.where(latest[high] >= low, latest[high], -1)


def distinct(groups: NDArray[Any], codes: NDArray[Any], low: Positions, high: Positions) -> Positions:
    """Return how many different codes each range holds; a range lies in one of the consecutive `groups`.

    A code is new in a range where its last occurrence before, in its group, lies before the range.

    >>> distinct(np.zeros(4, np.int64), np.array([7, 8, 7, 7]), np.array([0, 2]), np.array([4, 4])).tolist()
    [2, 1]
    """
    order = np.lexsort((codes, groups))
    same = np.zeros(len(codes), np.bool_)
    same[1:] = (groups[order][1:] == groups[order][:-1]) & (codes[order][1:] == codes[order][:-1])
    # Places are counted from 1, so that 0 is no place before.
    before = np.zeros(len(codes), np.int64)
    before[order[same]] = order[np.flatnonzero(same) - 1] + 1
    return _below(before, low, high)


def _below(values: NDArray[np.int64], low: Positions, high: Positions) -> Positions:
    """Return how many values of each range are at most its `low`: bit by bit, in a wavelet matrix.

    (Claude and Navarro, The Wavelet Matrix, SPIRE 2012.)
    """
    limits = low + 1
    found = np.zeros(len(low), np.int64)
    for bit in reversed(range(len(values).bit_length() + 1)):
        ones = (values >> bit) & 1 == 1
        zeros = _running(~ones)
        low_zeros, high_zeros = zeros[low], zeros[high]
        set_here = (limits >> bit) & 1 == 1
        found += np.where(set_here, high_zeros - low_zeros, 0)
        low = np.where(set_here, low - low_zeros + zeros[-1], low_zeros)
        high = np.where(set_here, high - high_zeros + zeros[-1], high_zeros)
        values = np.concatenate([values[~ones], values[ones]])
    return found


def _halves(values: Values, low: Positions, high: Positions) -> tuple[Positions, Positions]:
    """Return each range's sum as upper · 2³² + lower, with 0 ≤ lower < 2³²."""
    there = np.where(values == MISSING, 0, values)
    uppers, lowers = _running(there >> _HALF), _running(there & _LOW_BITS)
    lower = lowers[high] - lowers[low]
    return uppers[high] - uppers[low] + (lower >> _HALF), lower & _LOW_BITS


def _running(values: NDArray[Any]) -> Positions:
    running = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=running[1:])
    return running


def _negative(values: Values) -> Values:
    return np.where(values == MISSING, MISSING, -np.where(values == MISSING, 0, values))
