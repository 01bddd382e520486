"""Do people who were left out of the search fall into the same clusters?

The bootstrap asks whether clusters come back; its people were also used to find them. Here a fifth of the people at a
time is left out, clusters are sought among the others, and those left out are given to both clusterings (Tibshirani and
Walther 2005, Cluster validation by prediction strength, JCGS 14:511, with the Jaccard similarity in place of pairs).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from kohort.errors import UsageError
from kohort.learning.clustering.kmeans import Labels, fit_fresh, fit_from, nearest
from kohort.learning.clustering.match import cluster_stability
from kohort.learning.clustering.methods.assigners import Assigner
from kohort.learning.features.table import Points
from kohort.stats.intervals import Interval

Assign = Callable[[Points], Labels]

FOLDS: Final = 5
LARGEST: Final = 10_000
"""The most people whose folds are looked at."""

LARGEST_OF_ANY: Final = 5_000
"""The same for methods other than k-means, which take longer."""

_STARTS: Final = 2
_ROUGH: Final = 1e-3


def fold_stability(
    points: Points, labels: Labels, fit: Callable[[Points], Assign], *, seed: int, folds: int = FOLDS
) -> tuple[Interval, ...]:
    """Return, per cluster of `labels`, how alike it is among people left out: the mean Jaccard over the folds.

    `points` has shape (people, features); `labels`, int64 of shape (people,), number clusters from 0, -1 is in none.
    `fit` seeks clusters among some people, and gives others theirs. `low` and `high` are the worst and the best fold,
    and n is their number. Raises UsageError for fewer than two folds, or fewer people than folds.

    >>> points = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]])
    >>> threshold = lambda some: lambda others: (others[:, 0] > some.mean()).astype(np.int64)
    >>> [one.estimate for one in fold_stability(points, np.array([0, 0, 0, 1, 1, 1]), threshold, seed=1, folds=3)]
    [1.0, 1.0]
    """
    people = len(points)
    if not 2 <= folds <= people:  # noqa: PLR2004 - one fold leaves nobody to learn from
        raise UsageError(f"{people} people cannot be divided into {folds} folds; take at least two, of a person each")
    k = int(labels.max()) + 1
    fold = np.random.default_rng(seed).permutation(people) % folds
    similarities = np.stack([_left_out(points, labels, fit, fold == number, k) for number in range(folds)])
    return tuple(
        Interval(float(np.nanmean(one)), float(np.nanmin(one)), float(np.nanmax(one)), folds) for one in similarities.T
    )


def k_means_folds(points: Points, labels: Labels, centroids: Points, *, seed: int) -> tuple[Interval, ...]:
    """Return the same of k-means: each fold keeps the better of a fresh solution and one that begins with `centroids`.

    Of more than `LARGEST` people a sample is taken, drawn by `seed`. Runs on one thread.

    >>> points = np.array([[0.0], [0.1], [0.2], [0.3], [0.4], [9.0], [9.1], [9.2], [9.3], [9.4]])
    >>> found = k_means_folds(points, np.repeat([0, 1], 5), np.array([[0.2], [9.2]]), seed=0)
    >>> [one.estimate for one in found]
    [1.0, 1.0]
    """

    def fit(some: Points) -> Assign:
        fresh = fit_fresh(some, len(centroids), starts=_STARTS, seed=seed, tolerance=_ROUGH)
        better = min(fresh, fit_from(some, centroids, tolerance=_ROUGH), key=lambda found: found.inertia)
        return lambda others: nearest(others, better.centroids)

    return _of_a_sample(points, labels, fit, largest=LARGEST, seed=seed)


def method_folds(
    points: Points, labels: Labels, again: Callable[[Points], Assigner], *, seed: int
) -> tuple[Interval, ...]:
    """Return the same of any method: `again` finds clusters among some people, and assigns others.

    Of more than `LARGEST_OF_ANY` people a sample is taken, drawn by `seed`. Runs on one thread.

    >>> from kohort.learning.clustering.methods.assigners import Centroids
    >>> points = np.array([[0.0], [0.1], [0.2], [0.3], [0.4], [9.0], [9.1], [9.2], [9.3], [9.4]])
    >>> found = method_folds(points, np.repeat([0, 1], 5), lambda some: Centroids(((0.2,), (9.2,))), seed=0)
    >>> [one.estimate for one in found]
    [1.0, 1.0]
    """
    return _of_a_sample(points, labels, lambda some: again(some).assign, largest=LARGEST_OF_ANY, seed=seed)


def _of_a_sample(
    points: Points, labels: Labels, fit: Callable[[Points], Assign], *, largest: int, seed: int
) -> tuple[Interval, ...]:
    chosen = np.random.default_rng(seed).permutation(len(points))[:largest]
    with threadpool_limits(limits=1):
        return fold_stability(points[chosen], labels[chosen], fit, seed=seed)


def _left_out(
    points: Points, labels: Labels, fit: Callable[[Points], Assign], left: npt.NDArray[np.bool_], k: int
) -> npt.NDArray[np.float64]:
    """Return the similarity of each cluster among the people left out; NaN for one of which nobody was."""
    again, own = fit(points[~left])(points[left]), labels[left]
    return np.where(np.bincount(own[own >= 0], minlength=k) > 0, cluster_stability(own, again, k), np.nan)
