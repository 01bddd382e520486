"""The nearest centroid in one fixed order of operations: the same for one person as for a million, and as in SQL.

A product of matrices may add in another order for another number of people, and a tie then falls either way. So
whoever is assigned, not merely counted while fitting, is assigned here.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.features.products import sums_in_order
from kohort.learning.features.table import Points

_BLOCK: Final = 4_096


def nearest_in_order(points: Points, centroids: Points) -> npt.NDArray[np.int64]:
    """Return the index of each point's nearest centroid, int64 of shape (people,); of equally near ones, the first.

    `points` is float64 of shape (people, features), `centroids` of shape (k, features).

    >>> nearest_in_order(np.array([[1.0], [4.5], [8.0]]), np.array([[0.0], [9.0]])).tolist()
    [0, 0, 1]
    """
    starts, weights = weights_of(centroids)
    labels = np.empty(len(points), dtype=np.int64)
    for begin in range(0, len(points), _BLOCK):
        labels[begin : begin + _BLOCK] = sums_in_order(points[begin : begin + _BLOCK], weights.T, starts).argmin(axis=1)
    return labels


def margins(points: Points, centroids: Points) -> npt.NDArray[np.float64]:
    """Return how much farther, in squared distance, the second nearest centroid is, float64 of shape (people,).

    >>> margins(np.array([[1.0], [4.5]]), np.array([[0.0], [9.0]])).tolist()
    [63.0, 0.0]
    """
    starts, weights = weights_of(centroids)
    found = np.empty(len(points))
    for begin in range(0, len(points), _BLOCK):
        distances = np.partition(sums_in_order(points[begin : begin + _BLOCK], weights.T, starts), 1, axis=1)
        found[begin : begin + _BLOCK] = distances[:, 1] - distances[:, 0]
    return found


def weights_of(centroids: Points) -> tuple[npt.NDArray[np.float64], Points]:
    """Return |c|², shape (k,), and −2c, shape (k, features): |x − c|² less |x|² is |c|² + Σ x·(−2c).

    >>> weights_of(np.array([[3.0, 4.0]]))[0].tolist()
    [25.0]
    """
    return (centroids * centroids).sum(axis=1), -2.0 * centroids
