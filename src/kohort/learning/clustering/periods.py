"""Do clusters hold over time? Those of later periods beside those of the first, on the scale of the first.

Two things can change, and both are told: *people* move between clusters that stay as they are (seen by the first
period's model), and the clusters themselves change (seen by seeking them again in each period and matching them).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

from kohort.errors import UsageError
from kohort.learning.clustering.candidates import Evaluation, Evaluator
from kohort.learning.clustering.choice import Criteria, Verdict, objections
from kohort.learning.clustering.kmeans import Labels, fit_fresh, fit_from
from kohort.learning.clustering.match import cluster_stability, contingency, jaccard_matrix
from kohort.learning.clustering.nearest import nearest_in_order
from kohort.learning.clustering.period_drift import LARGEST, MeasuredPeriod, measure_period, shifts_of
from kohort.learning.clustering.period_results import ClusterFate, Fate, PeriodFound
from kohort.learning.features.table import Points
from kohort.stats.intervals import Interval, wilson_interval

_PERSISTS: Final = 0.5
_PART: Final = 0.2
_STARTS: Final = 5
FEWEST: Final = 50
"""The fewest people of a period of which anything is said."""


@dataclass(frozen=True, eq=False)
class Period:
    """People of one period: their ids, and their points of shape (people, features) on the first period's scale."""

    name: str
    person_ids: Sequence[str]
    points: Points


def follow(
    periods: Sequence[Period],
    centroids: Points,
    names: tuple[str, ...],
    *,
    verdict: Verdict,
    seed: int,
    bootstraps: int = 100,
    criteria: Criteria = Criteria(),  # noqa: B008 - frozen, so it cannot be changed by a call
) -> tuple[PeriodFound, ...]:
    """Follow the clusters at `centroids`, shape (k, features), found in the first of `periods`, through the others.

    `names` are those of the points' columns, `verdict` and `criteria` what the clusters were chosen by. A later
    period may have one or two clusters more or fewer: the number is kept unless it does not hold there any more or, of
    separated clusters, a larger one holds and is tighter beside chance. Runs on one thread; the same `seed` gives the
    same answer.

    Raises UsageError for fewer than two periods, a period of fewer than fifty people, or too few bootstraps.

    >>> random = np.random.default_rng(0)
    >>> centres = np.array([[0.0, 0.0], [6.0, 6.0]])
    >>> halves = [centres[np.arange(200) % 2] + random.normal(size=(200, 2)) for _ in range(2)]
    >>> people = tuple(map(str, range(200)))
    >>> both = [Period("January", people, halves[0]), Period("February", people, halves[1])]
    >>> [found] = follow(both, centres, ("a", "b"), verdict=Verdict.SEPARATED, seed=1, bootstraps=30)
    >>> found.silent, [one.fate.value for one in found.fates]
    (True, ['persists', 'persists'])
    """
    _check(periods, bootstraps)
    first, *later = periods
    with threadpool_limits(limits=1):
        before = measure_period(first.points, centroids, bootstraps=bootstraps, seed=seed)
        sought = [_sought(one.points, centroids, verdict, criteria, seed) for one in later]
        after = [
            measure_period(one.points, found, bootstraps=bootstraps, seed=seed + number)
            for number, (one, found) in enumerate(zip(later, sought, strict=True), start=1)
        ]
        found = [
            _found(first, one, centroids, measured, _jaccards(one.points, centroids, measured, bootstraps, seed))
            for one, measured in zip(later, after, strict=True)
        ]
    continued = [{one.cluster: one.into[0] for one in each.fates if one.fate is Fate.PERSISTS} for each in found]
    shifts = shifts_of(before, after, names, continued)
    return tuple(replace(each, shifts=shift) for each, shift in zip(found, shifts, strict=True))


def _check(periods: Sequence[Period], bootstraps: int) -> None:
    if len(periods) < 2 or bootstraps < 20:  # noqa: PLR2004 - a drift needs a before; an error of fewer is none
        raise UsageError("following clusters needs two periods and twenty bootstraps at least")
    for one in periods:
        if len(one.points) < FEWEST:
            raise UsageError(f"{one.name} has {len(one.points)} people; a period needs at least {FEWEST}")


