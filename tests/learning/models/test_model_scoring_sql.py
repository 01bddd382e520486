"""A model as SQL gives everybody the score and the band that it gives in Python, whatever their columns are called."""

from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from fitted_models import ALL, NAMES, boosted_by_xgboost, fitted, people
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import expressions as exp

from kohort.engines.sql.dialects import DIALECTS
from kohort.errors import UsageError
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.cuts import margin_cut
from kohort.learning.models.parity import PARITIES
from kohort.learning.models.plain import (
    Isotonic,
    Kernel,
    Linear,
    Link,
    OddsSigmoid,
    Part,
    PlainModel,
    Sigmoid,
    calibrated_by,
)
from kohort.learning.models.scoring import finished, scores, scores_of
from kohort.learning.models.scoring_sql import Band, scoring_query
from kohort.learning.models.trees import Trees

CONNECTION = duckdb.connect(config={"threads": 1})
WRITTEN = [name for name in ALL if name not in {"network", "network of tanh", "machine", "chosen"}]
HOSTILE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
ODD = st.sampled_from(['x" FROM secret --', "x'; DROP TABLE features; --", "group", "a.b", "z1", "m1", "score", "é\n"])


def model_called(name: str) -> PlainModel:
    return plain_model(boosted_by_xgboost() if name == "xgboost" else fitted(name), NAMES)


def asked(model: PlainModel, values: np.ndarray, bands: tuple[Band, ...] = (), *, null: bool = False) -> pa.Table:
    """Return what DuckDB answers about people with these values, in their order; NaN as such, or as NULL."""
    columns = [pa.array(column, from_pandas=null) for column in values.T]
    everybody = pa.table([pa.array(range(len(values))), *columns], names=["who'\" is", *model.names])
    CONNECTION.register('the "people"', everybody)
    query = scoring_query(model, relation=('the "people"',), person="who'\" is", bands=bands)
    return CONNECTION.sql(query.sql(dialect="duckdb")).to_arrow_table().sort_by("person_id")


