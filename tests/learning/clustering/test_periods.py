"""Clusters over time: nothing is said where nothing changed, and what was planted is named."""

import numpy as np
import pytest

from kohort.errors import UsageError
from kohort.learning.clustering.choice import Verdict
from kohort.learning.clustering.kmeans import fit_fresh
from kohort.learning.clustering.nearest import nearest_in_order
from kohort.learning.clustering.period_results import Fate, PeriodFound
from kohort.learning.clustering.periods import Period, follow

CENTRES = np.array([[0.0, 0.0, 0.0], [7.0, 0.0, 0.0], [0.0, 7.0, 0.0], [0.0, 0.0, 7.0]])
NAMES = ("orders", "basket", "days")
Random = np.random.Generator


def crowd(random: Random, centres: np.ndarray, people: int = 600, shares: list[float] | None = None) -> np.ndarray:
    groups = random.choice(len(centres), people, p=shares)
    points: np.ndarray = centres[groups] + random.normal(size=(people, centres.shape[1]))
    return points


def followed(*points: np.ndarray, k: int = 4, seed: int = 0, draws: int = 40) -> tuple[PeriodFound, ...]:
    found = fit_fresh(points[0], k, starts=10, seed=seed).centroids
    # Numbered by where they stand, so that a test can name them: (0,0,0), then by the axis that is high.
    order = np.argsort([0 if one.max() < 3.5 else 1 + int(one.argmax()) for one in found], kind="stable")
    periods = [
        Period(f"month {number}", tuple(f"p{number}-{row}" for row in range(len(one))), one)
        for number, one in enumerate(points)
    ]
    labels = nearest_in_order(points[0], found[order])
    return follow(periods, labels, k, NAMES, verdict=Verdict.SEPARATED, seed=seed, draws=draws).periods


def test_halves_of_one_population_have_the_same_clusters_and_nothing_is_said() -> None:
    random = np.random.default_rng(1)
    [found] = followed(crowd(random, CENTRES), crowd(random, CENTRES))
    assert found.k == 4
    assert all(one.fate is Fate.PERSISTS and one.jaccard.estimate > 0.9 for one in found.fates)
    assert all(one.jaccard.low <= one.jaccard.estimate <= one.jaccard.high for one in found.fates)
    assert found.silent


@pytest.mark.parametrize("runs", [range(3), pytest.param(range(3, 103), marks=pytest.mark.slow)])
def test_stationary_people_raise_hardly_any_alarm(runs: range) -> None:
    alarms = 0
    for seed in runs:
        random = np.random.default_rng(seed)
        alarms += not all(one.silent for one in followed(*(crowd(random, CENTRES, 300) for _ in range(3)), seed=seed))
    assert alarms <= 0.05 * len(runs)


def test_only_the_cluster_that_moved_is_flagged() -> None:
    random = np.random.default_rng(2)
    moved = CENTRES.copy()
    moved[2, 1] += 2
    [found] = followed(crowd(random, CENTRES), crowd(random, moved))
    assert found.drifted == (2,)
    assert all(one.fate is Fate.PERSISTS for one in found.fates)
    [shift] = [one for one in found.shifts if one.found and one.cluster is not None]
    assert (shift.kind, shift.feature) == ("centre", "basket")
    assert shift.change.low <= 2 <= shift.change.high


def test_a_cluster_that_spreads_is_flagged_and_its_centre_is_not() -> None:
    random = np.random.default_rng(3)
    wider = crowd(random, CENTRES)
    last = nearest_in_order(wider, CENTRES) == 3
    wider[last, 0] *= 2
    [found] = followed(crowd(random, CENTRES), wider)
    assert [(one.kind, one.cluster, one.feature) for one in found.shifts if one.found] == [("spread", 3, "orders")]


def test_features_that_begin_to_go_together_are_told_without_blaming_a_cluster() -> None:
    random = np.random.default_rng(4)
    apart = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 9.0]])
    together = crowd(random, apart)
    together[:, 1] = 0.8 * together[:, 0] + 0.6 * together[:, 1]
    [found] = followed(crowd(random, apart), together, k=2)
    [told] = [one for one in found.shifts if one.found]
    assert (told.kind, told.cluster, told.feature, told.other) == ("correlation", None, "orders", "basket")
    assert told.change.low <= 0.8 <= told.change.high + 0.05
    assert found.drifted == ()


