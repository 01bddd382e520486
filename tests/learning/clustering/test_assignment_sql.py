"""A cluster model as SQL gives everybody the cluster that it gives in Python, whatever their columns are called."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import expressions as exp

from kohort.engines.sql.dialects import DIALECTS
from kohort.errors import UsageError
from kohort.learning.clustering.assignment_sql import assignment_query
from kohort.learning.clustering.assignment_tolerance import tolerance
from kohort.learning.clustering.methods.assigners import Centroids, vectors
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.clustering.nearest import margins, nearest_in_order
from kohort.learning.features.preparation import Preparation, fit_preparation
from kohort.learning.features.scaling import ColumnScaling
from kohort.learning.features.table import FeatureTable

HOSTILE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
ODD = st.sampled_from(
    ['x" FROM secret --', "x'; DROP TABLE features; --", "group", "a.b", "z1", "d1", "cluster", "x\\", "é\n"]
)
CONNECTION = duckdb.connect(config={"threads": 1})
SIZES = st.floats(-9, 9).map(lambda value: round(value, 2))


@st.composite
def scalings(draw: st.DrawFn, name: str) -> ColumnScaling:
    low = draw(st.floats(-20, 20))
    return ColumnScaling(
        name,
        "any",
        median=draw(st.floats(low, low + 9)),
        missing=0,
        low=draw(st.sampled_from([low, None])),
        high=draw(st.sampled_from([low + 30, None])),
        shift=draw(st.sampled_from([0.0, low, 3.25])),
        unit=draw(st.sampled_from([1.0, 0.3, 7.0])),
        power=draw(st.sampled_from([1.0, 0.0, 2.0, 1e-12, -0.7, 0.31, 1.9])),
        centre=draw(st.floats(-3, 3)),
        spread=draw(st.floats(0.2, 5)),
    )


@st.composite
def models(draw: st.DrawFn) -> ClusterModel:
    names = draw(st.lists(HOSTILE | ODD, min_size=1, max_size=4, unique_by=str.casefold))
    k = draw(st.integers(1, 5))
    centroids = draw(st.lists(st.tuples(*[SIZES] * len(names)), min_size=k, max_size=k))
    labels = tuple(f"{draw(HOSTILE | ODD)} {place}" for place in range(k))
    return ClusterModel(
        Preparation(tuple(draw(scalings(name)) for name in names), ()), Centroids(tuple(centroids)), labels, seed=1
    )


def asked(model: ClusterModel, values: np.ndarray, *, margin: bool = False, null: bool = False) -> pa.Table:
    """Return what DuckDB answers about people with these values, in their order; NaN as such, or as NULL."""
    columns = [pa.array(column, from_pandas=null) for column in values.T]
    people = pa.table([pa.array(range(len(values))), *columns], names=["who'\" is", *model.preparation.names])
    CONNECTION.register('the "people"', people)
    query = assignment_query(model, relation=('the "people"',), person="who'\" is", margin=margin)
    return CONNECTION.sql(query.sql(dialect="duckdb")).to_arrow_table().sort_by("person_id")


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_sql_says_what_the_model_says_for_any_model_and_any_names(data: st.DataObject) -> None:
    model = data.draw(models())
    width = len(model.preparation.names)
    row = st.tuples(*[st.floats(-30, 60) | st.just(float("nan"))] * width)
    values = np.array(data.draw(st.lists(row, min_size=1, max_size=8)))
    table = FeatureTable(tuple(map(str, range(len(values)))), model.preparation.names, values)
    expected = model.assign(table)
    close = (
        margins(model.preparation.apply(table), np.array(model.centroids))
        if len(model.centroids) > 1
        else np.ones(len(values))
    )
    far = (close > tolerance(model, table)) | (tolerance(model, table) == 0)
    found = asked(model, values, null=data.draw(st.booleans()))
    assert found.column_names == ["person_id", "cluster", "name"]
    assert (found.column("cluster").to_numpy()[far] == expected[far]).all()
    assert found.column("name").to_pylist() == [model.names[one] for one in found.column("cluster").to_pylist()]


def plain(*centroids: tuple[float, ...]) -> ClusterModel:
    columns = tuple(
        ColumnScaling(f"f{place}", "standard", median=0, missing=0, low=-99, high=99)
        for place in range(len(centroids[0]))
    )
    return ClusterModel(
        Preparation(columns, ()), Centroids(centroids), tuple(f"c{place}" for place in range(len(centroids))), seed=1
    )


def test_of_equally_near_clusters_the_first_is_taken() -> None:
    model = plain((2.0, 0.0), (-2.0, 0.0), (0.0, 2.0), (2.0, 0.0))
    values = np.array([[0.0, 0.0], [0.0, -5.0], [-1.0, 1.0], [3.0, 0.0]])
    everyone = FeatureTable(("a", "b", "c", "d"), ("f0", "f1"), values)
    assert asked(model, values).column("cluster").to_pylist() == model.assign(everyone).tolist() == [0, 0, 1, 0]


def test_what_is_no_finite_number_counts_as_missing() -> None:
    model = plain((-50.0,), (0.0,), (50.0,))
    values = np.array([[-np.inf], [np.inf], [np.nan], [70.0], [-70.0]])
    assert asked(model, values).column("cluster").to_pylist() == [1, 1, 1, 2, 0]


def test_the_margin_is_how_much_farther_the_second_nearest_is() -> None:
    random = np.random.default_rng(0)
    centroids = random.normal(size=(6, 3))
    values = random.normal(size=(200, 3))
    squared = np.sort(((values[:, None] - centroids) ** 2).sum(axis=2), axis=1)
    found = asked(plain(*map(tuple, centroids.tolist())), values, margin=True)
    assert found.column("margin").to_numpy() == pytest.approx(squared[:, 1] - squared[:, 0], abs=1e-12)
    assert margins(values, centroids) == pytest.approx(squared[:, 1] - squared[:, 0], abs=1e-12)


def test_one_person_alone_is_assigned_as_in_the_crowd_and_as_in_sql() -> None:
    random = np.random.default_rng(1)
    values = np.exp(random.normal(size=(500, 4)))
    values[random.random(values.shape) < 0.1] = np.nan
    table = FeatureTable(tuple(map(str, range(500))), ("a", "b", "c", "d"), values)
    preparation = fit_preparation(table)
    # Half of the people stand exactly between two centroids that mirror each other: any other order would tell.
    middle = preparation.apply(table)[:1]
    centroids = np.concatenate([middle + random.normal(size=(1, 4)) * sign for sign in (1, -1)])
    model = ClusterModel(preparation, Centroids(vectors(centroids)), ("one", "other"), seed=0)
    crowd = model.assign(table)
    alone = [
        int(model.assign(FeatureTable((person,), table.names, values[[row]]))[0])
        for row, person in enumerate(table.person_ids)
    ]
    assert alone == crowd.tolist()
    far = margins(preparation.apply(table), centroids) > tolerance(model, table)
    assert far.sum() >= 490
    assert (asked(model, values).column("cluster").to_numpy()[far] == crowd[far]).all()


def test_the_nearest_in_order_is_the_nearest_by_a_plain_search() -> None:
    random = np.random.default_rng(2)
    points, centroids = random.normal(size=(10_000, 3)), random.normal(size=(5, 3))
    expected = ((points[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest_in_order(points, centroids) == expected).all()


@pytest.mark.parametrize("dialect", [one.sqlglot for one in DIALECTS.values()])
def test_every_dialect_reads_the_statement_as_it_was_meant(dialect: str) -> None:
    model = plain((1.5, -2.0), (-0.35, 0.123))
    query = assignment_query(model, relation=("shop", "features"), names=("it's", "a -- b"), margin=True)
    [read] = sqlglot.parse(query.sql(dialect=dialect), read=dialect)
    assert read is not None
    assert [one.name for one in read.find_all(exp.Table) if one.db] == ["features"]
    assert {"it's", "a -- b"} <= {one.this for one in read.find_all(exp.Literal) if one.is_string}
    assert "--" not in query.sql(dialect=dialect).replace("a -- b", "")


def test_every_number_is_a_double() -> None:
    written = assignment_query(plain((1.5, -2.0), (-0.35, 1e-300))).sql(dialect="duckdb")
    assert "(-2.0e0)" not in written.replace("* (-2.0e0)", "")
    literals = [one for one in sqlglot.parse_one(written, read="duckdb").find_all(exp.Literal) if not one.is_string]
    assert all("e" in one.this or one.this in {"0", "1"} for one in literals)


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(UsageError, match="2 clusters need as many names; got 1"):
        assignment_query(plain((1.0,), (2.0,)), names=("only",))
    with pytest.raises(UsageError, match="U\\+0000"):
        assignment_query(plain((1.0,), (2.0,)), person="a\0b")


def test_postgresql_says_the_same(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    random = np.random.default_rng(4)
    values = np.exp(random.normal(size=(3_000, 3))) - [0, 1, 9]
    values[random.random(values.shape) < 0.05] = np.nan
    table = FeatureTable(tuple(map(str, range(3_000))), ("a%s", "b", "c:d"), values)
    preparation = fit_preparation(table)
    assert any(column.power != 1 for column in preparation.columns)
    centroids = random.normal(size=(6, 3))
    model = ClusterModel(preparation, Centroids(vectors(centroids)), tuple("uvwxyz"), seed=0)
    assert margins(preparation.apply(table), centroids).min() > tolerance(model, table)
    with psycopg.connect(postgres, cursor_factory=psycopg.RawCursor) as connection:
        connection.execute('CREATE TEMPORARY TABLE features (person_id int, "a%s" float8, b float8, "c:d" float8)')
        with connection.cursor().copy("COPY features FROM STDIN") as copy:
            for person, row in enumerate(values.tolist()):
                copy.write_row((person, *(None if person % 2 and one != one else one for one in row)))  # noqa: PLR0124
        found = connection.execute(assignment_query(model).sql(dialect="postgres")).fetchall()
    assert [cluster for _, cluster, _ in sorted(found)] == model.assign(table).tolist()
