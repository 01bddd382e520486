"""Chances that were foretold beside what happened, and how both change as people are drawn again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.learning.auc import Groups
from kohort.stats.intervals import Interval, critical_value

Chances = npt.NDArray[np.float64]
"""Probabilities, float64 of shape (rows,)."""
Reached = npt.NDArray[np.bool_]
"""Whether each reached the goal, shape (rows,)."""
Weights = npt.NDArray[np.int64]
"""How often each row counts, shape (rows,)."""

_MANY: Final = 20_000


@dataclass(frozen=True, eq=False)
class Judged:
    """Chances of rows, what happened, and who each row is of: rows of equal `groups` are one person's.

    Raises UsageError if the shapes disagree, a chance is none, or all reached the goal, or nobody.

    >>> Judged(np.array([0.9, 0.2]), np.array([True, False])).base_rate
    0.5
    """

    chances: Chances
    reached: Reached
    groups: Groups | None = None

    def __post_init__(self) -> None:
        if self.chances.shape != self.reached.shape or (
            self.groups is not None and self.groups.shape != self.reached.shape
        ):
            raise UsageError(f"{len(self.chances)} chances cannot be judged by what {len(self.reached)} people did")
        if not ((self.chances >= 0) & (self.chances <= 1)).all():
            raise UsageError("a chance lies from 0 to 1; calibrate scores before they are judged")
        if self.reached.all() or not self.reached.any():
            raise UsageError("chances are judged by people who reached the goal and people who did not; one is missing")

    def __len__(self) -> int:
        return len(self.reached)

    @property
    def base_rate(self) -> float:
        """The share that reached the goal."""
        return float(self.reached.mean())

    def drawn_again(self, resamples: int, *, seed: int) -> Iterator[Weights]:
        """Yield how often each row counts as people are drawn again, as many who reached the goal as there are.

        The stratified bootstrap: who ever reached the goal and who never did are drawn apart, and a person with all
        their rows (Efron and Tibshirani 1993, sections 8.3 and 8.4; Davison and Hinkley 1997, section 3.8).
        """
        random = np.random.default_rng(seed)
        groups = np.arange(len(self)) if self.groups is None else np.unique(self.groups, return_inverse=True)[1]
        ever = np.bincount(groups, weights=self.reached) > 0
        parts = [part for part in (np.flatnonzero(ever), np.flatnonzero(~ever)) if len(part)]
        for _ in range(resamples):
            counts = np.zeros(len(ever), dtype=np.int64)
            for part in parts:
                counts[part] = np.bincount(random.integers(0, len(part), len(part)), minlength=len(part))
            yield counts[groups]


Measure = Callable[[Weights], float]
"""One figure of rows that count so often each."""


def measured(
    judged: Judged, measures: Mapping[str, Measure], *, seed: int, resamples: int = 0, confidence: float = 0.95
) -> dict[str, Interval]:
    """Return each measure with its interval, as `measured_together`."""

    def all_of(weights: Weights) -> Chances:
        return np.array([measure(weights) for measure in measures.values()])

    found = measured_together(judged, all_of, seed=seed, resamples=resamples, confidence=confidence)
    return dict(zip(measures, found, strict=True))


def measured_together(
    judged: Judged,
    measures: Callable[[Weights], Chances],
    *,
    seed: int,
    resamples: int = 0,
    confidence: float = 0.95,
) -> tuple[Interval, ...]:
    """Return each of several measures with the normal interval by its bootstrap standard error, not below 0.

    `measures` gives them of rows that count so often, shape (measures,). Efron and Tibshirani 1993, An Introduction to
    the Bootstrap, section 12.2: the interval lies about the estimate also where the bootstrap is biased, as it is for
    errors of calibration. `resamples` of 0 takes 400, or 100 of many rows. A measure that some resample does not have
    (NaN) is judged by the others.
    """
    found = measures(np.ones(len(judged), dtype=np.int64))
    times = resamples or (400 if len(judged) <= _MANY else 100)
    drawn = [measures(weights) for weights in judged.drawn_again(times, seed=seed)]
    reach = critical_value(confidence) * np.nanstd(np.array(drawn), axis=0, ddof=1)
    return tuple(
        Interval(estimate, max(0.0, estimate - one), estimate + one, len(judged))
        for estimate, one in zip(found.tolist(), reach.tolist(), strict=True)
    )