@pytest.mark.parametrize("name", [*WRITTEN, "xgboost"])
def test_sql_says_what_the_model_says_and_bands_fall_alike_at_scores_that_people_have(name: str) -> None:
    model = model_called(name)
    values = people(700, seed=4)[0] if model.missing else np.nan_to_num(people(700, seed=4)[0])
    expected = scores(model, values)
    # Bands begin at scores that somebody has: the last bit of an exponential would tell.
    low, high = np.unique(expected)[[len(np.unique(expected)) // 3, -3]].tolist()
    found = asked(model, values, (Band("some", low), Band("many", high)), null=True)
    assert found.column_names == ["person_id", "score", "band"]
    assert np.abs(found.column("score").to_numpy() - expected).max() <= 1e-15
    bands = ["many" if one >= high else "some" if one >= low else None for one in expected.tolist()]
    assert found.column("band").to_pylist() == bands
    assert asked(model, values).column("score").to_pylist() == found.column("score").to_pylist()


@given(names=st.lists(HOSTILE | ODD, min_size=4, max_size=4, unique_by=str.casefold), band=HOSTILE | ODD)
def test_no_name_says_anything_to_the_database(names: list[str], band: str) -> None:
    model = replace(model_called("histogram"), names=tuple(names))
    values = people(20, seed=5)[0]
    found = asked(model, values, (Band(band, 0.0),))
    assert found.column("score").to_pylist() == scores(model, values).tolist()
    assert set(found.column("band").to_pylist()) == {band}


@st.composite
def calibrated_parts(draw: st.DrawFn) -> Part:
    number = st.floats(-4, 4).map(lambda one: round(one, 3))
    knots = sorted(draw(st.sets(number, min_size=1, max_size=5)))
    heights = sorted(draw(st.lists(st.floats(0, 1), min_size=len(knots), max_size=len(knots))))
    curve = draw(
        st.none()
        | st.builds(Sigmoid, number, number)
        | st.builds(OddsSigmoid, number, number, st.sampled_from([1e-6, 0.1]))
        | st.just(Isotonic(np.array(knots), np.array(heights if draw(st.booleans()) else heights[::-1])))
    )
    of_margin = draw(st.booleans()) and not isinstance(curve, OddsSigmoid)
    return Part(Linear(np.array([1.0]), 0.0), Link.LOGIT, (), curve, of_margin)


@given(calibrated_parts(), st.lists(st.floats(-9, 9), min_size=3, max_size=20))
def test_a_band_begins_at_the_first_margin_whose_score_reaches_it(part: Part, margins: list[float]) -> None:
    model = PlainModel(("orders",), (part,))
    values = np.array(margins)[:, None]
    expected = scores(model, values)
    cut = float(np.sort(expected)[1])
    found = asked(model, values, (Band("reached", cut),))
    assert found.column("score").to_numpy() == pytest.approx(expected, abs=1e-14)
    assert [one == "reached" for one in found.column("band").to_pylist()] == (expected >= cut).tolist()
    at = margin_cut(part, cut)
    assert at is not None
    assert finished(part, np.array([at.margin]))[0] >= cut


def test_a_cut_that_no_score_reaches_is_reached_by_nobody() -> None:
    flat = PlainModel(
        ("orders",), (Part(Linear(np.array([1.0]), 0.0), Link.LOGIT, (), Isotonic(np.array([0.0]), np.array([0.3]))),)
    )
    assert margin_cut(flat.parts[0], 0.5) is None
    found = asked(flat, np.array([[3.0]]), (Band("half", 0.5),))
    assert found.column("band").to_pylist() == [None]


def test_whoever_misses_what_the_model_needs_has_no_score_and_no_band() -> None:
    model = model_called("gradient")
    values = np.zeros((4, 4))
    values[0, 3], values[1, 0], values[2, 1] = np.nan, np.inf, -np.inf
    found = asked(model, values, (Band("all", 0.0),))
    assert [one is None for one in found.column("score").to_pylist()] == [True, True, True, False]
    assert found.column("band").to_pylist() == [None, None, None, "all"]


def test_a_preparation_and_its_texts_are_written_too() -> None:
    values, _ = people(300)
    cities = tuple(np.random.default_rng(1).choice(["Lyon", "Ni'ce"], 300).tolist())
    table = FeatureTable(tuple(map(str, range(300))), NAMES, values, {"city": (None, *cities[1:])})
    preparation = fit_preparation(table)
    weights = np.linspace(-1, 1, len(preparation.names))
    model = PlainModel(preparation.names, (Part(Linear(weights, 0.2), Link.LOGIT),), preparation=preparation)
    model = calibrated_by(model, OddsSigmoid(0.7, -0.4, 1e-6))
    columns = {**{name: table.column(name) for name in NAMES}, "city": table.text("city")}
    CONNECTION.register("shoppers", pa.table({"person_id": range(300), **columns}))
    query = scoring_query(model, relation=("shoppers",)).sql(dialect="duckdb")
    found = dict(CONNECTION.sql(query).fetchall())
    assert [found[one] for one in range(300)] == pytest.approx(scores_of(model, table).tolist(), abs=1e-13)


def test_large_sums_are_written_in_stages() -> None:
    random = np.random.default_rng(0)
    trees = 1_000
    first = np.arange(0, 3 * trees, 3)
    feature, left, right = np.full(3 * trees, -1), np.zeros(3 * trees, dtype=int), np.zeros(3 * trees, dtype=int)
    feature[first], left[first], right[first] = 0, first + 1, first + 2
    stumps = Trees(
        first, feature, random.normal(size=3 * trees), left, right, np.ones(3 * trees, dtype=bool),
        random.normal(size=3 * trees), np.ones(3 * trees), 1, base=0.3,
    )  # fmt: skip
    model = PlainModel(("orders",), (Part(stumps, Link.LOGIT),), missing=True)
    values = random.normal(size=(50, 1))
    assert asked(model, values).column("score").to_numpy() == pytest.approx(scores(model, values), abs=1e-15)


def test_what_is_not_written_is_refused_with_what_to_do() -> None:
    machine = PlainModel(("orders",), (Part(Kernel(np.array([[0.0]]), np.array([1.0]), 0.0, 1.0), Link.LOGIT),))
    with pytest.raises(UsageError, match="of the kind Kernel is not written as SQL: score with"):
        scoring_query(machine)
    forest = model_called("forest")
    many = replace(forest, parts=forest.parts * 60)
    with pytest.raises(UsageError, match="leaves is not written as SQL, only up to 5,000"):
        scoring_query(many)
    with pytest.raises(UsageError, match="bands begin at scores that rise"):
        scoring_query(forest, bands=(Band("high", 0.8), Band("low", 0.5)))
    with pytest.raises(UsageError, match="U\\+0000"):
        scoring_query(forest, person="a\0b")


@pytest.mark.parametrize("dialect", [one.sqlglot for one in DIALECTS.values()])
def test_every_dialect_reads_the_statement_as_it_was_meant(dialect: str) -> None:
    query = scoring_query(model_called("robust"), relation=("shop", "features"), bands=(Band("a -- b", 0.5),))
    [read] = sqlglot.parse(query.sql(dialect=dialect), read=dialect)
    assert read is not None
    assert [one.name for one in read.find_all(exp.Table) if one.db] == ["features"]
    assert "--" not in query.sql(dialect=dialect).replace("a -- b", "")


def test_every_dialect_is_told_how_exact_it_is() -> None:
    assert set(PARITIES) == set(DIALECTS)
    assert {name for name, one in PARITIES.items() if one.run} == {"duckdb", "postgres"}


@pytest.mark.parametrize("name", ["forest", "calibrated histogram", "pipeline", "xgboost"])
def test_postgresql_says_the_same(name: str, postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    model = replace(model_called(name), names=("a%s", "b", "c:d", 'e"f'))
    values = people(400, seed=6)[0]
    values[0, 0], values[1, 0] = 1e300, -1e300
    expected = scores(model, values)
    cut = float(np.median(expected))
    with psycopg.connect(postgres, cursor_factory=psycopg.RawCursor) as connection:
        connection.execute(
            'CREATE TEMPORARY TABLE features (person_id int, "a%s" float8, b float8, "c:d" float8, "e""f" float8)'
        )
        with connection.cursor().copy("COPY features FROM STDIN") as copy:
            for person, row in enumerate(values.tolist()):
                copy.write_row((person, *(None if person % 2 and one != one else one for one in row)))  # noqa: PLR0124
        query = scoring_query(model, bands=(Band("upper", cut),)).sql(dialect="postgres")
        found = sorted(connection.execute(query).fetchall())
    assert [score for _, score, _ in found] == pytest.approx(expected.tolist(), abs=1e-15)
    assert [band == "upper" for *_, band in found] == (expected >= cut).tolist()
