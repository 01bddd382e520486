"""Discover clusters, or learn that there are none."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from kohort.definitions.clusters import Method
from kohort.definitions.preparation import PreparationDefinition
from kohort.errors import UsageError
from kohort.learning.clustering.across import choose_method
from kohort.learning.clustering.borders import border_density
from kohort.learning.clustering.candidates import SUBSAMPLE, Candidate, Evaluation, Evaluator
from kohort.learning.clustering.choice import Choice, Criteria, choose
from kohort.learning.clustering.comparison import Comparison, compare_methods
from kohort.learning.clustering.elbow import elbow
from kohort.learning.clustering.kmeans import Labels, fit_from, nearest
from kohort.learning.clustering.methods.assigners import Assigner, Centroids, vectors
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.preparation import Preparation, fit_preparation
from kohort.learning.features.table import FeatureTable, Points
from kohort.stats.intervals import Interval

_FEWEST_PER_CLUSTER: Final = 10
_FINAL_PASSES: Final = 10
_NOBODY: Final = np.empty(0, dtype=np.int64)
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

    `labels`, int64 of shape (people,), number the clusters from 0 in descending mean value per person, with -1 for
    people in none, whom only methods other than k-means leave out; `clusters` follow the same numbers. Without
    clusters both are empty and `model` is None. `preparation` tells how features became points and which were
    dropped. `method` found the clusters; `comparison` holds all methods, None where k-means alone was asked for or
    nobody could be clustered.
    """

    choice: Choice
    criteria: Criteria
    candidates: tuple[Candidate, ...]
    elbow: int | None
    preparation: Preparation
    labels: Labels
    clusters: tuple[ClusterQuality, ...]
    model: ClusterModel | None
    method: Method = Method.K_MEANS
    comparison: Comparison | None = None

    @property
    def k_means(self) -> Choice:
        """The choice of a number of clusters of k-means, whichever method was taken."""
        return self.choice if self.comparison is None else self.comparison.choice

    def again(self, points: Points) -> Assigner:
        """Return the clusters of other people by the method taken, with its settings.

        Raises UsageError without clusters.
        """
        if self.model is None or self.comparison is None:
            raise UsageError("clusters are found again by the method taken; there are none, or k-means alone was tried")
        return next(one for one in self.comparison.clusters if one.result.method is self.method).again(points)


