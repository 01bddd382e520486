"""How far clusters, and what their features mean, have moved between two periods, by the bootstrap.

People of each period are drawn again, the centroids improved from where they stood, and all measures taken anew; the
spread of a measure over the draws is its error (Efron and Tibshirani 1993, chapter 6). Means are those of clusters on
the scale of the first period; correlations are Fisher's z. Where the same people stand in both periods the errors are
too large, never too small.
"""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from kohort.learning.clustering.kmeans import fit_from, nearest
from kohort.learning.clustering.period_results import Shift
from kohort.learning.features.table import Points
from kohort.stats.comparisons import holm
from kohort.stats.intervals import Interval

LARGEST: Final = 5_000
"""The most people of a period who are drawn from."""
_ROUGH: Final = 1e-3
_NEARLY_ONE: Final = 0.999
_NO_SPREAD: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Measures:
    """What clusters of one period are like: `means` and `spreads` (log standard deviations) of shape (k, features).

    `bends`, shape (features, features), are Fisher's z of the correlations between features over everybody.
    """

    means: Points
    spreads: Points
    bends: Points

    def flat(self) -> npt.NDArray[np.float64]:
        """Return all measures one after the other; of correlations, those above the diagonal."""
        upper = np.triu_indices(len(self.bends), 1)
        return np.concatenate([self.means.ravel(), self.spreads.ravel(), self.bends[upper]])


@dataclass(frozen=True, eq=False)
class MeasuredPeriod:
    """The measures of a period, and those of people drawn again: shape (bootstraps, measures)."""

    measures: Measures
    centroids: Points
    drawn: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Smallest:
    """The smallest shifts that matter, however sure: with enough people any is sure."""

    centre: float = 0.2
    spread: float = 0.25
    correlation: float = 0.2


def measure_period(points: Points, centroids: Points, *, bootstraps: int, seed: int) -> MeasuredPeriod:
    """Measure the clusters at `centroids` among `points`, shape (people, features), and among people drawn again.

    >>> points = np.array([[0.0, 1.0], [0.2, 0.8], [5.0, 4.0], [5.2, 4.4]])
    >>> measured = measure_period(points, np.array([[0.1, 0.9], [5.1, 4.2]]), bootstraps=3, seed=1)
    >>> measured.measures.means.round(1).tolist(), measured.drawn.shape
    ([[0.1, 0.9], [5.1, 4.2]], (3, 9))
    """
    random = np.random.default_rng(seed)
    own = points[random.permutation(len(points))[:LARGEST]]
    settled = fit_from(own, centroids).centroids
    drawn = []
    for _ in range(bootstraps):
        again = own[random.integers(0, len(own), len(own))]
        drawn.append(_measures(again, fit_from(again, settled, tolerance=_ROUGH).centroids).flat())
    return MeasuredPeriod(_measures(own, settled), settled, np.array(drawn))


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
        error = float(np.hypot(before.drawn[:, one].std(ddof=1), after.drawn[:, other].std(ddof=1)))
        difference = float(new[other] - old[one])
        degrees = len(after.drawn) - 1
        p_value = float(2 * stats.t.sf(abs(difference) / error, degrees)) if error > 0 else float(difference == 0)
        reach = float(stats.t.ppf(0.975, degrees)) * error
        ends = np.array([difference, difference - reach, difference + reach])
        if kind == "centre":
            ends /= np.exp(old[k * features + one])
        elif kind == "correlation":
            # Read on the scale of r, tested on that of z, on which the error is even.
            ends = np.tanh(old[one] + ends) - np.tanh(old[one])
        estimate, low, high = (float(end) for end in ends)
        change = Interval(estimate, low, high, len(after.drawn))
        found.append(Shift(kind, cluster, feature, beside, change, p_value, found=False))
    return found


def _judged(shift: Shift, p_value: float, level: float, smallest: Smallest) -> Shift:
    matters = abs(shift.change.estimate) >= getattr(smallest, shift.kind)
    return replace(shift, p_value=p_value, found=p_value <= level and matters)


def _measures(points: Points, centroids: Points) -> Measures:
    labels = nearest(points, centroids)
    spreads = np.zeros(centroids.shape)
    for cluster in range(len(centroids)):
        members = points[labels == cluster]
        if len(members) > 1:
            spreads[cluster] = np.log(np.maximum(members.std(axis=0), _NO_SPREAD))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.nan_to_num(np.atleast_2d(np.corrcoef(points.T)))
    return Measures(centroids, spreads, np.arctanh(np.clip(correlations, -_NEARLY_ONE, _NEARLY_ONE)))
