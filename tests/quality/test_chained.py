"""Chained equations: draws that know how little they know."""

import numpy as np
import pytest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - as scikit-learn asks for it
from sklearn.impute import IterativeImputer

from kohort.definitions.repair import Drawing
from kohort.errors import UsageError
from kohort.quality.imputation import limits
from kohort.quality.imputation.chained import chained_draws
from kohort.quality.imputation.single import fill_with_statistic
from kohort.stats.intervals import mean_interval
from kohort.stats.pooling import pooled_mean
from kohort.stats.summaries import Summary

TRUE_MEAN = 0.0


def crowd(seed: int, size: int) -> np.ndarray:
    """Return ages and incomes, normal, correlated by .7; the older, the rarer an income was told: at random."""
    random = np.random.default_rng(seed)
    ages = random.normal(size=size)
    incomes = TRUE_MEAN + 0.7 * ages + np.sqrt(1 - 0.49) * random.normal(size=size)
    told = random.random(size) > 1 / (1 + np.exp(0.5 - ages))
    return np.column_stack([ages, np.where(told, incomes, np.nan)])


def covers(low: float, high: float) -> bool:
    return low <= TRUE_MEAN <= high


@pytest.mark.parametrize("drawing", list(Drawing))
def test_pooled_draws_cover_the_mean_and_one_filled_column_does_not(drawing: Drawing) -> None:
    worlds = 100
    pooled = by_mean = 0
    for seed in range(worlds):
        values = crowd(seed, 200)
        found = pooled_mean(chained_draws(values, draws=10, rounds=1, seed=seed, drawing=drawing).completed(1))
        pooled += covers(found.low, found.high)
        filled = fill_with_statistic(values[:, 1], "mean")
        naive = mean_interval(Summary(len(filled), float(filled.mean()), float(filled.var(ddof=1))))
        by_mean += covers(naive.low, naive.high)
    assert pooled / worlds >= 0.92
    assert by_mean / worlds < 0.85


def test_draws_of_a_normal_crowd_are_those_of_scikit_learn_on_average() -> None:
    random = np.random.default_rng(4)
    values = random.normal(size=(300, 3)) @ np.array([[1.0, 0.5, 0.2], [0.0, 1.0, 0.6], [0.0, 0.0, 0.8]]) + 5
    values[random.random(values.shape) < 0.2] = np.nan
    ours = chained_draws(values, draws=10, rounds=5, seed=1, drawing=Drawing.NORMAL)
    theirs = [
        IterativeImputer(sample_posterior=True, max_iter=5, random_state=seed, tol=0).fit_transform(values)
        for seed in range(10)
    ]
    for column in range(3):
        rows = ours.rows[column]
        expected = np.array([one[rows, column] for one in theirs])
        apart = ours.drawn[column].mean(axis=0) - expected.mean(axis=0)
        error = np.sqrt((ours.drawn[column].var(axis=0) + expected.var(axis=0)) / 10)
        assert np.abs(apart / error).mean() < 1.5, (
            "a mean absolute t of nine degrees is .85 by chance, and all share one regression"
        )
        assert ours.drawn[column].std() == pytest.approx(expected.std(), rel=0.2)


def test_a_matched_value_is_one_that_somebody_has_and_known_values_stay() -> None:
    values = crowd(1, 120)
    draws = chained_draws(values, draws=3, seed=1)
    known = set(values[~np.isnan(values[:, 1]), 1])
    for completed in draws.completed(1):
        assert set(np.round(completed, 9)) == set(np.round(list(known), 9))
        told = ~np.isnan(values[:, 1])
        np.testing.assert_array_equal(completed[told], values[told, 1])
    assert draws.rows[0].size == 0


def test_the_same_seed_gives_the_same_draws_and_another_gives_others() -> None:
    values = crowd(2, 60)
    first, again, other = (chained_draws(values, draws=2, seed=seed).drawn[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_traits_that_say_the_same_twice_do_no_harm() -> None:
    values = crowd(3, 80)
    doubled = np.column_stack([values, 2 * values[:, 0], np.full(80, 7.0)])
    draws = chained_draws(doubled, draws=2, seed=1)
    assert np.isfinite(draws.expected(1)).all()


def test_what_would_not_fit_is_refused_before_it_begins() -> None:
    limits.refuse_chains(1_000_000, 20, 2_000_000, 10)
    with pytest.raises(UsageError, match=r"40,000,000 values at once.*fewer columns \(at most 12\)"):
        limits.refuse_chains(2_000_000, 20, 4_000_000, 10)
    with pytest.raises(UsageError, match=r"fewer draws \(at most 50\)"):
        limits.refuse_chains(1_000_000, 20, 2_000_000, 100)


@pytest.mark.parametrize(("values", "draws"), [([[1.0, np.nan], [2.0, 3.0]], 2), ([[1.0, 2.0], [2.0, np.nan]], 0)])
def test_too_little_to_learn_from_is_refused(values: list[list[float]], draws: int) -> None:
    with pytest.raises(UsageError, match="need"):
        chained_draws(np.array(values), draws=draws)
