"""The parts of learning, each alone: folds, balance, search, calibration, thresholds, the obvious rule."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier

from kohort.errors import MissingExtraError, UnknownNameError, UsageError
from kohort.imports import needing_extra
from kohort.learning.prediction.calibrating import calibrate, fit_curve
from kohort.learning.prediction.families import FAMILIES
from kohort.learning.prediction.fitting import Balance, fit_estimator, raw_scores
from kohort.learning.prediction.folds import forward_folds, grouped_folds
from kohort.learning.prediction.judged import Judged
from kohort.learning.prediction.reliability import bins_of, brier_score, calibration_error
from kohort.learning.prediction.results import Calibration
from kohort.learning.prediction.rule import obvious_rule
from kohort.learning.prediction.search import Budget, Search, best_settings
from kohort.learning.prediction.thresholds import Costs, band_of, bands_of, check_limits, tuned_threshold


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=40, max_size=120))
def test_no_person_is_on_both_sides_of_a_fold(rows: list[tuple[int, bool]]) -> None:
    groups, reached = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    try:
        folds = grouped_folds(reached, groups, 3, seed=1)
    except UsageError:
        return
    assert sorted(np.concatenate([one.judged for one in folds]).tolist()) == list(range(len(rows)))
    for one in folds:
        assert not set(groups[one.learnt]) & set(groups[one.judged])


@given(st.lists(st.integers(0, 12), min_size=2, max_size=80), st.integers(2, 5), st.integers(0, 3))
def test_what_is_learnt_in_time_was_over_before_what_is_judged(times: list[int], parts: int, gap: int) -> None:
    moments = np.array(times)
    try:
        folds = forward_folds(moments, parts, gap=gap)
    except UsageError:
        assert moments.max() - moments.min() < max(gap, 1) or len(set(times)) == 1
        return
    for one in folds:
        assert moments[one.learnt].max() + gap <= moments[one.judged].min()
        assert moments[one.learnt].max() < moments[one.judged].min()
    for earlier, later in pairwise(folds):
        assert moments[earlier.judged].max() < moments[later.judged].min()


def test_made_up_examples_lie_between_those_of_the_rarer_class_and_weights_count_alike() -> None:
    random = np.random.default_rng(0)
    points, reached = random.normal(size=(400, 2)), np.arange(400) < 40
    seen: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]] = []

    class Watching:
        def fit(self, rows: np.ndarray, told: np.ndarray, sample_weight: np.ndarray | None = None) -> "Watching":
            seen.append((rows, told, sample_weight))
            return self

    family = type(FAMILIES["logistic"])("watching", lambda *_: Watching(), ())
    for balance in Balance:
        fit_estimator(family, {}, points, reached, balance=balance, seed=0)
    (plain, _, nothing), (_, told, weights), (made, made_told, _) = seen
    assert nothing is None
    assert len(plain) == 400
    assert weights is not None
    assert weights[told == 1].sum() == pytest.approx(weights[told == 0].sum())
    assert made_told.sum() == 360
    assert (made[400:].max(axis=0) <= points[reached].max(axis=0)).all()
    assert (made[400:].min(axis=0) >= points[reached].min(axis=0)).all()


def test_a_family_learns_from_no_more_rows_than_it_can_take() -> None:
    points, reached = np.random.default_rng(0).normal(size=(12_000, 2)), np.arange(12_000) % 10 == 0
    model = fit_estimator(FAMILIES["svm"], {"C": 0.01}, points, reached, balance=Balance.NONE, seed=0)
    assert model.shape_fit_[0] == 5_000
    assert ((raw_scores(model, points) >= 0) & (raw_scores(model, points) <= 1)).all()


@pytest.mark.parametrize("search", [Search.GRID, Search.RANDOM, Search.BAYESIAN])
def test_a_search_stays_in_its_budget_and_range_and_never_does_worse_than_the_usual(search: Search) -> None:
    family = FAMILIES["gradient_boosting"]
    tried: list[dict[str, float]] = []

    def judge(settings: object) -> float:
        tried.append(dict(settings))  # type: ignore[call-overload]
        return float(-abs(np.log(tried[-1]["learning_rate"] / 0.15)) - 0.01 * tried[-1]["max_leaf_nodes"])

    found = best_settings(family, Budget(search, 12), judge, seed=3)
    assert len(tried) == 12
    assert tried[0] == family.usual
    assert judge(found) == max(map(judge, list(tried)))
    assert judge(found) > judge(family.usual)
    for one in family.parameters:
        assert all(one.low <= settings[one.name] <= one.high for settings in tried)
        assert not one.whole or all(isinstance(settings[one.name], int) for settings in tried)
    assert best_settings(family, Budget(search, 12), judge, seed=3) == found


def test_without_a_search_the_usual_settings_are_taken() -> None:
    family = FAMILIES["logistic"]
    assert best_settings(family, Budget(), lambda _: 0.0, seed=0) == family.usual
    with pytest.raises(UsageError, match="one trial"):
        Budget(Search.RANDOM, 0)


def test_a_curve_finds_the_chances_behind_distorted_scores() -> None:
    random = np.random.default_rng(0)
    log_odds = random.normal(-1, 1.5, 6_000)
    reached = random.random(6_000) < expit(log_odds)
    distorted = expit(2.5 * log_odds + 3)  # as weights and steep models do
    found = calibrate(distorted, reached, np.arange(6_000) % 3)
    assert found.calibration is Calibration.SIGMOID
    assert np.abs(found.curve.apply(distorted) - expit(log_odds)).max() < 0.03
    before, after = (
        brier_score(Judged(one, reached), np.ones(6_000, dtype=np.int64)) for one in (distorted, found.chances)
    )
    assert after < 0.85 * before


@pytest.mark.parametrize(("family", "settings"), [("random_forest", {"min_samples_leaf": 1}), ("svm", {"C": 10.0})])
def test_votes_of_trees_and_margins_become_chances(family: str, settings: dict[str, float]) -> None:
    random = np.random.default_rng(8)
    points = random.normal(size=(3_000, 2))
    reached = random.random(3_000) < expit(1.5 * points[:, 0] - 1)
    parts = np.arange(3_000) % 3
    raw = np.empty(3_000)
    chosen = FAMILIES[family]
    for part in range(3):
        own = parts == part
        model = fit_estimator(chosen, {**chosen.usual, **settings}, points[~own], reached[~own],
                              balance=Balance.NONE, seed=0)  # fmt: skip
        raw[own] = raw_scores(model, points[own])
    chances = calibrate(raw, reached, parts).chances
    before, after = (
        calibration_error(Judged(one, reached), np.ones(3_000, dtype=np.int64), bins_of(one)) for one in (raw, chances)
    )
    assert before > 0.05
    assert after < 0.03


def test_steps_are_taken_where_the_relation_is_no_sigmoid() -> None:
    random = np.random.default_rng(1)
    scores = random.random(9_000)
    chances = np.where(scores < 0.5, 0.1, 0.6)
    found = calibrate(scores, random.random(9_000) < chances, np.arange(9_000) % 3)
    assert found.calibration is Calibration.ISOTONIC
    assert np.abs(found.curve.apply(scores) - chances).mean() < 0.03


@pytest.mark.parametrize("calibration", Calibration)
def test_no_curve_says_never_or_always_because_of_a_few_people(calibration: Calibration) -> None:
    curve = fit_curve(calibration, np.linspace(0.1, 0.9, 40), np.arange(40) >= 20)
    chances = curve.apply(np.array([0.0, 0.5, 1.0]))
    assert 0 < chances[0] < chances[2] < 1
    assert (np.diff(curve.apply(np.linspace(0, 1, 50))) >= 0).all()


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=3, max_size=30), st.integers(1, 9))
def test_a_threshold_is_the_cheapest_there_is(rows: list[tuple[int, bool]], missed: int) -> None:
    chances, reached = np.array([one / 8 for one, _ in rows]), np.array([one for _, one in rows])
    costs = Costs(missed, 2)
    found = tuned_threshold(chances, reached, costs)
    cheapest = min(float(costs.of(chances >= one, reached).sum()) for one in {*chances.tolist(), 1.1})
    assert float(costs.of(chances >= found, reached).sum()) <= cheapest + (
        1e9 if found == 1.0 and 1.0 in chances else 0
    )


def test_with_right_chances_the_cheapest_threshold_is_that_of_theory() -> None:
    random = np.random.default_rng(0)
    chances = random.random(40_000)
    costs = Costs(missed=4, needless=1)
    assert tuned_threshold(chances, random.random(40_000) < chances, costs) == pytest.approx(
        costs.from_chance, abs=0.04
    )


def test_who_is_taken_is_who_scikit_learn_takes() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(300, 2))
    reached = points[:, 0] + random.normal(size=300) > 0.5
    model = LogisticRegression().fit(points, reached)
    threshold = tuned_threshold(model.predict_proba(points)[:, 1], reached, Costs(3, 1))
    fixed = FixedThresholdClassifier(model, threshold=threshold, response_method="predict_proba").fit(points, reached)
    assert ((model.predict_proba(points)[:, 1] >= threshold) == fixed.predict(points)).all()


def test_bands_hold_everybody_once_and_say_which_are_empty() -> None:
    judged = Judged(np.array([0.1, 0.5, 0.7, 0.3]), np.array([False, True, True, False]))
    rows = bands_of(judged)
    assert [one.people for one in rows] == [2, 2, 0]
    assert rows[2].is_empty
    assert rows[2].observed is None
    assert band_of(np.array([0.5, 0.8])).tolist() == [1, 2]


@pytest.mark.parametrize("limits", [(), (0.0, 0.5), (0.5, 0.5), (0.8, 0.5), (0.5, 1.0)])
def test_limits_that_do_not_rise_between_0_and_1_are_refused(limits: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="rise between 0 and 1"):
        check_limits(limits)


def test_the_rule_takes_the_column_that_tells_most_in_its_own_direction() -> None:
    random = np.random.default_rng(0)
    reached = random.random(500) < 0.3
    points = np.column_stack([random.normal(size=500), -2 * reached + random.normal(size=500)])
    rule = obvious_rule(("noise", "recency"), points, reached)
    assert (rule.name, rule.rises) == ("recency", False)
    assert obvious_rule(("noise", "recency"), points, reached, "noise").name == "noise"
    with pytest.raises(UnknownNameError, match="recency"):
        obvious_rule(("noise", "recency"), points, reached, "recensy")


def test_a_library_that_is_missing_is_named_by_its_extra() -> None:
    with pytest.raises(MissingExtraError, match="boost"), needing_extra("boost", "LightGBM"):
        raise ModuleNotFoundError("no lightgbm", name="lightgbm")
