"""Mixtures of normal distributions: clusters of any size, spread and slant, with a probability of membership.

A Gaussian mixture is fitted by expectation and maximisation (Dempster, Laird and Rubin 1977). How many components it
has is chosen by the integrated completed likelihood (ICL: Biernacki, Celeux and Govaert 2000, IEEE TPAMI 22:719): BIC
(Schwarz 1978) with the entropy of the memberships added, so that components that overlap are one cluster. A Bayesian
mixture (a Dirichlet process: Blei and Jordan 2006, Bayesian Analysis 1:121) is said to find the number by itself; with
heavy tails it does not, so the components that hold more than 1 % of the people are counted beside the ICL's choice.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from kohort.learning.clustering.methods.assigners import Labels, Mixture, vectors
from kohort.learning.features.table import Points

LARGEST_SAMPLE: Final = 20_000
# Features vary by about 1: no component is narrower than a tenth of that, or it would fit lumps of equal values.
_LEAST_VARIANCE: Final = 0.01
_TOLERANCE: Final = 1e-3
_PASSES: Final = 200
_STARTS: Final = 3
_COUNTED: Final = 0.01


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """A mixture with what it is worth on the points it was fitted to.

    `bic` and `icl` are better when lower; `entropy` is the mean of −Σ p ln p over memberships, in nats per person:
    0 if everyone belongs to one component for certain, ln k if to all alike. `log_likelihood` is per person.
    """

    mixture: Mixture
    log_likelihood: float
    bic: float
    icl: float
    entropy: float

    @property
    def counted(self) -> int:
        """How many components hold more than 1 % of the people."""
        return int((np.exp(self.mixture.log_weights) > _COUNTED).sum())


def fit_mixture(points: Points, k: int, *, seed: int, starts: int = 1, near: Mixture | None = None) -> MixtureFit:
    """Return a Gaussian mixture of `k` components with full covariances, of `points`, shape (people, features).

    The likeliest of `starts` starts, each from k-means, and of one from the mixture `near`, if given.

    >>> points = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]])
    >>> round(fit_mixture(points, 2, seed=0).entropy, 6)
    0.0
    """
    found = [_fitted(GaussianMixture(k, n_init=starts, **_settings(seed)), points)]
    if near is not None:
        roots = np.array(near.roots)
        warm = {
            "weights_init": np.exp(near.log_weights) / np.exp(near.log_weights).sum(),
            "means_init": np.array(near.means),
            "precisions_init": roots @ roots.transpose(0, 2, 1),
        }
        found.append(_fitted(GaussianMixture(k, **warm, **_settings(seed)), points))
    return max(found, key=lambda fit: fit.log_likelihood)


def best_mixture(points: Points, ks: Iterable[int], *, seed: int) -> tuple[MixtureFit, ...]:
    """Return the mixtures of `points` for each number of components in `ks`, the one of the least ICL first.

    >>> points = np.random.default_rng(0).normal(size=(200, 2)) + np.repeat([[0.0, 0.0], [8.0, 0.0]], 100, axis=0)
    >>> [len(fit.mixture.means) for fit in best_mixture(points, (1, 2, 3), seed=0)][0]
    2
    """
    fits = [fit_mixture(points, k, seed=seed, starts=_STARTS) for k in ks]
    return tuple(sorted(fits, key=lambda fit: fit.icl))


def fit_bayesian_mixture(points: Points, largest: int, *, seed: int) -> MixtureFit:
    """Return a mixture under a Dirichlet process of at most `largest` components, of `points`.

    >>> points = np.random.default_rng(0).normal(size=(200, 2)) + np.repeat([[0.0, 0.0], [8.0, 0.0]], 100, axis=0)
    >>> fit_bayesian_mixture(points, 5, seed=0).counted
    2
    """
    prior = {"weight_concentration_prior_type": "dirichlet_process", "weight_concentration_prior": 1 / largest}
    return _fitted(BayesianGaussianMixture(n_components=largest, **prior, **_settings(seed)), points)


def only_counted(fit: MixtureFit) -> Mixture:
    """Return the mixture of the components that hold more than 1 % of the people, their weights summing to 1.

    >>> points = np.random.default_rng(0).normal(size=(200, 2)) + np.repeat([[0.0, 0.0], [8.0, 0.0]], 100, axis=0)
    >>> only_counted(fit_bayesian_mixture(points, 5, seed=0)).clusters
    2
    """
    weights = np.exp(fit.mixture.log_weights)
    kept = np.nonzero(weights > _COUNTED)[0]
    log_weights = np.log(weights[kept] / weights[kept].sum())
    return replace(fit.mixture.renumbered(kept), log_weights=tuple(log_weights.tolist()))


def mixture_of(points: Points, labels: Labels) -> Mixture:
    """Return the mixture in which each cluster of `labels`, int64 of shape (people,) from 0 up, is a component.

    >>> found = mixture_of(np.array([[0.0], [2.0], [9.0], [9.0]]), np.array([0, 0, 1, 1]))
    >>> found.means, [round(root[0][0], 3) for root in found.roots]
    (((1.0,), (9.0,)), [0.995, 10.0])
    """
    log_weights, means, roots = [], [], []
    for cluster in np.unique(labels):
        inside = points[labels == cluster]
        centred = inside - inside.mean(axis=0)
        covariance = centred.T @ centred / len(inside) + _LEAST_VARIANCE * np.eye(points.shape[1])
        log_weights.append(float(np.log(len(inside) / len(points))))
        means.append(inside.mean(axis=0))
        lower = np.linalg.cholesky(covariance)
        roots.append(vectors(np.linalg.inv(lower).T))
    return Mixture(tuple(log_weights), vectors(np.stack(means)), tuple(roots))


def valley(mixture: Mixture) -> float:
    """Return how full the shallowest valley between two components is: 0 deep, 1 none; 0 for one component.

    The density of the mixture along the ridgeline between the two (Ray and Lindsay 2005, Annals of Statistics
    33:2042, equation 4), at its lowest, per density at the lower end.

    >>> apart = Mixture((-0.7, -0.7), ((0.0,), (9.0,)), (((1.0,),), ((1.0,),)))
    >>> close = Mixture((-0.7, -0.7), ((0.0,), (1.0,)), (((1.0,),), ((1.0,),)))
    >>> round(valley(apart), 3), round(valley(close), 3)
    (0.0, 1.0)
    """
    return float(valleys(mixture).max())


def valleys(mixture: Mixture) -> npt.NDArray[np.float64]:
    """Return, for each pair of components, how full the valley between them is, shape (components, components).

    >>> valleys(Mixture((0.0,), ((0.0,),), (((1.0,),),))).tolist()
    [[0.0]]
    """
    k = mixture.clusters
    full = np.zeros((k, k))
    roots = np.array(mixture.roots)
    precisions = roots @ roots.transpose(0, 2, 1)
    means = np.array(mixture.means)
    for one in range(k):
        for other in range(one + 1, k):
            path = []
            for step in np.linspace(0, 1, 21):
                early, late = (1 - step) * precisions[one], step * precisions[other]
                path.append(np.linalg.solve(early + late, early @ means[one] + late @ means[other]))
            density = mixture.log_density(np.array(path))
            full[one, other] = full[other, one] = np.exp(density.min() - min(density[0], density[-1]))
    return full


def _settings(seed: int) -> dict[str, object]:
    return {
        "covariance_type": "full",
        "tol": _TOLERANCE,
        "reg_covar": _LEAST_VARIANCE,
        "max_iter": _PASSES,
        "random_state": seed,
    }


def _fitted(estimator: GaussianMixture | BayesianGaussianMixture, points: Points) -> MixtureFit:
    with warnings.catch_warnings():
        # Components that overlap wholly never settle: their entropy and their stability show it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(points)
    roots = tuple(vectors(root) for root in estimator.precisions_cholesky_)
    with np.errstate(divide="ignore"):
        log_weights = np.maximum(np.log(estimator.weights_), np.log(np.finfo(np.float64).tiny))
    mixture = Mixture(tuple(log_weights.tolist()), vectors(estimator.means_), roots)
    people, features = points.shape
    k = mixture.clusters
    parameters = k - 1 + k * features + k * features * (features + 1) / 2
    shares = mixture.memberships(points)
    entropy = float(abs(xlogy(shares, shares).sum()) / people)
    log_likelihood = float(mixture.log_density(points).mean())
    bic = parameters * float(np.log(people)) - 2 * people * log_likelihood
    return MixtureFit(mixture, log_likelihood, bic, bic + 2 * people * entropy, entropy)
