"""People without clusters, to compare real people with: what would k-means make of them?

k-means cuts any cloud into pieces, and an elongated cloud into stable ones. So the inertia of the real points is
compared with that of drawn ones, as the gap statistic does (Tibshirani, Walther and Hastie 2001, JRSS B 63:411):

- *one ellipse*: normal draws with the covariance of the points (as in SigClust: Liu et al. 2008, JASA 103:1281);
- *same traits, no groups*: draws in which each trait keeps its own distribution and traits rise and fall together
  as they do in reality (a normal copula; Cario and Nelson 1997), but no combination of traits is favoured.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import ndtr

from kohort.learning.clustering.kmeans import fit_fresh
from kohort.learning.features.table import Points
from kohort.stats.logarithms import share_less

_STARTS = 2
_TOLERANCE = 1e-3
_CALIBRATIONS = 4


class Reference(StrEnum):
    """A population without clusters."""

    ELLIPSE = "one ellipse"
    COPULA = "same traits, no groups"


@dataclass(frozen=True)
class Gap:
    """How much tighter real clusters are than those of a reference: the difference of mean log inertia.

    0.10 leaves 9.5 % less inertia (`tighter`). `error` is the spread of one draw with the uncertainty of the mean of
    all, sd · √(1 + 1/draws) (Tibshirani et al. 2001, step 3).
    """

    gap: float
    error: float

    @property
    def tighter(self) -> float:
        """How much less inertia is left, as a share."""
        return share_less(self.gap)

    def exceeds(self, smallest: float, *, errors: float) -> bool:
        """Tell whether the gap is at least `smallest`, and `errors` standard errors above zero.

        >>> Gap(0.05, 0.01).exceeds(0.01, errors=3.0), Gap(0.05, 0.02).exceeds(0.01, errors=3.0)
        (True, False)
        """
        return self.gap >= smallest and self.gap >= errors * self.error


def draw_ellipse(points: Points, random: np.random.Generator) -> Points:
    """Draw as many normal points with the same covariance, in the coordinates of its principal axes.

    Distances do not depend on the axes, so k-means does not either.

    >>> draw_ellipse(np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]]), np.random.default_rng(0)).shape
    (3, 2)
    """
    variances = np.linalg.eigvalsh(np.atleast_2d(np.cov(points.T)))
    return random.standard_normal(points.shape) * np.sqrt(np.maximum(variances, 0.0))


class Copula:
    """Points whose traits keep their own distributions and their correlations, and nothing else (NORTA).

    Correlated normal numbers are sent through the distribution of each trait. That weakens correlations, above all
    those of traits with many equal values, so the normal correlations are strengthened until the points' own come
    out (Cario and Nelson 1997, section 4).

    >>> points = np.array([[0.0, 1.0], [1.0, 0.0], [5.0, 3.0], [7.0, 2.0]])
    >>> Copula(points, np.random.default_rng(0)).draw(np.random.default_rng(1)).shape
    (4, 2)
    """

    def __init__(self, points: Points, random: np.random.Generator) -> None:
        """Fit distributions and correlations to `points`, shape (people, features)."""
        self._sorted = np.sort(points, axis=0)
        wanted = np.atleast_2d(np.corrcoef(points.T))
        normal = _whitened(random.standard_normal(points.shape))
        latent = wanted
        for _ in range(_CALIBRATIONS):
            reached = np.atleast_2d(np.corrcoef(self._through_distributions(normal @ _root(latent)).T))
            latent = np.clip(latent + wanted - reached, -1.0, 1.0)
            np.fill_diagonal(latent, 1.0)
        self._root = _root(latent)

    def draw(self, random: np.random.Generator) -> Points:
        """Draw as many points as were fitted."""
        return self._through_distributions(random.standard_normal(self._sorted.shape) @ self._root)

    def _through_distributions(self, normal: Points) -> Points:
        last = len(self._sorted) - 1
        positions = np.minimum((ndtr(normal) * (last + 1)).astype(np.int64), last)
        drawn: Points = np.take_along_axis(self._sorted, positions, axis=0)
        return drawn


class ReferenceDraws:
    """Draws of both references, made once and clustered for one k after another."""

    def __init__(self, points: Points, *, draws: Mapping[Reference, int], seed: int) -> None:
        """Draw as many populations of each kind as `draws` says, like `points`; the same seed gives the same."""
        random = np.random.default_rng(seed)
        copula = Copula(points, random)
        self._seed = seed
        self._draws = {
            Reference.ELLIPSE: [draw_ellipse(points, random) for _ in range(draws[Reference.ELLIPSE])],
            Reference.COPULA: [copula.draw(random) for _ in range(draws[Reference.COPULA])],
        }

    def gap(self, reference: Reference, k: int, inertia_share: float) -> Gap:
        """Compare clusters that leave `inertia_share` of the variance with those found in the draws."""
        draws = self._draws[reference]
        logs = np.array([_log(self._inertia_share(points, k)) for points in draws])
        error = float(logs.std(ddof=1)) * np.sqrt(1 + 1 / len(draws))
        return Gap(float(logs.mean()) - _log(inertia_share), float(error))

    def _inertia_share(self, points: Points, k: int) -> float:
        found = fit_fresh(points, k, starts=_STARTS, seed=self._seed, tolerance=_TOLERANCE)
        return found.inertia / total_inertia(points)


def _log(share: float) -> float:
    # Points that are as few distinct ones as there are clusters leave no inertia at all.
    return math.log(max(share, np.finfo(np.float64).eps))


def total_inertia(points: Points) -> float:
    """Return the sum of squared distances to the mean: the inertia of a single cluster.

    >>> total_inertia(np.array([[0.0], [2.0]]))
    2.0
    """
    return float(((points - points.mean(axis=0)) ** 2).sum())


def _root(correlations: Points) -> Points:
    """Return R with RᵀR the nearest matrix to `correlations` that can be one: variances 1, none negative."""
    variances, axes = np.linalg.eigh(correlations)
    root: Points = (axes * np.sqrt(np.maximum(variances, 0.0))).T
    lengths: Points = root / np.linalg.norm(root, axis=0)
    return lengths


def _whitened(normal: Points) -> Points:
    """Return `normal` with exactly uncorrelated columns of variance 1, so that chance does not bend the fit."""
    centred = normal - normal.mean(axis=0)
    left, _, right = np.linalg.svd(centred, full_matrices=False)
    whitened: Points = left @ right * np.sqrt(len(normal))
    return whitened
