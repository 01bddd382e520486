"""Nearest neighbours: the definition of scikit-learn's KNNImputer, in a fraction of its memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import KNNImputer

from kohort.errors import UsageError
from kohort.quality.imputation import limits
from kohort.quality.imputation.neighbours import fill_from_neighbours


def people(seed: int, size: int, columns: int, missing: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = random.normal(size=(size, 2)) @ random.normal(size=(2, columns)) + random.normal(size=(size, columns))
    values[random.random(values.shape) < missing] = np.nan
    values[0] = np.abs(np.nan_to_num(values[0]))  # every column has a value
    return values


@given(st.integers(0, 10_000), st.integers(6, 60), st.integers(2, 6), st.floats(0.0, 0.5), st.integers(1, 5))
def test_it_fills_as_scikit_learn_does(seed: int, size: int, columns: int, missing: float, neighbours: int) -> None:
    values = people(seed, size, columns, missing)
    shared = (~np.isnan(values)).astype(int) @ (~np.isnan(values)).astype(int).T
    if (shared == 0).any():
        # Where two people share no column scikit-learn counts neighbours at no known distance; here they are none.
        lacking = np.isnan(values[:, 0])
        values[lacking, 0] = np.random.default_rng(seed).normal(size=lacking.sum())
    expected = KNNImputer(n_neighbors=neighbours).fit_transform(values)
    np.testing.assert_allclose(fill_from_neighbours(values, neighbours=neighbours), expected, atol=1e-9)


def test_compiled_loops_fill_as_the_plain_ones_do() -> None:
    values = people(3, 1_100, 7, 0.2)
    plain = fill_from_neighbours(values, compiled=False)
    np.testing.assert_array_equal(fill_from_neighbours(values, compiled=True), plain)
    np.testing.assert_allclose(plain, KNNImputer().fit_transform(values), atol=1e-12)


def test_who_shares_no_column_with_anybody_gets_the_mean() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, 4.0]])
    for compiled in (False, True):
        assert fill_from_neighbours(values, compiled=compiled).tolist() == [[1, 4], [3, 4], [2, 4]]


def test_fewer_donors_are_a_draw_of_people_by_the_seed() -> None:
    values = people(5, 200, 4, 0.2)
    chosen = np.sort(np.random.default_rng(9).choice(200, 50, replace=False))
    expected = KNNImputer().fit(values[chosen]).transform(values)
    np.testing.assert_allclose(fill_from_neighbours(values, donors=50, seed=9), expected, atol=1e-12)


def test_too_many_are_refused_before_it_begins_with_what_to_do() -> None:
    limits.refuse_neighbours(90_000, 100_000, 20)
    with pytest.raises(UsageError, match=r"9.0e\+11 comparisons.*fewer donors \(donors: 22222\).*the method mice"):
        limits.refuse_neighbours(450_000, 100_000, 20)


def test_a_column_without_values_is_refused() -> None:
    with pytest.raises(UsageError, match="somebody has a value"):
        fill_from_neighbours(np.array([[np.nan, 1.0], [np.nan, 2.0]]))
