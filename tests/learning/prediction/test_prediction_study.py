"""The whole way from examples to chances: what must come out where the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from kohort.errors import UsageError
from kohort.learning.features.table import FeatureTable
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import Examples, alike
from kohort.learning.prediction.families import FAMILIES
from kohort.learning.prediction.fitting import Balance, raw_scores
from kohort.learning.prediction.judged import Judged
from kohort.learning.prediction.reliability import brier_score
from kohort.learning.prediction.results import Reason
from kohort.learning.prediction.search import Budget, Search
from kohort.learning.prediction.study import train
from kohort.learning.prediction.thresholds import BandRow, Costs, bands_of
from kohort.learning.prediction.wording import study_words
from kohort.learning.wording import number, percent
from kohort.stats.intervals import wilson_interval
from prediction_people import people_with_chances

PLAIN = Plan(families=("logistic",))
_LIGHT = {"logistic", "lightgbm", "xgboost"}


@pytest.mark.parametrize(
    "family", [pytest.param(one, marks=() if one == "logistic" else pytest.mark.slow) for one in FAMILIES]
)
def test_shuffled_labels_tell_nothing_through_the_whole_way(family: str) -> None:
    examples, _ = people_with_chances(2_000, base=-0.5, seed=4)
    shuffled = replace(examples, reached=np.random.default_rng(8).permutation(examples.reached))
    plan = Plan(families=(family,), balance=Balance.SMOTE)
    if family in _LIGHT:
        plan = replace(plan, budget=Budget(Search.RANDOM, 2))
    found = train(shuffled, plan, parts=3).study
    assert found.measures.auc.estimate == pytest.approx(0.5, abs=0.03)
    assert found.measures.lift.estimate == pytest.approx(1, abs=0.2)
    assert not found.rule.is_beaten


@pytest.mark.parametrize("family", ["logistic", pytest.param("lightgbm", marks=pytest.mark.slow)])
def test_every_band_holds_what_it_says_on_people_of_another_draw(family: str) -> None:
    examples, _ = people_with_chances(4_000, base=0.0, seed=1, strength=1.5)
    others, truth = people_with_chances(8_000, base=0.0, seed=2, strength=1.5)
    done = train(examples, Plan(families=(family,)), parts=2)
    chances = done.model.chances(others.table)
    for one in bands_of(Judged(chances, others.reached)):
        assert one.chance is not None
        assert one.observed is not None
        error = np.sqrt(one.chance * (1 - one.chance) / one.people)
        assert abs(one.chance - one.observed.estimate) <= 2 * error + 0.005
    assert done.study.measures.calibration_error.estimate <= 0.03
    assert np.abs(chances - truth).mean() < (0.02 if family == "logistic" else 0.07)


@pytest.mark.parametrize("balance", [Balance.WEIGHTS, pytest.param(Balance.SMOTE, marks=pytest.mark.slow)])
def test_chances_that_balancing_distorted_are_repaired(balance: Balance) -> None:
    examples, _ = people_with_chances(2_000, base=-3.0, seed=3)
    plain = train(examples, PLAIN, parts=2).study.measures
    done = train(examples, replace(PLAIN, balance=balance), parts=2)
    raw = raw_scores(done.model.estimator, done.model.preparation.apply(examples.table))
    everyone = np.ones(len(examples), dtype=np.int64)
    distorted = brier_score(Judged(raw, examples.reached), everyone)
    assert distorted > 1.8 * plain.brier.estimate
    repaired = done.study.measures
    assert repaired.brier.estimate == pytest.approx(plain.brier.estimate, abs=0.002)
    assert repaired.calibration_error.estimate < 0.03


def test_a_threshold_tuned_on_noise_gains_nothing() -> None:
    random = np.random.default_rng(5)
    table = FeatureTable(tuple(map(str, range(1_500))), ("a", "b", "c"), random.normal(size=(1_500, 3)))
    found = train(Examples(table, random.random(1_500) < 0.2, np.arange(1_500)), PLAIN).study.measures
    everybody = 2 * found.base_rate / (1 + found.base_rate)
    error = (found.f1.high - found.f1.estimate) / 1.96
    assert found.f1.estimate - everybody <= 2 * error


@pytest.mark.slow
def test_threads_change_nothing() -> None:
    examples, _ = people_with_chances(300, seed=6)
    told = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            done = train(examples, Plan(families=("logistic", "gradient_boosting", "lightgbm")), parts=2)
            told.append((done.study, done.model.chances(examples.table).tolist()))
    assert told[0] == told[1]


def test_the_rule_is_taken_where_nothing_beats_it() -> None:
    random = np.random.default_rng(7)
    silent = random.exponential(30, 1_000)
    table = FeatureTable(
        tuple(map(str, range(1_000))), ("days_silent", "noise"), np.column_stack([silent, random.normal(size=1_000)])
    )
    lapsed = random.random(1_000) < silent / (silent + 30)
    found = train(Examples(table, lapsed, np.arange(1_000)), PLAIN).study
    assert (found.rule.name, found.rule.rises, found.rule.is_beaten) == ("days_silent", True, False)
    words = " ".join(one.en for one in study_words(found))
    assert "does not beat the obvious rule, days_silent alone" in words
    assert "take the rule" in words
    assert "prenez la règle" in " ".join(one.fr for one in study_words(found))


def test_a_goal_that_became_more_frequent_is_told() -> None:
    before, _ = people_with_chances(1_200, base=-2.5, seed=14)
    after, _ = people_with_chances(1_200, base=-1.0, seed=15)
    names = tuple(map(str, range(2_400)))
    values = np.concatenate([before.table.values, after.table.values])
    table = FeatureTable(names, before.table.names, values)
    reached, times = np.concatenate([before.reached, after.reached]), np.repeat([1, 2], 1_200)
    found = train(Examples(table, reached, np.arange(2_400), times), PLAIN, parts=2).study
    words = list(study_words(found))
    assert any("Chances are too small" in one.en and "Take them as an order" in one.en for one in words)
    assert any("trop faible" in one.fr for one in words)
    assert any("The band 0%–50% does not hold" in one.en for one in words)
    steady = train(before, PLAIN, parts=2).study
    assert not any("Chances are too" in one.en for one in study_words(steady))
    assert all(one.is_kept for one in steady.bands)
    assert not any("does not hold" in one.en for one in study_words(steady))


def test_bands_that_miss_are_told_one_by_one_where_all_together_are_as_many_as_was_told() -> None:
    people, _ = people_with_chances(1_200, seed=16)
    study = train(people, PLAIN, parts=2).study
    total = round(study.measures.base_rate * study.measures.n)
    half = study.measures.n // 2
    even = total / study.measures.n
    low = BandRow(0.0, 0.5, half, even, wilson_interval(round(half * even) + 60, half))
    high = BandRow(0.5, 1.0, half, even, wilson_interval(round(half * even) - 60, half))
    told = list(study_words(replace(study, bands=(low, high))))
    assert not any("Chances are too" in one.en for one in told), "on average they are right"
    said = [one for one in told if "does not hold" in one.en]
    assert [one.en.partition(" does")[0] for one in said] == ["The band 0%–50%", "The band 50%–100%"]
    assert [one.fr.partition(" ne tient")[0] for one in said] == [
        "La tranche 0–50\u202f%",
        "La tranche 50–100\u202f%",
    ]
    assert percent(even, 1).en in said[0].en
    assert f"of {number(half).en} people" in said[0].en


@pytest.mark.slow
def test_the_plainest_of_those_alike_is_taken_and_the_better_one_where_it_is_better() -> None:
    linear, _ = people_with_chances(1_500, seed=9)
    plan = Plan(families=("lightgbm", "logistic"))
    found = train(linear, plan, parts=2).study
    assert (found.chosen, [one.family for one in found.families]) == ("logistic", ["logistic", "lightgbm"])
    random = np.random.default_rng(9)
    values = random.normal(size=(1_500, 2))
    table = FeatureTable(linear.table.person_ids, ("a", "b"), values)
    crossed = Examples(table, (values[:, 0] * values[:, 1] > 0) ^ (random.random(1_500) < 0.2), np.arange(1_500))
    found = train(crossed, plan, parts=2).study
    assert (found.chosen, found.reason) == ("lightgbm", Reason.BEST)
    assert found.rule.is_beaten


def test_people_and_not_rows_are_drawn_and_parted() -> None:
    examples, _ = people_with_chances(500, seed=10)
    rows = np.repeat(np.arange(500), 2)
    twice = replace(examples.take(np.arange(500)), table=examples.table)
    doubled = Examples(
        FeatureTable(
            tuple(map(str, range(1_000))), twice.table.names, twice.table.values[rows],
            {name: tuple(told[row] for row in rows.tolist()) for name, told in twice.table.texts.items()},
        ),
        twice.reached[rows], rows,
    )  # fmt: skip
    once, again = (train(one, Plan(families=("lightgbm",)), parts=2).study.measures for one in (twice, doubled))
    assert again.auc.estimate <= once.auc.estimate + 0.02
    assert again.auc.high - again.auc.low >= 0.85 * (once.auc.high - once.auc.low)
    assert len(np.unique(alike(doubled.table, doubled.reached))) == 500


def test_a_rare_goal_is_captured_and_costs_are_told() -> None:
    examples, _ = people_with_chances(3_000, base=-5.0, seed=11, strength=1.6)
    found = train(examples, replace(PLAIN, costs=Costs(missed=15, needless=1)), parts=3).study
    assert found.measures.base_rate < 0.1
    assert found.measures.capture.estimate > 0.5
    assert found.cost is not None
    assert found.cost.model.high < min(found.cost.everybody, found.cost.nobody)


def test_nothing_is_learnt_from_too_few_or_from_features_that_are_all_alike() -> None:
    examples, _ = people_with_chances(60, base=-3.0, seed=12)
    with pytest.raises(UsageError, match="takes 20 people"):
        train(examples, PLAIN)
    same = FeatureTable(tuple(map(str, range(100))), ("same",), np.ones((100, 1)))
    with pytest.raises(UsageError, match="no feature tells people apart"):
        train(Examples(same, np.arange(100) % 2 == 0, np.arange(100)), PLAIN)
