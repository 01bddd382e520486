"""The thresholds of a population, against their definitions in exact fractions."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.values import LARGEST_MICROS, MICRO
from kohort.stats.population import (
    Moments,
    bottom_threshold,
    deviation_threshold,
    moments_of,
    ntile_scores,
    score_cuts,
    score_of,
    top_threshold,
)

SMALL = st.lists(st.integers(-5, 5), min_size=1, max_size=30)
ANY = st.lists(st.integers(-LARGEST_MICROS, LARGEST_MICROS), max_size=30)


@given(ANY)
def test_moments_are_exact(values: list[int]) -> None:
    expected = Moments(len(values), sum(values), sum(value * value for value in values))
    assert moments_of(np.array(values, dtype=np.int64)) == expected


def test_moments_of_many_large_values_do_not_overflow() -> None:
    n = 2**20 + 1
    assert moments_of(np.full(n, -LARGEST_MICROS)) == Moments(n, -n * LARGEST_MICROS, n * LARGEST_MICROS**2)


@given(ANY, ANY)
def test_moments_of_two_populations_add_up(some: list[int], others: list[int]) -> None:
    one, other, both = (moments_of(np.array(values, dtype=np.int64)) for values in (some, others, some + others))
    assert one + other == both


@given(
    st.lists(st.integers(-(10**12), 10**12) | st.integers(-3, 3), min_size=2, max_size=20),
    st.integers(-4 * MICRO, 4 * MICRO) | st.sampled_from((MICRO, -MICRO, MICRO // 2)),
)
def test_mean_and_deviations_are_rounded_half_even_from_the_exact_value(values: list[int], deviations: int) -> None:
    found = deviation_threshold(moments_of(np.array(values)), deviations)
    mean = Fraction(sum(values), len(values))
    variance = sum(((value - mean) ** 2 for value in values), Fraction()) / (len(values) - 1)
    with localcontext(prec=120):
        std = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
        exact = Decimal(mean.numerator) / Decimal(mean.denominator) + Decimal(deviations) / MICRO * std
        assert found is not None
        assert abs(Decimal(found) - exact) <= Decimal("0.5") + Decimal(10) ** -80


@pytest.mark.parametrize(
    ("values", "deviations", "threshold"),
    [
        ([], 0, None),  # the mean of nobody
        ([7], 0, 7),
        ([7], MICRO, None),  # a deviation needs two people
        ([0, 1], 0, 0),  # half to even
        ([1, 2], 0, 2),
        ([0, -1], 0, 0),
        ([4, 4], MICRO, 4),
        ([1, 3], MICRO, 3),  # 2 + √2 = 3.41
        ([1, 3], -MICRO, 1),  # 2 − √2 = 0.59
        ([0, 2, 4], MICRO // 4, 2),  # 2.5, half to even
        ([0, 2, 4], 3 * MICRO // 4, 4),  # 3.5, half to even
        ([LARGEST_MICROS, -LARGEST_MICROS], MICRO, None),  # no 64 bits hold it
    ],
)
def test_mean_and_deviations_by_hand(values: list[int], deviations: int, threshold: int | None) -> None:
    assert deviation_threshold(moments_of(np.array(values, dtype=np.int64)), deviations) == threshold


@given(SMALL, st.integers(1, 100 * MICRO) | st.sampled_from((1, 50 * MICRO, 33_333_333, 100 * MICRO)))
def test_who_is_in_the_top_has_less_than_q_percent_above(values: list[int], percent: int) -> None:
    threshold = top_threshold(np.array(values), percent)
    lowest = bottom_threshold(np.array(values), percent)
    assert threshold is not None
    assert lowest is not None
    for value in values:
        above = Fraction(sum(other > value for other in values), len(values))
        below = Fraction(sum(other < value for other in values), len(values))
        assert (value >= threshold) == (above < Fraction(percent, 100 * MICRO))
        assert (value <= lowest) == (below < Fraction(percent, 100 * MICRO))


def test_an_empty_population_has_no_thresholds() -> None:
    nobody = np.array([], dtype=np.int64)
    assert top_threshold(nobody, MICRO) is None
    assert bottom_threshold(nobody, MICRO) is None
    assert score_cuts(nobody, 5) == ()
    assert ntile_scores(nobody, 5).tolist() == []


@given(SMALL, st.integers(1, 12), st.booleans())
def test_scores_are_one_plus_the_floor_of_n_times_l_over_the_population(
    values: list[int], levels: int, reverse: bool
) -> None:
    scores = ntile_scores(np.array(values), levels, reversed=reverse)
    for value, score in zip(values, scores, strict=True):
        beaten = sum(other > value if reverse else other < value for other in values)
        assert score == 1 + levels * beaten // len(values)


@given(SMALL, st.integers(2, 12), st.booleans())
def test_the_cuts_give_everybody_their_score(values: list[int], levels: int, reverse: bool) -> None:
    cuts = score_cuts(np.array(values), levels, reversed=reverse)
    found = [score_of(value, cuts, reversed=reverse) for value in values]
    assert found == ntile_scores(np.array(values), levels, reversed=reverse).tolist()


def test_a_score_needs_a_level() -> None:
    with pytest.raises(ValueError, match="at least one level"):
        ntile_scores(np.array([1]), 0)
