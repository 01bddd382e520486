"""Clusters of any other method in one period after the other: sought by it in everyone, and in halves of them.

A person drawn twice would be a crowd to methods that look for crowds, so halves are drawn without replacement. Over
halves a measure spreads as much as over whole samples (the delete-half jackknife: Shao and Wu 1989, Annals of
Statistics 17:1176), so that spread is its error as it stands.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from kohort.definitions.clusters import Method
from kohort.errors import UsageError
from kohort.learning.clustering.choice import Criteria
from kohort.learning.clustering.match import Labels, cluster_stability, jaccard_matrix
from kohort.learning.clustering.methods.assigners import Assigner
from kohort.learning.clustering.methods.fitted import METHOD_NAMES
from kohort.learning.clustering.period_drift import MeasuredPeriod, measures_of
from kohort.learning.clustering.samples import REFITTED, draw_samples
from kohort.learning.clustering.searches import Search, search_by
from kohort.learning.features.table import Points

LARGEST: Final = 2 * REFITTED
"""The most people of a period who are sought in: halves of them are as large as methods learn again from."""
DRAWS: Final = 30
_THE_SAME: Final = 0.5
_NUMBERS: Final = 2


@dataclass
class MethodFollower:
    """Seeks clusters by a method with the settings of the first period; trees and mixtures find k in that one.

    In a later period a tree or a mixture may have up to two clusters more or fewer, as it chooses; methods that look
    for crowds find as many as there are. `smallest` is the smallest share of people in a cluster.
    """

    method: Method
    k: int
    smallest: float
    criteria: Criteria
    seed: int
    draws: int

    def first(self, points: Points, labels: Labels) -> MeasuredPeriod:
        """Return the clusters of the first period, numbered as the groups in `labels` that they are most like.

        Raises UsageError where the method finds fewer than two that come back in halves of the people.
        """
        own = self._some(points, self.seed)
        self._begun = self._search(own, (self.k,), self.seed)
        found = self._begun.finding(self.k)
        known = max(self.k, int(labels.max(initial=-1)) + 1)
        similarity = jaccard_matrix(labels, found.assign(points), known, found.clusters)
        order = linear_sum_assignment(similarity, maximize=True)[1].tolist()
        order += [one for one in range(found.clusters) if one not in order]
        measured = self._measured(self._begun, found.renumbered(np.array(order, dtype=np.int64)))
        if found.clusters < 2 or self._weakest(own, measured) < self.criteria.stability:  # noqa: PLR2004 - all in one
            raise UsageError(
                f"the clusters that {METHOD_NAMES[self.method].en} finds in the first period do not come back when its "
                "people are drawn again, so there is nothing to follow; begin with a later one"
            )
        return measured

    def later(self, points: Points, before: MeasuredPeriod, number: int) -> MeasuredPeriod:
        """Return the clusters of the later period of this number."""
        k = before.assigner.clusters
        ks = tuple(range(max(k - _NUMBERS, 2), k + _NUMBERS + 1))
        search = self._search(self._some(points, self.seed + number), ks, self.seed + number)
        return self._measured(search, search.as_before(self._begun))

    def _weakest(self, own: Points, found: MeasuredPeriod) -> float:
        labels, k = found.assigner.assign(own), found.assigner.clusters
        similar = [cluster_stability(labels, one.assign(own), k) for one in found.again]
        return float(np.mean(similar, axis=0).min())

    def _some(self, points: Points, seed: int) -> Points:
        return points[np.random.default_rng(seed).permutation(len(points))[:LARGEST]]

    def _search(self, own: Points, ks: tuple[int, ...], seed: int) -> Search:
        samples = draw_samples(own, refits=self.draws, seed=seed)
        return search_by(self.method, samples, ks, self.smallest, self.criteria)

    def _measured(self, search: Search, found: Assigner) -> MeasuredPeriod:
        own, k = search.samples.fitted, found.clusters
        labels = found.assign(own)
        measures = measures_of(own, labels, k)
        again = tuple(search.refits()) if k else ()
        drawn = [
            _drawn(half, one, labels, one.assign(own), k)
            for half, one in zip(search.samples.refitted, again, strict=False)
        ]
        return MeasuredPeriod(found, measures, again, np.array(drawn).reshape(len(drawn), len(measures.flat())))


def _drawn(half: Points, again: Assigner, labels: Labels, others: Labels, k: int) -> npt.NDArray[np.float64]:
    """Return the measures of the clusters of a half, in the order of those in `labels` that they are, NaN where none.

    `labels` and `others` are of the same people: their clusters, and those of the half.
    """
    similarity = jaccard_matrix(labels, others, k, again.clusters)
    partner = np.full(again.clusters, -1)
    for one, other in zip(*linear_sum_assignment(similarity, maximize=True), strict=True):
        if similarity[one, other] >= _THE_SAME:
            partner[other] = one
    found = again.assign(half)
    return measures_of(half, np.where(found >= 0, partner[found], -1) if again.clusters else found, k).flat()
