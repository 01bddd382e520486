"""Do clusters hold over time? Those of later periods beside those of the first, on the scale of the first.

Two things can change, and both are told: *people* move between clusters that stay as they are (seen by the first
period's model), and the clusters themselves change (seen by seeking them again in each period and matching them).
Clusters of any method are followed, by that method: they are matched by their people and measured by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from kohort.definitions.clusters import Method
from kohort.errors import UsageError
from kohort.learning.clustering.choice import Criteria, Verdict
from kohort.learning.clustering.kmeans import Labels
from kohort.learning.clustering.match import cluster_stability, contingency
from kohort.learning.clustering.methods.assigners import Assigner
from kohort.learning.clustering.period_drift import MeasuredPeriod, shifts_of
from kohort.learning.clustering.period_fates import PART, Crossing, continued, fates_of
from kohort.learning.clustering.period_k_means import LARGEST, KMeansFollower
from kohort.learning.clustering.period_results import ClusterFate, Fate, PeriodFound
from kohort.learning.clustering.period_searches import DRAWS, MethodFollower
from kohort.learning.features.table import Points
from kohort.stats.intervals import Interval, wilson_interval

FEWEST: Final = 50
"""The fewest people of a period of which anything is said."""
_FEWEST_DRAWS: Final = 20
_THE_SAME: Final = (Fate.PERSISTS, Fate.MOVED)
_K_MEANS_DRAWS: Final = 100


@dataclass(frozen=True, eq=False)
class Period:
    """People of one period: their ids, and their points of shape (people, features) on the first period's scale."""

    name: str
    person_ids: Sequence[str]
    points: Points


@dataclass(frozen=True, eq=False)
class Followed:
    """What gives anybody the cluster of the first period, and what is found of the others."""

    first: Assigner
    periods: tuple[PeriodFound, ...]


def follow(
    periods: Sequence[Period],
    labels: Labels,
    k: int,
    names: tuple[str, ...],
    *,
    verdict: Verdict,
    seed: int,
    method: Method = Method.K_MEANS,
    draws: int | None = None,
    criteria: Criteria = Criteria(),  # noqa: B008 - frozen, so it cannot be changed by a call
) -> Followed:
    """Seek k clusters in the first of `periods` by a method, and follow them through the others.

    `labels`, int64 of shape (people of the first period,), are the groups that clusters are numbered after, -1 for
    none; `names` are those of the points' columns, `verdict` and `criteria` what the clusters were chosen by. A later
    period may have one or two clusters more or fewer; of k-means, the number is kept unless it does not hold there any
    more or, of separated clusters, a larger one holds and is tighter beside chance. `draws` is how often people are
    drawn again, by default 100 times for k-means and 30 for others. Runs on one thread; the same `seed` gives the same
    answer.

    Raises UsageError for fewer than two periods, a period of fewer than fifty people, too few draws, or where the
    method finds nothing in the first period.

    >>> random = np.random.default_rng(0)
    >>> kinds = np.arange(200) % 2
    >>> halves = [6.0 * kinds[:, None] + random.normal(size=(200, 2)) for _ in range(2)]
    >>> people = tuple(map(str, range(200)))
    >>> both = [Period("January", people, halves[0]), Period("February", people, halves[1])]
    >>> [found] = follow(both, kinds, 2, ("a", "b"), verdict=Verdict.SEPARATED, seed=1, draws=30).periods
    >>> found.silent, [one.fate.value for one in found.fates]
    (True, ['persists', 'persists'])
    """
    wanted = draws or (_K_MEANS_DRAWS if method is Method.K_MEANS else DRAWS)
    _check(periods, wanted)
    first, *later = periods
    follower: KMeansFollower | MethodFollower = KMeansFollower(k, verdict, criteria, seed, wanted)
    if method is not Method.K_MEANS:
        follower = MethodFollower(method, k, criteria.smallest(len(first.points)), criteria, seed, wanted)
    with threadpool_limits(limits=1):
        before = follower.first(first.points, labels)
        after = [follower.later(one.points, before, number) for number, one in enumerate(later, start=1)]
        found = [_found(first, one, before, measured, seed) for one, measured in zip(later, after, strict=True)]
    pairs = [{one.cluster: one.into[0] for one in each.fates if one.fate in _THE_SAME} for each in found]
    shifts = shifts_of(before, after, names, pairs)
    return Followed(
        before.assigner, tuple(replace(each, shifts=shift) for each, shift in zip(found, shifts, strict=True))
    )


