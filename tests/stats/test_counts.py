import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from kohort.errors import UsageError
from kohort.stats.counts import lower_tail

MEANS = st.floats(0.01, 500)


@given(st.integers(0, 400), MEANS, st.floats(0.1, 1))
def test_without_more_variance_than_mean_it_is_the_tail_of_poisson(count: int, mean: float, part: float) -> None:
    assert math.isclose(lower_tail(count, mean, part * mean), poisson.cdf(count, mean), rel_tol=1e-6, abs_tol=1e-290)


@given(st.integers(0, 400), MEANS, st.floats(1.001, 50))
def test_with_more_it_is_that_of_the_negative_binomial(count: int, mean: float, dispersion: float) -> None:
    size = mean / (dispersion - 1)
    expected = nbinom.cdf(count, size, 1 / dispersion)
    assert math.isclose(lower_tail(count, mean, dispersion * mean), expected, rel_tol=1e-5, abs_tol=1e-200)


def test_a_large_count_costs_no_more_digits() -> None:
    assert math.isclose(lower_tail(99_000, 100_000, 200_000), nbinom.cdf(99_000, 100_000, 0.5), rel_tol=1e-5)


@pytest.mark.parametrize(("count", "mean"), [(-1, 5.0), (3, 0.0), (3, math.nan)])
def test_what_is_no_count_is_refused(count: int, mean: float) -> None:
    with pytest.raises(UsageError, match="a count is 0 or more"):
        lower_tail(count, mean, 5.0)
