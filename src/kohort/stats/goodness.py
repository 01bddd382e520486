"""Whether counts by category are those of a population whose shares are known, and how far they are from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kohort.errors import UsageError
from kohort.stats.distributions import chi_square_tail
from kohort.stats.intervals import Interval, wilson_interval

_DIGITS: Final = 12  # beyond which equal distances differ by rounding


@dataclass(frozen=True)
class Fit:
    """How counts fit shares: Pearson's statistic with its degrees of freedom and p-value, and the effect size w.

    `shares` has for each category the share that was found, with its interval; `expected` the share in the population;
    `smallest` is the least expected count.
    """

    statistic: float
    degrees: int
    p_value: float
    effect: float
    shares: tuple[Interval, ...]
    expected: tuple[float, ...]
    smallest: float

    @property
    def furthest(self) -> int:
        """The place of the category whose share is furthest from the population's, the first of those that are."""
        pairs = zip(self.shares, self.expected, strict=True)
        away = [round(abs(found.estimate - share), _DIGITS) for found, share in pairs]
        return away.index(max(away))


def fit_of(counts: Sequence[int], weights: Sequence[float], *, confidence: float = 0.95) -> Fit:
    """Compare counts by category with a population in which the categories weigh as `weights` say.

    Pearson's chi-square test of goodness of fit (Pearson 1900, Philosophical Magazine 50:157); the effect size is
    Cohen's w, √(χ² / n): .1 small, .3 medium, .5 large (Cohen 1988, chapter 7). The intervals are Wilson's, and hold
    together with `confidence`, by Bonferroni's correction.

    Raises UsageError unless there are two categories or more, each with a weight above 0, and somebody is counted.

    >>> fit = fit_of([60, 40], [1, 1])
    >>> fit.statistic, round(fit.p_value, 4), fit.effect
    (4.0, 0.0455, 0.2)
    """
    total, everyone = math.fsum(weights), sum(counts)
    if len(counts) != len(weights) or len(counts) < 2 or min(weights) <= 0 or not math.isfinite(total) or everyone < 1:  # noqa: PLR2004 - one category is everybody
        raise UsageError("a fit needs two categories or more, each with a share above 0, and people who are counted")
    expected = tuple(weight / total for weight in weights)
    statistic = math.fsum(
        (count - everyone * share) ** 2 / (everyone * share) for count, share in zip(counts, expected, strict=True)
    )
    each = 1 - (1 - confidence) / len(counts)
    return Fit(
        statistic,
        len(counts) - 1,
        chi_square_tail(statistic, len(counts) - 1),
        math.sqrt(statistic / everyone),
        tuple(wilson_interval(count, everyone, confidence=each) for count in counts),
        expected,
        everyone * min(expected),
    )
