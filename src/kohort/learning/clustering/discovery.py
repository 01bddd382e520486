"""Discover clusters, or learn that there are none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from kohort.definitions.preparation import PreparationDefinition
from kohort.errors import UsageError
from kohort.learning.clustering.borders import border_density
from kohort.learning.clustering.candidates import SUBSAMPLE, Candidate, Evaluation, Evaluator
from kohort.learning.clustering.choice import Choice, Criteria, choose
from kohort.learning.clustering.elbow import elbow
from kohort.learning.clustering.kmeans import Labels, fit_from, nearest
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.clustering.nearest import nearest_in_order
from kohort.learning.features.preparation import Preparation, fit_preparation
from kohort.learning.features.table import FeatureTable, Points
from kohort.stats.intervals import Interval

_FEWEST_PER_CLUSTER: Final = 10
_FINAL_PASSES: Final = 10
FITTED: Final = 100_000
"""How many people are enough to say how features are distributed, and how crowded borders are."""


@dataclass(frozen=True)
class ClusterQuality:
    """How far one cluster can be trusted.

    `stability` is the mean Jaccard similarity over the bootstraps, between their 2.5 % and 97.5 % quantiles; its n
    is the number of bootstraps. `border_density` is that of its least separated neighbour: below 0.5 there is a
    valley between them.
    """

    stability: Interval
    border_density: float


@dataclass(frozen=True, eq=False)
class Discovery:
    """What was found: the choice with its reasons, the table it rests on, and the clusters if there are any.

    `labels`, int64 of shape (people,), number the clusters from 0 in descending mean value per person; `clusters`
    follow the same numbers. Without clusters both are empty and `model` is None. `preparation` tells how features
    became points and which were dropped.
    """

    choice: Choice
    criteria: Criteria
    candidates: tuple[Candidate, ...]
    elbow: int | None
    preparation: Preparation
    labels: Labels
    clusters: tuple[ClusterQuality, ...]
    model: ClusterModel | None


def discover(
    table: FeatureTable,
    *,
    value: npt.NDArray[np.float64],
    seed: int,
    ks: Iterable[int] = range(2, 11),
    bootstraps: int = 20,
    options: PreparationDefinition = PreparationDefinition(),  # noqa: B008 - frozen, as above
    criteria: Criteria = Criteria(),  # noqa: B008 - frozen, so it cannot be changed by a call
    progress: Callable[[int, int], None] | None = None,
) -> Discovery:
    """Try every number of clusters in `ks`, choose by the rule of `clustering.choice`, and fit the choice.

    `options` say how features become points. `value`, float64 of shape (people,), for instance revenue, orders the
    clusters. `progress` is called with the steps done and the steps in all. Runs on one thread, so that the machine
    cannot change the result; the same `seed` gives the same clusters.

    Raises UsageError if a number of clusters is below 2, there is no bootstrap, or `value` does not fit the people.

    >>> random = np.random.default_rng(3)
    >>> values = random.normal(size=(300, 2)) + np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 100, axis=0)
    >>> table = FeatureTable(tuple(map(str, range(300))), ("orders", "basket"), values)
    >>> found = discover(table, value=values[:, 0], seed=1, ks=range(2, 5), bootstraps=5)
    >>> found.choice.verdict.value, found.choice.k
    ('separated clusters', 3)
    """
    sizes = sorted(set(ks))
    if not sizes or sizes[0] < 2 or bootstraps < 1:  # noqa: PLR2004 - one cluster is everyone
        raise UsageError("discovering clusters needs numbers of clusters from 2 up and at least one bootstrap")
    if value.shape != (len(table.person_ids),) or not np.isfinite(value).all():
        raise UsageError("the value that orders clusters must be one finite number per person")
    preparation = fit_preparation(table.sample(FITTED, seed=seed), options)
    with threadpool_limits(limits=1):
        points = preparation.apply(table)
        evaluations = _evaluate(points, sizes, bootstraps, seed, progress)
        candidates = tuple(evaluation.candidate for evaluation in evaluations)
        bend = elbow([one.k for one in candidates], [one.inertia_share for one in candidates])
        choice = choose(candidates, bend, people=len(points), criteria=criteria)
        if choice.k is None:
            return Discovery(choice, criteria, candidates, bend, preparation, np.empty(0, dtype=np.int64), (), None)
        chosen = next(evaluation for evaluation in evaluations if evaluation.candidate.k == choice.k)
        centroids, order = _final_centroids(points, chosen.centroids, value)
    names = tuple(f"cluster_{number}" for number in range(1, choice.k + 1))
    model = ClusterModel(preparation, tuple(map(tuple, centroids.tolist())), names, seed)
    labels = nearest_in_order(points, centroids)
    every = -(-len(points) // FITTED)
    qualities = _qualities(points[::every], labels[::every], centroids, chosen.similarities[:, order])
    return Discovery(choice, criteria, candidates, bend, preparation, labels, qualities, model)


def _evaluate(
    points: Points, sizes: list[int], bootstraps: int, seed: int, progress: Callable[[int, int], None] | None
) -> list[Evaluation]:
    people, features = points.shape
    distinct = len(np.unique(points[:SUBSAMPLE], axis=0)) if features else 0
    possible = [k for k in sizes if k * _FEWEST_PER_CLUSTER <= people and k < distinct]
    if not possible:
        return []
    evaluator = Evaluator(points, bootstraps=bootstraps, seed=seed)
    evaluations = []
    for done, k in enumerate(possible, start=1):
        evaluations.append(evaluator.evaluate(k))
        if progress:
            progress(done, len(possible))
    return evaluations


def _final_centroids(
    points: Points, centroids: Points, value: npt.NDArray[np.float64]
) -> tuple[Points, npt.NDArray[np.int64]]:
    """Improve centroids on everyone and order them by descending mean value; also return the order."""
    final = fit_from(points, centroids, passes=_FINAL_PASSES).centroids
    labels = nearest(points, final)
    people = np.maximum(np.bincount(labels, minlength=len(final)), 1)
    order = np.argsort(-np.bincount(labels, weights=value, minlength=len(final)) / people, kind="stable")
    return final[order], order


def _qualities(
    points: Points, labels: Labels, centroids: Points, similarities: npt.NDArray[np.float64]
) -> tuple[ClusterQuality, ...]:
    borders = border_density(points, labels, centroids).max(axis=1)
    means = similarities.mean(axis=0)
    lows, highs = np.quantile(similarities, [0.025, 0.975], axis=0)
    return tuple(
        ClusterQuality(Interval(float(mean), float(low), float(high), len(similarities)), float(border))
        for mean, low, high, border in zip(means, lows, highs, borders, strict=True)
    )
