"""What the tables tell of some people, as the live engine is told it."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.columns import MISSING, Column, Rows
from kohort.engines.live.arrivals import Arrivals
from kohort.pipeline.mapped.histories import Dictionary
from kohort.pipeline.mapped.mapping import encoded, event_columns, integers
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog

_CHOSEN = "chosen"


def told_of(workspace: Workspace, catalog: Catalog, numbers: Mapping[str, int]) -> Arrivals:
    """Return all that the tables tell of people, given with their numbers; whoever is not there does not exist."""
    chosen = pa.table(
        {
            "person_id": pa.array(list(numbers), pa.string()),
            "person_number": pa.array(list(numbers.values()), pa.int32()),
        }
    )
    with workspace.views(catalog) as views:
        views.register(_CHOSEN, chosen)
        people = _rows(views, exp.select("person_number", "first_seen").from_("people"))
        events = dict(_events(views, catalog))
        traits = dict(_traits(views))
    return Arrivals(
        events=events,
        traits=traits,
        known=integers(people.column("person_number"), MISSING).astype(np.int32),
        since=integers(people.column("first_seen"), MISSING),
    )


def _rows(views: duckdb.DuckDBPyConnection, query: exp.Select) -> pa.Table:
    its = query.join(_CHOSEN, using=["person_id"])
    return views.sql(its.sql(dialect="duckdb")).to_arrow_table()


def _events(views: duckdb.DuckDBPyConnection, catalog: Catalog) -> Iterator[tuple[str, Rows]]:
    columns = {name: event_columns(catalog, name) for name in catalog.events}
    asked = dict.fromkeys(column for its in columns.values() for column in its)
    query = exp.select("person_number", "name", "ts", *(exp.column(one, quoted=True) for one in asked)).from_("events")
    told = _rows(views, query.order_by("ts", "event_id", "source"))
    for name, rows in by_name(told):
        if name in columns:
            yield name, rows_of(rows, "ts", columns[name])


def _traits(views: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Rows]]:
    columns = {column: kind for kind, column in VALUE_COLUMNS.items()}
    query = exp.select("person_number", "name", "set_at", *(exp.column(one, quoted=True) for one in columns))
    told = _rows(views, query.from_("trait_values").order_by("set_at", "value_id", "source"))
    for name, rows in by_name(told):
        yield name, rows_of(rows, "set_at", columns)


def by_name(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows of each name, in their order."""
    names = rows.column("name")
    for name in pc.unique(names).to_pylist():
        yield name, rows.filter(pc.equal(names, name))


def rows_of(rows: pa.Table, time: str, columns: Mapping[str, ValueType]) -> Rows:
    """Return rows as an engine reads them, which stand in the order of `time` and name people by `person_number`."""
    found: dict[str, Column] = {}
    for column, kind in columns.items():
        values = rows.column(column) if column in rows.column_names else pa.chunked_array([], pa.null())
        if values.null_count < len(values):
            numbers, distinct = encoded(values, kind)
            dictionary: Any = () if distinct is None else Dictionary(distinct)
            found[column] = Column(numbers, dictionary)
    people = integers(rows.column("person_number"), MISSING).astype(np.int32)
    return Rows(people, integers(rows.column(time), MISSING), found)
