"""Clusters over time by methods that know no centre: the same laws as for k-means, and what only they need."""

import numpy as np
import pytest

from kohort.definitions.clusters import Method
from kohort.errors import UsageError
from kohort.learning.clustering.choice import Criteria, Verdict
from kohort.learning.clustering.match import Labels
from kohort.learning.clustering.period_fates import Crossing, continued
from kohort.learning.clustering.period_results import Fate, PeriodFound
from kohort.learning.clustering.period_searches import MethodFollower
from kohort.learning.clustering.periods import Period, follow

CENTRES = np.array([[0.0, 0.0, 0.0], [7.0, 0.0, 0.0], [0.0, 7.0, 0.0], [0.0, 0.0, 7.0]])
Month = tuple[np.ndarray, Labels]
Random = np.random.Generator
QUICK = (Method.AVERAGE, Method.HDBSCAN, Method.DBSCAN)
SLOW = (Method.GAUSSIAN_MIXTURE, Method.BAYESIAN_MIXTURE, Method.COMPLETE, Method.WARD)
METHODS = [*QUICK, *(pytest.param(one, marks=pytest.mark.slow) for one in SLOW)]


def crowds(random: Random, centres: np.ndarray = CENTRES, people: int = 600) -> Month:
    groups = random.integers(0, len(centres), people)
    return centres[groups] + random.normal(size=(people, 3)), groups


