import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import UsageError
from kohort.stats.intervals import bootstrap_mean, critical_value, newcombe_difference, relative_lift, wilson_interval

COUNTS = st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_values_published_by_newcombe_1998a_table_1(
    successes: int, trials: int, low: float, high: float
) -> None:
    interval = wilson_interval(successes, trials)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_gives_the_values_published_for_method_10(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    interval = newcombe_difference(*counts)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(COUNTS)
def test_the_limits_of_wilson_solve_the_score_equation(counts: tuple[int, int]) -> None:
    successes, trials = counts
    interval = wilson_interval(successes, trials)
    for limit in (interval.low, interval.high):
        distance = (interval.estimate - limit) ** 2
        allowed = critical_value(0.95) ** 2 * limit * (1 - limit) / trials
        at_an_end = (successes == 0 and limit == 0) or (successes == trials and limit == 1)
        assert at_an_end or math.isclose(distance, allowed, rel_tol=1e-6, abs_tol=1e-12)


@given(COUNTS, COUNTS)
def test_swapping_the_groups_mirrors_the_difference_and_inverts_the_lift(
    first: tuple[int, int], other: tuple[int, int]
) -> None:
    difference, mirrored = newcombe_difference(*first, *other), newcombe_difference(*other, *first)
    assert math.isclose(difference.low, -mirrored.high, abs_tol=1e-12)
    lift, inverted = relative_lift(*first, *other), relative_lift(*other, *first)
    assert math.isclose(lift.estimate * inverted.estimate, 1)
    assert math.isclose(lift.low * inverted.high, 1)


@given(COUNTS, COUNTS)
def test_every_interval_holds_its_estimate(first: tuple[int, int], other: tuple[int, int]) -> None:
    for interval in (wilson_interval(*first), newcombe_difference(*first, *other), relative_lift(*first, *other)):
        assert interval.low - 1e-12 <= interval.estimate <= interval.high + 1e-12
        assert math.isfinite(interval.low)
        assert math.isfinite(interval.high)


def test_a_wilson_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    for truth in (0.02, 0.3):
        hits = random.binomial(80, truth, 2_000)
        covered = [interval.low <= truth <= interval.high for interval in (wilson_interval(int(n), 80) for n in hits)]
        assert 0.93 <= np.mean(covered) <= 0.99


def test_a_bootstrap_interval_is_that_of_the_normal_theory_when_values_are_normal() -> None:
    values = np.random.default_rng(2).normal(10, 2, 400)
    interval = bootstrap_mean(values, seed=3)
    reach = 1.96 * values.std(ddof=1) / 20
    assert interval.estimate == values.mean()
    assert interval.low == pytest.approx(values.mean() - reach, abs=0.03)
    assert interval.high == pytest.approx(values.mean() + reach, abs=0.03)
    assert bootstrap_mean(values, seed=3) == interval


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_an_impossible_proportion_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(UsageError, match="proportion needs"):
        wilson_interval(successes, trials)


def test_a_confidence_level_beyond_certainty_is_refused() -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        wilson_interval(1, 2, confidence=95)


@pytest.mark.parametrize("values", [np.array([]), np.array([1.0, np.nan])])
def test_a_bootstrap_of_nothing_or_of_missing_values_is_refused(values: np.ndarray) -> None:
    with pytest.raises(UsageError, match="at least one value"):
        bootstrap_mean(values, seed=1)
