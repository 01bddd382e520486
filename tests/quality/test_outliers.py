import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import UsageError
from kohort.quality.outliers import DEFAULT_RULES, OutlierMethod, OutlierRule, OutlierScale, find_outliers

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
