"""A flat map of people in many dimensions, for pictures only.

Principal components (Pearson 1901) show the directions in which people differ most. t-SNE (van der Maaten and Hinton
2008, JMLR 9:2579) and UMAP (McInnes, Healy and Melville 2018, arXiv:1802.03426) keep near people near; how large
groups are there, how far apart and how many says nothing, and nobody else can be placed on them. So no model stands
on a picture: a preparation reduces by principal components or an auto-encoder alone.
"""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from kohort.definitions.clusters import Picture
from kohort.errors import UsageError
from kohort.imports import needing_extra
from kohort.learning.features.components import fit_components
from kohort.learning.features.table import Points

LARGEST_MAP: Final = 2_000
_NEIGHBOURS: Final = 15
_PERPLEXITY: Final = 30.0
_FEWEST: Final = 10


@dataclass(frozen=True, eq=False)
class Projection:
    """A map of a sample of people.

    `positions`, shape (sample, axes), are their coordinates and `people`, shape (sample,), their rows in the points
    given; `loadings`, shape (axes, features), say how each axis is made of the features; `explained`, shape (axes,),
    is the share of all variance along each axis. Of t-SNE and UMAP, whose axes mean nothing, both are empty.
    """

    people: npt.NDArray[np.int64]
    positions: Points
    loadings: Points
    explained: npt.NDArray[np.float64]


def project(
    points: Points, *, seed: int, axes: int = 2, largest: int = LARGEST_MAP, method: Picture = Picture.PCA
) -> Projection:
    """Project scaled `points`, shape (people, features), on a map of `axes`.

    Principal components come from all points, each turned so that its largest loading is positive; at most `largest`
    people, drawn by `seed` and in ascending order, are on the map, and t-SNE and UMAP see these alone.

    Raises UsageError if there are fewer features than axes, or too few people: two, ten for t-SNE and UMAP;
    MissingExtraError for UMAP without the extra `umap`.

    >>> flat = project(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), seed=0)
    >>> flat.explained.round(6).tolist(), flat.loadings[0].round(3).tolist()
    ([1.0, 0.0], [0.707, 0.707])
    """
    people, features = points.shape
    fewest = 2 if method is Picture.PCA else _FEWEST
    if features < axes or people < fewest:
        raise UsageError(
            f"a map of {axes} axes needs as many features and {fewest} people; got {features} and {people}"
        )
    chosen = np.sort(np.random.default_rng(seed).permutation(people)[:largest]).astype(np.int64)
    if method is not Picture.PCA:
        draw = _tsne if method is Picture.TSNE else _umap
        with threadpool_limits(limits=1):
            return Projection(chosen, draw(points[chosen], axes, seed), np.empty((0, features)), np.empty(0))
    components = fit_components(points, components=axes)
    loadings, explained = np.array(components.loadings), np.array(components.explained)
    return Projection(chosen, components.apply(points[chosen]), loadings, explained)


def _tsne(points: Points, axes: int, seed: int) -> Points:
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    drawn = TSNE(axes, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(points)
    return np.asarray(drawn, dtype=np.float64)


def _umap(points: Points, axes: int, seed: int) -> Points:
    with needing_extra("umap", "drawing a map by UMAP"), warnings.catch_warnings():
        # It complains that TensorFlow is missing, which only its networks need.
        warnings.simplefilter("ignore", ImportWarning)
        from umap import UMAP
    neighbours = min(_NEIGHBOURS, len(points) - 1)
    drawn = UMAP(n_components=axes, n_neighbors=neighbours, random_state=seed, n_jobs=1).fit_transform(points)
    return np.asarray(drawn, dtype=np.float64)
