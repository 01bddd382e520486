import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import UsageError
from kohort.quality.outliers import DEFAULT_RULES, OutlierMethod, OutlierRule, OutlierScale, find_outliers, reasons
from kohort.stats.fences import Fences

RAW_IQR, LOG_IQR, RAW_Z, _ = DEFAULT_RULES
VALUES = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1).filter(
    lambda values: not all(np.isnan(values))
)


@given(VALUES, st.sampled_from(DEFAULT_RULES))
def test_what_is_flagged_lies_beyond_a_fence_and_is_counted(values: list[float], rule: OutlierRule) -> None:
    finding = find_outliers("total", np.array(values), rule)
    assert finding.present == sum(not np.isnan(value) for value in values)
    assert finding.flags.sum() == finding.below + finding.above
    slack = 1e-9 * (1 + max(abs(finding.fences.low), abs(finding.fences.high)))
    for value, flagged in zip(values, finding.flags, strict=True):
        if flagged:
            assert value < finding.fences.low + slack or value > finding.fences.high - slack
        elif not np.isnan(value):
            assert finding.fences.low - slack <= value <= finding.fences.high + slack


def test_on_the_log_scale_ordinary_money_is_not_unusual() -> None:
    money = np.exp(np.random.default_rng(1).normal(3, 1, 5_000))
    raw, log = find_outliers("total", money, RAW_IQR), find_outliers("total", money, LOG_IQR)
    assert raw.share > 0.05
    assert log.share < 0.012
    assert log.fences.high > raw.fences.high


def test_a_typing_error_is_found_on_both_scales_and_refunds_are_kept_apart() -> None:
    totals = np.append(np.linspace(20, 60, 200), [45_000.0, -30_000.0])
    for rule in DEFAULT_RULES:
        finding = find_outliers("total", totals, rule)
        assert (finding.above, finding.below) == (1, 1)
        assert finding.flags[-2:].all()


def test_three_standard_deviations_flag_what_a_normal_column_promises() -> None:
    normal = np.random.default_rng(2).normal(size=100_000)
    assert find_outliers("x", normal, RAW_Z).share == pytest.approx(0.0027, abs=0.0006)


def test_the_reach_is_the_callers() -> None:
    far_out = OutlierRule(OutlierMethod.IQR, OutlierScale.RAW, 3.0)
    values = np.array([1.0, 2.0, 3.0, 4.0, 8.0])
    assert find_outliers("x", values, RAW_IQR).above == 1
    assert find_outliers("x", values, far_out).above == 0


@pytest.mark.parametrize("values", [[float("nan")], [], [1.0, float("inf")]])
def test_a_column_without_finite_values_is_refused(values: list[float]) -> None:
    with pytest.raises(UsageError, match='outliers of "total"'):
        find_outliers("total", np.array(values), RAW_IQR)


def test_robust_fences_are_not_widened_by_what_they_are_to_find() -> None:
    values = np.append(np.random.default_rng(3).normal(50, 5, 90), np.full(10, 1_000.0))
    robust = find_outliers("age", values, OutlierRule(OutlierMethod.ROBUST, reach=3.5))
    assert robust.above == 10
    assert find_outliers("age", values, RAW_Z).above == 0, "ten of a hundred hide each other"


def test_robust_scores_are_those_of_iglewicz_and_hoaglin() -> None:
    # Median 2.5, absolute deviations 1.5 .5 .5 1.5 and 97.5 of which the median is 1.5: 3.5 x 1.4826 x 1.5 = 7.78.
    values = np.array([1.0, 2.0, 2.5, 4.0, 100.0])
    found = find_outliers("x", values, OutlierRule(OutlierMethod.ROBUST, reach=3.5))
    assert (found.fences.low, found.fences.high) == pytest.approx((2.5 - 7.78365, 2.5 + 7.78365))
    assert found.high.tolist() == [False, False, False, False, True]


def test_where_half_of_the_values_are_equal_the_others_are_not_all_unusual() -> None:
    values = np.array([0.0] * 60 + [1.0] * 40)
    assert find_outliers("orders", values, OutlierRule(OutlierMethod.ROBUST, reach=3.5)).share == 0


def test_plausible_bounds_are_taken_as_they_are_on_any_scale() -> None:
    for scale in OutlierScale:
        rule = OutlierRule(OutlierMethod.BOUNDS, scale, plausible=Fences(0, 120))
        found = find_outliers("age", np.array([-1.0, 0.0, 120.0, 121.0, np.nan]), rule)
        assert (found.below, found.above, found.fences) == (1, 1, Fences(0, 120))
        assert reasons([found]) == ["below 0.00 (bounds)", "", "", "above 120.00 (bounds)", ""]
