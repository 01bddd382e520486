import dataclasses

import numpy as np
import pytest

from kohort.definitions.preparation import PreparationDefinition, Scaling
from kohort.errors import ProjectError, UnknownNameError, UsageError
from kohort.learning.features.preparation import Preparation, fit_preparation
from kohort.learning.features.scaling import DroppedColumn, fit_column
from kohort.learning.features.table import FeatureTable


def table_of(**columns: np.ndarray) -> FeatureTable:
    people = len(next(iter(columns.values())))
    return FeatureTable(tuple(map(str, range(people))), tuple(columns), np.column_stack(list(columns.values())))


def test_each_feature_is_scaled_as_declared_for_it_and_the_others_as_declared_for_all() -> None:
    table = table_of(money=np.array([1.0, 10.0, 100.0]), age=np.array([20.0, 30.0, 50.0]))
    options = PreparationDefinition(Scaling.MIN_MAX, {"money": Scaling.LOG})
    preparation = fit_preparation(table, options)
    assert preparation.columns == (
        fit_column("money", table.column("money"), Scaling.LOG),
        fit_column("age", table.column("age"), Scaling.MIN_MAX),
    )
    assert preparation.apply(table)[:, 1].tolist() == [0.0, 1 / 3, 1.0]


def test_features_that_cannot_tell_people_apart_are_left_out_of_the_points() -> None:
    varied = np.arange(5.0)
    preparation = fit_preparation(table_of(same=np.full(5, 3.0), none=np.full(5, np.nan), varied=varied))
    assert preparation.dropped == (DroppedColumn("same", "constant"), DroppedColumn("none", "empty"))
    assert preparation.names == ("varied",)
    assert fit_preparation(table_of(same=np.full(5, 3.0))).apply(table_of(same=varied)).shape == (5, 0)


def test_a_preparation_survives_json_and_tells_changes_by_its_digest() -> None:
    preparation = fit_preparation(table_of(money=np.arange(9.0) ** 3, x=np.full(9, 1.0)))
    assert Preparation.from_json(preparation.to_json()) == preparation
    changed = dataclasses.replace(preparation, dropped=())
    assert changed.digest != preparation.digest


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"columns": [{"name": "x"}], "dropped": []}'])
def test_a_damaged_preparation_is_refused(text: str) -> None:
    with pytest.raises(ProjectError, match="run `kohort discover`"):
        Preparation.from_json(text)


def test_a_table_without_a_needed_feature_is_refused() -> None:
    preparation = fit_preparation(table_of(orders=np.arange(5.0)))
    with pytest.raises(UnknownNameError, match='did you mean "order"'):
        preparation.apply(table_of(order=np.arange(5.0)))


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
