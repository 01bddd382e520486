"""Measures beside scikit-learn's, slow references, and what they must say whatever the order of people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import f1_score as reference_f1

from kohort.errors import UsageError
from kohort.learning.auc import auc_difference, auc_interval
from kohort.learning.prediction.judged import Judged, measured
from kohort.learning.prediction.measures import f1_score, measures_of
from kohort.learning.prediction.ranking import Ranking, lift_curve
from kohort.learning.prediction.reliability import bins_of, brier_score, calibration_curve, calibration_error
from kohort.stats.intervals import Interval

_ROWS = st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=4, max_size=60).filter(
    lambda rows: 0 < sum(reached for _, reached in rows) < len(rows)
)


def _judged(rows: list[tuple[int, bool]]) -> Judged:
    return Judged(np.array([chance / 10 for chance, _ in rows]), np.array([reached for _, reached in rows]))


def _everyone(judged: Judged) -> np.ndarray:
    return np.ones(len(judged), dtype=np.int64)


@given(_ROWS)
def test_points_are_those_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    judged = _judged(rows)
    chances, reached, everyone = judged.chances, judged.reached, _everyone(judged)
    assert auc_interval(chances, reached).estimate == pytest.approx(roc_auc_score(reached, chances))
    assert Ranking(judged).average_precision(everyone) == pytest.approx(average_precision_score(reached, chances))
    assert brier_score(judged, everyone) == pytest.approx(brier_score_loss(reached, chances))
    assert f1_score(judged, everyone, chances >= 0.5) == pytest.approx(reference_f1(reached, chances >= 0.5))


@given(_ROWS, st.data())
def test_a_row_that_counts_twice_is_two_rows(rows: list[tuple[int, bool]], data: st.DataObject) -> None:
    weights = np.array(data.draw(st.lists(st.integers(1, 3), min_size=len(rows), max_size=len(rows))))
    judged = _judged(rows)
    written_out = Judged(np.repeat(judged.chances, weights), np.repeat(judged.reached, weights))
    everyone, places = _everyone(written_out), bins_of(judged.chances)
    ranking, other = Ranking(judged), Ranking(written_out)
    assert ranking.average_precision(weights) == pytest.approx(other.average_precision(everyone))
    assert ranking.captured(weights, 0.2) == pytest.approx(other.captured(everyone, 0.2))
    assert brier_score(judged, weights) == pytest.approx(brier_score(written_out, everyone))
    assert calibration_error(judged, weights, places) == pytest.approx(
        calibration_error(written_out, everyone, np.repeat(places, weights))
    )


@given(_ROWS, st.randoms(use_true_random=False))
def test_the_order_of_people_changes_nothing(rows: list[tuple[int, bool]], random: object) -> None:
    judged = _judged(rows)
    mixed = _judged(random.sample(rows, len(rows)))  # type: ignore[attr-defined]
    for share in (0.05, 0.2, 0.9):
        assert Ranking(judged).captured(_everyone(judged), share) == pytest.approx(
            Ranking(mixed).captured(_everyone(mixed), share)
        )
    curve, other = calibration_curve(judged, 4), calibration_curve(mixed, 4)
    assert [one.chance for one in curve] == pytest.approx([one.chance for one in other])
    assert [one.observed for one in curve] == [one.observed for one in other]


def test_a_score_that_tells_nothing_has_a_lift_of_one() -> None:
    judged = Judged(np.full(50, 0.3), np.arange(50) % 7 == 0)
    assert Ranking(judged).lift(_everyone(judged), 0.2) == pytest.approx(1)


def test_a_perfect_ranking_captures_all_it_can() -> None:
    judged = Judged(np.linspace(0, 1, 100), np.arange(100) >= 60)
    assert Ranking(judged).captured(_everyone(judged), 0.2) == pytest.approx(0.5)
    assert Ranking(judged).lift(_everyone(judged), 0.2) == pytest.approx(2.5)


def test_bins_never_part_equal_chances() -> None:
    chances = np.repeat([0.1, 0.4, 0.6], [70, 10, 20])
    assert [len(set(bins_of(chances)[chances == one])) for one in (0.1, 0.4, 0.6)] == [1, 1, 1]


def test_intervals_hold_what_they_promise() -> None:
    # Two normal populations a standard deviation apart: the area is Φ(1/√2).
    area, precise, covered = 0.7602499, [], 0
    random = np.random.default_rng(5)
    for seed in range(60):
        reached = np.arange(200) < 60
        values = random.normal(reached * 1.0, 1)
        judged = Judged(1 / (1 + np.exp(-values)), reached)
        found = auc_interval(judged.chances, reached)
        covered += found.low <= area <= found.high
        precision = measured(judged, {"average_precision": Ranking(judged).average_precision}, seed=seed, resamples=60)[
            "average_precision"
        ]
        precise.append(precision)
    truth = np.mean([one.estimate for one in precise])
    inside = sum(one.low <= truth <= one.high for one in precise)
    assert 52 <= covered <= 60
    assert 52 <= inside <= 60


def test_rows_of_one_person_are_one_observation() -> None:
    random = np.random.default_rng(1)
    reached = np.arange(300) < 100
    values = random.normal(reached * 0.7, 1)
    once = auc_interval(values, reached)
    twice = np.repeat(values, 2), np.repeat(reached, 2)
    naive = auc_interval(*twice)
    honest = auc_interval(*twice, groups=np.repeat(np.arange(300), 2))
    assert honest.estimate == pytest.approx(once.estimate)
    assert honest.high - honest.low == pytest.approx(once.high - once.low, rel=0.01)
    assert naive.high - naive.low < 0.75 * (once.high - once.low)
    judged = Judged(1 / (1 + np.exp(-twice[0])), twice[1], np.repeat(np.arange(300), 2))
    assert all((weights[::2] == weights[1::2]).all() for weights in judged.drawn_again(3, seed=0))


def test_the_difference_of_two_scores_knows_what_they_share() -> None:
    random = np.random.default_rng(2)
    reached = np.arange(400) < 150
    values = random.normal(reached * 1.0, 1)
    near = values + random.normal(0, 0.2, 400)
    found = auc_difference(values, near, reached)
    apart = auc_interval(values, reached)
    assert found.estimate == pytest.approx(apart.estimate - auc_interval(near, reached).estimate)
    assert found.high - found.low < 0.5 * (apart.high - apart.low)
    # The variance by hand: of the difference of the areas over people left out one at a time.
    left_out = [
        auc_interval(np.delete(values, one), np.delete(reached, one)).estimate
        - auc_interval(np.delete(near, one), np.delete(reached, one)).estimate
        for one in range(400)
    ]
    jackknife = np.sqrt(399 / 400 * ((np.array(left_out) - np.mean(left_out)) ** 2).sum())
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(jackknife, rel=0.03)


def test_all_measures_come_with_intervals_and_no_accuracy() -> None:
    random = np.random.default_rng(0)
    reached = random.random(2_000) < 0.06
    chances = np.clip(random.normal(0.06 + 0.03 * reached, 0.03), 0.001, 0.99)
    found = measures_of(Judged(chances, reached), chances > 0.1, seed=1)
    assert "accuracy" not in vars(found)
    intervals = [one for one in vars(found).values() if not isinstance(one, int | float)]
    assert len(intervals) == 7
    assert all(one.low <= one.estimate <= one.high and one.low < one.high for one in intervals)
    assert found == measures_of(Judged(chances, reached), chances > 0.1, seed=1)


@pytest.mark.parametrize(
    ("chances", "reached", "said"),
    [
        ([0.1, 1.2], [True, False], "from 0 to 1"),
        ([0.1, 0.2], [True, True], "one is missing"),
        ([0.1], [True, False], "cannot be judged"),
        ([float("nan"), 0.2], [True, False], "from 0 to 1"),
    ],
)
def test_what_cannot_be_judged_is_refused(chances: list[float], reached: list[bool], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Judged(np.array(chances), np.array(reached))


def test_the_curve_of_lift_holds_its_measures_and_ends_with_everybody() -> None:
    random = np.random.default_rng(5)
    chances = random.random(600).round(1)
    judged = Judged(chances, random.random(600) < chances)
    rows = lift_curve(judged, seed=3)
    ranking, everyone = Ranking(judged), _everyone(judged)
    assert [one.share for one in rows] == [place / 10 for place in range(1, 11)]
    for one in rows:
        assert one.capture.estimate == ranking.captured(everyone, one.share)
        assert one.lift.estimate == pytest.approx(ranking.lift(everyone, one.share))
        assert one.lift.low <= one.lift.estimate <= one.lift.high
    measured_alone = measures_of(judged, chances > 0.5, seed=3).lift
    assert (rows[1].lift.low, rows[1].lift.high) == pytest.approx((measured_alone.low, measured_alone.high))
    assert rows[-1].capture == Interval(1.0, 1.0, 1.0, 600), "among all there is nothing left to draw"
