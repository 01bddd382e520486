import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler

from kohort.definitions.preparation import Scaling
from kohort.learning.features.scaling import (
    ColumnScaling,
    DroppedColumn,
    fit_column,
    quantiles_of,
    yeo_johnson,
    yeo_johnson_inverse,
)

LATER = np.array([-3.0, 0.0, 0.5, 17.0, 900.0])
NUMBERS = st.lists(st.floats(-1e4, 1e4).map(lambda value: round(value, 3)), min_size=5, max_size=60)


def spending(seed: int, people: int = 2_000) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(4, 1.2, people))


def fitted(values: np.ndarray, scaling: Scaling = Scaling.AUTOMATIC) -> ColumnScaling:
    column = fit_column("x", values, scaling)
    assert isinstance(column, ColumnScaling)
    return column


@given(st.lists(st.floats(-50, 50), min_size=1), st.floats(-3, 4))
def test_the_power_transformation_agrees_with_scipy(values: list[float], power: float) -> None:
    expected = stats.yeojohnson(np.array(values), lmbda=power)
    assert np.allclose(yeo_johnson(np.array(values), power), expected, rtol=1e-9, atol=1e-9)


@given(st.lists(st.floats(-50, 50), min_size=2), st.floats(-3, 4))
def test_the_power_transformation_keeps_the_order(values: list[float], power: float) -> None:
    assert (np.diff(yeo_johnson(np.sort(values), power)) >= 0).all()


@given(st.lists(st.floats(-50, 50), min_size=1), st.floats(-1, 3))
def test_the_power_transformation_can_be_undone(values: list[float], power: float) -> None:
    assert np.allclose(yeo_johnson_inverse(yeo_johnson(np.array(values), power), power), values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("scaling", "oracle"),
    [
        (Scaling.STANDARD, StandardScaler()),
        (Scaling.ROBUST, RobustScaler()),
        (Scaling.MIN_MAX, MinMaxScaler()),
    ],
)
@given(values=NUMBERS)
def test_linear_scalings_agree_with_scikit_learn_on_these_people_and_later_ones(
    scaling: Scaling, oracle: StandardScaler, values: list[float]
) -> None:
    column = fit_column("x", np.array(values), scaling)
    if isinstance(column, ColumnScaling):
        oracle.fit(np.array(values)[:, None])
        everyone = np.append(values, LATER)
        assert np.allclose(column.apply(everyone), oracle.transform(everyone[:, None])[:, 0], rtol=1e-6, atol=1e-9)


@given(values=NUMBERS)
def test_the_logarithm_is_of_one_more_than_what_is_above_the_smallest_and_standardised(values: list[float]) -> None:
    column = fit_column("x", np.array(values), Scaling.LOG)
    if isinstance(column, ColumnScaling):
        shift = min(0.0, *values)
        straightened = FunctionTransformer(lambda x: np.log1p(np.maximum(x, shift) - shift))
        expected = StandardScaler().fit(straightened.transform(np.array(values)[:, None]))
        everyone = np.append(values, LATER)[:, None]
        assert np.allclose(column.apply(everyone[:, 0]), expected.transform(straightened.transform(everyone))[:, 0])


def test_the_power_is_as_likely_as_that_of_scikit_learn() -> None:
    money = spending(3)
    column = fitted(money, Scaling.YEO_JOHNSON)
    oracle = PowerTransformer().fit(money[:, None] / column.unit)
    ours, theirs = (stats.yeojohnson_llf(power, money / column.unit) for power in (column.power, oracle.lambdas_[0]))
    assert ours > theirs - 0.05
    assert np.abs(column.apply(money) - oracle.transform(money[:, None] / column.unit)[:, 0]).max() < 0.05


@pytest.mark.parametrize("scaling", list(Scaling))
@given(values=NUMBERS)
def test_scaled_values_come_back_in_their_own_unit_within_the_limits(scaling: Scaling, values: list[float]) -> None:
    column = fit_column("x", np.array(values), scaling)
    if isinstance(column, ColumnScaling):
        limits = column.low if column.low is not None else -np.inf, column.high if column.high is not None else np.inf
        back = column.inverse(column.apply(np.array(values)))
        span = max(values) - min(values)
        assert np.allclose(back, np.clip(values, *limits), rtol=1e-4, atol=1e-4 * span)


@pytest.mark.parametrize("scaling", list(Scaling))
def test_every_scaling_keeps_the_order_of_people_and_survives_json(scaling: Scaling) -> None:
    money = np.sort(spending(4))
    column = fitted(money, scaling)
    assert (np.diff(column.apply(money)) >= 0).all()
    assert ColumnScaling.from_record(json.loads(json.dumps(vars(column)))) == column


def test_skewed_money_becomes_symmetric_and_an_even_feature_keeps_its_shape() -> None:
    money, age = spending(1), np.random.default_rng(2).normal(40, 12, 2_000)
    scaled = np.column_stack([fitted(money).apply(money), fitted(age).apply(age)])
    assert np.allclose(scaled.mean(axis=0), 0)
    assert np.allclose(scaled.std(axis=0), 1)
    assert stats.skew(money) > 3
    assert np.abs(stats.skew(scaled)).max() < 0.4
    assert fitted(money).power != 1
    assert fitted(age).power == 1


def test_one_enormous_customer_changes_nobody_elses_scale() -> None:
    money = spending(1)
    before, after = fitted(money), fitted(np.append(money, 1e9))
    assert np.allclose(before.apply(money), after.apply(money), atol=0.02)


def test_features_that_cannot_tell_people_apart_are_dropped_and_said() -> None:
    assert fit_column("same", np.full(5, 3.0)) == DroppedColumn("same", "constant")
    assert fit_column("none", np.full(5, np.nan)) == DroppedColumn("none", "empty")
    mostly_none = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0])
    assert fit_column("rare", mostly_none, Scaling.ROBUST) == DroppedColumn("rare", "constant")
    assert isinstance(fit_column("rare", mostly_none, Scaling.STANDARD), ColumnScaling)


def test_missing_values_take_the_median_and_are_counted() -> None:
    column = fitted(np.array([1.0, 2.0, 3.0, np.nan]))
    scaled = column.apply(np.array([2.0, np.nan]))
    assert scaled[0] == scaled[1]
    assert column.missing == 1


def test_later_people_are_scaled_by_the_parameters_of_the_first() -> None:
    assert fitted(spending(1)).apply(2 * spending(1)).mean() > 0.3


def test_the_order_of_people_does_not_change_the_parameters() -> None:
    column, shuffled = (fitted(values) for values in (spending(1), spending(1)[::-1]))
    assert np.isclose(column.centre, shuffled.centre)
    assert column.power == shuffled.power


@given(st.lists(st.floats(-1e12, 1e12) | st.integers(-3, 3).map(float), min_size=1, max_size=80), st.integers(2, 60))
def test_quantiles_are_those_of_numpy_to_the_last_bit(values: list[float], points: int) -> None:
    told = np.array(values)
    assert quantiles_of(told, points).tolist() == np.quantile(told, np.linspace(0, 1, points)).tolist()
