"""Texts among the features: as SQL they count as in Python, missing and never seen ones too."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from kohort.definitions.preparation import Encoding, EncodingDefinition, PreparationDefinition
from kohort.learning.clustering.assignment_sql import assignment_query
from kohort.learning.clustering.assignment_tolerance import tolerance
from kohort.learning.clustering.discovery import discover
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable

LEVELS = ("it's", "b", 'c"', "d -- e")


def people(count: int, seed: int, *, rare: bool) -> FeatureTable:
    random = np.random.default_rng(seed)
    group = random.integers(0, 2, count)
    values = np.exp(random.normal(size=(count, 2)) / 4 + group[:, None] * 3)
    texts: list[str | None] = [
        LEVELS[2 * one + place] for one, place in zip(group, random.integers(0, 2, count), strict=True)
    ]
    for row in range(0, count, 17):
        texts[row] = None
    if rare:
        texts[1] = texts[2] = "hardly ever"
    return FeatureTable(tuple(map(str, range(count))), ("spent", "orders"), values, {"country": tuple(texts)})


def in_sql(model: ClusterModel, table: FeatureTable) -> list[int]:
    columns = {name: table.column(name) for name in table.names} | {name: table.text(name) for name in table.texts}
    with duckdb.connect() as connection:
        connection.register("features", pa.table({"person_id": range(len(table.person_ids)), **columns}))
        found = connection.sql(assignment_query(model).sql(dialect="duckdb")).to_arrow_table().sort_by("person_id")
    labels: list[int] = found.column("cluster").to_pylist()
    return labels


@pytest.mark.parametrize("method", list(Encoding))
@pytest.mark.parametrize("rare", [False, True])
def test_texts_count_as_in_python(method: Encoding, *, rare: bool) -> None:
    order = (*LEVELS, "hardly ever", "never seen") if method is Encoding.ORDINAL else ()
    encoding = EncodingDefinition(method, order)
    options = PreparationDefinition(encodings={"country": encoding})
    table = people(400, 1, rare=rare)
    found = discover(table, value=table.column("spent"), seed=0, ks=range(2, 4), bootstraps=5, options=options)
    assert found.model is not None
    assert len(found.model.preparation.scaled_names) > 2
    later = people(300, 2, rare=rare)
    later = FeatureTable(
        later.person_ids, later.names, later.values, {"country": ("never seen", *later.text("country")[1:])}
    )
    for crowd in (table, later):
        assert in_sql(found.model, crowd) == found.model.assign(crowd).tolist()
        assert tolerance(found.model, crowd) < 1e-9
