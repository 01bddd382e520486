"""A flat map of people in many dimensions: principal components (Pearson 1901), for pictures only."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.learning.features.table import Points

LARGEST_MAP: Final = 2_000


@dataclass(frozen=True, eq=False)
class Projection:
    """A map of a sample of people.

    `positions`, shape (sample, axes), are their coordinates and `people`, shape (sample,), their rows in the points
    given; `loadings`, shape (axes, features), say how each axis is made of the features; `explained`, shape (axes,),
    is the share of all variance along each axis.
    """

    people: npt.NDArray[np.int64]
    positions: Points
    loadings: Points
    explained: npt.NDArray[np.float64]


def project(points: Points, *, seed: int, axes: int = 2, largest: int = LARGEST_MAP) -> Projection:
    """Project scaled `points`, shape (people, features), on their first principal components.

    Components come from the singular value decomposition of all centred points, each turned so that its largest
    loading is positive; at most `largest` people, drawn by `seed` and in ascending order, are on the map.

    Raises UsageError if there are fewer features than axes, or fewer than two people.

    >>> flat = project(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), seed=0)
    >>> flat.explained.round(6).tolist(), flat.loadings[0].round(3).tolist()
    ([1.0, 0.0], [0.707, 0.707])
    """
    people, features = points.shape
    if features < axes or people < 2:  # noqa: PLR2004 - one person has no variance
        raise UsageError(f"a map of {axes} axes needs as many features and two people; got {features} and {people}")
    centred = points - points.mean(axis=0)
    _, lengths, components = np.linalg.svd(centred, full_matrices=False)
    loadings = components[:axes]
    largest_loading = np.take_along_axis(loadings, np.abs(loadings).argmax(axis=1)[:, None], axis=1)
    loadings = loadings * np.where(largest_loading < 0, -1.0, 1.0)
    variances = lengths * lengths
    explained = variances[:axes] / (variances.sum() or 1.0)
    chosen = np.sort(np.random.default_rng(seed).permutation(people)[:largest]).astype(np.int64)
    return Projection(chosen, centred[chosen] @ loadings.T, loadings, explained)
