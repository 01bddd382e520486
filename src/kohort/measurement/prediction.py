"""How well groups formed before a split tell who does something after it, beside an obvious rule."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.measurement.lift import LiftPoint, lift_curve
from kohort.stats.intervals import Interval

Groups = npt.NDArray[np.int64]
Hits = npt.NDArray[np.bool_]

_FOLDS: Final = 5
_DRAWS: Final = 500
_FEWEST: Final = 10


@dataclass(frozen=True)
class Prediction:
    """The power of groups to predict: 0.5 of `area` and 0 of `association` are none at all.

    `area` is that under the ROC curve when people are ranked by the rate of their group among *other* people;
    `association` is Cramér's V, corrected for bias. `lift` is the curve of the same ranking, by tenths of people. Their
    intervals are by the bootstrap.
    """

    area: Interval
    association: Interval
    lift: tuple[LiftPoint, ...]


@dataclass(frozen=True)
class PredictionBeside:
    """Groups beside an obvious rule on the same people; `gain` is the difference of areas, groups minus rule."""

    groups: Prediction
    rule: Prediction
    gain: Interval


def predictive_power(groups: Groups, rule: Groups, hits: Hits, *, seed: int) -> PredictionBeside:
    """Measure how well `groups` and `rule`, int64 of shape (people,) from 0 up, tell `hits`, bool of shape (people,).

    Rates are learnt on four fifths of the people and rank the others (Hastie, Tibshirani and Friedman 2009, section
    7.10), so that many small groups gain nothing by chance. Raises UsageError for fewer than ten people who did it, or
    who did not: nothing can be said.

    >>> random = np.random.default_rng(0)
    >>> groups = np.arange(1_000) % 2
    >>> hits = random.random(1_000) < np.where(groups == 1, 0.6, 0.2)
    >>> found = predictive_power(groups, np.arange(1_000) // 200, hits, seed=1)
    >>> found.groups.area.low > 0.6, found.gain.low > 0, found.rule.area.low < 0.5
    (True, True, True)
    """
    if groups.shape != hits.shape or rule.shape != hits.shape:
        raise UsageError("predicting needs one group and one outcome for each person")
    if min(int(hits.sum()), int((~hits).sum())) < _FEWEST:
        raise UsageError(f"fewer than {_FEWEST} people did it, or did not: whether groups predict it cannot be said")
    random = np.random.default_rng(seed)
    fold = random.permutation(len(hits)) % _FOLDS
    scores = [_rates_of_others(one, hits, fold) for one in (groups, rule)]
    # One set of draws for both: what they have in common cancels in their difference.
    rows = [random.integers(0, len(hits), len(hits)) for _ in range(_DRAWS)]
    areas = np.array([[area_under_curve(score[row], hits[row]) for score in scores] for row in rows])
    links = np.array([[cramers_v(one[row], hits[row]) for one in (groups, rule)] for row in rows])
    area = [area_under_curve(score, hits) for score in scores]
    link = [cramers_v(one, hits) for one in (groups, rule)]
    mine, obvious = (
        Prediction(
            _between(area[at], areas[:, at]), _mirrored(link[at], links[:, at]), lift_curve(scores[at], hits, rows)
        )
        for at in range(len(scores))
    )
    return PredictionBeside(mine, obvious, _between(area[0] - area[1], areas[:, 0] - areas[:, 1]))


def area_under_curve(scores: npt.NDArray[np.float64], hits: Hits) -> float:
    """Return the chance that who did it has the higher score, ties counting half (Hanley and McNeil 1982); NaN if none.

    >>> area_under_curve(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    did = int(hits.sum())
    if not 0 < did < len(hits):
        return float("nan")
    return float((ranks[hits].sum() - did * (did + 1) / 2) / (did * (len(hits) - did)))


def cramers_v(groups: Groups, hits: Hits) -> float:
    """Return Cramér's V of groups and an outcome, corrected for bias (Bergsma 2013, J. Korean Stat. Soc. 42:323).

    >>> cramers_v(np.array([0, 0, 1, 1] * 50), np.array([False, False, True, True] * 50)) > 0.99
    True
    """
    table = np.bincount(groups * 2 + hits, minlength=2 * (int(groups.max()) + 1)).reshape(-1, 2).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (rows, columns) = table.sum(), table.shape
    if rows < 2 or columns < 2:  # noqa: PLR2004 - one row or column is associated with nothing
        return 0.0
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0) / n
    squared = float(((table - expected) ** 2 / expected).sum() / n)
    squared = max(0.0, squared - (rows - 1) * (columns - 1) / (n - 1))
    rows_left, columns_left = (one - (one - 1) ** 2 / (n - 1) for one in (rows, columns))
    return float(np.sqrt(squared / (min(rows_left, columns_left) - 1)))


def _rates_of_others(groups: Groups, hits: Hits, fold: Groups) -> npt.NDArray[np.float64]:
    """Return for each person the rate of their group in the other folds, drawn towards that of everybody."""
    k = int(groups.max()) + 1
    rates = np.empty(len(hits))
    for number in range(_FOLDS):
        out = fold == number
        did = np.bincount(groups[~out], weights=hits[~out], minlength=k)
        people = np.bincount(groups[~out], minlength=k)
        rates[out] = ((did + hits[~out].mean()) / (people + 1))[groups[out]]
    return rates


def _mirrored(estimate: float, draws: npt.NDArray[np.float64]) -> Interval:
    """Return the basic bootstrap interval: people drawn again seem more associated, by as much as these are already."""
    low, high = np.clip(2 * estimate - np.quantile(draws, [0.975, 0.025]), 0.0, 1.0)
    return Interval(estimate, min(float(low), estimate), max(float(high), estimate), len(draws))


def _between(estimate: float, draws: npt.NDArray[np.float64]) -> Interval:
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return Interval(estimate, min(float(low), estimate), max(float(high), estimate), len(draws))
