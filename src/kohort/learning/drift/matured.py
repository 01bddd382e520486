"""How good chances still are, judged only by people whose time to act is over.

Whoever was scored last week may still buy within their month. Counted as "has not", they make any model look as if it
promised too much, so they wait until their label is mature.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.clock import Moment
from kohort.errors import UsageError
from kohort.learning.auc import auc_interval
from kohort.stats.comparisons import holm
from kohort.stats.intervals import Interval, critical_value, mean_interval, wilson_interval
from kohort.stats.summaries import Summary

_FEWEST: Final = 10
"""The fewest people who reached the goal, and who did not, of whom an area under the curve is told."""


@dataclass(frozen=True, eq=False)
class Foretold:
    """Chances that people were told to have, when, and whether they have reached the goal since; shapes (people,).

    `scored_at` is in microseconds UTC. Raises UsageError if the shapes disagree or a chance is none.
    """

    scored_at: npt.NDArray[np.int64]
    chances: npt.NDArray[np.float64]
    reached: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if not self.scored_at.shape == self.chances.shape == self.reached.shape:
            raise UsageError(f"{len(self.chances)} chances cannot be judged by what {len(self.reached)} people did")
        if not ((self.chances >= 0) & (self.chances <= 1)).all():
            raise UsageError("a chance lies from 0 to 1; calibrate scores before they are watched")

    def matured(self, horizon: int, now: Moment) -> "Foretold":
        """Return those whose `horizon`, in microseconds from being scored, is over by `now`.

        >>> everyone = Foretold(np.array([0, 90]), np.array([0.2, 0.9]), np.array([False, False]))
        >>> everyone.matured(30, now=100).chances.tolist()
        [0.2]
        """
        over = self.scored_at + horizon <= now
        return Foretold(self.scored_at[over], self.chances[over], self.reached[over])


@dataclass(frozen=True)
class Performance:
    """How good chances were of people whose labels are mature.

    `ratio` is how many reached the goal over how many were foretold to: 1 is right, above 1 the model promised too
    little. `error` is the standard error of its logarithm if the model is right. `brier` is the mean squared distance
    of chances from what happened; `auc` is None where fewer than ten reached the goal, or did not.
    """

    people: int
    ratio: Interval
    error: float
    brier: Interval
    auc: Interval | None


@dataclass(frozen=True)
class PerformanceDrift:
    """One measure of a window beside what it was: `measure` is "calibration" or "auc", `change` how far it has gone.

    For calibration `change` is the ratio of observed to foretold, for the AUC its fall below the model's own. `found`
    says that it is at least the smallest that matters and below the level after Holm's adjustment.
    """

    measure: str
    change: float
    p_value: float
    found: bool


@dataclass(frozen=True)
class SmallestLoss:
    """The smallest loss that matters: so many times too many or too few, and so much less area under the curve."""

    ratio: float = 1.25
    auc: float = 0.03


def performance_of(foretold: Foretold) -> Performance:
    """Return how good chances were; give `matured` people only.

    The ratio is Wilson's interval of the observed rate over the mean chance (Debray et al. 2017, BMJ 356:i6460, of the
    ratio itself); AUC by DeLong. Raises UsageError for nobody, or where every chance is 0.

    >>> chances = np.tile([0.1, 0.3, 0.5, 0.7], 50)
    >>> found = performance_of(Foretold(np.zeros(200, np.int64), chances, np.arange(200) % 5 < 2))
    >>> found.people, round(found.ratio.estimate, 2), round(found.brier.estimate, 2)
    (200, 1.0, 0.29)
    """
    chances, reached = foretold.chances, foretold.reached
    if not len(chances) or not chances.any():
        raise UsageError("a model is judged by people who were told a chance and whose time to act is over")
    rate, mean = wilson_interval(int(reached.sum()), len(reached)), float(chances.mean())
    ratio = Interval(rate.estimate / mean, rate.low / mean, rate.high / mean, len(reached))
    error = math.sqrt(float((chances * (1 - chances)).sum())) / float(chances.sum())
    brier = mean_interval(Summary.of((chances - reached) ** 2))
    hits = int(reached.sum())
    auc = auc_interval(chances, reached) if min(hits, len(reached) - hits) >= _FEWEST else None
    return Performance(len(reached), ratio, error, brier, auc)


def performance_drift(
    learnt: Performance,
    now: Performance,
    past: Sequence[Performance] = (),
    *,
    level: float = 0.001,
    smallest: SmallestLoss = SmallestLoss(),
) -> tuple[PerformanceDrift, ...]:
    """Compare a window's calibration with 1, and its AUC with that of the people the model was judged on.

    What `past` windows differed by beyond sampling, in which nothing had happened, is part of the error. The Brier
    score is told and never alarms: it moves with the base rate, though the model be as good as before.

    >>> good = Performance(900, Interval(1.0, 0.9, 1.1, 900), 0.05, Interval(0.1, 0.1, 0.1, 900), None)
    >>> bad = Performance(900, Interval(1.5, 1.4, 1.6, 900), 0.05, Interval(0.1, 0.1, 0.1, 900), None)
    >>> [(one.measure, one.change, one.found) for one in performance_drift(good, bad)]
    [('calibration', 1.5, True)]
    """
    looks: list[tuple[str, float, float, bool]] = []
    ratio = now.ratio.estimate
    distance = abs(math.log(ratio)) if ratio > 0 else math.inf
    spread = math.hypot(now.error, _between([one for one in past if one.ratio.estimate > 0]))
    away = abs(ratio - 1) / spread if ratio <= 0 else distance / spread
    looks.append(("calibration", ratio, math.erfc(away / math.sqrt(2)), distance >= math.log(smallest.ratio)))
    if learnt.auc is not None and now.auc is not None:
        fall = learnt.auc.estimate - now.auc.estimate
        error = math.hypot(_error(learnt.auc), _error(now.auc))
        p_value = math.erfc(fall / error / math.sqrt(2)) / 2 if error else float(fall <= 0)
        looks.append(("auc", fall, p_value, fall >= smallest.auc))
    adjusted = holm([p_value for _, _, p_value, _ in looks]).tolist()
    return tuple(
        PerformanceDrift(measure, change, p_value, matters and p_value <= level)
        for (measure, change, _, matters), p_value in zip(looks, adjusted, strict=True)
    )


def _between(past: Sequence[Performance]) -> float:
    """Return the standard deviation of the ratio's logarithm between windows beyond what sampling explains.

    The method of moments of DerSimonian and Laird 1986, Controlled Clinical Trials 7:177, with equal weights.
    """
    if len(past) < 3:  # noqa: PLR2004 - of which a spread says nothing
        return 0.0
    ratios = np.log([one.ratio.estimate for one in past])
    return math.sqrt(max(0.0, float(ratios.var(ddof=1)) - float(np.mean([one.error**2 for one in past]))))


def _error(interval: Interval) -> float:
    return (interval.high - interval.low) / (2 * critical_value(0.95))
