"""Methods side by side: the best clustering of each, measured on the same people with the same bars."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_rand_score

from kohort.clock import processor_seconds
from kohort.definitions.clusters import Method
from kohort.errors import MethodRefusedError, UsageError
from kohort.learning.clustering.candidates import SILHOUETTE_SAMPLE, Evaluation
from kohort.learning.clustering.choice import Choice, Criteria, Objection, Verdict, objections
from kohort.learning.clustering.density import density_validity
from kohort.learning.clustering.kmeans import fit_from
from kohort.learning.clustering.match import Labels, cluster_stability
from kohort.learning.clustering.methods.assigners import NOBODY, OUTSIDE, Assigner, Centroids, Mixture, vectors
from kohort.learning.clustering.methods.dbscan import DistanceCurve, distance_curve, fewest_neighbours
from kohort.learning.clustering.methods.hierarchy import Dendrogram, dendrogram
from kohort.learning.clustering.methods.mixtures import mixture_of
from kohort.learning.clustering.reference import Gap
from kohort.learning.clustering.samples import Samples, draw_samples
from kohort.learning.clustering.searches import MOST_PAIRED, Search, TreeSearch, search_by
from kohort.learning.clustering.silhouette import SampledSilhouette, SilhouetteSample, squared_silhouette
from kohort.learning.features.table import Points
from kohort.learning.wording import Bilingual


@dataclass(frozen=True)
class MethodResult:
    """What one method found, and whether it holds.

    `k` clusters with `sizes`, shares of all people in descending order; `outside` is the share of people in none.
    Silhouettes are of the people in clusters, None without two clusters. `stability` is the mean Jaccard similarity
    of each cluster when the method learns from other people. `gap` is how much more the clusters are worth than
    those that the method finds in a crowd without clusters, in the method's own measure: log inertia (k-means and
    trees), log likelihood per person (mixtures), density validity (DBSCAN, HDBSCAN). `valley` is the border density
    of the least separated pair; `density` the density validity, which is fair to any shape. `certainty` is the mean
    probability of the cluster that people are put in, of mixtures. `better` is by how much clusters exceed those of
    k-means, in likelihood (mixtures) or density validity (others), None where k-means found none that hold. `same`
    is the agreement with each other method: the adjusted Rand index (Hubert and Arabie 1985, J. Classification
    2:193) of the people who are in clusters of both. `refused` says why it was not run. `seconds` are of one
    processor.
    """

    method: Method
    k: int
    sizes: tuple[float, ...] = ()
    outside: float = 0.0
    silhouette: SampledSilhouette | None = None
    silhouette_squared: float | None = None
    stability: tuple[float, ...] = ()
    gap: Gap | None = None
    valley: float | None = None
    density: float | None = None
    certainty: float | None = None
    better: Gap | None = None
    same: tuple[tuple[Method, float], ...] = ()
    objections: tuple[Objection, ...] = ()
    refused: Bilingual | None = None
    seconds: float = 0.0

    @property
    def weakest(self) -> float:
        """The stability of the least stable cluster, 0 without clusters."""
        return min(self.stability, default=0.0)

    @property
    def holds(self) -> bool:
        """Tell whether clusters were found that meet every bar."""
        return not self.objections and not self.refused


@dataclass(frozen=True, eq=False)
class Clusters:
    """A method's result with what it was computed from: the assigner, and similarities of shape (refits, k).

    `again` finds clusters of other people with the same settings.
    """

    result: MethodResult
    assigner: Assigner
    similarities: npt.NDArray[np.float64]
    again: Callable[[Points], Assigner]


@dataclass(frozen=True, eq=False)
class Comparison:
    """All methods asked for, k-means first, a dendrogram per tree, and the distance curve if DBSCAN was asked for.

    `choice` is that of a number of clusters of k-means.
    """

    clusters: tuple[Clusters, ...]
    choice: Choice
    dendrograms: tuple[Dendrogram, ...]
    curve: DistanceCurve | None

    @property
    def results(self) -> tuple[MethodResult, ...]:
        """The rows of the table that people see."""
        return tuple(one.result for one in self.clusters)


def compare_methods(
    points: Points,
    k_means: Sequence[Evaluation],
    choice: Choice,
    *,
    methods: Sequence[Method],
    criteria: Criteria,
    refits: int,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> Comparison:
    """Run every one of `methods` beside k-means on samples of `points`, shape (people, features), on one scale.

    `k_means` and `choice` are what the search of k-means found, for numbers of clusters that others try too. Methods
    that take too much for the sample are listed with the reason.

    >>> from kohort.learning.clustering.candidates import Evaluator
    >>> random = np.random.default_rng(3)
    >>> points = random.normal(size=(300, 2)) + np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 100, axis=0)
    >>> evaluation = Evaluator(points, bootstraps=3, seed=1).evaluate(3)
    >>> from kohort.learning.clustering.choice import choose
    >>> choice = choose([evaluation.candidate], None, people=300, criteria=Criteria())
    >>> found = compare_methods(
    ...     points, [evaluation], choice, methods=[Method.HDBSCAN], criteria=Criteria(), refits=3, seed=1
    ... )
    >>> [(one.method.value, one.k, one.holds) for one in found.results]
    [('k_means', 3, True), ('hdbscan', 3, True)]
    """
    samples = draw_samples(points, refits=refits, seed=seed)
    smallest = criteria.smallest(len(points))
    ks = [one.candidate.k for one in k_means]
    found = [_k_means(samples, k_means, choice, criteria, len(points))]
    dendrograms = []
    for method in methods:
        if method is Method.K_MEANS:
            continue
        search = search_by(method, samples, ks, smallest, criteria)
        started = processor_seconds()
        one = _clusters(search)
        found.append(replace(one, result=replace(one.result, seconds=processor_seconds() - started)))
        if isinstance(search, TreeSearch) and not found[-1].result.refused:
            dendrograms.append(dendrogram(samples.fitted, search.tree, method))
        if progress:
            progress()
    curve = None
    if Method.DBSCAN in methods and len(samples.fitted) > fewest_neighbours(points.shape[1]):
        curve = distance_curve(samples.fitted, fewest_neighbours(points.shape[1]))
    return Comparison(_beside_one_another(found, samples), choice, tuple(dendrograms), curve)


def _k_means(
    samples: Samples, evaluations: Sequence[Evaluation], choice: Choice, criteria: Criteria, people: int
) -> Clusters:
    """Return the k-means clusters chosen, or else the most stable ones with what is said against them."""
    shown = max(evaluations, key=lambda one: (one.candidate.k == choice.k, one.candidate.weakest))
    verdict = Verdict.CONTINUUM if choice.k is None else choice.verdict
    candidate = shown.candidate
    result = MethodResult(
        Method.K_MEANS,
        candidate.k,
        stability=candidate.stability,
        gap=candidate.ellipse_gap if verdict is Verdict.SEPARATED else candidate.copula_gap,
        valley=candidate.border_density,
        objections=objections(candidate, verdict, criteria, people),
    )
    assigner = Centroids(vectors(shown.centroids))

    def again(points: Points) -> Centroids:
        return Centroids(vectors(fit_from(points, shown.centroids).centroids))

    return Clusters(_measured(result, samples, assigner), assigner, shown.similarities, again)


def _clusters(search: Search) -> Clusters:
    nothing = np.empty((0, 0))
    try:
        assigner = search.best()
    except UsageError as error:
        refused = Bilingual(str(error), error.french if isinstance(error, MethodRefusedError) else str(error))
        result = MethodResult(search.method, 0, refused=refused, objections=(Objection.TOO_FEW_CLUSTERS,))
        return Clusters(result, NOBODY, nothing, search.again)
    result = MethodResult(search.method, assigner.clusters)
    result = _measured(result, search.samples, assigner)
    if assigner.clusters < 2:  # noqa: PLR2004 - one cluster is everyone
        result = replace(result, objections=(Objection.TOO_FEW_CLUSTERS,))
        return Clusters(result, assigner, nothing, search.again)
    labels = assigner.assign(search.samples.evaluated)
    similarities = np.stack(
        [cluster_stability(labels, one.assign(search.samples.evaluated), assigner.clusters) for one in search.refits()]
    )
    result = replace(
        result,
        stability=tuple(similarities.mean(axis=0).tolist()),
        gap=_gap(search),
        valley=search.valley(search.samples.evaluated, labels, assigner),
    )
    result = replace(result, objections=_objections(result, search))
    return Clusters(result, assigner, similarities, search.again)


def _gap(search: Search) -> Gap:
    like, draws = search.samples.like, search.samples.draws
    drawn = np.array([search.worth(points, search.again(points)) for points in draws])
    error = float(drawn.std(ddof=1)) * np.sqrt(1 + 1 / len(drawn))
    return Gap(search.worth(like, search.again(like)) - float(drawn.mean()), float(error))


def _objections(result: MethodResult, search: Search) -> tuple[Objection, ...]:
    criteria = search.criteria
    met = {
        Objection.UNSTABLE: result.weakest >= criteria.stability,
        Objection.TOO_SMALL: min(result.sizes) >= search.smallest,
        Objection.CROWDED_BORDERS: result.valley is not None and result.valley <= criteria.border_density,
        Objection.LIKE_AN_ELLIPSE: result.gap is not None and result.gap.exceeds(criteria.gap, errors=criteria.errors),
        Objection.MOSTLY_OUTSIDE: result.outside <= criteria.outside,
    }
    return tuple(objection for objection, is_met in met.items() if not is_met)


def _measured(result: MethodResult, samples: Samples, assigner: Assigner) -> MethodResult:
    """Add what is measured of the clusters on the evaluated sample, whatever found them."""
    labels = assigner.assign(samples.evaluated)
    inside = labels != OUTSIDE
    counts = np.bincount(labels[inside], minlength=assigner.clusters)
    result = replace(
        result,
        sizes=tuple((np.sort(counts)[::-1] / len(labels)).tolist()),
        outside=float((~inside).mean()),
        density=density_validity(samples.evaluated[:MOST_PAIRED], labels[:MOST_PAIRED]),
    )
    if isinstance(assigner, Mixture):
        result = replace(result, certainty=float(assigner.memberships(samples.evaluated).max(axis=1).mean()))
    if (counts > 0).sum() < 2:  # noqa: PLR2004 - a silhouette compares two clusters
        return result
    some, own = samples.evaluated[inside], labels[inside]
    silhouettes = SilhouetteSample(some, np.arange(min(len(some), SILHOUETTE_SAMPLE)))
    return replace(
        result,
        silhouette=silhouettes.score(own, assigner.clusters),
        silhouette_squared=squared_silhouette(some, own, assigner.clusters),
    )


def _beside_one_another(found: Sequence[Clusters], samples: Samples) -> tuple[Clusters, ...]:
    """Add to each result how far it agrees with each other, and how much better it is than k-means."""
    labels = [one.assigner.assign(samples.evaluated) for one in found]
    beside = []
    for position, one in enumerate(found):
        same = tuple(
            (other.result.method, agreement(labels[position], labels[number]))
            for number, other in enumerate(found)
            if number != position
        )
        better = None
        if position and found[0].result.holds:
            better = _better(one, found[0], samples)
        beside.append(replace(one, result=replace(one.result, same=same, better=better)))
    return tuple(beside)


def _better(one: Clusters, k_means: Clusters, samples: Samples) -> Gap | None:
    if isinstance(one.assigner, Mixture):
        evaluated = samples.evaluated
        other = mixture_of(evaluated, k_means.assigner.assign(evaluated))
        gains = one.assigner.log_density(evaluated) - other.log_density(evaluated)
        return Gap(float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains))))
    if one.result.density is None or k_means.result.density is None:
        return None
    return Gap(one.result.density - k_means.result.density, 0.0)


def agreement(labels: Labels, others: Labels) -> float:
    """Return the adjusted Rand index of the people who are in clusters of both, 0 if nobody is.

    >>> agreement(np.array([0, 0, 1, 1, -1]), np.array([1, 1, 0, 0, 0]))
    1.0
    """
    both = (labels != OUTSIDE) & (others != OUTSIDE)
    return float(adjusted_rand_score(labels[both], others[both])) if both.any() else 0.0
