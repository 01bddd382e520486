"""Comparisons as the kernels make them: between two integers of the values' own width."""

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kohort.engines.predicates import Within

RANGES: Final = {size: (-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1) for size in (1, 2, 4, 8)}
"""The least and the greatest signed integer of so many bytes."""

_WIDTH_WITH_MISSING: Final = 8


@lru_cache(maxsize=4096)
def bounds_of(predicates: tuple[Within, ...], unit: int, width: int) -> NDArray[Any]:
    """Return what comparisons ask of values that count `unit` times and have `width` bytes: shape (predicates, 2).

    Each is the least and the greatest value that it accepts; of one that accepts none the least is the greater.

    >>> bounds_of((Within(low=25), Within(high=39)), 10, 4).tolist()
    [[3, 2147483647], [-2147483648, 3]]
    """
    least, greatest = RANGES[width]
    # The least of 64 bits stands for what is missing.
    least += width == _WIDTH_WITH_MISSING
    found = []
    for one in predicates:
        low = least if one.low is None else max(least, -(-one.low // unit))
        high = greatest if one.high is None else min(greatest, one.high // unit)
        found.append((low, high) if low <= high else (1, 0))
    return np.array(found, f"i{width}")
