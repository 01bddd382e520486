"""How good look-alikes are: what becomes of seed members who were hidden among the others, and what cannot be known."""

import numpy as np

from kohort.learning.auc import auc_interval
from kohort.learning.lookalike.hidden import corrected_area, hidden_share, labelled_share
from kohort.learning.lookalike.results import SHARES, FirstOthers, LookalikeQuality
from kohort.learning.prediction.judged import Chances, Judged, measured_together
from kohort.learning.prediction.ranking import Ranking
from kohort.learning.prediction.study import Trained
from kohort.stats.intervals import Interval, mean_interval
from kohort.stats.summaries import Summary


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