def _check(periods: Sequence[Period], draws: int) -> None:
    if len(periods) < 2 or draws < _FEWEST_DRAWS:  # noqa: PLR2004 - a drift needs a before
        raise UsageError("following clusters needs two periods, and people drawn again twenty times, at least")
    for one in periods:
        if len(one.points) < FEWEST:
            raise UsageError(f"{one.name} has {len(one.points)} people; a period needs at least {FEWEST}")


def _found(first: Period, later: Period, before: MeasuredPeriod, after: MeasuredPeriod, seed: int) -> PeriodFound:
    """Return what is found of a later period, but for its shifts."""
    k, many = before.assigner.clusters, after.assigner.clusters
    was, assigned = before.assigner.assign(first.points), before.assigner.assign(later.points)
    again = after.assigner.assign(later.points)
    sizes = _sizes(assigned, k)
    foreseen = _sizes(after.assigner.assign(first.points), many) / len(was)
    appeared = tuple(np.flatnonzero(foreseen < PART * _sizes(again, many) / len(again)).tolist())
    gone = sizes / len(assigned) < PART * _sizes(was, k) / len(was)
    fates = fates_of(Crossing.of(assigned, again, k, many), appeared, gone)
    earlier, now = _returning(first.person_ids, later.person_ids)
    returning = Crossing.of(was[earlier], again[now], k, many)
    fates, moved = continued(fates, returning, before.measures.like, after.measures.like)
    similar = _jaccards(later.points, before.assigner, after, seed)
    moves = contingency(was[earlier], assigned[now], k, k)
    left = np.bincount(was[earlier][was[earlier] >= 0], minlength=k)
    return PeriodFound(
        name=later.name,
        people=len(assigned),
        k=many,
        shares=tuple(wilson_interval(int(size), len(assigned)) for size in sizes),
        stayed=tuple(
            wilson_interval(int(moves[one, one]), int(known)) if known else None for one, known in enumerate(left)
        ),
        fates=tuple(
            ClusterFate(cluster, fate, into, one)
            for cluster, ((fate, into), one) in enumerate(zip(fates, similar, strict=True))
        ),
        appeared=tuple(one for one in appeared if one not in moved),
        shifts=(),
    )


def _sizes(labels: Labels, k: int) -> npt.NDArray[np.int64]:
    """Return how many people are in each of k clusters; who is in none, -1, counts nowhere."""
    return np.bincount(labels[labels >= 0], minlength=k)


def _returning(before: Sequence[str], after: Sequence[str]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows of the people known in both periods, in each."""
    place = {person: row for row, person in enumerate(before)}
    both = [(place[person], row) for row, person in enumerate(after) if person in place]
    rows = np.array(both, dtype=np.intp).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _jaccards(points: Points, first: Assigner, after: MeasuredPeriod, seed: int) -> tuple[Interval, ...]:
    """Return, per old cluster, the similarity with its partner in the period, and in people drawn again."""
    random = np.random.default_rng(seed)
    own = points[random.permutation(len(points))[:LARGEST]]
    old = first.assign(own)

    def similarity(sought: Assigner, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return cluster_stability(old[rows], sought.assign(own[rows]), first.clusters)

    estimate = similarity(after.assigner, np.arange(len(own)))
    drawn = np.array([similarity(one, random.integers(0, len(own), len(own))) for one in after.again] or [estimate])
    lows, highs = np.quantile(drawn, [0.025, 0.975], axis=0)
    return tuple(
        Interval(float(one), min(float(low), float(one)), max(float(high), float(one)), len(drawn))
        for one, low, high in zip(estimate, lows, highs, strict=True)
    )
