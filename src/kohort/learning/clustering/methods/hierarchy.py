"""Hierarchical clustering: a tree of merges, cut where one likes; how far the tree can be believed."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import pdist

from kohort.definitions.clusters import Method
from kohort.errors import UsageError
from kohort.learning.clustering.methods.assigners import Assigner, Centroids, Labels, Neighbours, vectors
from kohort.learning.clustering.methods.ward import ward_linkage
from kohort.learning.features.table import Points

Tree = npt.NDArray[np.float64]
"""Merges in SciPy's format, float64 of shape (people - 1, 4): two clusters, height, people."""

LARGEST_SAMPLE: Final = {Method.WARD: 20_000, Method.COMPLETE: 5_000, Method.AVERAGE: 5_000}
"""How many people a tree is grown on at most: Ward's in little memory, others hold every pair."""

LARGEST_COPHENETIC: Final = 5_000
_MERGES_SHOWN: Final = 30


@dataclass(frozen=True)
class Merge:
    """Two branches that meet: their numbers (leaves first, then merges), the height, and how many people they hold."""

    left: int
    right: int
    height: float
    people: int


@dataclass(frozen=True)
class Dendrogram:
    """The top of a tree, to be drawn: people on each leaf, and the merges above, the highest last.

    `cophenetic` is the correlation of the heights at which people meet with their distances (Sokal and Rohlf 1962,
    Taxon 11:33), on `cophenetic_people` people; `people` is how many the tree was grown on.
    """

    method: str
    leaves: tuple[int, ...]
    merges: tuple[Merge, ...]
    people: int
    cophenetic: float
    cophenetic_people: int


def grow_tree(points: Points, method: Method) -> Tree:
    """Return the merges of Ward's method, complete or average linkage of `points`, shape (people, features).

    Raises UsageError beyond the largest sample of the method, or for a method that grows no tree.

    >>> grow_tree(np.array([[0.0], [1.0], [5.0]]), Method.AVERAGE)[:, 2].tolist()
    [1.0, 4.5]
    """
    if method not in LARGEST_SAMPLE:
        raise UsageError(f"{method} grows no tree; those that do: {', '.join(LARGEST_SAMPLE)}")
    if not 2 <= len(points) <= LARGEST_SAMPLE[method]:  # noqa: PLR2004 - one person is no tree
        raise UsageError(f"a {method} tree takes 2 to {LARGEST_SAMPLE[method]:,} people, a sample; got {len(points):,}")
    if method is Method.WARD:
        return ward_linkage(points)
    tree: Tree = linkage(points, method.value)
    return tree


def cut_tree(tree: Tree, k: int) -> Labels:
    """Return the clusters of everyone in a tree cut into at most `k`, int64 of shape (people,).

    >>> cut_tree(grow_tree(np.array([[0.0], [1.0], [5.0]]), Method.WARD), 2).tolist()
    [0, 0, 1]
    """
    labels: Labels = fcluster(tree, k, criterion="maxclust").astype(np.int64) - 1
    return labels


def tree_assigner(points: Points, labels: Labels, method: Method) -> Assigner:
    """Return what gives others the clusters of a cut tree: Ward's by the nearest mean, else by the nearest person.

    >>> points = np.array([[0.0], [1.0], [5.0]])
    >>> tree_assigner(points, np.array([0, 0, 1]), Method.WARD)
    Centroids(centroids=((0.5,), (5.0,)))
    """
    clusters = int(labels.max()) + 1
    if method is Method.WARD:
        return Centroids(vectors(np.stack([points[labels == cluster].mean(axis=0) for cluster in range(clusters)])))
    return Neighbours(vectors(points), tuple(labels.tolist()), (None,) * clusters)


def cophenetic_correlation(points: Points, method: Method) -> float:
    """Return the correlation of the heights at which people meet in the tree with their distances.

    Raises UsageError beyond 5,000 people: every pair is held.

    >>> round(cophenetic_correlation(np.array([[0.0], [1.0], [5.0]]), Method.AVERAGE), 3)
    0.971
    """
    if len(points) > LARGEST_COPHENETIC:
        raise UsageError(f"a cophenetic correlation takes at most {LARGEST_COPHENETIC:,} people; got {len(points):,}")
    return _correlation(points, grow_tree(points, method))


def _correlation(points: Points, tree: Tree) -> float:
    return float(cophenet(tree, pdist(points))[0])


def dendrogram(points: Points, tree: Tree, method: Method, *, merges: int = _MERGES_SHOWN) -> Dendrogram:
    """Return the top `merges` merges of the `tree` of `points`, to be drawn, with the cophenetic correlation.

    The correlation is that of the first 5,000 people; give them in random order.

    >>> points = np.array([[0.0], [1.0], [5.0], [6.0], [20.0]])
    >>> top = dendrogram(points, grow_tree(points, Method.AVERAGE), Method.AVERAGE, merges=2)
    >>> top.leaves, [(one.left, one.right, one.height, one.people) for one in top.merges]
    ((1, 2, 2), [(1, 2, 5.0, 4), (0, 3, 17.0, 5)])
    """
    people = len(points)
    shown = tree[-merges:]
    first = people + len(tree) - len(shown)
    below = sorted({int(branch) for branch in shown[:, :2].ravel() if branch < first})
    numbers = {branch: number for number, branch in enumerate(below)}
    leaves = tuple(1 if branch < people else int(tree[branch - people, 3]) for branch in below)
    made = []
    for position, (one, other, height, size) in enumerate(shown.tolist()):
        left, right = sorted((numbers[int(one)], numbers[int(other)]))
        made.append(Merge(left, right, height, int(size)))
        numbers[first + position] = len(below) + position
    some = points[:LARGEST_COPHENETIC]
    agreed = _correlation(points, tree) if len(some) == people else cophenetic_correlation(some, method)
    return Dendrogram(method.value, leaves, tuple(made), people, agreed, len(some))
