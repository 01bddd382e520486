import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from kohort.errors import UsageError
from kohort.stats.comparisons import Method, compare_proportions, fisher_p_value, holm

COUNTS = st.integers(1, 60).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@given(COUNTS, COUNTS)
def test_the_exact_test_agrees_with_scipy(first: tuple[int, int], other: tuple[int, int]) -> None:
    (hits, trials), (other_hits, other_trials) = first, other
    expected = fisher_exact([[hits, trials - hits], [other_hits, other_trials - other_hits]]).pvalue
    assert math.isclose(fisher_p_value(hits, trials, other_hits, other_trials), expected, rel_tol=1e-7)


def test_fisher_and_the_lady_tasting_tea() -> None:
    assert round(fisher_p_value(4, 4, 0, 4), 4) == round(2 / 70, 4)


def test_the_z_test_is_used_where_every_expected_count_is_at_least_five() -> None:
    assert compare_proportions(5, 50, 5, 50).method is Method.Z
    assert compare_proportions(4, 50, 5, 50).method is Method.FISHER


def test_the_z_test_equals_the_chi_squared_test_without_correction() -> None:
    # 45/100 against 30/100: chi² = 4.8, one degree of freedom.
    assert compare_proportions(45, 100, 30, 100).p_value == pytest.approx(math.erfc(math.sqrt(4.8 / 2)))


def test_nobody_or_everybody_converting_is_no_difference() -> None:
    assert compare_proportions(0, 50, 0, 70).p_value == 1
    assert compare_proportions(50, 50, 70, 70).p_value == 1


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_as_the_step_down_procedure_does(p_values: list[float]) -> None:
    level = 0.05
    rejected = set[int]()
    for step, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] * (len(p_values) - step) > level:
            break
        rejected.add(index)
    assert {index for index, p in enumerate(holm(p_values)) if p <= level} == rejected


@pytest.mark.parametrize("counts", [(1, 0, 1, 2), (3, 2, 1, 2), (1, 2, -1, 2)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(UsageError, match="comparing proportions"):
        compare_proportions(*counts)
