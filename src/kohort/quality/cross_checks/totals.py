"""Totals beside the lines that make them."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.checking import TotalOfLines
from kohort.definitions.values import LARGEST_MICROS, MICRO

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

_ROUNDING: Final = 8 * np.finfo(np.float64).eps


def judge_total(check: TotalOfLines, columns: Mapping[str, Sequence[object]]) -> tuple[Flags, Flags]:
    """Return in which rows total and lines are all there, and in which of these the total is another sum.

    >>> check = TotalOfLines("total", (("price", "quantity"),), (("discount",),))
    >>> columns = {"total": [9.0, 9.5, 9.0], "price": [5.0] * 3, "quantity": [2.0, 2.0, None], "discount": [1.0] * 3}
    >>> [flags.tolist() for flags in judge_total(check, columns)]
    [[True, True, False], [False, True, False]]
    """
    numbers = {name: _numbers(columns[name]) for name in check.names}
    total = numbers[check.total]
    with np.errstate(over="ignore", invalid="ignore"):
        added, taken = (
            [reduce(np.multiply, (numbers[name] for name in line)) for line in lines]
            for lines in (check.lines, check.less)
        )
        apart = np.abs(sum(added, -total) - sum(taken, np.zeros_like(total)))
        # Sums of floating-point numbers are right up to the size of what is added, not of what comes out.
        size = sum(map(np.abs, [*added, *taken]), np.abs(total))
    judged = np.isfinite(size)
    return judged, judged & (apart > check.tolerance / MICRO + _ROUNDING * size)


def _numbers(column: Sequence[object]) -> Numbers:
    return np.fromiter(map(_number, column), np.float64, len(column))


def _number(value: object) -> float:
    """Return micros (int) or a number (float) as a number, NaN for all else."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_MICROS:
        return value / MICRO
    return math.nan
