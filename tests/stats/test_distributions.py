import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kohort.errors import UsageError
from kohort.stats.distributions import chi_square_tail, student_critical, student_tail

DEGREES = st.floats(0.5, 1e5)


@given(st.floats(1e-3, 500), DEGREES)
def test_the_chi_square_tail_is_scipys(value: float, df: float) -> None:
    assert chi_square_tail(value, df) == pytest.approx(float(stats.chi2.sf(value, df)), rel=1e-6, abs=1e-12)


@given(st.floats(-60, 60), DEGREES)
def test_students_tail_is_scipys(value: float, df: float) -> None:
    assert student_tail(value, df) == pytest.approx(2 * float(stats.t.sf(abs(value), df)), rel=1e-6, abs=1e-12)


@given(st.floats(0.5, 0.999), st.floats(1, 1e5))
def test_students_critical_value_is_scipys(confidence: float, df: float) -> None:
    assert student_critical(confidence, df) == pytest.approx(float(stats.t.ppf((1 + confidence) / 2, df)), rel=1e-8)


def test_with_infinite_degrees_it_is_the_normal_distribution() -> None:
    assert student_tail(1.959964, math.inf) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize("call", [lambda: chi_square_tail(1, 0), lambda: student_tail(1, -1)])
def test_degrees_of_freedom_are_above_zero(call: object) -> None:
    with pytest.raises(UsageError, match="above zero"):
        call()  # type: ignore[operator]
