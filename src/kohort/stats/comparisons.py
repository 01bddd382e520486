"""Tests of a difference between two proportions, and what several tests at once ask for."""

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError

_SMALLEST_EXPECTED: Final = 5  # Cochran 1954, Biometrics 10:417
_TIE: Final = 1 + 1e-7  # tables as probable as the observed one, up to rounding, count as extreme


class Method(StrEnum):
    """How a p-value was computed."""

    Z = "two-proportion z-test"
    FISHER = "Fisher's exact test"


@dataclass(frozen=True)
class ProportionTest:
    """The two-sided p-value of "both proportions are equal", and the method used."""

    p_value: float
    method: Method


def compare_proportions(successes: int, trials: int, other_successes: int, other_trials: int) -> ProportionTest:
    """Test whether two independent proportions are equal.

    The z-test with pooled variance where all four expected counts are at least 5 (Cochran 1954), else the exact test.

    Raises UsageError unless 0 ≤ successes ≤ trials and trials ≥ 1 on both sides.

    >>> test = compare_proportions(45, 100, 30, 100)
    >>> round(test.p_value, 4), test.method.value
    (0.0285, 'two-proportion z-test')
    """
    if not (0 <= successes <= trials and 0 <= other_successes <= other_trials and trials and other_trials):
        counts = f"{successes}/{trials} and {other_successes}/{other_trials}"
        raise UsageError(f"comparing proportions needs 0 ≤ successes ≤ trials and trials on both sides; got {counts}")
    everyone = trials + other_trials
    pooled = (successes + other_successes) / everyone
    if min(trials, other_trials) * min(pooled, 1 - pooled) < _SMALLEST_EXPECTED:
        return ProportionTest(fisher_p_value(successes, trials, other_successes, other_trials), Method.FISHER)
    error = math.sqrt(pooled * (1 - pooled) * (1 / trials + 1 / other_trials))
    z = (successes / trials - other_successes / other_trials) / error
    return ProportionTest(2 * NormalDist().cdf(-abs(z)), Method.Z)


def fisher_p_value(successes: int, trials: int, other_successes: int, other_trials: int) -> float:
    """Return the two-sided p-value of Fisher's exact test (Fisher 1935): all tables no more probable than this one.

    >>> round(fisher_p_value(3, 4, 1, 4), 4)
    0.4857
    """
    hits = successes + other_successes
    possible = range(max(0, hits - other_trials), min(hits, trials) + 1)
    logs = np.array([_log_choose(trials, one) + _log_choose(other_trials, hits - one) for one in possible])
    probabilities = np.exp(logs - logs.max())
    observed = probabilities[successes - possible.start]
    return min(1.0, float(probabilities[probabilities <= observed * _TIE].sum() / probabilities.sum()))


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return p-values, shape (n,), adjusted so that any false alarm among them all keeps its rate.

    Holm 1979, Scandinavian Journal of Statistics 6:65 (step-down Bonferroni); the order of the input is kept.

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    stepped = np.maximum.accumulate(given[order] * np.arange(given.size, 0, -1))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return p-values, shape (n,), adjusted so that false alarms keep their rate among all alarms.

    Benjamini and Hochberg 1995, JRSS B 57:289; the order of the input is kept.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")[::-1]
    stepped = np.minimum.accumulate(given[order] * given.size / np.arange(given.size, 0, -1))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
