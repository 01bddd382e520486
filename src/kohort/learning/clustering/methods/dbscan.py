"""DBSCAN (Ester, Kriegel, Sander and Xu 1996, KDD 96:226): clusters are crowds that hold together.

A person with enough neighbours within a radius is a core; cores within reach of one another form a cluster; whoever
is near no core is in no cluster. The radius is read off the data, and a radius that would relate too many pairs of
people is refused before any memory is taken.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist
from sklearn.cluster import DBSCAN

from kohort.errors import MethodRefusedError
from kohort.learning.clustering.elbow import elbow
from kohort.learning.clustering.methods.assigners import Neighbours, vectors
from kohort.learning.clustering.methods.fitted import Fitted
from kohort.learning.features.table import Points
from kohort.learning.wording import COLON, SEMICOLON, number

LARGEST_PAIRS: Final = 40_000_000
_ASKED: Final = 500
_BLOCK: Final = 8_192
_CURVE: Final = 200


@dataclass(frozen=True, eq=False)
class DistanceCurve:
    """The distance to the k-th neighbour of a sample, ascending, at evenly spaced ranks, and where it bends upwards.

    `distances` is float64 of shape (points of the curve,); `eps` is the distance at the knee.
    """

    neighbours: int
    distances: npt.NDArray[np.float64]
    eps: float


def fewest_neighbours(features: int) -> int:
    """Return how many neighbours make a core: twice the dimensions (Sander et al. 1998, DMKD 2:169), at least 5.

    >>> fewest_neighbours(1), fewest_neighbours(6)
    (5, 12)
    """
    return max(5, 2 * features)


def distance_curve(points: Points, neighbours: int) -> DistanceCurve:
    """Return the curve of distances to the k-th neighbour of `points`, shape (people, features), and its knee.

    The knee is found by Kneedle (see `clustering.elbow`) on the curve turned round, so that it falls: before it
    people live in crowds, past it they live alone. Without a knee `eps` is the median distance.

    Raises MethodRefusedError unless there are more people than neighbours.

    >>> distance_curve(np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [50.0]]), 1).eps
    1.0
    """
    if len(points) <= neighbours:
        raise MethodRefusedError(
            f"a distance to the {neighbours}th neighbour needs more people; got {len(points)}",
            f"une distance au voisin numéro {neighbours} demande plus de personnes{SEMICOLON} il y en a {len(points)}",
        )
    furthest = np.sort(KDTree(points).query(points, k=[neighbours + 1])[0][:, 0])
    ranks = np.unique(np.linspace(0, len(furthest) - 1, _CURVE).round().astype(np.int64))
    curve = furthest[ranks]
    falling = curve[::-1].tolist()
    bend = elbow([int(rank) for rank in ranks], falling)
    eps = float(np.median(furthest)) if bend is None else falling[int(np.searchsorted(ranks, bend))]
    return DistanceCurve(neighbours, curve, float(eps))


def estimated_pairs(points: Points, eps: float, *, seed: int) -> int:
    """Return how many pairs of people, each counted from both sides, live within `eps`, from a sample of 500.

    >>> estimated_pairs(np.array([[0.0], [1.0], [9.0]]), 2.0, seed=0)
    5
    """
    asked = points[np.random.default_rng(seed).permutation(len(points))[:_ASKED]]
    found = sum(
        int((cdist(asked, points[begin : begin + _BLOCK]) <= eps).sum()) for begin in range(0, len(points), _BLOCK)
    )
    return round(found / len(asked) * len(points))


def fit_dbscan(
    points: Points, *, eps: float | None = None, neighbours: int | None = None, seed: int, largest: int = LARGEST_PAIRS
) -> Fitted:
    """Return the clusters of `points`, shape (people, features), within `eps`, by default the knee of the curve.

    People who are no core themselves get the cluster of the nearest core within `eps`.

    Raises MethodRefusedError if more than `largest` pairs of neighbours are predicted, or most people are at one place.

    >>> points = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2], [50.0]])
    >>> fit_dbscan(points, eps=1.0, neighbours=3, seed=0).assigner.assign(points).tolist()
    [0, 0, 0, 1, 1, 1, -1]
    """
    wanted = fewest_neighbours(points.shape[1]) if neighbours is None else neighbours
    radius = distance_curve(points, wanted).eps if eps is None else eps
    if radius <= 0:
        raise MethodRefusedError(
            "DBSCAN needs people at different places; here most stand at the same: take fewer features",
            "DBSCAN demande des personnes à des endroits différents, or la plupart sont ici au même"
            f"{COLON} prenez moins de traits",
        )
    pairs = estimated_pairs(points, radius, seed=seed)
    if pairs > largest:
        raise MethodRefusedError(
            f"DBSCAN within {radius:.3g} would relate about {pairs:,} pairs of {len(points):,} people, and at most "
            f"{largest:,} are allowed; take a smaller radius, fewer people, or HDBSCAN",
            f"DBSCAN, avec un rayon de {number(radius, 2).fr}, relierait environ {number(pairs).fr} paires de "
            f"{number(len(points)).fr} personnes, et {number(largest).fr} au plus sont permises{SEMICOLON} prenez un "
            f"rayon plus petit, moins de personnes, ou HDBSCAN",
        )
    found = DBSCAN(eps=radius, min_samples=wanted).fit(points)
    cores = found.core_sample_indices_
    labels = found.labels_[cores]
    reach = (radius,) * (int(labels.max(initial=-1)) + 1)
    return Fitted(Neighbours(vectors(points[cores]), tuple(labels.tolist()), reach), len(points))
