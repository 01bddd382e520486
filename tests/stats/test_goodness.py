import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from kohort.errors import UsageError
from kohort.stats.goodness import fit_of

CELLS = st.lists(st.tuples(st.integers(0, 500), st.floats(0.01, 100)), min_size=2, max_size=12).filter(
    lambda cells: sum(count for count, _ in cells) > 0
)


@given(CELLS)
def test_the_fit_agrees_with_scipy(cells: list[tuple[int, float]]) -> None:
    counts, weights = [count for count, _ in cells], [weight for _, weight in cells]
    fit = fit_of(counts, weights)
    expected = [sum(counts) * weight / math.fsum(weights) for weight in weights]
    found = chisquare(counts, expected, sum_check=False)
    assert math.isclose(fit.statistic, found.statistic, rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(fit.p_value, found.pvalue, rel_tol=1e-6, abs_tol=1e-12)
    assert math.isclose(fit.effect, math.sqrt(found.statistic / sum(counts)), rel_tol=1e-9, abs_tol=1e-9)


def test_the_category_that_is_furthest_is_named_and_its_interval_is_wider_than_one_alone() -> None:
    fit = fit_of([700, 200, 100], [50, 30, 20])
    assert fit.furthest == 0
    assert fit.smallest == 200
    assert fit.shares[0].low < 0.7 - 0.0289
    assert fit_of([700, 300], [7, 3]).p_value == 1.0


@pytest.mark.parametrize(
    ("counts", "weights"),
    [([5], [1.0]), ([0, 0], [1.0, 1.0]), ([5, 5], [1.0, 0.0]), ([5, 5], [1.0, math.inf]), ([1, 2], [1.0])],
)  # fmt: skip
def test_a_fit_needs_categories_and_people(counts: list[int], weights: list[float]) -> None:
    with pytest.raises(UsageError, match="a fit needs two categories"):
        fit_of(counts, weights)