def begin_with(points: Points, labels: Labels, k: int, *, seed: int) -> Points:
    """Return k centroids of the first period's `points`, numbered as the groups in `labels` that they are most like.

    The better of a fresh solution and of one that begins at the means of the groups, shape (k, features).

    >>> points = np.array([[0.0], [0.2], [5.0], [5.2]])
    >>> begin_with(points, np.array([1, 1, 0, 0]), 2, seed=0).round(1).tolist()
    [[5.1], [0.1]]
    """
    with threadpool_limits(limits=1):
        found = fit_fresh(points, k, starts=_STARTS, seed=seed)
        if len(np.unique(labels)) == k:
            means = np.array([points[labels == cluster].mean(axis=0) for cluster in range(k)])
            found = min(found, fit_from(points, means), key=lambda one: one.inertia)
    similarity = jaccard_matrix(labels, nearest_in_order(points, found.centroids), k, k)
    ordered: Points = found.centroids[linear_sum_assignment(similarity, maximize=True)[1]]
    return ordered


def _sought(points: Points, centroids: Points, verdict: Verdict, criteria: Criteria, seed: int) -> Points:
    """Return the clusters that hold in a period: as many as there were, unless another number does better."""
    k = len(centroids)
    evaluator = Evaluator(points, bootstraps=10, seed=seed)
    tried = {one: evaluator.evaluate(one) for one in range(max(k - 2, 2), k + 3)}
    holding = [one for one, found in tried.items() if not _objected(found, verdict, criteria, len(points))]
    chosen = k if k in holding or not holding else min(holding, key=lambda one: (abs(one - k), one))
    if verdict is Verdict.SEPARATED and chosen == k:
        # Two halves of one group may look apart by chance; only a group more makes all of them tighter than chance.
        gaps = {one: tried[one].candidate.ellipse_gap for one in holding if one > k}
        gaps = {one: gap for one, gap in gaps.items() if gap.gap > tried[k].candidate.ellipse_gap.gap + gap.error}
        chosen = max(gaps, key=lambda one: gaps[one].gap, default=k)
    if chosen != k:
        return fit_from(points, tried[chosen].centroids).centroids
    fresh = fit_fresh(points, k, starts=_STARTS, seed=seed)
    # From where they were, too: a poor solution is no drift.
    return min(fresh, fit_from(points, centroids), key=lambda found: found.inertia).centroids


def _objected(found: Evaluation, verdict: Verdict, criteria: Criteria, people: int) -> bool:
    return bool(objections(found.candidate, verdict, criteria, people))


def _found(
    first: Period, later: Period, centroids: Points, found: MeasuredPeriod, similar: Sequence[Interval]
) -> PeriodFound:
    """Return what is found of a later period, but for its shifts."""
    k, many = len(centroids), len(found.centroids)
    assigned = nearest_in_order(later.points, centroids)
    again = nearest_in_order(later.points, found.centroids)
    was = nearest_in_order(first.points, centroids)
    sizes, before = np.bincount(assigned, minlength=k), np.bincount(was, minlength=k)
    newly = np.bincount(again, minlength=many) / len(again)
    foreseen = np.bincount(nearest_in_order(first.points, found.centroids), minlength=many) / len(was)
    appeared = tuple(np.flatnonzero(foreseen < _PART * newly).tolist())
    gone = sizes / len(assigned) < _PART * before / len(was)
    fates = fates_of(contingency(assigned, again, k, many), appeared, gone)
    return PeriodFound(
        name=later.name,
        people=len(assigned),
        k=many,
        shares=tuple(wilson_interval(int(size), len(assigned)) for size in sizes),
        stayed=_stayed(first.person_ids, was, later.person_ids, assigned, k),
        fates=tuple(
            ClusterFate(cluster, fate, into, one)
            for cluster, ((fate, into), one) in enumerate(zip(fates, similar, strict=True))
        ),
        appeared=appeared,
        shifts=(),
    )


