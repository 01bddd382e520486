"""Scores of survey scales, and what tells whether items make one, beside slow and obvious references."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kohort.errors import UsageError
from kohort.stats.distributions import fisher_critical, fisher_tail
from kohort.stats.scales import (
    cronbach_alpha,
    item_rest_correlations,
    net_promoter_score,
    scale_scores,
    turned_answers,
)

ANSWERS = st.integers(2, 5).flatmap(
    lambda items: st.lists(
        st.lists(st.sampled_from([1, 2, 3, 4, 5, None, 9]), min_size=items, max_size=items), min_size=1, max_size=20
    )
)
WHOLE = st.integers(2, 5).flatmap(
    lambda items: st.lists(st.lists(st.integers(1, 7), min_size=items, max_size=items), min_size=3, max_size=20)
)


def array(rows: list[list[int | None]]) -> np.ndarray:
    return np.array([[math.nan if one is None else float(one) for one in row] for row in rows])


@given(ANSWERS, st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_a_score_is_the_mean_of_valid_answers_reversed_ones_turned(rows: list[list[int | None]], minimum: int) -> None:
    turned = [place % 2 == 1 for place in range(len(rows[0]))]
    found = scale_scores(turned_answers(array(rows), turned, lowest=1, highest=5), minimum=minimum)
    for row, score in zip(rows, found, strict=True):
        valid = [
            6 - one if turn else one for one, turn in zip(row, turned, strict=True) if one is not None and 1 <= one <= 5
        ]
        if len(valid) < minimum:
            assert math.isnan(score)
        else:
            assert score == pytest.approx(statistics.fmean(valid))


@given(WHOLE)
@settings(max_examples=80, deadline=None)
def test_alpha_is_what_its_formula_says_of_variances(rows: list[list[int]]) -> None:
    sums = [sum(row) for row in rows]
    if len(set(sums)) == 1:
        with pytest.raises(UsageError, match="alpha needs"):
            cronbach_alpha(np.array(rows, dtype=float))
        return
    items = len(rows[0])
    spread = sum(statistics.variance(row[place] for row in rows) for place in range(items))
    expected = items / (items - 1) * (1 - spread / statistics.variance(sums))
    found = cronbach_alpha(np.array(rows, dtype=float))
    assert found.estimate == pytest.approx(expected, abs=1e-9)
    assert found.low <= found.estimate <= found.high


@given(WHOLE)
@settings(max_examples=60, deadline=None)
def test_an_item_is_correlated_with_the_sum_of_the_others(rows: list[list[int]]) -> None:
    for place, found in enumerate(item_rest_correlations(np.array(rows, dtype=float))):
        one, rest = [row[place] for row in rows], [sum(row) - row[place] for row in rows]
        if len(set(one)) == 1 or len(set(rest)) == 1:
            assert math.isnan(found)
        else:
            assert found == pytest.approx(statistics.correlation(one, rest), abs=1e-9)


def test_the_interval_of_alpha_holds_the_truth_as_often_as_it_says() -> None:
    # Parallel items: a common part of variance 1 and an own of variance 1, so alpha of five is 5/6.
    random, covered = np.random.default_rng(0), 0
    for _ in range(200):
        answers = random.normal(size=(40, 1)) + random.normal(size=(40, 5))
        found = cronbach_alpha(answers)
        covered += found.low <= 5 / 6 <= found.high
    assert 0.92 <= covered / 200 <= 0.98


@given(st.floats(0.01, 20), st.integers(1, 60), st.integers(1, 200))
@settings(max_examples=80, deadline=None)
def test_tails_of_fisher_are_those_of_scipy(value: float, df: int, other_df: int) -> None:
    tail = fisher_tail(value, df, other_df)
    assert tail == pytest.approx(float(stats.f.sf(value, df, other_df)), abs=1e-9)
    if 1e-6 < tail < 1 - 1e-6:
        assert fisher_critical(tail, df, other_df) == pytest.approx(value, rel=1e-5)


def test_what_is_no_probability_or_no_degree_of_freedom_is_refused() -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        fisher_critical(1.0, 2, 3)
    with pytest.raises(UsageError, match="above zero"):
        fisher_tail(1.0, 0, 3)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_the_net_promoter_score_counts_nines_and_tens_less_zeros_to_sixes(answers: list[int]) -> None:
    found = net_promoter_score(np.array(answers, dtype=float))
    promoters, detractors = sum(one >= 9 for one in answers), sum(one <= 6 for one in answers)
    assert found.estimate == pytest.approx((promoters - detractors) / len(answers))
    assert -1 <= found.low <= found.estimate <= found.high <= 1
