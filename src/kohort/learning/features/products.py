"""Weighted sums in one fixed order of operations: the same for one person as for a million, and as in SQL.

A product of matrices may add in another order for another number of people. Whoever is placed by a model, today or
later, here or in a database, is placed by these sums.
"""

from typing import Final

import numpy as np

from kohort.learning.features.scaling import Values
from kohort.learning.features.table import Points

_BLOCK: Final = 4_096


def sums_in_order(points: Points, weights: Points, starts: Values) -> Points:
    """Return ``starts + points @ weights``, shape (people, sums), each sum added from the first column to the last.

    `points` is float64 of shape (people, columns), `weights` of shape (columns, sums), `starts` of shape (sums,).

    >>> sums_in_order(np.array([[1.0, 2.0]]), np.array([[10.0], [100.0]]), np.array([0.5])).tolist()
    [[210.5]]
    """
    found = np.empty((len(points), len(starts)))
    for begin in range(0, len(points), _BLOCK):
        columns = np.ascontiguousarray(points[begin : begin + _BLOCK].T)
        sums = np.repeat(starts[:, None], columns.shape[1], axis=1)
        for values, row in zip(columns, weights, strict=True):
            sums += row[:, None] * values
        found[begin : begin + _BLOCK] = sums.T
    return found
