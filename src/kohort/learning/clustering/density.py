"""Are clusters of any shape crowds with emptier space between them?"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from kohort.learning.clustering.match import Labels
from kohort.learning.features.table import Points

_FEWEST: Final = 3
_TIES: Final = 1e-6
TRIMMED: Final = 0.95


def density_validity(points: Points, labels: Labels) -> float:
    """Return how much denser clusters are inside than between them, from -1 to 1 (DBCV: Moulavi et al. 2014, SDM).

    `points`, shape (people, features); `labels` of -1 are in no cluster and count 0, as do clusters of fewer than
    three people. Each person has a core distance from everyone in the cluster (definition 1); along the minimum
    spanning tree of a cluster the sparsest inner edge is compared with the nearest inner person of another cluster
    (definitions 5 and 6). Holds every pair: give a sample of at most a few thousand.

    >>> points = np.concatenate([np.arange(5.0), 50 + np.arange(5.0)])[:, None]
    >>> round(density_validity(points, np.repeat([0, 1], 5)), 2)
    0.97
    """
    members = [np.nonzero(labels == cluster)[0] for cluster in range(int(labels.max(initial=-1)) + 1)]
    members = [people for people in members if len(people) >= _FEWEST]
    if len(members) < 2:  # noqa: PLR2004 - one cluster has nothing to be apart from
        return 0.0
    cores, inner, sparseness = [], [], []
    for people in members:
        distances = cdist(points[people], points[people])
        core = _core_distances(distances, points.shape[1])
        reach = np.maximum(distances, np.maximum(core[:, None], core))
        inside, sparsest = _inner_tree(reach, distances)
        inner.append(people[inside])
        cores.append(core[inside])
        sparseness.append(sparsest)
    apart = _separations(points, inner, cores)
    worth = 0.0
    for people, separation, sparsest in zip(members, apart, sparseness, strict=True):
        worth += len(people) / len(points) * (separation - sparsest) / (max(separation, sparsest) or 1.0)
    return float(worth)


def _core_distances(distances: Points, features: int) -> npt.NDArray[np.float64]:
    """Return ((Σ (1/distance)^features) / (people − 1))^(−1/features) over the others, 0 where somebody is at 0."""
    others = np.where(np.eye(len(distances), dtype=bool), np.inf, distances)
    nearest = others.min(axis=1)
    # Divided by the nearest distance first, so that a power of twenty dimensions does not overflow.
    scale = np.where(nearest > 0, nearest, 1.0)
    ratios = np.where(nearest[:, None] > 0, scale[:, None] / np.where(others > 0, others, np.inf), 0.0)
    means = (ratios**features).sum(axis=1) / (len(distances) - 1)
    core: npt.NDArray[np.float64] = np.where(nearest > 0, scale * np.where(means > 0, means, 1.0) ** (-1 / features), 0)
    return core


def _inner_tree(reach: Points, distances: Points) -> tuple[npt.NDArray[np.bool_], float]:
    """Return who is no leaf of the minimum spanning tree (Prim 1957), and the longest edge between two such.

    Many edges are as long as a core distance: of equal ones the tree takes that of the nearer people.
    """
    people = len(reach)
    weights = reach + _TIES * distances
    edges = np.empty((people - 1, 2), dtype=np.int64)
    waiting = np.ones(people, dtype=bool)
    waiting[0] = False
    nearest, source = weights[0].copy(), np.zeros(people, dtype=np.int64)
    for step in range(people - 1):
        new = int(np.where(waiting, nearest, np.inf).argmin())
        edges[step] = source[new], new
        waiting[new] = False
        closer = weights[new] < nearest
        nearest[closer], source[closer] = weights[new][closer], new
    inside = np.bincount(edges.ravel(), minlength=people) > 1
    between = inside[edges].all(axis=1)
    lengths = reach[edges[:, 0], edges[:, 1]]
    return inside, float(np.quantile(lengths[between] if between.any() else lengths, TRIMMED))


def _separations(
    points: Points, inner: list[npt.NDArray[np.int64]], cores: list[npt.NDArray[np.float64]]
) -> npt.NDArray[np.float64]:
    nearest = np.full(len(inner), np.inf)
    for one in range(len(inner)):
        for other in range(one + 1, len(inner)):
            distances = cdist(points[inner[one]], points[inner[other]])
            reach = float(np.maximum(distances, np.maximum(cores[one][:, None], cores[other])).min())
            nearest[one], nearest[other] = min(nearest[one], reach), min(nearest[other], reach)
    return nearest
