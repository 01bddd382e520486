"""How far clusters, and what their features mean, have moved between two periods.

A cluster is measured by its people, so that one without a centre is measured as one with: the means and spreads of
features among them, on the scale of the first period, and Fisher's z of correlations among everybody. Clusters are
sought again among people drawn anew, and all measures taken of them; the spread of a measure over the draws is its
error (Efron and Tibshirani 1993, chapter 6). Where the same people stand in both periods the errors are too large,
never too small.
"""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from kohort.learning.clustering.match import Labels
from kohort.learning.clustering.methods.assigners import Assigner
from kohort.learning.clustering.period_results import Shift
from kohort.learning.features.table import Points
from kohort.stats.comparisons import holm
from kohort.stats.intervals import Interval

_NEARLY_ONE: Final = 0.999
_NO_SPREAD: Final = 1e-6
_FEWEST_DRAWS: Final = 10
"""In fewer draws than this, or than half of them, a cluster has no error."""


@dataclass(frozen=True, eq=False)
class Measures:
    """What clusters of one period are like: `means` and `spreads` (log standard deviations) of shape (k, features).

    `bends`, shape (features, features), are Fisher's z of the correlations between features over everybody.
    """

    means: Points
    spreads: Points
    bends: Points

    @property
    def like(self) -> Points:
        """What the people of each cluster are like: means, then spreads, shape (k, 2 · features)."""
        return np.hstack([self.means, self.spreads])

    def flat(self) -> npt.NDArray[np.float64]:
        """Return all measures one after the other; of correlations, those above the diagonal."""
        upper = np.triu_indices(len(self.bends), 1)
        return np.concatenate([self.means.ravel(), self.spreads.ravel(), self.bends[upper]])


@dataclass(frozen=True, eq=False)
class MeasuredPeriod:
    """The clusters of a period, what they are like, and the same of people drawn again.

    `assigner` gives anybody their cluster, `again` does so by the clusters of each draw. `drawn` holds the measures of
    each, shape (draws, measures), of its clusters in the order of this period's: NaN where one did not come back.
    """

    assigner: Assigner
    measures: Measures
    again: tuple[Assigner, ...]
    drawn: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Smallest:
    """The smallest shifts that matter, however sure: with enough people any is sure."""

    centre: float = 0.2
    spread: float = 0.25
    correlation: float = 0.2


def measures_of(points: Points, labels: Labels, k: int) -> Measures:
    """Measure k clusters of `points`, shape (people, features), by their people; of a cluster of nobody all is NaN.

    `labels` of -1 are in no cluster.

    >>> points = np.array([[0.0, 1.0], [0.2, 0.8], [5.0, 4.0], [5.2, 4.4], [99.0, 9.0]])
    >>> measures_of(points, np.array([0, 0, 1, 1, -1]), 3).means.round(1).tolist()
    [[0.1, 0.9], [5.1, 4.2], [nan, nan]]
    """
    means, spreads = np.full((2, k, points.shape[1]), np.nan)
    for cluster in range(k):
        members = points[labels == cluster]
        if len(members):
            means[cluster] = members.mean(axis=0)
            spreads[cluster] = np.log(np.maximum(members.std(axis=0), _NO_SPREAD)) if len(members) > 1 else 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.nan_to_num(np.atleast_2d(np.corrcoef(points.T)))
    return Measures(means, spreads, np.arctanh(np.clip(correlations, -_NEARLY_ONE, _NEARLY_ONE)))


def shifts_of(
    before: MeasuredPeriod,
    after: list[MeasuredPeriod],
    names: tuple[str, ...],
    pairs: list[dict[int, int]],
    *,
    level: float = 0.01,
    smallest: Smallest = Smallest(),
) -> tuple[tuple[Shift, ...], ...]:
    """Return, for each later period, how far its clusters and correlations are from those of the first.

    `pairs` tells for each later period which of its clusters continues a cluster of the first. Each measure is
    compared by Student's t with the error of its difference over the draws; Holm's adjustment is over all measures of
    all periods, so that looking often raises no false alarm; errors are themselves estimates, hence a strict `level`.
    Nothing is said of a cluster that came back in fewer than half of the draws of either period.
    """
    rows = [_shifts(before, one, names, pair) for one, pair in zip(after, pairs, strict=True)]
    adjusted = iter(holm([row.p_value for period in rows for row in period]).tolist())
    return tuple(tuple(_judged(row, next(adjusted), level, smallest) for row in period) for period in rows)


def _shifts(before: MeasuredPeriod, after: MeasuredPeriod, names: tuple[str, ...], pair: dict[int, int]) -> list[Shift]:
    """Return the shifts of one later period, with p-values that are not adjusted yet."""
    k, features = before.measures.means.shape
    later = len(after.measures.means)
    old, new = before.measures.flat(), after.measures.flat()
    # Where a measure stands in the first period and in the later one, and what it is of.
    places: list[tuple[str, int | None, str, str | None, int, int]] = []
    for first, second in sorted(pair.items()):
        for place, name in enumerate(names):
            one, other = first * features + place, second * features + place
            places.append(("centre", first, name, None, one, other))
            places.append(("spread", first, name, None, k * features + one, later * features + other))
    for number, (place, second) in enumerate(combinations(range(features), 2)):
        where = (2 * k * features + number, 2 * later * features + number)
        places.append(("correlation", None, names[place], names[second], *where))
    found = []
    for kind, cluster, feature, beside, one, other in places:
        known = [drawn[~np.isnan(drawn)] for drawn in (before.drawn[:, one], after.drawn[:, other])]
        draws = min(map(len, known))
        if draws < max(_FEWEST_DRAWS, min(len(before.drawn), len(after.drawn)) / 2):
            continue
        error = float(np.hypot(*(drawn.std(ddof=1) for drawn in known)))
        difference = float(new[other] - old[one])
        degrees = draws - 1
        p_value = float(2 * stats.t.sf(abs(difference) / error, degrees)) if error > 0 else float(difference == 0)
        reach = float(stats.t.ppf(0.975, degrees)) * error
        ends = np.array([difference, difference - reach, difference + reach])
        if kind == "centre":
            ends /= np.exp(old[k * features + one])
        elif kind == "correlation":
            # Read on the scale of r, tested on that of z, on which the error is even.
            ends = np.tanh(old[one] + ends) - np.tanh(old[one])
        estimate, low, high = (float(end) for end in ends)
        change = Interval(estimate, low, high, draws)
        found.append(Shift(kind, cluster, feature, beside, change, p_value, found=False))
    return found


def _judged(shift: Shift, p_value: float, level: float, smallest: Smallest) -> Shift:
    matters = abs(shift.change.estimate) >= getattr(smallest, shift.kind)
    return replace(shift, p_value=p_value, found=p_value <= level and matters)
