"""k-means: centroids that make the squared distances of points to their nearest centroid small (Lloyd 1982)."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from kohort.learning.features.table import Points

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Clustering:
    """Centroids, shape (k, features), and the sum of squared distances of the fitted points to the nearest."""

    centroids: Points
    inertia: float


def fit_fresh(points: Points, k: int, *, starts: int, seed: int, tolerance: float = 1e-4) -> Clustering:
    """Return the best of several k-means++ starts (Arthur and Vassilvitskii 2007).

    `tolerance` stops a start once centroids move less than this share of the features' variance.

    >>> fit_fresh(np.array([[0.0], [1.0], [10.0], [11.0]]), 2, starts=3, seed=0).inertia
    1.0
    """
    return _fit(KMeans(k, n_init=starts, tol=tolerance, random_state=seed), points)


def fit_from(points: Points, centroids: Points, *, passes: int = 300, tolerance: float = 1e-4) -> Clustering:
    """Improve given centroids by at most `passes` passes over `points`.

    >>> fit_from(np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([[0.0], [9.0]])).centroids.ravel().tolist()
    [0.5, 10.5]
    """
    return _fit(KMeans(len(centroids), init=centroids, n_init=1, max_iter=passes, tol=tolerance), points)


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


def _fit(estimator: KMeans, points: Points) -> Clustering:
    with warnings.catch_warnings():
        # Fewer distinct points than clusters: the empty cluster shows as unstable, no warning is needed.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(points)
    return Clustering(np.asarray(estimator.cluster_centers_, dtype=np.float64), float(estimator.inertia_))
