"""Plain parameters that give anybody their cluster: today in a batch, later alone, always the same.

Each assigner is a frozen dataclass of tuples of numbers, so that it is stored as JSON without pickle. Label -1 means
in no cluster.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from kohort.errors import ProjectError
from kohort.learning.clustering.nearest import nearest_in_order
from kohort.learning.features.table import Points

Labels = npt.NDArray[np.int64]
Vectors = tuple[tuple[float, ...], ...]

_BLOCK: Final = 65_536

OUTSIDE: Final = -1
"""The label of people in no cluster."""


def vectors(points: Points) -> Vectors:
    """Return an array of two dimensions as tuples of plain numbers.

    >>> vectors(np.array([[1.0, 2.0]]))
    ((1.0, 2.0),)
    """
    return tuple(map(tuple, points.tolist()))


@dataclass(frozen=True)
class Centroids:
    """Everyone belongs to the nearest centroid; of equally near ones, to the first.

    >>> Centroids(((0.0,), (9.0,))).assign(np.array([[1.0], [8.0]])).tolist()
    [0, 1]
    """

    kind: ClassVar[str] = "centroids"
    centroids: Vectors

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return len(self.centroids)

    def assign(self, points: Points) -> Labels:
        """Return the cluster of each of `points`, shape (people, features): int64 of shape (people,)."""
        return nearest_in_order(points, np.array(self.centroids))

    def renumbered(self, order: npt.NDArray[np.int64]) -> "Centroids":
        """Return the same assigner in which cluster `order[0]` is 0, `order[1]` is 1, and so on."""
        return Centroids(tuple(self.centroids[one] for one in order))

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Centroids":
        """Build from decoded JSON; raises TypeError, KeyError or ValueError for anything else."""
        return cls(_vectors(record["centroids"]))


@dataclass(frozen=True)
class Mixture:
    """Everyone belongs to the normal component most likely to have made them (McLachlan and Peel 2000, section 1.15).

    `log_weights`, one per component; `means`, shape (components, features); `roots`, shape (components, features,
    features): upper triangular R with RRᵀ the inverse covariance.

    >>> wide = Mixture((-0.7, -0.7), ((0.0,), (9.0,)), (((1.0,),), ((0.2,),)))
    >>> points = np.array([[1.0], [4.0]])
    >>> wide.assign(points).tolist(), wide.memberships(points).round(2).tolist()
    ([0, 1], [[0.92, 0.08], [0.0, 1.0]])
    """

    kind: ClassVar[str] = "mixture"
    log_weights: tuple[float, ...]
    means: Vectors
    roots: tuple[Vectors, ...]

    @property
    def clusters(self) -> int:
        """How many components there are."""
        return len(self.means)

    @property
    def constants(self) -> tuple[float, ...]:
        """For each component, log(weight · density) at its mean."""
        return tuple(
            log_weight + float(np.log(np.diag(np.array(root))).sum()) - len(root) / 2 * float(np.log(2 * np.pi))
            for log_weight, root in zip(self.log_weights, self.roots, strict=True)
        )

    def assign(self, points: Points) -> Labels:
        """Return the likeliest component of each of `points`, shape (people, features): int64 of shape (people,)."""
        labels = np.empty(len(points), dtype=np.int64)
        for begin in range(0, len(points), _BLOCK):
            labels[begin : begin + _BLOCK] = self._scores(points[begin : begin + _BLOCK]).argmax(axis=1)
        return labels

    def memberships(self, points: Points) -> Points:
        """Return the probability of each component for each of `points`, shape (people, components)."""
        scores = self._scores(points)
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        shares: Points = odds / odds.sum(axis=1, keepdims=True)
        return shares

    def log_density(self, points: Points) -> npt.NDArray[np.float64]:
        """Return the log density of the mixture at each of `points`, shape (people,)."""
        scores = self._scores(points)
        highest = scores.max(axis=1)
        density: npt.NDArray[np.float64] = highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1))
        return density

    def renumbered(self, order: npt.NDArray[np.int64]) -> "Mixture":
        """Return the same assigner in which component `order[0]` is 0, `order[1]` is 1, and so on."""
        return Mixture(
            tuple(self.log_weights[one] for one in order),
            tuple(self.means[one] for one in order),
            tuple(self.roots[one] for one in order),
        )

    def _scores(self, points: Points) -> Points:
        """Return log(weight · density) of each component, added feature by feature for the same bits at any size."""
        features = points.shape[1]
        scores = np.empty((len(points), self.clusters))
        for component, (constant, mean, rows) in enumerate(zip(self.constants, self.means, self.roots, strict=True)):
            root = np.array(rows)
            centred = points - np.array(mean)
            quadratic = np.zeros(len(points))
            for column in range(features):
                projected = np.zeros(len(points))
                for row in range(column + 1):
                    projected += centred[:, row] * root[row, column]
                quadratic += projected * projected
            scores[:, component] = constant - quadratic / 2
        return scores

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Mixture":
        """Build from decoded JSON; raises TypeError, KeyError or ValueError for anything else."""
        roots = tuple(_vectors(root) for root in record["roots"])
        return cls(tuple(map(float, record["log_weights"])), _vectors(record["means"]), roots)


@dataclass(frozen=True)
class Neighbours:
    """Everyone belongs to the cluster of the nearest known person, or to none if that one is too far or in none.

    `points` and `labels` are the known people; `radii`, one per cluster, say how far a cluster reaches, None without
    limit. Core points with one radius are DBSCAN's rule; without limit it is the nearest neighbour's.

    >>> rule = Neighbours(((0.0,), (9.0,)), (0, 1), (2.0, None))
    >>> rule.assign(np.array([[1.0], [4.0], [8.0], [99.0]])).tolist()
    [0, -1, 1, 1]
    """

    kind: ClassVar[str] = "neighbours"
    points: Vectors
    labels: tuple[int, ...]
    radii: tuple[float | None, ...]

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return len(self.radii)

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import KDTree  # noqa: PLC0415 - loading a model must not load SciPy

        return KDTree(np.array(self.points))

    def assign(self, points: Points) -> Labels:
        """Return the cluster of each of `points`, shape (people, features), or -1: int64 of shape (people,)."""
        if not self.clusters:
            return np.full(len(points), OUTSIDE, dtype=np.int64)
        distances, positions = self._tree.query(points)
        labels: Labels = np.array(self.labels, dtype=np.int64)[positions]
        radii = np.array([np.inf if radius is None else radius for radius in self.radii])
        labels[distances > np.where(labels < 0, np.inf, radii[labels])] = OUTSIDE
        return labels

    def renumbered(self, order: npt.NDArray[np.int64]) -> "Neighbours":
        """Return the same assigner in which cluster `order[0]` is 0, `order[1]` is 1, and so on."""
        place = {int(old): new for new, old in enumerate(order)} | {OUTSIDE: OUTSIDE}
        radii = tuple(self.radii[one] for one in order)
        return Neighbours(self.points, tuple(place[label] for label in self.labels), radii)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Neighbours":
        """Build from decoded JSON; raises TypeError, KeyError or ValueError for anything else."""
        radii = tuple(None if radius is None else float(radius) for radius in record["radii"])
        return cls(_vectors(record["points"]), tuple(map(int, record["labels"])), radii)


NOBODY: Final = Neighbours((), (), ())
"""Puts nobody in any cluster."""

Assigner = Centroids | Mixture | Neighbours

_KINDS: Final[dict[str, type[Assigner]]] = {one.kind: one for one in (Centroids, Mixture, Neighbours)}


def assigner_of(kind: str, record: dict[str, Any]) -> Assigner:
    """Build the assigner of a kind from decoded JSON.

    Raises ProjectError for a kind that this version does not know, TypeError, KeyError or ValueError for a record
    that is none.
    """
    if kind not in _KINDS:
        raise ProjectError(f"cluster model with an assigner of the kind {kind!r}; known: {', '.join(_KINDS)}")
    return _KINDS[kind].from_record(record)


def _vectors(rows: list[list[float]]) -> Vectors:
    return tuple(tuple(map(float, row)) for row in rows)
