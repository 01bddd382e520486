"""Clusters of k-means in one period after the other: begun where they were, and improved for people drawn again."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from kohort.learning.clustering.candidates import Evaluation, Evaluator
from kohort.learning.clustering.choice import Criteria, Verdict, objections
from kohort.learning.clustering.kmeans import Labels, fit_fresh, fit_from
from kohort.learning.clustering.match import jaccard_matrix
from kohort.learning.clustering.methods.assigners import Centroids, vectors
from kohort.learning.clustering.nearest import nearest_in_order
from kohort.learning.clustering.period_drift import MeasuredPeriod, measures_of
from kohort.learning.features.table import Points

LARGEST: Final = 5_000
"""The most people of a period who are drawn from."""
_ROUGH: Final = 1e-3
_STARTS: Final = 5


@dataclass(frozen=True)
class KMeansFollower:
    """Seeks k clusters in the first period, and in later ones as many, or up to two more or fewer where those hold."""

    k: int
    verdict: Verdict
    criteria: Criteria
    seed: int
    draws: int

    def first(self, points: Points, labels: Labels) -> MeasuredPeriod:
        """Return the clusters of the first period, numbered as the groups in `labels` that they are most like."""
        centroids = begin_with(points, labels, self.k, seed=self.seed)
        return replace(self._measured(points, centroids, self.seed), assigner=Centroids(vectors(centroids)))

    def later(self, points: Points, before: MeasuredPeriod, number: int) -> MeasuredPeriod:
        """Return the clusters that hold in the later period of this number, begun from those `before`."""
        return self._measured(points, self._sought(points, _centroids(before)), self.seed + number)

    def _measured(self, points: Points, centroids: Points, seed: int) -> MeasuredPeriod:
        """Measure the clusters at `centroids`, improved, and those improved for people drawn again."""
        random = np.random.default_rng(seed)
        own = points[random.permutation(len(points))[:LARGEST]]
        settled = fit_from(own, centroids).centroids
        again, drawn = [], []
        for _ in range(self.draws):
            people = own[random.integers(0, len(own), len(own))]
            moved = fit_from(people, settled, tolerance=_ROUGH).centroids
            drawn.append(measures_of(people, nearest_in_order(people, moved), len(moved)).flat())
            again.append(Centroids(vectors(moved)))
        measures = measures_of(own, nearest_in_order(own, settled), len(settled))
        return MeasuredPeriod(Centroids(vectors(settled)), measures, tuple(again), np.array(drawn))

    def _sought(self, points: Points, centroids: Points) -> Points:
        """Return the clusters that hold: as many as there were, unless another number does better."""
        k = len(centroids)
        evaluator = Evaluator(points, bootstraps=10, seed=self.seed)
        tried = {one: evaluator.evaluate(one) for one in range(max(k - 2, 2), k + 3)}
        holding = [one for one, found in tried.items() if not self._objected(found, len(points))]
        chosen = k if k in holding or not holding else min(holding, key=lambda one: (abs(one - k), one))
        if self.verdict is Verdict.SEPARATED and chosen == k:
            # Two halves of one group may look apart by chance; only a group more makes all of them tighter than chance.
            gaps = {one: tried[one].candidate.ellipse_gap for one in holding if one > k}
            gaps = {one: gap for one, gap in gaps.items() if gap.gap > tried[k].candidate.ellipse_gap.gap + gap.error}
            chosen = max(gaps, key=lambda one: gaps[one].gap, default=k)
        if chosen != k:
            return fit_from(points, tried[chosen].centroids).centroids
        fresh = fit_fresh(points, k, starts=_STARTS, seed=self.seed)
        # From where they were, too: a poor solution is no drift.
        return min(fresh, fit_from(points, centroids), key=lambda found: found.inertia).centroids

    def _objected(self, found: Evaluation, people: int) -> bool:
        return bool(objections(found.candidate, self.verdict, self.criteria, people))


def begin_with(points: Points, labels: Labels, k: int, *, seed: int) -> Points:
    """Return k centroids of the first period's `points`, numbered as the groups in `labels` that they are most like.

    The better of a fresh solution and of one that begins at the means of the groups, shape (k, features).

    >>> points = np.array([[0.0], [0.2], [5.0], [5.2]])
    >>> begin_with(points, np.array([1, 1, 0, 0]), 2, seed=0).round(1).tolist()
    [[5.1], [0.1]]
    """
    found = fit_fresh(points, k, starts=_STARTS, seed=seed)
    if len(np.unique(labels[labels >= 0])) == k:
        means = np.array([points[labels == cluster].mean(axis=0) for cluster in range(k)])
        found = min(found, fit_from(points, means), key=lambda one: one.inertia)
    similarity = jaccard_matrix(labels, nearest_in_order(points, found.centroids), k, k)
    ordered: Points = found.centroids[linear_sum_assignment(similarity, maximize=True)[1]]
    return ordered


def _centroids(period: MeasuredPeriod) -> Points:
    return np.array(period.assigner.centroids) if isinstance(period.assigner, Centroids) else period.measures.means
