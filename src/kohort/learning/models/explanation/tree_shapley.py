"""Shapley values of trees by the way of their training data.

Lundberg et al. 2020, Nature Machine Intelligence 2:56, algorithm 2.

The game: where a feature is not known, a tree goes both ways, in the shares of the training data that went each way.
What a person's features bring to the margin is shared by Shapley's formula, exactly, in time of leaves · depth².
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kohort.engines.kernel.numba_kernels import compiled
from kohort.learning.models.arrays import Floats
from kohort.learning.models.trees import LEAF, Trees

_EVEN = 0.5
_Paths = tuple[npt.NDArray[Any], Floats, Floats, Floats, npt.NDArray[Any]]
"""By the depth in a tree: the features decided on, their shares without and with them, weights, and how many."""


def shapley_of(trees: Trees, columns: Floats) -> tuple[float, Floats]:
    """Return the expected margin, and what each prepared column brings: float64 of shape (people, columns).

    Both add up to a person's margin, but for the rounding of sums (in 32 bits where the trees are `narrow`).

    >>> stump = Trees([0], [0, -1, -1], [2.0, 0, 0], [1, 0, 0], [2, 0, 0], [True] * 3, [0, -1.0, 1.0], [4, 3, 1], 1)
    >>> shapley_of(stump, np.array([[5.0]]))
    (-0.5, array([[1.5]]))
    """
    shares, expected = _known_beforehand(trees)
    brought = np.zeros(columns.shape)
    all_brought(columns, trees.nodes, trees.roots, shares, trees.depth, brought)
    return expected / trees.divisor, brought / trees.divisor


@lru_cache(maxsize=16)
def _known_beforehand(trees: Trees) -> tuple[Floats, float]:
    """Return the shares, and the sum of what roots say of somebody unknown: the same for everybody, so found once."""
    shares = shares_of(trees)
    return shares, trees.base + float(sum(_expectations(trees, shares)[trees.roots].tolist()))


def shares_of(trees: Trees) -> Floats:
    """Return for each node the share of its parent's training data that came to it, shape (nodes,); of roots 1.

    Where none came to the parent both ways have a half.
    """
    shares = np.ones(len(trees.feature))
    inner = np.flatnonzero(trees.feature != LEAF)
    left, right = trees.left[inner], trees.right[inner]
    both = trees.weight[left] + trees.weight[right]
    with np.errstate(invalid="ignore"):
        to_left = np.where(both > 0, trees.weight[left] / both, _EVEN)
    shares[left], shares[right] = to_left, 1 - to_left
    return shares


def _expectations(trees: Trees, shares: Floats) -> Floats:
    """Return what each node says of somebody of whom nothing is known, shape (nodes,)."""
    expected = trees.value.copy()
    for node in np.flatnonzero(trees.feature != LEAF)[::-1].tolist():
        left, right = trees.left[node], trees.right[node]
        expected[node] = shares[left] * expected[left] + shares[right] * expected[right]
    return expected


def _extend(path: npt.NDArray[Any], last: int, zero: float, one: float) -> None:
    """Let a path grow by a decision that a share `zero` takes without its feature, and `one` with it: EXTEND."""
    for place in range(last - 1, -1, -1):
        path[place + 1] += one * path[place] * (place + 1) / (last + 1)
        path[place] = zero * path[place] * (last - place) / (last + 1)


def _unwind(path: npt.NDArray[Any], last: int, zero: float, one: float) -> None:
    """Undo a decision anywhere on a path: UNWIND. Its order does not matter, only its shares."""
    following = path[last]
    for place in range(last - 1, -1, -1):
        if one != 0:
            before = path[place]
            path[place] = following * (last + 1) / ((place + 1) * one)
            following = before - path[place] * zero * (last - place) / (last + 1)
        else:
            path[place] = path[place] * (last + 1) / (zero * (last - place))


def _unwound_sum(path: npt.NDArray[Any], last: int, zero: float, one: float) -> float:
    """Return the sum of a path's weights without one of its decisions."""
    total, following = 0.0, path[last]
    for place in range(last - 1, -1, -1):
        if one != 0:
            weight = following * (last + 1) / ((place + 1) * one)
            total += weight
            following = path[place] - weight * zero * (last - place) / (last + 1)
        else:
            total += path[place] * (last + 1) / (zero * (last - place))
    return total


