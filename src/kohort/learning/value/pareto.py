"""Pareto/NBD: people buy at random, and stop for good at a random moment of which nothing is seen.

Schmittlein, Morrison and Colombo 1987, "Counting your customers", Management Science 33:1. A person buys as a Poisson
process of rate λ, gamma distributed with shape r and rate α over people, until they stop, at a rate μ that is gamma
distributed with shape s and rate β.

The likelihood holds an integral over the moment at which somebody stopped, between the last purchase and the end. The
papers write it as a difference of two Gaussian hypergeometric functions; here it is taken by Gauss and Legendre's nodes
in the logarithm of time, which loses no digits, overflows nowhere, and has its gradient by the same nodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from kohort.learning.value.purchasing import Places, Rows, usual_rate

Floats = NDArray[np.float64]

_NODES: Final = 40
_NEGLIGIBLE: Final = 40.0
"""What is e to the power of minus this of the largest part is left out."""
_AT_ONCE: Final = 20_000


@dataclass(frozen=True)
class ParetoNbd:
    """A model of repeat purchases in which people may stop at any time.

    >>> from kohort.learning.value.purchasing import fresh
    >>> ParetoNbd().expected(np.array([0.553, 10.578, 0.606, 11.669]), fresh(), 52).round(3).tolist()
    [1.473]
    """

    key: str = "pareto_nbd"

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters: of the rate of purchases, and of the rate at which people stop."""
        return ("r", "alpha", "s", "beta")

    def start(self, rows: Rows) -> Floats:
        """Return parameters to begin the search with."""
        return np.array([*usual_rate(rows), 0.5, float(rows.age.mean()) / 2])

    def log_likelihood(self, values: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return the log likelihood of each row, and its gradient, shape (4, rows)."""
        r, alpha, s, beta = values
        x = rows.frequency
        still = -(r + x) * np.log(alpha + rows.age) - s * np.log(beta + rows.age)
        stopped, moments = _integral(values, rows)
        total = np.logaddexp(still, stopped)
        here, gone = np.exp(still - total), np.exp(stopped - total)
        log_alpha, log_beta, by_alpha, by_beta = moments
        gradient = np.stack(
            [
                digamma(r + x) - digamma(r) + np.log(alpha) - here * np.log(alpha + rows.age) - gone * log_alpha,
                r / alpha - (r + x) * (here / (alpha + rows.age) + gone * by_alpha),
                np.log(beta) - here * np.log(beta + rows.age) + gone * (1 / s - log_beta),
                s / beta - here * s / (beta + rows.age) - gone * (s + 1) * by_beta,
            ]
        )
        return gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + total, gradient

    def alive(self, values: Floats, rows: Rows) -> Floats:
        """Return the probability that somebody has not stopped."""
        r, alpha, s, beta = values
        still = -(r + rows.frequency) * np.log(alpha + rows.age) - s * np.log(beta + rows.age)
        return np.asarray(np.exp(still - np.logaddexp(still, _integral(values, rows)[0])))

    def expected(self, values: Floats, rows: Rows, horizon: float) -> Floats:
        """Return the purchases to expect in the `horizon` weeks after each history."""
        r, alpha, s, beta = values
        far = np.log1p(horizon / (beta + rows.age))
        lasting = far if s == 1 else -np.expm1(-(s - 1) * far) / (s - 1)
        if_alive = (r + rows.frequency) * (beta + rows.age) / (alpha + rows.age) * lasting
        return np.asarray(if_alive * self.alive(values, rows))

    def active(self, values: Floats, rows: Rows, horizon: float) -> Floats:
        """Return the probability of at least one purchase in the `horizon` weeks after each history."""
        r, alpha, s, beta = values
        shape, now, later = r + rows.frequency, alpha + rows.age, beta + rows.age
        stays = -shape * np.log1p(horizon / now) - s * np.log1p(horizon / later)
        silent = np.zeros(len(rows))
        nodes, weights = _nodes()
        # Stopping u weeks from now, not having bought until then.
        for node, weight in zip(nodes, weights, strict=True):
            width = np.log1p(horizon / later)
            u = later * np.expm1(node * width)
            silent += weight * width * np.exp(-shape * np.log1p(u / now) - s * np.log1p(u / later)) * s
        return np.asarray(self.alive(values, rows) * (1 - silent - np.exp(stays)))

    def stays(self, values: Floats, weeks: float) -> float:
        """Return the share of people who have not stopped so many weeks after their first purchase.

        Everybody counts for as long as they were seen, so that who came lately passes neither for loyal nor for lost.

        >>> round(ParetoNbd().stays(np.array([0.553, 10.578, 0.606, 11.669]), 52), 3)
        0.358
        """
        _, _, s, beta = values
        return float(np.exp(-s * np.log1p(weeks / beta)))

    def draw(
        self, values: Floats, rows: Rows, places: Places, horizon: float, generator: np.random.Generator
    ) -> Floats:
        """Return how often people buy in the `horizon`, in one world drawn from the model and what is known."""
        r, alpha, s, beta = values
        age, size = rows.age[places], len(places)
        alive = generator.random(size) < self.alive(values, rows)[places]
        rate = generator.gamma(r + rows.frequency[places]) / (alpha + age)
        stopping = np.maximum(generator.gamma(s, size=size), 1e-300) / (beta + age)
        lasts = np.minimum(generator.exponential(size=size) / stopping, horizon)
        return np.asarray(np.where(alive, generator.poisson(rate * lasts), 0.0))


@cache
def _nodes() -> tuple[Floats, Floats]:
    """Return the nodes and weights of Gauss and Legendre between 0 and 1."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2


def _integral(values: Floats, rows: Rows) -> tuple[Floats, Floats]:
    r"""Return log ∫ s (α+u)^-(r+x) (β+u)^-(s+1) du over u from the last purchase to the end, for each row.

    And, shape (4, rows), the means of log(α+u), log(β+u), 1/(α+u) and 1/(β+u) under what is integrated.
    """
    found, moments = np.empty(len(rows)), np.empty((4, len(rows)))
    for part in _stretches(len(rows)):
        found[part], moments[:, part] = _integral_of(values, rows.frequency[part], rows.recency[part], rows.age[part])
    return found, moments


def _integral_of(values: Floats, x: Floats, last: Floats, age: Floats) -> tuple[Floats, Floats]:
    r, alpha, s, beta = values
    base = min(alpha, beta)
    shape = (r + x)[:, None]
    # Later than this there is nothing left; early on it may fall steeply.
    end = np.minimum(age, (alpha + last) * np.exp(np.minimum(_NEGLIGIBLE / (r + x), 700.0)) - alpha)
    width = np.log((base + np.maximum(end, last)) / (base + last))[:, None]
    nodes, weights = _nodes()
    scale = (base + last)[:, None] * np.exp(width * nodes)
    log_alpha, log_beta = np.log(scale + (alpha - base)), np.log(scale + (beta - base))
    parts = -shape * log_alpha - (s + 1) * log_beta + np.log(scale)
    highest = parts.max(axis=1, keepdims=True)
    parts = np.exp(parts - highest) * weights
    sums = parts.sum(axis=1)
    moments = np.stack(
        [(parts * one).sum(axis=1) for one in (log_alpha, log_beta, np.exp(-log_alpha), np.exp(-log_beta))]
    )
    with np.errstate(divide="ignore"):
        found = np.log(s) + np.log(width[:, 0]) + highest[:, 0] + np.log(sums)
    return found, moments / sums


def _stretches(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _AT_ONCE):
        yield slice(start, min(rows, start + _AT_ONCE))