def rings(random: Random, *, outer: float = 4.0, moved: float = 0.0, people: int = 600) -> Month:
    """A heap within a ring, which no centre tells apart."""
    groups = np.repeat([0, 1], [people // 3, people - people // 3])
    angle, radius = random.uniform(0, 2 * np.pi, people), np.where(groups == 1, outer, 0.5)
    points = np.column_stack([np.cos(angle) * radius, np.sin(angle) * radius]) + 0.25 * random.normal(size=(people, 2))
    points[groups == 1, 0] += moved
    return points, groups


def followed(
    method: Method, *months: Month, people: list[tuple[str, ...]] | None = None, seed: int = 0
) -> tuple[PeriodFound, ...]:
    (first, groups), names = months[0], ("orders", "basket", "days")
    periods = [
        Period(
            f"month {number}",
            people[number] if people else tuple(f"{number}-{row}" for row in range(len(points))),
            points,
        )
        for number, (points, _) in enumerate(months)
    ]
    k = int(groups.max()) + 1
    return follow(
        periods, groups, k, names[: first.shape[1]], verdict=Verdict.SEPARATED, seed=seed, method=method
    ).periods


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_changes_nothing_is_said_by_any_method(method: Method) -> None:
    random = np.random.default_rng(1)
    [found] = followed(method, crowds(random), crowds(random))
    assert found.k == 4
    assert all(one.fate is Fate.PERSISTS and one.jaccard.estimate > 0.8 for one in found.fates)
    assert all(one.jaccard.low <= one.jaccard.estimate <= one.jaccard.high for one in found.fates)
    assert {one.kind for one in found.shifts} == {"centre", "spread", "correlation"}
    assert found.silent


@pytest.mark.parametrize("runs", [range(1), pytest.param(range(1, 101), marks=pytest.mark.slow)])
def test_a_ring_that_stays_raises_hardly_any_alarm(runs: range) -> None:
    alarms = 0
    for seed in runs:
        random = np.random.default_rng(seed)
        alarms += not all(one.silent for one in followed(Method.HDBSCAN, *(rings(random) for _ in range(3)), seed=seed))
    assert alarms <= 0.05 * len(runs)


@pytest.mark.parametrize("method", METHODS)
def test_only_the_cluster_that_moved_is_flagged_by_any_method(method: Method) -> None:
    random = np.random.default_rng(2)
    moved = CENTRES.copy()
    moved[2, 1] += 2
    [found] = followed(method, crowds(random), crowds(random, moved))
    assert found.drifted == (2,)
    assert all(one.fate is Fate.PERSISTS for one in found.fates)
    [shift] = [one for one in found.shifts if one.found and one.kind == "centre"]
    assert (shift.cluster, shift.feature) == (2, "basket")
    # A step of two standard deviations of the people; strays are in none, which makes the others a little narrower.
    assert shift.change.low <= 2.1
    assert shift.change.high >= 1.9


def test_a_ring_that_moves_is_told_though_its_middle_is_nobody() -> None:
    random = np.random.default_rng(3)
    [found] = followed(Method.HDBSCAN, rings(random), rings(random, moved=1.2))
    assert found.drifted == (1,)
    moved = [one for one in found.shifts if one.found and one.kind == "centre"]
    assert [(one.cluster, one.feature) for one in moved] == [(1, "orders")]
    # A ring of radius 4 has a standard deviation of 4 / √2 along each axis.
    assert moved[0].change.low <= 1.2 / (4 / np.sqrt(2)) <= moved[0].change.high


def test_a_ring_that_grows_is_told_by_its_spread() -> None:
    random = np.random.default_rng(4)
    [found] = followed(Method.HDBSCAN, rings(random), rings(random, outer=6.0))
    assert found.drifted == (1,)
    grown = {one.feature: one.change for one in found.shifts if one.found and one.kind == "spread"}
    assert set(grown) == {"orders", "basket"}
    assert all(one.low <= np.log(6 / 4) <= one.high for one in grown.values())


def test_splits_mergers_births_and_ends_are_told_of_crowds() -> None:
    random = np.random.default_rng(5)
    parts = np.array([*CENTRES[:3], [0.0, 4.0, 7.0], [0.0, -4.0, 7.0]])
    long, groups = crowds(random)
    long[groups == 3, 1] = random.uniform(-5, 5, int((groups == 3).sum()))
    [split] = followed(Method.HDBSCAN, (long, groups), crowds(random, parts, 750))
    assert [one.fate for one in split.fates] == [Fate.PERSISTS, Fate.PERSISTS, Fate.PERSISTS, Fate.SPLIT]
    assert len(split.fates[3].into) == 2
    [born] = followed(Method.HDBSCAN, crowds(random, CENTRES[:3]), crowds(random))
    assert (born.k, len(born.appeared)) == (4, 1)
    [gone] = followed(Method.HDBSCAN, crowds(random), crowds(random, CENTRES[:3]))
    assert [one.fate for one in gone.fates] == [Fate.PERSISTS] * 3 + [Fate.DISSOLVED]
    near = CENTRES.copy()
    near[1], near[2] = [4.0, 3.0, 0.0], [3.0, 4.0, 0.0]
    apart = CENTRES.copy()
    apart[1], apart[2] = [6.0, 1.5, 0.0], [1.5, 6.0, 0.0]
    [merged] = followed(Method.GAUSSIAN_MIXTURE, crowds(random, apart), crowds(random, near))
    assert [one.fate for one in merged.fates][1:3] == [Fate.MERGED, Fate.MERGED]
    assert merged.fates[1].into == merged.fates[2].into


def test_a_crowd_that_moved_beyond_reach_is_known_by_its_people_or_by_where_they_are() -> None:
    random = np.random.default_rng(6)
    ids = tuple(f"p{row}" for row in range(600))
    first = crowds(random)
    far = CENTRES.copy()
    far[2] = [0.0, 14.0, 0.0]
    later = far[first[1]] + random.normal(size=(600, 3)), first[1]
    [same] = followed(Method.DBSCAN, first, later, people=[ids, ids])
    assert [one.fate for one in same.fates] == [Fate.PERSISTS, Fate.PERSISTS, Fate.MOVED, Fate.PERSISTS]
    assert same.appeared == ()
    [shift] = [one for one in same.shifts if one.found and one.kind == "centre"]
    assert (shift.cluster, shift.feature) == (2, "basket")
    assert shift.change.estimate == pytest.approx(7, rel=0.1), "by its persons it is the same, so much farther"
    [strangers] = followed(Method.DBSCAN, first, later)
    assert strangers.fates[2].fate is Fate.DISSOLVED
    assert len(strangers.appeared) == 1, "as far as that nobody can say that it is the same"
    far[2] = [0.0, 10.2, 0.0]
    [near] = followed(Method.DBSCAN, first, crowds(random, far))
    assert near.fates[2].fate is Fate.MOVED, "less than half of the way to another, and nobody else is there"
    assert near.drifted == (2,)


def test_other_persons_at_the_old_place_are_not_the_old_cluster() -> None:
    lost = [(Fate.DISSOLVED, ())]
    centre = np.array([[0.0], [9.0]])[:1]
    others = Crossing(np.array([[2]]), np.array([40]), np.array([40]))
    assert continued(lost, others, centre, centre)[1] == ()
    themselves = Crossing(np.array([[38]]), np.array([40]), np.array([40]))
    assert continued(lost, themselves, centre, centre + 100)[1] == (0,)


def test_the_error_over_halves_is_that_of_a_mean() -> None:
    points, groups = crowds(np.random.default_rng(7), people=1_200)
    follower = MethodFollower(Method.GAUSSIAN_MIXTURE, 4, 0.05, Criteria(), 0, 100)
    measured = follower.first(points, groups)
    errors = measured.drawn.std(axis=0, ddof=1)[: 4 * 3].reshape(4, 3)
    # By the textbook: the standard deviation of the people over the root of their number.
    expected = np.array(
        [points[groups == one].std(axis=0, ddof=1) / np.sqrt((groups == one).sum()) for one in range(4)]
    )
    assert errors == pytest.approx(expected, rel=0.3)
    assert (errors / expected).mean() == pytest.approx(1.0, abs=0.1)


def test_who_is_in_no_cluster_is_in_no_share() -> None:
    random = np.random.default_rng(8)
    points, groups = rings(random)
    strays = np.column_stack([random.uniform(6, 30, 60), random.uniform(6, 30, 60)])
    [found] = followed(Method.HDBSCAN, (points, groups), (np.vstack([points, strays]), np.append(groups, [-1] * 60)))
    assert sum(one.estimate for one in found.shares) == pytest.approx(600 / 660, abs=0.02)
    assert found.shares[0].n == 660
    assert [one.fate for one in found.fates] == [Fate.PERSISTS] * 2


def test_clusters_that_do_not_come_back_in_the_first_period_are_not_followed() -> None:
    random = np.random.default_rng(9)
    noise = random.normal(size=(300, 2)), random.integers(0, 3, 300)
    with pytest.raises(UsageError, match="DBSCAN finds in the first period do not come back"):
        followed(Method.DBSCAN, noise, noise)


def test_the_same_seed_says_the_same() -> None:
    months = [rings(np.random.default_rng(seed)) for seed in (1, 2)]
    assert followed(Method.HDBSCAN, *months) == followed(Method.HDBSCAN, *months)
