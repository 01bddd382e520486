import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kohort.errors import ProjectError, UnknownNameError, UsageError
from kohort.learning.features.scaling import DroppedColumn, Scaler, fit_scaler, yeo_johnson
from kohort.learning.features.table import FeatureTable


def table_of(**columns: np.ndarray) -> FeatureTable:
    people = len(next(iter(columns.values())))
    return FeatureTable(tuple(map(str, range(people))), tuple(columns), np.column_stack(list(columns.values())))


def spending(seed: int, people: int = 2_000) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(4, 1.2, people))


@given(st.lists(st.floats(-50, 50), min_size=1), st.floats(-3, 4))
def test_the_power_transformation_agrees_with_scipy(values: list[float], power: float) -> None:
    expected = stats.yeojohnson(np.array(values), lmbda=power)
    assert np.allclose(yeo_johnson(np.array(values), power), expected, rtol=1e-9, atol=1e-9)


@given(st.lists(st.floats(-50, 50), min_size=2), st.floats(-3, 4))
def test_the_power_transformation_keeps_the_order(values: list[float], power: float) -> None:
    assert (np.diff(yeo_johnson(np.sort(values), power)) >= 0).all()


def test_skewed_money_becomes_symmetric_and_everything_gets_one_scale() -> None:
    table = table_of(money=spending(1), age=np.random.default_rng(2).normal(40, 12, 2_000))
    scaler = fit_scaler(table)
    scaled = scaler.apply(table)
    assert np.allclose(scaled.mean(axis=0), 0)
    assert np.allclose(scaled.std(axis=0), 1)
    assert stats.skew(table.column("money")) > 3
    assert np.abs(stats.skew(scaled)).max() < 0.4
    assert [column.power == 1 for column in scaler.columns] == [False, True]


def test_one_enormous_customer_changes_nobody_elses_scale() -> None:
    money = spending(1)
    with_whale = np.append(money, 1e9)
    before, after = (fit_scaler(table_of(money=values)) for values in (money, with_whale))
    assert np.allclose(before.apply(table_of(money=money)), after.apply(table_of(money=with_whale))[:-1], atol=0.02)


def test_features_that_cannot_tell_people_apart_are_dropped_and_said() -> None:
    varied = np.arange(5.0)
    scaler = fit_scaler(table_of(same=np.full(5, 3.0), none=np.full(5, np.nan), varied=varied))
    assert scaler.dropped == (DroppedColumn("same", "constant"), DroppedColumn("none", "empty"))
    assert scaler.names == ("varied",)
    assert fit_scaler(table_of(same=np.full(5, 3.0))).apply(table_of(same=varied)).shape == (5, 0)


def test_missing_values_take_the_median_and_are_counted() -> None:
    table = table_of(x=np.array([1.0, 2.0, 3.0, np.nan]))
    scaler = fit_scaler(table)
    scaled = scaler.apply(table)[:, 0]
    assert scaled[3] == scaled[1]
    assert scaler.columns[0].missing == 1


def test_later_people_are_scaled_by_the_parameters_of_the_first() -> None:
    scaler = fit_scaler(table_of(money=spending(1)))
    richer = scaler.apply(table_of(money=2 * spending(1)))
    assert richer.mean() > 0.3


def test_a_scaler_survives_json_and_tells_changes_by_its_digest() -> None:
    scaler = fit_scaler(table_of(money=spending(1), x=np.full(2_000, 1.0)))
    assert Scaler.from_json(scaler.to_json()) == scaler
    changed = dataclasses.replace(scaler, dropped=())
    assert changed.digest != scaler.digest


def test_the_order_of_people_does_not_change_the_parameters() -> None:
    money = spending(1)
    scaler, shuffled = (fit_scaler(table_of(money=values)) for values in (money, money[::-1]))
    assert np.isclose(scaler.columns[0].mean, shuffled.columns[0].mean)
    assert scaler.columns[0].power == shuffled.columns[0].power


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"columns": [{"name": "x"}], "dropped": []}'])
def test_a_damaged_scaler_is_refused(text: str) -> None:
    with pytest.raises(ProjectError, match="run `kohort discover`"):
        Scaler.from_json(text)


def test_a_table_without_a_needed_feature_is_refused() -> None:
    scaler = fit_scaler(table_of(orders=np.arange(5.0)))
    with pytest.raises(UnknownNameError, match='did you mean "order"'):
        scaler.apply(table_of(order=np.arange(5.0)))


@pytest.mark.parametrize(
    ("people", "names", "values", "problem"),
    [
        (("a",), ("x",), [[1.0], [2.0]], "holds values of"),
        (("a", "a"), ("x",), [[1.0], [2.0]], "twice"),
        (("a",), ("x", "x"), [[1.0, 2.0]], "twice"),
        (("a",), ("x",), [[np.inf]], "infinite"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    people: tuple[str, ...], names: tuple[str, ...], values: list[list[float]], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        FeatureTable(people, names, np.array(values))
