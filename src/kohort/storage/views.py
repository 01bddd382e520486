"""What engines are handed: a DuckDB connection whose relations show a project's tables as people and events."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa
from sqlglot import exp

from kohort.definitions.values import ValueType
from kohort.rules.catalog import Catalog
from kohort.storage.connections import open_duckdb
from kohort.storage.schemas import ARROW_TYPES, SCHEMAS
from kohort.storage.tables import Tables

_SQL_TYPES = {
    pa.int64(): "BIGINT",
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    pa.float64(): "DOUBLE",
    pa.list_(pa.string()): "VARCHAR[]",
}


def open_views(tables: Tables, catalog: Catalog, *, memory: str = "4GB") -> duckdb.DuckDBPyConnection:
    """Open a DuckDB connection with the relations that engines read.

    `events` and `trait_values` carry the `person_id` of today's identities beside the `actor_id`; `people` has
    one row a person with `first_seen`; `identifiers` is as stored. Columns that the catalog names but no event
    has shown yet are there, and empty.
    """
    connection = open_duckdb(folders=[tables.folder], memory=memory)
    for name in ("actors", "identifiers"):
        run(connection, create(name, stored_rows(tables, name), kind="TABLE"))
    run(connection, create("people", _people(), kind="TABLE"))
    run(connection, create("events", with_person(stored_events(tables, catalog)), kind="VIEW"))
    run(connection, create("trait_values", with_person(stored_rows(tables, "trait_values")), kind="VIEW"))
    return connection


def count_by(tables: Tables, name: str, column: str) -> dict[str, int]:
    """Return how many rows a table holds for each value of one of its columns, in the order of the values."""
    counted = exp.Count(this=exp.Star()).as_("rows")
    query = exp.select(exp.column(column), counted).from_(stored_rows(tables, name).subquery("stored"))
    with open_duckdb(folders=[tables.folder]) as connection:
        statement = query.group_by(exp.column(column)).order_by(exp.column(column))
        return dict(connection.execute(statement.sql(dialect="duckdb")).fetchall())


def run(connection: duckdb.DuckDBPyConnection, statement: exp.Expr) -> None:
    """Run a statement that gives nothing back."""
    connection.execute(statement.sql(dialect="duckdb"))


def create(name: str, query: exp.Expr, *, kind: str) -> exp.Create:
    """Return the statement that makes the relation `name`, a "TABLE" or a "VIEW", of a query."""
    return exp.Create(this=exp.to_table(name), kind=kind, expression=query)


def _people() -> exp.Select:
    first_seen = exp.Min(this=exp.column("first_seen")).as_("first_seen")
    return exp.select("person_id", first_seen).from_("actors").group_by("person_id")


def with_person(query: exp.Select) -> exp.Select:
    """Return the rows of a query that have an `actor_id`, with the `person_id` of today's identities."""
    stored = query.subquery("stored")
    return (
        exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("stored")), exp.column("person_id", "actors"))
        .from_(stored)
        .join("actors", using=["actor_id"])
    )


def stored_rows(tables: Tables, name: str) -> exp.Select:
    """Return the query of a table's rows as they are stored; of none if nobody has written it yet."""
    files = tables.files(name)
    if not files:
        columns = [_missing(field.name, field.type) for field in SCHEMAS[name]]
        return exp.select(*columns).where(exp.false())
    return exp.select("*").from_(_read_parquet(files))


def stored_events(tables: Tables, catalog: Catalog) -> exp.Select:
    """Return the query of all events, with a column for every property that the catalog names."""
    stored = stored_rows(tables, "events")
    present = set(tables.columns("events"))
    columns = {
        column: kind
        for properties in catalog.events.values()
        for types in properties.values()
        for kind, column in types.items()
        if column not in present
    }
    return stored.select(*[_missing(column, ARROW_TYPES[ValueType(kind)]) for column, kind in columns.items()])


def _missing(column: str, kind: pa.DataType) -> exp.Expr:
    return exp.cast(exp.null(), exp.DataType.build(_SQL_TYPES[kind], dialect="duckdb")).as_(column, quoted=True)


def _read_parquet(files: Sequence[str]) -> exp.Expr:
    options = {
        "union_by_name": exp.true(),
        "hive_partitioning": exp.true(),
        "hive_types_autocast": exp.false(),
    }
    arguments = [exp.EQ(this=exp.to_identifier(name), expression=value) for name, value in options.items()]
    listed = exp.Array(expressions=[exp.Literal.string(file) for file in files])
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[listed, *arguments]))
