"""Whether curves are worth it: an auto-encoder beside principal components, judged on people held out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_rand_score

from kohort.definitions.preparation import Reduction
from kohort.errors import UsageError
from kohort.learning.clustering.kmeans import fit_fresh, nearest
from kohort.learning.features.autoencoder import AutoEncoder, fit_autoencoder
from kohort.learning.features.components import PrincipalComponents, fit_components
from kohort.learning.features.table import Points
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent
from kohort.stats.intervals import Interval

WORTH: Final = 0.05
"""By how much more of people's differences an auto-encoder must give back to be worth its cost."""
_MOST: Final = 6_000
_FEWEST: Final = 150
_STARTS: Final = 5
_Fit = Callable[[Points, int, int], PrincipalComponents | AutoEncoder]


@dataclass(frozen=True)
class ReductionTrial:
    """How one reduction did on people held out: the mean over the splits, between the lowest and the highest.

    `explained` is the share of their variance that it gives back; `agreement` the adjusted Rand index (Hubert and
    Arabie 1985) of the clusters that two halves of the other people give them. n is the number of splits.
    """

    method: Reduction
    explained: Interval
    agreement: Interval


@dataclass(frozen=True)
class ReductionAdvice:
    """The reduction to take, what it rests on, and the reason in words."""

    recommended: Reduction
    trials: tuple[ReductionTrial, ReductionTrial]
    words: Bilingual


def recommended_reduction(points: Points, *, components: int, k: int, seed: int, splits: int = 3) -> ReductionAdvice:
    """Compare principal components and an auto-encoder of as many `components`, followed by k-means with `k` centroids.

    `points`, shape (people, columns), are scaled and not reduced; of more than 6,000 people that many are drawn. In
    each split a third of people is held out and each reduction is fitted on either other third. The auto-encoder is
    recommended if it gives back at least `WORTH` more of the variance of those held out in every split, and the
    agreement of its clusters is not lower by more than `WORTH`; otherwise principal components are.

    Raises UsageError for fewer than 150 people, or as many components as columns.
    """
    people, columns = points.shape
    if people < _FEWEST or not 1 <= components < columns:
        raise UsageError(
            f"comparing reductions needs {_FEWEST} people and fewer components than columns; "
            f"got {people} people, {components} components and {columns} columns"
        )
    random = np.random.default_rng(seed)
    measures: dict[Reduction, list[tuple[float, float]]] = {method: [] for method in Reduction}
    for split in range(splits):
        thirds = np.array_split(random.permutation(people)[:_MOST], 3)
        for method, fit in _FITS.items():
            measures[method].append(_measured(points, thirds, fit, components, k, seed + split))
    flat, curved = (_trial(method, np.array(measures[method])) for method in (Reduction.PCA, Reduction.AUTOENCODER))
    gains = np.array(measures[Reduction.AUTOENCODER])[:, 0] - np.array(measures[Reduction.PCA])[:, 0]
    worth = gains.min() >= WORTH and curved.agreement.estimate >= flat.agreement.estimate - WORTH
    recommended = Reduction.AUTOENCODER if worth else Reduction.PCA
    return ReductionAdvice(recommended, (flat, curved), _words(recommended, flat, curved))


def _measured(
    points: Points, thirds: list[npt.NDArray[np.int64]], fit: _Fit, components: int, k: int, seed: int
) -> tuple[float, float]:
    held_out = points[thirds[2]]
    labels, explained = [], []
    for rows in thirds[:2]:
        reduction = fit(points[rows], components, seed)
        centroids = fit_fresh(reduction.apply(points[rows]), k, starts=_STARTS, seed=seed).centroids
        reduced = reduction.apply(held_out)
        labels.append(nearest(reduced, centroids))
        lost = ((held_out - reduction.inverse(reduced)) ** 2).sum()
        explained.append(1 - lost / ((held_out - held_out.mean(axis=0)) ** 2).sum())
    return float(np.mean(explained)), float(adjusted_rand_score(*labels))


def _trial(method: Reduction, measures: npt.NDArray[np.float64]) -> ReductionTrial:
    intervals = (Interval(float(one.mean()), float(one.min()), float(one.max()), len(one)) for one in measures.T)
    return ReductionTrial(method, *intervals)


def _words(recommended: Reduction, flat: ReductionTrial, curved: ReductionTrial) -> Bilingual:
    own, other = percent(curved.explained.estimate), percent(flat.explained.estimate)
    first, second = number(curved.agreement.estimate, 2), number(flat.agreement.estimate, 2)
    figures = Bilingual(
        f"Of how people held out differ, an auto-encoder gives back {own.en} and as many principal components "
        f"{other.en}; clusters found on other people agree by {first.en} against {second.en} (adjusted Rand index).",
        f"De ce qui distingue les personnes mises de côté, un auto-encodeur restitue {own.fr} et autant de composantes "
        f"principales {other.fr}{SEMICOLON} les groupes trouvés sur d'autres personnes concordent à {first.fr} contre "
        f"{second.fr} (indice de Rand ajusté).",
    )
    if recommended is Reduction.AUTOENCODER:
        return Bilingual(
            f"{figures.en} People lie on a curved surface: the auto-encoder is worth its cost.",
            f"{figures.fr} Les personnes se tiennent sur une surface courbe{COLON} l'auto-encodeur vaut son coût.",
        )
    return Bilingual(
        f"{figures.en} Principal components are recommended: an embedding that follows curves gains too little here, "
        f"and nobody can read its columns.",
        f"{figures.fr} Les composantes principales sont recommandées{COLON} une représentation courbe gagne trop "
        f"peu ici, et personne ne peut en lire les colonnes.",
    )


_FITS: Final[Mapping[Reduction, _Fit]] = {
    Reduction.PCA: lambda points, components, _: fit_components(points, components=components),
    Reduction.AUTOENCODER: lambda points, components, seed: fit_autoencoder(points, components=components, seed=seed),
}
