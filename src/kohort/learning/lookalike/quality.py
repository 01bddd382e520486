"""How good look-alikes are: what becomes of seed members who were hidden among the others, and what cannot be known."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kohort.learning.auc import auc_interval
from kohort.learning.lookalike.hidden import corrected_area, hidden_share, labelled_share
from kohort.learning.prediction.judged import Chances, Judged, measured_together
from kohort.learning.prediction.ranking import Ranking
from kohort.learning.prediction.study import Trained
from kohort.stats.intervals import Interval, mean_interval
from kohort.stats.summaries import Summary

SHARES: Final = (0.05, 0.1, 0.2)
"""The first so many of the others of whom quality is told."""


@dataclass(frozen=True)
class FirstOthers:
    """The first `share` of those outside the seed, by likeness.

    `recall` is which part of the hidden members stands as high, `lift` how many times as many as by lot, and `alike`
    which part of these first ones is like the seed: from 0, for nobody can tell, up to a bound.
    """

    share: float
    recall: Interval
    lift: Interval
    alike: Interval


@dataclass(frozen=True)
class LookalikeQuality:
    """How `members` of a seed, each hidden from the models that then ranked them, stand among the `others`.

    `area` is the AUC if all others were unlike, `corrected` with what may be hidden among them, `hidden` the share of
    the others who are like the seed, and `labelled` the share of all who are like it that the seed holds.
    `labelled_apart` is Elkan and Noto's estimate of the latter: the mean chance of hidden members, right where nobody
    is half alike, and too small otherwise.
    """

    members: int
    others: int
    first: tuple[FirstOthers, ...]
    area: Interval
    corrected: Interval
    hidden: Interval
    labelled: Interval
    labelled_apart: Interval

    @property
    def is_better_than_lot(self) -> bool:
        """Whether hidden members stand higher than drawing lots would put them, beyond chance."""
        return self.area.low > 0.5  # noqa: PLR2004 - a coin


def quality_of(judged: Judged, *, seed: int) -> LookalikeQuality:
    """Return how good a likeness is, by what models said of members and others whom they did not know.

    `judged.chances` are of being in the seed, calibrated; `judged.reached` says who is. Intervals are by the stratified
    bootstrap; those of the share and the areas as `hidden` says.

    >>> random = np.random.default_rng(0)
    >>> inside = np.arange(1_000) < 200
    >>> judged = Judged(1 / (1 + np.exp(2 - random.normal(2 * inside, 1))), inside)
    >>> found = quality_of(judged, seed=0)
    >>> found.first[1].share, found.first[1].lift.low > 3, found.area.estimate <= found.corrected.estimate
    (0.1, True, True)
    """
    members, others = judged.chances[judged.reached], judged.chances[~judged.reached]
    hidden = hidden_share(members, others, seed=seed)
    ranking = Ranking(judged)
    shares = np.array(SHARES)
    recalls = measured_together(judged, lambda weights: ranking.above_others(weights, shares), seed=seed)
    area = auc_interval(judged.chances, judged.reached, groups=judged.groups)
    return LookalikeQuality(
        members=len(members),
        others=len(others),
        first=tuple(_first(share, recall, hidden) for share, recall in zip(SHARES, recalls, strict=True)),
        area=area,
        corrected=corrected_area(area, hidden),
        hidden=hidden,
        labelled=labelled_share(hidden, len(members), len(others)),
        labelled_apart=mean_interval(Summary.of(members)),
    )


def quality_of_trained(trained: Trained, reached: np.ndarray, groups: np.ndarray, *, seed: int) -> LookalikeQuality:
    """Return the quality of a model by what was said of the rows that judged it.

    `reached`, bool, and `groups`, int64, both of shape (rows,), are of all rows that it learnt from in the end.
    """
    own: Chances = trained.chances
    rows = trained.rows
    of_people = groups[rows] if len(np.unique(groups[rows])) < len(rows) else None
    return quality_of(Judged(own, reached[rows], of_people), seed=seed)


def _first(share: float, recall: Interval, hidden: Interval) -> FirstOthers:
    recall = Interval(recall.estimate, recall.low, min(1.0, recall.high), recall.n)
    alike = (min(1.0, hidden.estimate * recall.estimate / share), 0.0, min(1.0, hidden.high * recall.high / share))
    estimate, low, high = (one / share for one in (recall.estimate, recall.low, recall.high))
    return FirstOthers(share, recall, Interval(estimate, low, high, recall.n), Interval(*alike, hidden.n))
