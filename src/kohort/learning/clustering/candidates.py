"""Try every number of clusters with the same care, and measure what each is worth.

For each k: ten starts on a subsample; bootstraps that each keep the better of a fresh solution and a warm one, so
that a poor local optimum is not mistaken for instability; the best centroids seen anywhere, improved; and all
measures taken on one fixed sample of people, so that one k compares with the next.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.clustering.borders import border_density
from kohort.learning.clustering.kmeans import Labels, fit_fresh, fit_from, inertia, nearest
from kohort.learning.clustering.match import cluster_stability
from kohort.learning.clustering.reference import Gap, Reference, ReferenceDraws, total_inertia
from kohort.learning.clustering.silhouette import SampledSilhouette, SilhouetteSample, squared_silhouette
from kohort.learning.features.table import Points

STARTS: Final = 10
SUBSAMPLE: Final = 10_000
EVALUATION_SAMPLE: Final = 10_000
SILHOUETTE_SAMPLE: Final = 1_000
REFERENCE_SAMPLE: Final = 2_500
# Separated groups beat one ellipse by far; favoured combinations beat chance by little, and need more draws.
REFERENCE_DRAWS: Final = {Reference.ELLIPSE: 6, Reference.COPULA: 15}
_ROUGH: Final = 1e-3


@dataclass(frozen=True)
class Candidate:
    """What k clusters are worth: one row of the table that people see.

    `inertia_share` is the inertia as a share of that of a single cluster. `silhouette_squared` (exact, squared
    distances) and `silhouette` (sampled, plain distances) are two scales: never compare one with the other.
    `stability` is the mean Jaccard similarity of each cluster over the bootstraps. `border_density` is that of the
    least separated pair. The gaps compare with populations without clusters.
    """

    k: int
    inertia_share: float
    silhouette_squared: float
    silhouette: SampledSilhouette
    stability: tuple[float, ...]
    smallest_share: float
    border_density: float
    ellipse_gap: Gap
    copula_gap: Gap

    @property
    def weakest(self) -> float:
        """The stability of the least stable cluster."""
        return min(self.stability)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A candidate with what it was computed from: centroids (k, features) and similarities (bootstraps, k)."""

    candidate: Candidate
    centroids: Points
    similarities: npt.NDArray[np.float64]


class Evaluator:
    """The samples drawn once and used for every k.

    >>> random = np.random.default_rng(3)
    >>> points = random.normal(size=(300, 2)) + np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 100, axis=0)
    >>> evaluation = Evaluator(points, bootstraps=3, seed=1).evaluate(3)
    >>> evaluation.candidate.weakest, evaluation.candidate.border_density
    (1.0, 0.0)
    """

    def __init__(self, points: Points, *, bootstraps: int, seed: int) -> None:
        """Draw the samples of `points`, shape (people, features), scaled; the same seed draws the same."""
        random = np.random.default_rng(seed)
        n = len(points)
        self._seed = seed
        self._subsample = points[random.permutation(n)[:SUBSAMPLE]]
        self._evaluated = points[random.permutation(n)[:EVALUATION_SAMPLE]]
        self._resamples = [points[random.integers(0, n, min(n, SUBSAMPLE))] for _ in range(bootstraps)]
        asked = random.permutation(len(self._evaluated))[:SILHOUETTE_SAMPLE]
        self._silhouettes = SilhouetteSample(self._evaluated, asked)
        self._compared = points[random.permutation(n)[:REFERENCE_SAMPLE]]
        self._references = ReferenceDraws(self._compared, draws=REFERENCE_DRAWS, seed=seed)

    def evaluate(self, k: int) -> Evaluation:
        """Find the best k clusters and measure them."""
        fresh = [
            fit_fresh(sample, k, starts=1, seed=self._seed + number, tolerance=_ROUGH)
            for number, sample in enumerate(self._resamples)
        ]
        many_starts = fit_fresh(self._subsample, k, starts=STARTS, seed=self._seed, tolerance=_ROUGH)
        promoted = min(
            (found.centroids for found in (many_starts, *fresh)), key=lambda found: inertia(self._subsample, found)
        )
        centroids = fit_from(self._subsample, promoted).centroids
        labels = nearest(self._evaluated, centroids)
        similarities = []
        for sample, found in zip(self._resamples, fresh, strict=True):
            better = min(found, fit_from(sample, centroids, tolerance=_ROUGH), key=lambda solution: solution.inertia)
            similarities.append(cluster_stability(labels, nearest(self._evaluated, better.centroids), k))
        stacked = np.stack(similarities)
        return Evaluation(self._measure(k, centroids, labels, stacked), centroids, stacked)

    def _measure(self, k: int, centroids: Points, labels: Labels, similarities: npt.NDArray[np.float64]) -> Candidate:
        compared_share = fit_from(self._compared, centroids).inertia / total_inertia(self._compared)
        return Candidate(
            k=k,
            inertia_share=inertia(self._evaluated, centroids) / total_inertia(self._evaluated),
            silhouette_squared=squared_silhouette(self._evaluated, labels, k),
            silhouette=self._silhouettes.score(labels, k),
            stability=tuple(similarities.mean(axis=0).tolist()),
            smallest_share=float(np.bincount(labels, minlength=k).min() / len(labels)),
            border_density=float(border_density(self._evaluated, labels, centroids).max()),
            ellipse_gap=self._references.gap(Reference.ELLIPSE, k, compared_share),
            copula_gap=self._references.gap(Reference.COPULA, k, compared_share),
        )
