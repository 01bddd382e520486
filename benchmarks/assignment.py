"""Giving people their cluster in SQL, against doing it in Python: CPU seconds of the same run, and whoever differs.

    python benchmarks/assignment.py [people features]

The model is fitted on a sample; half of the features are skewed, so that powers and logarithms are asked for, and one
value in fifty is missing. Both sides begin with the features in memory and end with one label a person.
"""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import duckdb
import numpy as np
import pyarrow as pa

from kohort.learning.clustering.assignment_sql import assignment_query
from kohort.learning.clustering.assignment_tolerance import tolerance
from kohort.learning.clustering.kmeans import fit_fresh
from kohort.learning.clustering.methods.assigners import Centroids, vectors
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.clustering.nearest import margins
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable

Result = TypeVar("Result")
CLUSTERS = 8
SAMPLE = 50_000


def population(people: int, features: int) -> FeatureTable:
    random = np.random.default_rng(0)
    groups = random.integers(0, CLUSTERS, people)
    values = random.normal(0, 2.0, (CLUSTERS, features))[groups] + random.standard_t(3, (people, features))
    values[:, ::2] = np.exp(np.clip(values[:, ::2], -12, 12) / 1.5)
    values[random.random(values.shape) < 0.02] = np.nan
    names = tuple(f"feature {one}" for one in range(features))
    return FeatureTable(tuple(map(str, range(people))), names, values)


def model_of(table: FeatureTable) -> ClusterModel:
    sample = FeatureTable(table.person_ids[:SAMPLE], table.names, table.values[:SAMPLE])
    preparation = fit_preparation(sample)
    found = fit_fresh(preparation.apply(sample), CLUSTERS, starts=3, seed=0)
    names = tuple(f"cluster {number}" for number in range(1, CLUSTERS + 1))
    return ClusterModel(preparation, Centroids(vectors(found.centroids)), names, seed=0)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.process_time()
    return work(), time.process_time() - start


def main() -> None:
    people, features = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (1_000_000, 20)
    table = population(people, features)
    model = model_of(table)
    columns = {name: table.values[:, place] for place, name in enumerate(table.names)}
    relation = pa.table({"person_id": np.arange(people), **columns})
    statement = assignment_query(model).sql(dialect="duckdb")
    bent = sum(column.power != 1 for column in model.preparation.columns)
    print(f"{people:,} people, {features} features ({bent} bent by a power), {CLUSTERS} clusters")
    with duckdb.connect() as connection:
        connection.register("arrow", relation)
        connection.execute("CREATE TABLE features AS SELECT * FROM arrow")
        counted = f"SELECT cluster, count(*) FROM ({statement}) GROUP BY cluster"
        in_sql, sql_seconds = timed(lambda: connection.sql(statement).to_arrow_table())
        _, counting_seconds = timed(lambda: connection.sql(counted).fetchall())
    labels, python_seconds = timed(lambda: model.assign(table))
    order = np.argsort(in_sql.column("person_id").to_numpy())
    mismatches = int((in_sql.column("cluster").to_numpy()[order] != labels).sum())
    close = margins(model.preparation.apply(table), np.array(model.centroids))
    bound = tolerance(model, table)
    print(
        f"DuckDB  {sql_seconds:6.2f} CPU s   {len(statement) // 1024} kB of SQL; only to count: {counting_seconds:.2f}"
    )
    print(f"Python  {python_seconds:6.2f} CPU s   {python_seconds / sql_seconds:.1f} times as long")
    print(f"mismatches: {mismatches}")
    print(
        f"closest to a tie: {close.min():.1e}; tolerance {bound:.1e}; people within it: {int((close <= bound).sum())}"
    )


if __name__ == "__main__":
    main()
