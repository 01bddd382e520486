"""From pairs to people: what is linked, directly or not, is one, unless two of it must stay apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pair = tuple[int, int]


@dataclass(frozen=True)
class Bridge:
    """A link without which a cluster falls into two parts of two records or more each: look at it first."""

    left: int
    right: int
    probability: float
    sizes: Pair


def clusters_of(records: int, links: Iterable[Pair], apart: Iterable[Pair] = ()) -> npt.NDArray[np.int64]:
    """Return the cluster of each record, shape (records,): the number of its first one.

    `links` are joined in their order, the surest first. A link that would bring two records together which must stay
    `apart` is left out.

    >>> clusters_of(5, [(0, 1), (1, 2), (3, 4)]).tolist()
    [0, 0, 0, 3, 3]
    >>> clusters_of(3, [(0, 1), (1, 2)], apart=[(0, 2)]).tolist()
    [0, 0, 2]
    """
    parents = list(range(records))
    enemies: dict[int, set[int]] = {}
    for one, other in apart:
        enemies.setdefault(one, set()).add(other)
        enemies.setdefault(other, set()).add(one)
    for left, right in links:
        one, other = sorted((_root(parents, left), _root(parents, right)))
        if one == other or other in {_root(parents, foe) for foe in enemies.get(one, ())}:
            continue
        parents[other] = one
        if other in enemies:
            enemies.setdefault(one, set()).update(enemies.pop(other))
    return np.array([_root(parents, record) for record in range(records)], dtype=np.int64)


def bridges_of(clusters: npt.NDArray[np.int64], links: Sequence[Pair], probabilities: Sequence[float]) -> list[Bridge]:
    """Return the links whose removal splits a cluster into two parts of two or more records, the weakest first.

    Tarjan 1974, Information Processing Letters 2:160, without recursion; links between clusters do not count.

    >>> chain = [(0, 1), (1, 2), (2, 3)]
    >>> [(one.left, one.right, one.sizes) for one in bridges_of(np.array([0, 0, 0, 0]), chain, [0.99, 0.9, 0.99])]
    [(1, 2, (2, 2))]
    """
    beside: dict[int, list[tuple[int, int]]] = {}
    for number, (one, other) in enumerate(links):
        if clusters[one] == clusters[other]:
            beside.setdefault(one, []).append((other, number))
            beside.setdefault(other, []).append((one, number))
    found = []
    order: dict[int, int] = {}
    for start in beside:
        if start not in order:
            found += _bridges_from(start, beside, order)
    made = [
        Bridge(*links[number], float(probabilities[number]), (whole - below, below))
        for number, below, whole in found
        if min(below, whole - below) > 1
    ]
    return sorted(made, key=lambda one: (one.probability, one.left, one.right))


def _bridges_from(
    start: int, beside: dict[int, list[tuple[int, int]]], order: dict[int, int]
) -> list[tuple[int, int, int]]:
    """Return the bridges of one component: the link's number, the records beyond it, and those of the component."""
    lowest: dict[int, int] = {}
    sizes: dict[int, int] = {}
    found = []
    order[start] = lowest[start] = len(order)
    stack = [(start, -1, iter(beside[start]))]
    while stack:
        node, came_by, rest = stack[-1]
        sizes.setdefault(node, 1)
        for other, number in rest:
            if number == came_by:
                continue
            if other in order:
                lowest[node] = min(lowest[node], order[other])
                continue
            order[other] = lowest[other] = len(order)
            stack.append((other, number, iter(beside[other])))
            break
        else:
            stack.pop()
            if stack:
                above = stack[-1][0]
                lowest[above] = min(lowest[above], lowest[node])
                sizes[above] += sizes[node]
                if lowest[node] > order[above]:
                    found.append((came_by, sizes[node]))
    return [(number, below, sizes[start]) for number, below in found]


def _root(parents: list[int], record: int) -> int:
    while parents[record] != record:
        parents[record] = parents[parents[record]]
        record = parents[record]
    return record
