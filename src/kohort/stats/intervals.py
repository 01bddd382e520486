"""Estimates with their uncertainty: proportions, differences, ratios, means."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.summaries import Summary


@dataclass(frozen=True)
class Interval:
    """An estimate, the interval around it, and the number of people it rests on."""

    estimate: float
    low: float
    high: float
    n: int


def wilson_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """Return the score interval of a proportion (Wilson 1927, JASA 22:209), without continuity correction.

    Raises UsageError unless 0 ≤ successes ≤ trials and trials ≥ 1.

    >>> rate = wilson_interval(15, 148)
    >>> round(rate.low, 4), round(rate.high, 4)
    (0.0624, 0.1605)
    """
    _check_proportion(successes, trials)
    z = critical_value(confidence)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    reach = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if successes == 0 else (centre - reach) / scale
    high = 1.0 if successes == trials else (centre + reach) / scale
    return Interval(share, low, high, trials)


def newcombe_difference(
    successes: int, trials: int, other_successes: int, other_trials: int, *, confidence: float = 0.95
) -> Interval:
    """Return the difference of two independent proportions, first minus other, with its hybrid score interval.

    Method 10 of Newcombe 1998, Statistics in Medicine 17:873: the Wilson limits of both, squared and added.

    Raises UsageError unless 0 ≤ successes ≤ trials and trials ≥ 1 on both sides.

    >>> difference = newcombe_difference(56, 70, 48, 80)
    >>> round(difference.estimate, 4), round(difference.low, 4), round(difference.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    first = wilson_interval(successes, trials, confidence=confidence)
    other = wilson_interval(other_successes, other_trials, confidence=confidence)
    difference = first.estimate - other.estimate
    low = difference - math.hypot(first.estimate - first.low, other.high - other.estimate)
    high = difference + math.hypot(first.high - first.estimate, other.estimate - other.low)
    return Interval(difference, low, high, trials + other_trials)


def relative_lift(
    successes: int, trials: int, other_successes: int, other_trials: int, *, confidence: float = 0.95
) -> Interval:
    """Return the ratio of two independent proportions, first over other, with its interval on the log scale.

    Katz et al. 1978, Biometrics 34:469. Where a count is zero, or both proportions are one, a half is added to
    every count and every total (Walter 1975, Biometrika 62:371), to the estimate as well, so that it stays finite.

    Raises UsageError unless 0 ≤ successes ≤ trials and trials ≥ 1 on both sides.

    >>> lift = relative_lift(30, 100, 20, 200)
    >>> round(lift.estimate, 3), round(lift.low, 3), round(lift.high, 3)
    (3.0, 1.797, 5.008)
    """
    _check_proportion(successes, trials)
    _check_proportion(other_successes, other_trials)
    half = 0.5 if 0 in (successes, other_successes) or (successes, other_successes) == (trials, other_trials) else 0.0
    hits, total, other_hits, other_total = (
        count + half for count in (successes, trials, other_successes, other_trials)
    )
    ratio = (hits / total) / (other_hits / other_total)
    error = math.sqrt(1 / hits - 1 / total + 1 / other_hits - 1 / other_total)
    factor = math.exp(critical_value(confidence) * error)
    return Interval(ratio, ratio / factor, ratio * factor, trials + other_trials)


def bootstrap_mean(
    values: npt.NDArray[np.float64], *, seed: int, resamples: int = 2_000, confidence: float = 0.95
) -> Interval:
    """Return the mean of `values`, shape (n,), with its percentile bootstrap interval.

    Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3. Takes time in n · resamples.

    Raises UsageError if there is no value, or one that is no finite number.

    >>> bootstrap_mean(np.array([2.0, 2.0, 2.0]), seed=1)
    Interval(estimate=2.0, low=2.0, high=2.0, n=3)
    """
    if values.size == 0 or not np.isfinite(values).all():
        raise UsageError("a bootstrap needs at least one value, and finite ones; leave missing values out first")
    random = np.random.default_rng(seed)
    means = np.array([values[random.integers(0, values.size, values.size)].mean() for _ in range(resamples)])
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(values.mean()), float(low), float(high), values.size)


def mean_interval(found: Summary, *, confidence: float = 0.95) -> Interval:
    """Return a mean with its interval by the central limit theorem.

    Lumley et al. 2002, Annual Review of Public Health 23:151. That is near the truth from some dozens of
    people on, and later where a few have most. Raises UsageError for nobody.

    >>> found = mean_interval(Summary(100, 5.0, 4.0))
    >>> round(found.low, 3), round(found.high, 3)
    (4.608, 5.392)
    """
    if not found.size:
        raise UsageError("the mean of nobody is not known")
    reach = critical_value(confidence) * math.sqrt(found.variance / found.size)
    return Interval(found.mean, found.mean - reach, found.mean + reach, found.size)


def ratio_of_means(inside: Summary, outside: Summary, *, confidence: float = 0.95) -> Interval | None:
    """Return the ratio of two independent means, first over other, with its interval on the log scale.

    Hedges, Gurevitch and Curtis 1999, Ecology 80:1150. None unless both means are above zero: otherwise a ratio says
    nothing.

    >>> found = ratio_of_means(Summary(100, 6.0, 4.0), Summary(400, 3.0, 4.0))
    >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3)
    (2.0, 1.823, 2.194)
    """
    if not inside.size or not outside.size or inside.mean <= 0 or outside.mean <= 0:
        return None
    ratio = inside.mean / outside.mean
    error = math.sqrt(sum(one.variance / (one.size * one.mean * one.mean) for one in (inside, outside)))
    factor = math.exp(critical_value(confidence) * error)
    return Interval(ratio, ratio / factor, ratio * factor, inside.size + outside.size)


def critical_value(confidence: float) -> float:
    """Return z such that a standard normal variable lies within ±z with probability `confidence`.

    >>> round(critical_value(0.95), 4)
    1.96
    """
    if not 0 < confidence < 1:
        raise UsageError(f"a confidence level lies between 0 and 1, such as 0.95; got {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _check_proportion(successes: int, trials: int) -> None:
    if not 0 <= successes <= trials or trials == 0:
        raise UsageError(f"a proportion needs 0 ≤ successes ≤ trials and at least one trial; got {successes}/{trials}")