extend, unwind, unwound_sum = compiled(_extend), compiled(_unwind), compiled(_unwound_sum)


def _enter(paths: _Paths, row: int, feature: int, zero: float, one: float) -> bool:
    """Make the path of `row` from that above it and one more decision; whether anything can come of it.

    A feature that was decided on before is one decision with both shares: the earlier one is undone first.
    """
    features, zeros, ones, weights, lasts = paths
    last = lasts[row - 1]
    for place in range(last + 1):
        features[row, place] = features[row - 1, place]
        zeros[row, place] = zeros[row - 1, place]
        ones[row, place] = ones[row - 1, place]
        weights[row, place] = weights[row - 1, place]
    for place in range(1, last + 1):
        if features[row, place] == feature:
            zero *= zeros[row, place]
            one *= ones[row, place]
            unwind(weights[row], last, zeros[row, place], ones[row, place])
            for after in range(place, last):
                features[row, after] = features[row, after + 1]
                zeros[row, after] = zeros[row, after + 1]
                ones[row, after] = ones[row, after + 1]
            last -= 1
            break
    last += 1
    features[row, last], zeros[row, last], ones[row, last], weights[row, last] = feature, zero, one, 0.0
    extend(weights[row], last, zero, one)
    lasts[row] = last
    return zero != 0 or one != 0


enter = compiled(_enter)


def _leave(paths: _Paths, row: int, value: float, brought: Floats) -> None:
    """Add what a leaf of `value` brings by each decision on its path to `brought`, shape (columns,)."""
    features, zeros, ones, weights, lasts = paths
    for place in range(1, lasts[row] + 1):
        zero, one = zeros[row, place], ones[row, place]
        brought[features[row, place]] += unwound_sum(weights[row], lasts[row], zero, one) * (one - zero) * value


leave = compiled(_leave)


def _walk(
    paths: _Paths, waiting: npt.NDArray[Any], nodes: npt.NDArray[Any], shares: Floats, x: Floats, brought: Floats
) -> None:
    """Go down one tree, whose root waits first, both ways of each decision; rows of `waiting` are node, row, one."""
    count = 1
    while count:
        count -= 1
        here, row = waiting[count, 0], waiting[count, 1]
        if row > 0 and not enter(paths, row, waiting[count, 3], shares[here], float(waiting[count, 2])):
            continue
        node = nodes[here]
        if node.feature < 0:
            leave(paths, row, node.cut, brought)
            continue
        child = node.missing
        if x[node.feature] <= node.cut:
            child = node.left
        elif x[node.feature] > node.cut:
            child = node.right
        for way in (node.left, node.right):
            waiting[count, 0], waiting[count, 1], waiting[count, 3] = way, row + 1, node.feature
            waiting[count, 2] = 1 if way == child else 0
            count += 1


walk = compiled(_walk)


def _all_brought(
    columns: Floats, nodes: npt.NDArray[Any], roots: npt.NDArray[Any], shares: Floats, depth: int, brought: Floats
) -> None:
    """Add to `brought`, shape (people, columns), what the features of people, in `columns`, bring to all trees."""
    rows = depth + 2
    paths = (
        np.empty((rows, rows), dtype=np.int64),
        np.empty((rows, rows)),
        np.empty((rows, rows)),
        np.empty((rows, rows)),
        np.zeros(rows, dtype=np.int64),
    )
    features, zeros, ones, weights, _ = paths
    features[0, 0], zeros[0, 0], ones[0, 0], weights[0, 0] = -1, 1.0, 1.0, 1.0
    waiting = np.empty((2 * rows, 4), dtype=np.int64)
    for person in range(len(columns)):
        for root in roots:
            waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = root, 0, 1, -1
            walk(paths, waiting, nodes, shares, columns[person], brought[person])


all_brought = compiled(_all_brought)