def discover(
    table: FeatureTable,
    *,
    value: npt.NDArray[np.float64],
    seed: int,
    ks: Iterable[int] = range(2, 11),
    bootstraps: int = 20,
    options: PreparationDefinition = PreparationDefinition(),  # noqa: B008 - frozen, as above
    criteria: Criteria = Criteria(),  # noqa: B008 - frozen, so it cannot be changed by a call
    methods: Sequence[Method] = (Method.K_MEANS,),
    only: Method | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Discovery:
    """Try every number of clusters in `ks`, choose by the rule of `clustering.choice`, and fit the choice.

    With other `methods` the best clustering of each is compared with that of k-means, and taken if it finds what
    k-means cannot (see `clustering.across`). `only` one of them is taken if its clusters hold, whatever others find:
    for whoever asks again of clusters that it found. `options` say how features become points. `value`, float64 of
    shape (people,), for instance revenue, orders the clusters. `progress` is called with the steps done and all steps.
    Runs on one thread, so that the machine cannot change the result; the same `seed` gives the same clusters.

    Raises UsageError if a number of clusters is below 2, there is no bootstrap, `value` does not fit, or `only` is no
    method to try.

    >>> random = np.random.default_rng(3)
    >>> values = random.normal(size=(300, 2)) + np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 100, axis=0)
    >>> table = FeatureTable(tuple(map(str, range(300))), ("orders", "basket"), values)
    >>> found = discover(table, value=values[:, 0], seed=1, ks=range(2, 5), bootstraps=5)
    >>> found.choice.verdict.value, found.choice.k
    ('separated clusters', 3)
    """
    sizes = sorted(set(ks))
    _check(table, value, sizes, bootstraps, only, methods)
    preparation = fit_preparation(table.sample(FITTED, seed=seed), options)
    with threadpool_limits(limits=1):
        points = preparation.apply(table)
        steps = _Steps(progress, len(set(methods) - {Method.K_MEANS}))
        evaluations = _evaluate(points, sizes, bootstraps, seed, steps)
        candidates = tuple(one.candidate for one in evaluations)
        bend = elbow([one.k for one in candidates], [one.inertia_share for one in candidates])
        choice = choose(candidates, bend, people=len(points), criteria=criteria)
        method, comparison = Method.K_MEANS, None
        if evaluations and steps.others:
            comparison = compare_methods(
                points,
                evaluations,
                choice,
                methods=methods,
                criteria=criteria,
                refits=bootstraps,
                seed=seed,
                progress=steps.done,
            )
            method, choice = choose_method(comparison.results, choice, criteria, only=only)
        found = Discovery(choice, criteria, candidates, bend, preparation, _NOBODY, (), None, method, comparison)
        if choice.k is None:
            return found
        if comparison is not None and method is not Method.K_MEANS:
            return _by_another(found, comparison, points, value, seed)
        return _by_k_means(found, evaluations, points, value, seed)


def _check(
    table: FeatureTable,
    value: npt.NDArray[np.float64],
    sizes: Sequence[int],
    bootstraps: int,
    only: Method | None,
    methods: Sequence[Method],
) -> None:
    if not sizes or sizes[0] < 2 or bootstraps < 1:  # noqa: PLR2004 - one cluster is everyone
        raise UsageError("discovering clusters needs numbers of clusters from 2 up and at least one bootstrap")
    if value.shape != (len(table.person_ids),) or not np.isfinite(value).all():
        raise UsageError("the value that orders clusters must be one finite number per person")
    if only not in {None, Method.K_MEANS, *methods}:
        raise UsageError(f"{only} is to be taken but not to be tried: name it among the methods")


def _by_k_means(
    found: Discovery, evaluations: Sequence[Evaluation], points: Points, value: npt.NDArray[np.float64], seed: int
) -> Discovery:
    """Return the clusters of k-means, improved on everyone and numbered by value."""
    chosen = next(one for one in evaluations if one.candidate.k == found.choice.k)
    centroids, order = _final_centroids(points, chosen.centroids, value)
    model = ClusterModel(found.preparation, Centroids(vectors(centroids)), _names(len(centroids)), seed)
    labels = model.assigner.assign(points)
    every = -(-len(points) // FITTED)
    borders = border_density(points[::every], labels[::every], centroids).max(axis=1)
    qualities = _qualities(borders, chosen.similarities[:, order])
    return replace(found, labels=labels, clusters=qualities, model=model)


def _by_another(
    found: Discovery, comparison: Comparison, points: Points, value: npt.NDArray[np.float64], seed: int
) -> Discovery:
    """Return the clusters of a method other than k-means, numbered by value."""
    taken = next(one for one in comparison.clusters if one.result.method is found.method)
    order = _by_value(taken.assigner.assign(points), value, taken.assigner.clusters)
    assigner = taken.assigner.renumbered(order)
    labels = assigner.assign(points)
    # Of clusters of any shape no line leads from centre to centre: all are as far apart as the least separated pair.
    borders = np.full(assigner.clusters, taken.result.valley or 0.0)
    model = ClusterModel(found.preparation, assigner, _names(assigner.clusters), seed)
    return replace(found, labels=labels, clusters=_qualities(borders, taken.similarities[:, order]), model=model)


class _Steps:
    """Tells progress: each number of clusters is a step, and each other method."""

    def __init__(self, progress: Callable[[int, int], None] | None, others: int) -> None:
        self.others = others
        self._progress = progress
        self._done, self._all = 0, 0

    def start(self, numbers: int) -> None:
        self._all = numbers + self.others

    def done(self) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._all)


def _names(k: int) -> tuple[str, ...]:
    return tuple(f"cluster_{number}" for number in range(1, k + 1))


def _evaluate(points: Points, sizes: list[int], bootstraps: int, seed: int, steps: "_Steps") -> list[Evaluation]:
    people, features = points.shape
    distinct = len(np.unique(points[:SUBSAMPLE], axis=0)) if features else 0
    possible = [k for k in sizes if k * _FEWEST_PER_CLUSTER <= people and k < distinct]
    if not possible:
        return []
    evaluator = Evaluator(points, bootstraps=bootstraps, seed=seed)
    evaluations = []
    steps.start(len(possible))
    for k in possible:
        evaluations.append(evaluator.evaluate(k))
        steps.done()
    return evaluations


def _final_centroids(
    points: Points, centroids: Points, value: npt.NDArray[np.float64]
) -> tuple[Points, npt.NDArray[np.int64]]:
    """Improve centroids on everyone and order them by descending mean value; also return the order."""
    final = fit_from(points, centroids, passes=_FINAL_PASSES).centroids
    order = _by_value(nearest(points, final), value, len(final))
    return final[order], order


def _by_value(labels: Labels, value: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.int64]:
    """Return clusters by descending mean value; people in none do not count."""
    inside = labels >= 0
    people = np.maximum(np.bincount(labels[inside], minlength=k), 1)
    return np.argsort(-np.bincount(labels[inside], weights=value[inside], minlength=k) / people, kind="stable")


def _qualities(borders: npt.NDArray[np.float64], similarities: npt.NDArray[np.float64]) -> tuple[ClusterQuality, ...]:
    means = similarities.mean(axis=0)
    lows, highs = np.quantile(similarities, [0.025, 0.975], axis=0)
    return tuple(
        ClusterQuality(Interval(float(mean), float(low), float(high), len(similarities)), float(border))
        for mean, low, high, border in zip(means, lows, highs, borders, strict=True)
    )
