"""Silhouettes (Rousseeuw 1987, J. Comput. Appl. Math. 20:53): nearer to one's own cluster than to the next?

Two scales that must never be compared with each other: over squared distances, exact and cheap at any size; and
over plain distances, the one that textbooks quote, from a sample with its standard error.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from kohort.learning.clustering.kmeans import Labels
from kohort.learning.features.table import Points


@dataclass(frozen=True)
class SampledSilhouette:
    """A mean silhouette over plain Euclidean distances, its standard error, and how many people were asked."""

    mean: float
    error: float
    n: int


def squared_silhouette(points: Points, labels: Labels, k: int) -> float:
    """Return the exact mean silhouette over squared Euclidean distances, in time n·k·d.

    The sum of squared distances to a cluster is n|x|² + Σ|y|² − 2x·Σy, so no pair is ever formed. Equals
    `sklearn.metrics.silhouette_score(metric="sqeuclidean")`; people alone in their cluster count 0.

    >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> round(squared_silhouette(points, np.array([0, 0, 1, 1]), 2), 4)
    0.99
    """
    members = np.eye(k)[labels]
    lengths = (points * points).sum(axis=1)
    sums = lengths[:, None] * members.sum(axis=0) + lengths @ members - 2 * points @ (points.T @ members)
    return float(_silhouettes(np.maximum(sums, 0.0), labels, labels, k).mean())


class SilhouetteSample:
    """People drawn once, and their plain distances to everyone, to be asked about one clustering after another.

    >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> sample = SilhouetteSample(points, np.array([0, 1, 2, 3]))
    >>> round(sample.score(np.array([0, 0, 1, 1]), 2).mean, 4)
    0.8997
    """

    def __init__(self, points: Points, asked: npt.NDArray[np.int64]) -> None:
        """Hold the distances of the people at the positions `asked` to all `points`."""
        self._asked = asked
        self._distances = cdist(points[asked], points)

    def score(self, labels: Labels, k: int) -> SampledSilhouette:
        """Return the mean silhouette of the people asked, under `labels` of all points, and its standard error."""
        sums = self._distances @ np.eye(k)[labels]
        scores = _silhouettes(sums, labels[self._asked], labels, k)
        return SampledSilhouette(float(scores.mean()), float(scores.std(ddof=1) / np.sqrt(scores.size)), scores.size)


def _silhouettes(sums: Points, own: Labels, everyone: Labels, k: int) -> npt.NDArray[np.float64]:
    """Return silhouettes from each person's summed distances to every cluster, shape (people, k)."""
    sizes = np.bincount(everyone, minlength=k)
    rows = np.arange(own.size)
    within = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    between = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    between[rows, own] = np.inf
    other = between.min(axis=1)
    largest = np.maximum(within, other)
    alone = (sizes[own] == 1) | (largest == 0) | np.isinf(other)
    scores: npt.NDArray[np.float64] = np.where(alone, 0.0, other - within) / np.where(alone, 1.0, largest)
    return scores
