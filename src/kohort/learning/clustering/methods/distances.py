"""Distances whose last bit does not depend on how many people are measured at once."""

import numpy as np

from kohort.learning.features.table import Points

_CELLS = 4_000_000


def squared_distances(points: Points, others: Points) -> Points:
    """Return the squared Euclidean distance of each point to each other one, shape (people, others).

    Differences are squared and added feature by feature, in their order. A matrix product would be faster, but
    rounds differently for one person than for a million, and SQL could not repeat it.

    >>> squared_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0]])).tolist()
    [[0.0], [25.0]]
    """
    sums = np.zeros((len(points), len(others)))
    for column, other in zip(points.T, others.T, strict=True):
        difference = column[:, None] - other
        difference *= difference
        sums += difference
    return sums


def blocks(people: int, width: int) -> list[slice]:
    """Return slices of people small enough that a table of `width` numbers each stays in bounded memory.

    >>> blocks(3, 4_000_000)
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    step = max(_CELLS // max(width, 1), 1)
    return [slice(start, min(start + step, people)) for start in range(0, people, step)]
