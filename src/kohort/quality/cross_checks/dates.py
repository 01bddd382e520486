"""Dates that must follow each other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import LARGEST_MICROS

Flags = NDArray[np.bool_]
_NO_MOMENT = -LARGEST_MICROS - 1


def judge_dates(columns: Sequence[Sequence[object]], tolerance: int) -> tuple[Flags, Flags]:
    """Return in which rows all dates are there, and in which of these one is earlier than the one before it.

    A date is a whole number of microseconds; one may be up to `tolerance` microseconds too early.

    >>> [flags.tolist() for flags in judge_dates([[10, 10, None], [12, 7, 12]], tolerance=2)]
    [[True, True, False], [False, True, False]]
    """
    moments = np.array([_moments(column) for column in columns])
    judged = (moments != _NO_MOMENT).all(axis=0)
    # Divided first: the difference of two moments may not fit into 64 bits.
    early = (moments[:-1] // 2 - moments[1:] // 2) > -(-tolerance // 2)
    failed = judged & (early & (moments[:-1] > moments[1:])).any(axis=0)
    return judged, failed


def _moments(column: Sequence[object]) -> NDArray[np.int64]:
    """Return moments as int64, `_NO_MOMENT` for all that is none."""
    kept = (
        one if isinstance(one, int) and not isinstance(one, bool) and abs(one) <= LARGEST_MICROS else _NO_MOMENT
        for one in column
    )
    return np.fromiter(kept, np.int64, len(column))
