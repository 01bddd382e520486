"""Is there a valley between two clusters, or does a crowd live on their border?"""

import numpy as np
import numpy.typing as npt

from kohort.learning.clustering.kmeans import Labels
from kohort.learning.features.table import Points

_NARROW = 0.1  # half the width of the slices, as a share of the way from centre to centre


def border_density(points: Points, labels: Labels, centroids: Points) -> npt.NDArray[np.float64]:
    """Return, for each pair of clusters, people at their border per person at the emptier centre, shape (k, k).

    The members of both are seen along the straight line between the centroids: slices of a fifth of the way around
    its middle, and around each centre. Two groups are apart if the density falls between them (Ray and Lindsay
    2005, Annals of Statistics 33:2042): near 0 is a deep valley, 1 and more is a continuum that k-means has cut.
    The diagonal is 0.

    >>> points = np.array([[0.0], [0.1], [0.2], [9.9], [10.0], [10.1]])
    >>> border_density(points, np.array([0, 0, 0, 1, 1, 1]), np.array([[0.1], [10.0]])).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    k = len(centroids)
    density = np.zeros((k, k))
    members = [points[labels == cluster] for cluster in range(k)]
    for one in range(k):
        for other in range(one + 1, k):
            way = centroids[other] - centroids[one]
            length = float(way @ way) or 1.0
            steps = [(members[cluster] - centroids[one]) @ way / length for cluster in (one, other)]
            position = np.concatenate(steps)
            border, start, end = (int((np.abs(position - middle) < _NARROW).sum()) for middle in (0.5, 0.0, 1.0))
            density[one, other] = density[other, one] = border / max(min(start, end), 1)
    return density
