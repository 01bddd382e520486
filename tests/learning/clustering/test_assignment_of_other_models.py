"""Mixtures and reduced features as SQL: the label of every one of 100,000 people is the one that Python gives."""

from functools import cache

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from kohort.definitions.preparation import PreparationDefinition, Reduction, ReductionDefinition, Scaling
from kohort.engines.sql.dialects import DIALECTS
from kohort.errors import UsageError
from kohort.learning.clustering.assignment_sql import assignment_query
from kohort.learning.clustering.assignment_tolerance import tolerance
from kohort.learning.clustering.methods.assigners import Assigner, Centroids, Mixture, Neighbours, vectors
from kohort.learning.clustering.methods.mixtures import fit_mixture
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.products import sums_in_order
from kohort.learning.features.table import FeatureTable

COLUMNS = 6


def crowd(people: int, seed: int) -> FeatureTable:
    """Make people of skewed traits that go together, one in twenty unknown."""
    random = np.random.default_rng(seed)
    values = np.exp(random.normal(size=(people, COLUMNS)) @ np.triu(np.ones((COLUMNS, COLUMNS))) / 4)
    values[random.random(values.shape) < 0.05] = np.nan
    return FeatureTable(tuple(map(str, range(people))), tuple(f"f{place}" for place in range(COLUMNS)), values)


def in_sql(model: ClusterModel, table: FeatureTable, *, margin: bool = False) -> pa.Table:
    """Ask DuckDB; what is unknown is NULL for every second person and NaN for the others."""
    columns = {}
    for name in table.names:
        values = table.column(name)
        columns[name] = pa.array(values, mask=np.isnan(values) & (np.arange(len(values)) % 2 == 0))
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("features", pa.table({"person_id": range(len(table.person_ids)), **columns}))
        query = assignment_query(model, margin=margin).sql(dialect="duckdb")
        return connection.sql(query).to_arrow_table().sort_by("person_id")


PLAIN = PreparationDefinition()
COMPONENTS = PreparationDefinition(reduction=ReductionDefinition(Reduction.PCA, components=3))
CURVED = PreparationDefinition(reduction=ReductionDefinition(Reduction.AUTOENCODER, components=2))
UNBENT = PreparationDefinition(Scaling.STANDARD, reduction=ReductionDefinition(Reduction.PCA, components=3))


KINDS = {
    "mixture": (PLAIN, True),
    "components": (COMPONENTS, False),
    "auto-encoder": (CURVED, False),
    "mixture of unbent components": (UNBENT, True),
}


@cache
def model_of(kind: str) -> ClusterModel:
    options, mixture = KINDS[kind]
    table = crowd(1_500, 1)
    preparation = fit_preparation(table, options, seed=1)
    points = preparation.apply(table)
    assigner: Assigner = fit_mixture(points, 5, seed=1).mixture if mixture else Centroids(vectors(points[:7]))
    return ClusterModel(preparation, assigner, tuple(f"c{one}" for one in range(assigner.clusters)), seed=1)


@pytest.mark.parametrize("people", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "kind", [pytest.param(one, marks=pytest.mark.slow if one == "auto-encoder" else ()) for one in KINDS]
)
def test_of_many_people_none_has_another_cluster(kind: str, people: int) -> None:
    model = model_of(kind)
    everyone = crowd(people, 2)
    labels = model.assign(everyone)
    found = in_sql(model, everyone, margin=True)
    assert int((found.column("cluster").to_numpy() != labels).sum()) == 0
    assert len(set(labels.tolist())) > 3
    bound = tolerance(model, everyone)
    assert bound < 1e-6
    assert (bound == 0) == (kind == "mixture of unbent components")
    assert (found.column("margin").to_numpy() > bound).mean() > 0.9999
    some = np.arange(0, people, people // 20)
    alone = [int(model.assign(everyone.take(np.array([row])))[0]) for row in some]
    assert alone == labels[some].tolist(), "one person alone is assigned as in the crowd"


def test_the_margin_of_a_mixture_is_a_difference_of_log_densities() -> None:
    model = model_of("mixture")
    table = crowd(300, 4)
    assert isinstance(model.assigner, Mixture)
    shares = np.sort(model.assigner.memberships(model.preparation.apply(table)), axis=1)
    clear = shares[:, -2] > 1e-200
    found = in_sql(model, table, margin=True).column("margin").to_numpy()
    assert found[clear] == pytest.approx(np.log(shares[clear, -1] / shares[clear, -2]), abs=1e-6)


def test_of_equally_likely_components_the_first_is_taken() -> None:
    table = crowd(50, 5)
    preparation = fit_preparation(table, PreparationDefinition(Scaling.STANDARD))
    unit = vectors(np.eye(COLUMNS))
    twice = Mixture((-1.0, -1.0), ((0.0,) * COLUMNS,) * 2, (unit, unit))
    model = ClusterModel(preparation, twice, ("first", "second"), seed=0)
    assert in_sql(model, table).column("cluster").to_pylist() == model.assign(table).tolist() == [0] * 50


def test_whoever_is_assigned_by_neighbours_is_refused_with_the_reason() -> None:
    table = crowd(20, 6)
    rule = Neighbours(((0.0,) * COLUMNS,), (0,), (None,))
    model = ClusterModel(fit_preparation(table), rule, ("one",), seed=0)
    with pytest.raises(UsageError, match=r"nearest of 1 known people.*methods: \[k_means\] or \[gaussian_mixture\]"):
        assignment_query(model)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", sorted({one.sqlglot for one in DIALECTS.values()}))
def test_every_dialect_reads_what_is_written(dialect: str) -> None:
    for kind in ("auto-encoder", "mixture of unbent components"):
        written = query_of(kind).sql(dialect=dialect)
        assert sqlglot.parse_one(written, read=dialect) is not None
        assert "--" not in written


@cache
def query_of(kind: str) -> exp.Expr:
    return assignment_query(model_of(kind))


def test_sums_in_order_are_products_of_matrices_and_the_same_for_one_as_for_many() -> None:
    random = np.random.default_rng(0)
    points, weights, starts = random.normal(size=(9_000, 5)), random.normal(size=(5, 3)), random.normal(size=3)
    found = sums_in_order(points, weights, starts)
    assert found == pytest.approx(points @ weights + starts, abs=1e-12)
    assert (found[4_095:4_098] == sums_in_order(points[4_095:4_098], weights, starts)).all()