def test_a_planted_merge_is_called_one() -> None:
    random = np.random.default_rng(5)
    near = CENTRES.copy()
    near[1] = near[2] = [3.5, 3.5, 0.0]
    near[0] = [0.0, -5.0, 0.0]
    start = CENTRES.copy()
    start[0] = near[0]
    [found] = followed(crowd(random, start), crowd(random, near))
    assert found.k == 3
    assert [one.fate for one in found.fates] == [Fate.PERSISTS, Fate.MERGED, Fate.MERGED, Fate.PERSISTS]
    assert found.fates[1].into == found.fates[2].into
    assert found.appeared == ()


def test_a_planted_split_is_called_one() -> None:
    random = np.random.default_rng(6)
    parts = np.array([*CENTRES[:3], [0.0, 4.0, 7.0], [0.0, -4.0, 7.0]])
    before = crowd(random, CENTRES)
    before[nearest_in_order(before, CENTRES) == 3, 1] *= 3
    [found] = followed(before, crowd(random, parts, shares=[0.22, 0.22, 0.22, 0.17, 0.17]))
    assert found.k == 5
    assert [one.fate for one in found.fates] == [Fate.PERSISTS, Fate.PERSISTS, Fate.PERSISTS, Fate.SPLIT]
    assert len(found.fates[3].into) == 2
    assert found.appeared == ()


def test_people_who_were_never_there_appear_and_those_who_are_gone_are_missed() -> None:
    random = np.random.default_rng(7)
    [born] = followed(crowd(random, CENTRES[:3]), crowd(random, CENTRES), k=3)
    assert len(born.appeared) == 1
    assert born.k == 4
    [gone] = followed(crowd(random, CENTRES), crowd(random, CENTRES[:3]))
    assert gone.fates[3].fate is Fate.DISSOLVED
    assert [one.fate for one in gone.fates[:3]] == [Fate.PERSISTS] * 3


def test_people_who_move_are_told_beside_clusters_that_stay() -> None:
    random = np.random.default_rng(8)
    ids = tuple(map(str, range(600)))
    groups = np.repeat([0, 1, 2, 3], 150)
    before = CENTRES[groups] + random.normal(size=(600, 3))
    groups[:75] = 1
    after = CENTRES[groups] + random.normal(size=(600, 3))
    periods = [Period("May", ids, before), Period("June", ids, after)]
    [found] = follow(periods, nearest_in_order(before, CENTRES), 4, NAMES, verdict=Verdict.SEPARATED, seed=0).periods
    assert found.silent
    assert [round(one.estimate, 2) for one in found.shares] == [0.12, 0.38, 0.25, 0.25]
    assert found.stayed[0] is not None
    assert found.stayed[0].estimate == pytest.approx(0.5, abs=0.02)
    assert [round(one.estimate, 2) for one in found.stayed[1:] if one] == [1.0, 1.0, 1.0]


def test_how_clusters_are_numbered_and_people_ordered_does_not_matter() -> None:
    random = np.random.default_rng(9)
    points = crowd(random, CENTRES)
    again = points[random.permutation(600)]
    [found] = followed(points, again)
    assert [one.jaccard.estimate for one in found.fates] == [1.0] * 4
    ids = tuple(map(str, range(600)))
    periods = [Period("a", ids, points), Period("b", ids, points)]
    labels = nearest_in_order(points, CENTRES[::-1])
    [turned] = follow(periods, labels, 4, NAMES, verdict=Verdict.SEPARATED, seed=0, draws=20).periods
    assert turned.silent
    assert [one.estimate for one in turned.stayed if one] == [1.0] * 4


def test_a_large_population_is_not_alarmed_by_a_shift_that_does_not_matter() -> None:
    random = np.random.default_rng(10)
    [found] = followed(crowd(random, CENTRES, 20_000), crowd(random, CENTRES + 0.1, 20_000))
    assert max(abs(one.change.estimate) for one in found.shifts if one.kind == "centre") > 0.05
    assert found.silent


def test_wrong_calls_are_refused() -> None:
    points = crowd(np.random.default_rng(0), CENTRES, 60)
    one = Period("May", tuple(map(str, range(60))), points)
    labels = nearest_in_order(points, CENTRES)
    few = Period("June", tuple(map(str, range(20))), points[:20])
    with pytest.raises(UsageError, match="two periods"):
        follow([one], labels, 4, NAMES, verdict=Verdict.SEPARATED, seed=0)
    with pytest.raises(UsageError, match="June has 20 people"):
        follow([one, few], labels, 4, NAMES, verdict=Verdict.SEPARATED, seed=0)
