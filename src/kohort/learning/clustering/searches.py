"""Each method's best clustering of a sample, the same again on other people, and its worth in its own measure."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import numpy as np

from kohort.definitions.clusters import Method
from kohort.errors import UsageError
from kohort.learning.clustering.borders import border_density
from kohort.learning.clustering.choice import Criteria
from kohort.learning.clustering.density import density_validity
from kohort.learning.clustering.match import Labels, cluster_stability
from kohort.learning.clustering.methods.assigners import NOBODY, Assigner, Mixture
from kohort.learning.clustering.methods.dbscan import fit_dbscan
from kohort.learning.clustering.methods.hdbscan import fit_hdbscan
from kohort.learning.clustering.methods.hierarchy import Tree, cut_tree, grow_tree, tree_assigner
from kohort.learning.clustering.methods.mixtures import (
    best_mixture,
    fit_bayesian_mixture,
    fit_mixture,
    only_counted,
    valley,
)
from kohort.learning.clustering.reference import total_inertia
from kohort.learning.clustering.samples import Samples
from kohort.learning.features.table import Points

MOST_PAIRED: Final = 1_500
_FEWEST_IN_CROWD: Final = 10
_CROWDS: Final = (1, 2, 5)  # times the smallest cluster allowed


class Search(ABC):
    """A method at work on the samples: call `best` first, then the others."""

    def __init__(
        self, method: Method, samples: Samples, ks: Sequence[int], smallest: float, criteria: Criteria
    ) -> None:
        """`ks`: numbers of clusters to try, ascending; `smallest`: the smallest share of people in a cluster."""
        self.method = method
        self.samples = samples
        self.ks = tuple(ks)
        self.smallest = smallest
        self.criteria = criteria

    @abstractmethod
    def best(self) -> Assigner:
        """Return the best clustering of the fitted sample; with fewer than two clusters nothing was found.

        Raises MethodRefusedError if the method cannot be run on these people.
        """

    def finding(self, k: int) -> Assigner:  # noqa: ARG002 - crowds alone are not told how many they are
        """Return the best clustering by the settings that find as near to k clusters as can be."""
        return self.best()

    def as_before(self, before: "Search") -> Assigner:  # noqa: ARG002 - numbers are chosen anew; crowds are not
        """Return the best clustering by the settings that an earlier search of the same method found best."""
        return self.best()

    @abstractmethod
    def again(self, points: Points) -> Assigner:
        """Return the clusters of other points by the settings found best."""

    @abstractmethod
    def worth(self, points: Points, assigner: Assigner) -> float:
        """Return what a clustering of `points` is worth, more for tighter or denser clusters."""

    @abstractmethod
    def valley(self, points: Points, labels: Labels, assigner: Assigner) -> float:
        """Return people at the border of the least separated pair of clusters per person at its emptier centre."""

    def refits(self) -> list[Assigner]:
        """Return the clusters of each of the samples to fit again."""
        return [self.again(points) for points in self.samples.refitted]


class MixtureSearch(Search):
    """Mixtures are worth the log likelihood per person that they gain over one normal distribution."""

    def best(self) -> Assigner:
        """Return the mixture of the least ICL, or the Bayesian one without the components that hold next to nobody."""
        fitted, seed = self.samples.fitted, self.samples.seed
        if self.method is Method.BAYESIAN_MIXTURE:
            self._best = only_counted(fit_bayesian_mixture(fitted, self.ks[-1], seed=seed))
        else:
            self._best = best_mixture(fitted, (1, *self.ks), seed=seed)[0].mixture
        return self._best

    def again(self, points: Points) -> Mixture:
        """Return a mixture of as many components."""
        return fit_mixture(points, self._best.clusters, seed=self.samples.seed).mixture

    def refits(self) -> list[Assigner]:
        """Return the likelier of a fresh mixture and one improved from the best, so that luck is not instability."""
        k, seed = self._best.clusters, self.samples.seed
        return [fit_mixture(points, k, seed=seed, near=self._best).mixture for points in self.samples.refitted]

    def worth(self, points: Points, assigner: Assigner) -> float:
        """Return the gain in log likelihood per person."""
        if not isinstance(assigner, Mixture):
            raise UsageError(f"a mixture is compared with mixtures, and not with {assigner.kind}")
        single = fit_mixture(points, 1, seed=self.samples.seed).log_likelihood
        return float(assigner.log_density(points).mean()) - single

    def valley(self, points: Points, labels: Labels, assigner: Assigner) -> float:  # noqa: ARG002
        """Return the valley of the density that was fitted."""
        return valley(assigner) if isinstance(assigner, Mixture) else 1.0


class TreeSearch(Search):
    """Trees are cut as k-means is chosen: the largest number whose clusters all come back and stand apart."""

    def best(self) -> Assigner:
        """Return the best cut of the tree."""
        fitted, evaluated = self.samples.fitted, self.samples.evaluated
        self.tree = grow_tree(fitted, self.method)
        trees = [(points, grow_tree(points, self.method)) for points in self.samples.refitted]
        self._k, best, weakest = 0, self._cut(fitted, self.tree, 1), -1.0
        self._refits: list[Assigner] = []
        for k in (k for k in self.ks if k < len(fitted)):
            assigner = self._cut(fitted, self.tree, k)
            labels = assigner.assign(evaluated)
            refits = [self._cut(points, tree, k) for points, tree in trees]
            similar = [cluster_stability(labels, one.assign(evaluated), k) for one in refits]
            stability = float(np.mean(similar, axis=0).min())
            acceptable = (
                stability >= self.criteria.stability
                and np.bincount(labels, minlength=k).min() / len(labels) >= self.smallest
                and self.valley(evaluated, labels, assigner) <= self.criteria.border_density
            )
            if acceptable or stability > weakest:
                self._k, best, self._refits = k, assigner, refits
                weakest = np.inf if acceptable else stability
        return best

    def again(self, points: Points) -> Assigner:
        """Return a tree of other points, cut into as many clusters."""
        return self._cut(points, grow_tree(points, self.method), self._k)

    def refits(self) -> list[Assigner]:
        """Return the cuts of the trees grown while the best was looked for."""
        return self._refits

    def worth(self, points: Points, assigner: Assigner) -> float:
        """Return minus the logarithm of the inertia that is left of that of a single cluster."""
        labels = assigner.assign(points)
        left = sum(total_inertia(points[labels == cluster]) for cluster in np.unique(labels))
        return -float(np.log(max(left / total_inertia(points), np.finfo(np.float64).eps)))

    def valley(self, points: Points, labels: Labels, assigner: Assigner) -> float:
        """Return the border density along the lines between the means, as for k-means."""
        return mean_valley(points, labels, assigner.clusters)

    def _cut(self, points: Points, tree: Tree, k: int) -> Assigner:
        return tree_assigner(points, cut_tree(tree, k), self.method)


class DensitySearch(Search):
    """Crowds are worth their density validity (see `clustering.density`)."""

    def best(self) -> Assigner:
        """Return the crowds within the knee of the distance curve, or those of the best smallest size."""
        fitted = self.samples.fitted
        self.crowd = 1
        if self.method is Method.DBSCAN:
            return self.again(fitted)
        sample = fitted[:MOST_PAIRED]
        worths = {}
        for crowd in _CROWDS:
            self.crowd = crowd
            worths[crowd] = self.worth(sample, self.again(sample))
        self.crowd = max(worths, key=lambda crowd: worths[crowd])
        return self.again(fitted)

    def finding(self, k: int) -> Assigner:
        """Return the crowds of the smallest size that finds as near to k as any: it sees also those that come later."""
        if self.method is Method.DBSCAN:
            return self.best()
        found = {}
        for self.crowd in _CROWDS:
            assigner = self.again(self.samples.fitted)
            found[abs(assigner.clusters - k), self.crowd] = assigner
        nearest = min(found)
        self.crowd = nearest[1]
        return found[nearest]

    def as_before(self, before: Search) -> Assigner:
        """Return the crowds of the size that was best before: another size would find others in the same people."""
        if not isinstance(before, DensitySearch):
            raise UsageError(f"crowds are sought as by a search for crowds, and not as by {before.method}")
        self.crowd = before.crowd
        return self.again(self.samples.fitted)

    def again(self, points: Points) -> Assigner:
        """Return the crowds of other points; the radius is read off them anew, for they may be sparser."""
        if self.method is Method.DBSCAN:
            return fit_dbscan(points, seed=self.samples.seed).assigner
        smallest = max(round(self.crowd * self.smallest * len(points)), _FEWEST_IN_CROWD)
        if smallest >= len(points):
            return NOBODY
        return fit_hdbscan(points, smallest=smallest).assigner

    def worth(self, points: Points, assigner: Assigner) -> float:
        """Return the density validity."""
        some = points[:MOST_PAIRED]
        return density_validity(some, assigner.assign(some))

    def valley(self, points: Points, labels: Labels, assigner: Assigner) -> float:  # noqa: ARG002
        """Return 0: the method itself cuts where people are few, and its worth says whether they are few enough."""
        return 0.0


def mean_valley(points: Points, labels: Labels, k: int) -> float:
    """Return the largest border density of two clusters, along the line between their means.

    >>> mean_valley(np.array([[0.0], [0.1], [9.9], [10.0]]), np.array([0, 0, 1, 1]), 2)
    0.0
    """
    means = [points[labels == cluster].mean(axis=0) for cluster in range(k) if (labels == cluster).any()]
    if len(means) < k:
        return np.inf
    return float(border_density(points, labels, np.stack(means)).max())


def search_by(method: Method, samples: Samples, ks: Sequence[int], smallest: float, criteria: Criteria) -> Search:
    """Return a method, ready to search; k-means has a search of its own.

    >>> samples = Samples(np.zeros((4, 1)), (), np.zeros((4, 1)), np.zeros((4, 1)), (), 0)
    >>> type(search_by(Method.WARD, samples, (2,), 0.01, Criteria())).__name__
    'TreeSearch'
    """
    kinds: dict[Method, type[Search]] = {
        Method.GAUSSIAN_MIXTURE: MixtureSearch,
        Method.BAYESIAN_MIXTURE: MixtureSearch,
        Method.WARD: TreeSearch,
        Method.COMPLETE: TreeSearch,
        Method.AVERAGE: TreeSearch,
        Method.DBSCAN: DensitySearch,
        Method.HDBSCAN: DensitySearch,
    }
    if method not in kinds:
        raise UsageError(f"{method} is searched by `discover` itself; others: {', '.join(kinds)}")
    return kinds[method](method, samples, ks, smallest, criteria)
