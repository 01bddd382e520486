"""A difference of logarithms as a share: the same as the quotient of what the logarithms are of."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.stats.logarithms import share_less

AMOUNTS = st.floats(1e-6, 1e6)


@given(AMOUNTS, AMOUNTS)
def test_it_is_the_share_by_which_one_amount_is_less_than_another(before: float, after: float) -> None:
    assert share_less(math.log(before) - math.log(after)) == pytest.approx(1 - after / before, rel=1e-9, abs=1e-9)


def test_small_differences_are_about_themselves_and_large_ones_never_beyond_all() -> None:
    assert share_less(1e-12) == pytest.approx(1e-12)
    assert share_less(50.0) == pytest.approx(1.0)
