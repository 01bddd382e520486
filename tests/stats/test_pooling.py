"""Rubin's rules, by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import UsageError
from kohort.stats.pooling import pool, pooled_mean


def test_the_rules_by_hand() -> None:
    # Within 4; between 1; total 4 + (1 + 1/3) 1 = 16/3. Ratio r = 1/3, so df = 2 (1 + 1/r)^2 = 32, and the missing
    # information is (r + 2 / (df + 3)) / (r + 1) = (1/3 + 2/35) / (4/3) = 41/140.
    found = pool([10, 11, 12], [4, 4, 4])
    assert (found.variance, found.df) == pytest.approx((16 / 3, 32))
    assert found.missing_information == pytest.approx(41 / 140)
    # t(32, .975) = 2.0369
    assert found.high - 11 == pytest.approx(2.0369 * math.sqrt(16 / 3), rel=1e-4)


def test_degrees_of_freedom_of_few_people_by_hand() -> None:
    # Barnard and Rubin 1999: gamma = (4/3) / (16/3) = 1/4; old df 32; observed (21/23) 20 (3/4) = 13.6957;
    # 1 / (1/32 + 1/13.6957) = 9.5909.
    assert pool([10, 11, 12], [4, 4, 4], complete_df=20).df == pytest.approx(1 / (1 / 32 + 1 / (21 / 23 * 15)))


def test_without_differences_between_draws_nothing_was_missing() -> None:
    found = pool([3, 3], [4, 4], complete_df=99)
    assert (found.estimate, found.variance, found.missing_information) == (3, 4, 0)
    assert found.df == pytest.approx(100 / 102 * 99)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=8), st.floats(0.01, 10), st.integers(3, 10_000))
def test_the_whole_is_never_surer_than_a_draw(estimates: list[float], variance: float, people: int) -> None:
    found = pool(estimates, [variance] * len(estimates), complete_df=people)
    assert found.variance >= variance * (1 - 1e-12)
    assert found.df <= people
    assert 0 <= found.missing_information <= 1
    assert found.low <= found.estimate <= found.high


@pytest.mark.parametrize(("estimates", "variances"), [([1.0], [1.0]), ([1.0, 2.0], [1.0])])
def test_one_draw_cannot_say_how_unsure_it_is(estimates: list[float], variances: list[float]) -> None:
    with pytest.raises(UsageError, match="impute several times"):
        pool(estimates, variances)
    with pytest.raises(UsageError, match="two values"):
        pooled_mean([np.array([1.0])])
