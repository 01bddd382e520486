"""k-means: centroids that make the squared distances of points to their nearest centroid small (Lloyd 1982).

Points are on one scale, so 32-bit numbers hold all that a centroid can mean, in half of the memory and time. Choosing a
number of clusters fits hundreds of small samples; scikit-learn's `KMeans`, which the tests hold this to, spends most of
such a fit before its first pass.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.features.table import Points

Labels = npt.NDArray[np.int64]
_Single = npt.NDArray[np.float32]

_PASSES: Final = 300
_TRIED: Final = 6
_OF_WHICH_ONE: Final = 3
_BLOCK: Final = 8_192
_SEEDED: Final = 2_000
"""How many points the first centroids are drawn from: enough to meet every cluster worth finding."""


@dataclass(frozen=True, eq=False)
class Clustering:
    """Centroids, shape (k, features), and the sum of squared distances of the fitted points to the nearest."""

    centroids: Points
    inertia: float


def fit_fresh(points: Points, k: int, *, starts: int, seed: int, tolerance: float = 1e-4) -> Clustering:
    """Return the best of several greedy k-means++ starts (Arthur and Vassilvitskii 2007), each on another sample.

    After a few passes the better third of the starts goes on. `tolerance` stops a start once centroids move less than
    this share of the features' variance.

    >>> fit_fresh(np.array([[0.0], [1.0], [10.0], [11.0]]), 2, starts=3, seed=0).inertia
    1.0
    """
    random = np.random.default_rng(seed)
    own = np.asarray(points, dtype=np.float32)
    begun = [_improved(own, _first_centroids(own, k, random), _TRIED, tolerance) for _ in range(starts)]
    best = sorted(begun, key=lambda one: one.inertia)[: -(-starts // _OF_WHICH_ONE)]
    return min((_improved(own, one.centroids, _PASSES, tolerance) for one in best), key=lambda one: one.inertia)


def fit_from(points: Points, centroids: Points, *, passes: int = _PASSES, tolerance: float = 1e-4) -> Clustering:
    """Improve given centroids by at most `passes` passes over `points`.

    >>> fit_from(np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([[0.0], [9.0]])).centroids.ravel().tolist()
    [0.5, 10.5]
    """
    return _improved(np.asarray(points, dtype=np.float32), centroids, passes, tolerance)


def nearest(points: Points, centroids: Points) -> Labels:
    """Return the index of each point's nearest centroid; of equally near ones, the first.

    >>> nearest(np.array([[1.0], [8.0]]), np.array([[0.0], [9.0]])).tolist()
    [0, 1]
    """
    labels: Labels = np.argmin(_relative_distances(points, centroids), axis=1)
    return labels


def inertia(points: Points, centroids: Points) -> float:
    """Return the sum of squared distances of `points` to their nearest centroid.

    >>> inertia(np.array([[1.0], [8.0]]), np.array([[0.0], [9.0]]))
    2.0
    """
    return float((points * points).sum() + _relative_distances(points, centroids).min(axis=1).sum())


def _relative_distances(points: Points, centroids: Points) -> Points:
    # |x − c|² less |x|², which is the same for every centroid.
    distances: Points = (centroids * centroids).sum(axis=1) - 2 * points @ centroids.T
    return distances


def _first_centroids(points: _Single, k: int, random: np.random.Generator) -> Points:
    """Draw points far from each other: each the best of a few drawn in proportion to their squared distance."""
    seeded = points[random.permutation(len(points))[:_SEEDED]] if len(points) > _SEEDED else points
    lengths = (seeded * seeded).sum(axis=1)
    trials = 2 + int(np.log(k))
    chosen = [int(random.integers(len(seeded)))]
    closest = np.maximum(lengths + lengths[chosen[0]] - 2 * (seeded @ seeded[chosen[0]]), 0)
    for _ in range(1, k):
        drawn = np.searchsorted(
            np.cumsum(closest, dtype=np.float64), random.random(trials) * closest.sum(dtype=np.float64)
        )
        drawn = np.minimum(drawn, len(seeded) - 1)
        away = lengths[drawn, None] + lengths - 2 * (seeded[drawn] @ seeded.T)
        reached = np.minimum(np.maximum(away, 0), closest)
        best = int(reached.sum(axis=1).argmin())
        chosen.append(int(drawn[best]))
        closest = reached[best]
    return seeded[chosen].astype(np.float64)


def _improved(points: _Single, centroids: Points, passes: int, tolerance: float) -> Clustering:
    """Move each centroid to the mean of the points nearest to it, until hardly any moves."""
    lengths = np.einsum("ij,ij->i", points, points)
    enough = tolerance * float(points.var(axis=0, dtype=np.float64).mean())
    moved = centroids
    for _ in range(passes):
        sums, sizes, closest = _pass(points, moved)
        for cluster in np.flatnonzero(sizes == 0):
            # A cluster that nobody is nearest to begins again at whoever is farthest from their own.
            alone = int((closest + lengths).argmax())
            sums[cluster], sizes[cluster], closest[alone] = points[alone], 1, -lengths[alone]
        before, moved = moved, sums / sizes[:, None]
        if float(((moved - before) ** 2).sum()) <= enough:
            break
    _, _, closest = _pass(points, moved)
    return Clustering(moved, max(float((closest + lengths).sum(dtype=np.float64)), 0.0))


def _pass(points: _Single, centroids: Points) -> tuple[Points, npt.NDArray[np.int64], _Single]:
    """Return, by cluster, the sum of the points nearest to it and how many they are, and each point's distance.

    Of equally near centroids the first counts; distances are squared, less the squared length of the point.
    """
    k, features = centroids.shape
    starts = (centroids * centroids).sum(axis=1).astype(np.float32)[:, None]
    weights = (-2 * centroids).astype(np.float32)
    sums, sizes = np.zeros((k, features)), np.zeros(k, dtype=np.int64)
    closest = np.empty(len(points), dtype=np.float32)
    for begin in range(0, len(points), _BLOCK):
        block = points[begin : begin + _BLOCK]
        distances = weights @ block.T
        distances += starts
        least = distances.min(axis=0, out=closest[begin : begin + len(block)])
        members = distances == least
        counts = np.count_nonzero(members, axis=1)
        if counts.sum() > len(block):
            members &= np.cumsum(members, axis=0) == 1
            counts = np.count_nonzero(members, axis=1)
        sums += members.astype(np.float32) @ block
        sizes += counts
    return sums, sizes, closest
