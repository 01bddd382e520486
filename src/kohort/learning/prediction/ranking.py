"""What a ranking is worth: average precision, and how much of the goal the first so many hold."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from kohort.learning.prediction.judged import Chances, Judged, Weights, measured_together
from kohort.stats.intervals import Interval

TENTHS: Final = 10


@dataclass(frozen=True, eq=False)
class Ranking:
    """People by falling chance; equal chances are one step, so that the order of rows changes nothing.

    >>> judged = Judged(np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, False]))
    >>> everyone = np.ones(4, dtype=np.int64)
    >>> round(Ranking(judged).average_precision(everyone), 3), Ranking(judged).captured(everyone, 0.5)
    (0.833, 0.5)
    """

    judged: Judged

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(-self.judged.chances, kind="stable")

    @cached_property
    def _starts(self) -> np.ndarray:
        chances = self.judged.chances[self._order]
        return np.flatnonzero(np.concatenate([[True], chances[1:] != chances[:-1]]))

    def _steps(self, weights: Weights) -> tuple[Chances, Chances]:
        """Return how many who reached the goal, and how many people, stand down to each step."""
        counts = weights[self._order]
        hits = np.add.reduceat(counts * self.judged.reached[self._order], self._starts)
        return hits.cumsum().astype(np.float64), np.add.reduceat(counts, self._starts).cumsum().astype(np.float64)

    def average_precision(self, weights: Weights) -> float:
        """Return the mean precision over those who reached the goal: the area under precision and recall by steps.

        Without interpolation, which flatters (Davis and Goadrich 2006, ICML). By chance it is the base rate.
        """
        hits, people = self._steps(weights)
        precision = np.divide(hits, people, out=np.zeros_like(hits), where=people > 0)
        return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])

    def captured(self, weights: Weights, share: float) -> float:
        """Return which part of those who reached the goal stands among the first `share` of people.

        Of a step that goes beyond it the part counts that is within, as if its people were drawn by lot.
        """
        return float(self.captures(weights, np.array([share]))[0])

    def captures(self, weights: Weights, shares: Chances) -> Chances:
        """Return the same of several shares, both of shape (shares,)."""
        hits, people = self._steps(weights)
        found: Chances = np.interp(shares * people[-1], [0.0, *people], [0.0, *hits]) / hits[-1]
        return found

    def lift(self, weights: Weights, share: float) -> float:
        """Return how many times as often the first `share` of people reach the goal as all do."""
        return self.captured(weights, share) / share

    def above_others(self, weights: Weights, shares: Chances) -> Chances:
        """Return which part of those who reached the goal stands as high as the first `shares` of who did not.

        The heights of the ROC curve at those shares, both of shape (shares,); by chance they are the shares.

        >>> judged = Judged(np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, False]))
        >>> Ranking(judged).above_others(np.ones(4, dtype=np.int64), np.array([0.25, 0.5])).tolist()
        [0.5, 1.0]
        """
        hits, people = self._steps(weights)
        hits, others = np.concatenate([[0.0], hits]), np.concatenate([[0.0], people - hits])
        wanted = shares * others[-1]
        # The last step that is passed whole, which holds those who reached the goal and stand before the next other.
        passed = np.searchsorted(others, wanted, side="right") - 1
        beyond = np.minimum(passed + 1, len(others) - 1)
        within = np.divide(
            wanted - others[passed], others[beyond] - others[passed], out=np.zeros_like(wanted), where=beyond > passed
        )
        found: Chances = (hits[passed] + within * (hits[beyond] - hits[passed])) / hits[-1]
        return found


@dataclass(frozen=True)
class LiftRow:
    """The first `share` of people, those with the greatest chances: the part of the goal that they hold.

    `lift` is how many times as often they reach it as all do.
    """

    share: float
    capture: Interval
    lift: Interval


def lift_curve(judged: Judged, *, seed: int, resamples: int = 0, parts: int = TENTHS) -> tuple[LiftRow, ...]:
    """Return lift and capture of the first tenth of people, the first two, and so on, with bootstrap intervals.

    >>> judged = Judged(np.array([0.9, 0.8, 0.7, 0.1] * 25), np.array([True, True, False, False] * 25))
    >>> [(one.share, one.capture.estimate, one.lift.estimate) for one in lift_curve(judged, seed=0, parts=4)]
    [(0.25, 0.5, 2.0), (0.5, 1.0, 2.0), (0.75, 1.0, 1.3333333333333333), (1.0, 1.0, 1.0)]
    """
    ranking = Ranking(judged)
    shares = np.arange(1, parts + 1) / parts
    found = measured_together(judged, lambda weights: ranking.captures(weights, shares), seed=seed, resamples=resamples)
    rows = []
    for share, one in zip(shares.tolist(), found, strict=True):
        lift = Interval(one.estimate / share, one.low / share, one.high / share, one.n)
        rows.append(LiftRow(share, one, lift))
    return tuple(rows)
