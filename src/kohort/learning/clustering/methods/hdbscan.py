"""HDBSCAN (Campello, Moulavi and Sander 2013, PAKDD 7819:160): crowds of any shape and of different densities."""

from typing import Final

import numpy as np
from scipy.spatial import KDTree
from sklearn.cluster import HDBSCAN

from kohort.errors import MethodRefusedError, UsageError
from kohort.learning.clustering.methods.assigners import Neighbours, vectors
from kohort.learning.clustering.methods.fitted import Fitted
from kohort.learning.features.table import Points
from kohort.learning.wording import SEMICOLON

LARGEST_SAMPLE: Final = 20_000
_NEIGHBOURS: Final = 10


def fit_hdbscan(points: Points, *, smallest: int) -> Fitted:
    """Return the clusters of at least `smallest` of `points`, shape (people, features), by excess of mass.

    Others get the cluster of the nearest of these people: none if that one is in none, or if it is farther than any
    of the cluster's people is from their tenth neighbour.

    Raises UsageError beyond 20,000 points, where time grows with their square, MethodRefusedError if there are too few.

    >>> random = np.random.default_rng(0)
    >>> points = np.concatenate([random.normal(0, 1, (50, 2)), random.normal(30, 1, (50, 2))])
    >>> fit_hdbscan(points, smallest=20).assigner.clusters
    2
    """
    if len(points) > LARGEST_SAMPLE:
        raise UsageError(f"HDBSCAN takes a sample of at most {LARGEST_SAMPLE:,} people; got {len(points):,}")
    neighbours = min(_NEIGHBOURS, smallest)
    if len(points) <= max(neighbours, smallest):
        fewest = max(neighbours, smallest)
        raise MethodRefusedError(
            f"HDBSCAN needs more than {fewest} people; got {len(points)}",
            f"HDBSCAN demande plus de {fewest} personnes{SEMICOLON} il y en a {len(points)}",
        )
    found = HDBSCAN(min_cluster_size=smallest, min_samples=neighbours, copy=True).fit(points)
    labels = found.labels_.astype(np.int64)
    clusters = int(labels.max(initial=-1)) + 1
    reach = _core_distances(points, neighbours)
    radii = tuple(float(reach[labels == cluster].max()) for cluster in range(clusters))
    return Fitted(Neighbours(vectors(points), tuple(labels.tolist()), radii), len(points))


def _core_distances(points: Points, neighbours: int) -> Points:
    distances: Points = KDTree(points).query(points, k=[neighbours])[0][:, 0]
    return distances