def fates_of(
    common: npt.NDArray[np.int64], appeared: Sequence[int], gone: npt.NDArray[np.bool_]
) -> tuple[tuple[Fate, tuple[int, ...]], ...]:
    """Return what became of each old cluster, and into which new ones its people went.

    `common`, shape (old, new), counts the people in both; `appeared` are the new clusters whose people were not there
    before, `gone`, shape (old,), the old clusters that hardly anybody is in. A cluster is *split* if two new ones each
    have a fifth of its people and most of their own from it, *merged* if most of its people are in a new one with a
    fifth from elsewhere, and it *persists* in its partner of a Jaccard similarity of at least 0.5.

    >>> [fate.value for fate, _ in fates_of(np.array([[50, 48, 0], [0, 2, 90]]), (), np.array([False, False]))]
    ['split', 'persists']
    >>> [fate.value for fate, _ in fates_of(np.array([[60, 0], [40, 0], [0, 99]]), (), np.zeros(3, dtype=bool))]
    ['merged', 'merged', 'persists']
    """
    old, new = common.sum(axis=1), common.sum(axis=0)
    either = old[:, None] + new - common
    partner = dict(zip(*linear_sum_assignment(common / np.maximum(either, 1), maximize=True), strict=True))
    found: list[tuple[Fate, tuple[int, ...]]] = []
    for cluster in range(len(common)):
        mostly = 2 * common[cluster] > new
        large = common[cluster] >= _PART * old[cluster]
        parts = [int(one) for one in np.flatnonzero(mostly & large) if one not in appeared]
        home = int(common[cluster].argmax())
        strangers = new[home] - common[cluster, home]
        others = np.delete(common[:, home] > old / 2, cluster).any()
        mate = partner.get(cluster)
        if gone[cluster]:
            found.append((Fate.DISSOLVED, ()))
        elif len(parts) > 1:
            found.append((Fate.SPLIT, tuple(parts)))
        elif others and 2 * common[cluster, home] > old[cluster] and strangers >= _PART * new[home]:
            found.append((Fate.MERGED, (home,)))
        elif mate is not None and common[cluster, mate] >= _PERSISTS * either[cluster, mate]:
            found.append((Fate.PERSISTS, (int(mate),)))
        else:
            found.append((Fate.DISSOLVED, ()))
    return tuple(found)


def _stayed(
    before_ids: Sequence[str], was: Labels, after_ids: Sequence[str], assigned: Labels, k: int
) -> tuple[Interval | None, ...]:
    place = {person: row for row, person in enumerate(before_ids)}
    both = [(place[person], row) for row, person in enumerate(after_ids) if person in place]
    if not both:
        return (None,) * k
    earlier, later = np.array(both).T
    moves = contingency(was[earlier], assigned[later], k, k)
    return tuple(wilson_interval(int(row[at]), int(row.sum())) if row.sum() else None for at, row in enumerate(moves))


def _jaccards(
    points: Points, centroids: Points, found: MeasuredPeriod, bootstraps: int, seed: int
) -> tuple[Interval, ...]:
    """Return, per old cluster, the similarity with its partner in the period, and in people drawn again."""
    k, many = len(centroids), len(found.centroids)
    random = np.random.default_rng(seed)
    own = points[random.permutation(len(points))[:LARGEST]]
    first = nearest_in_order(own, centroids)

    def similarity(sought: Points, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return cluster_stability(first[rows], nearest_in_order(own[rows], sought), k)

    settled = found.drawn[:, : many * points.shape[1]].reshape(-1, many, points.shape[1])
    drawn = np.array([similarity(one, random.integers(0, len(own), len(own))) for one in settled])
    estimate = similarity(found.centroids, np.arange(len(own)))
    lows, highs = np.quantile(drawn, [0.025, 0.975], axis=0)
    return tuple(
        Interval(float(one), min(float(low), float(one)), max(float(high), float(one)), bootstraps)
        for one, low, high in zip(estimate, lows, highs, strict=True)
    )
