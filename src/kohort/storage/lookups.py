"""Few rows of a large table, found by what one of its columns holds: nothing else of the others is read."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pyarrow as pa
from sqlglot import exp, parse_one

from kohort.storage.appended import version_of
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables
from kohort.storage.views import stored_rows


class Standing:
    """Tables as they stand: equal while none of the tables named has been written, so that answers can be held.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     before = Standing(tables, "runs")
    ...     _ = tables.replace("runs", SCHEMAS["runs"].empty_table(), watermark=7)
    ...     before == Standing(tables, "runs"), Standing(tables, "runs") == Standing(Tables(Path(folder)), "runs")
    (False, True)
    """

    def __init__(self, tables: Tables, *names: str) -> None:
        self.tables = tables
        stands = ((tables.watermark(name), version_of(tables, name)) for name in names)
        self._key = (tables.folder.resolve(), *stands)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Standing) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def is_any(column: str, values: Sequence[object]) -> exp.Expr:
    """Return the condition that a column has one of these values, each a parameter; of none it is false."""
    if not values:
        return exp.false()
    return exp.In(this=exp.column(column), expressions=[exp.Placeholder() for _ in values])


def rows_with(tables: Tables, name: str, column: str, values: Sequence[object]) -> pa.Table:
    """Return the rows of a table, other than `events`, whose column has one of these values.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     actors = pa.table({"actor_id": ["a", "b"], "person_id": ["a", "a"], "first_seen": [1, 2]})
    ...     _ = tables.append("actors", actors, watermark=3)
    ...     rows_with(tables, "actors", "actor_id", ["b", "c"]).to_pylist()
    [{'actor_id': 'b', 'person_id': 'a', 'first_seen': 2}]
    """
    schema = SCHEMAS[name]
    columns = [exp.column(one, quoted=True) for one in schema.names]
    query = exp.select(*columns).from_(stored_rows(tables, name).subquery("stored")).where(is_any(column, values))
    return answer(tables, query, values).cast(schema)


def ask(tables: Tables, statement: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
    """Return the rows that a statement of ours gives; what it names of `SCHEMAS` are the tables as they are stored.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ask(Tables(Path(folder)), "SELECT count(*) AS people FROM actors")
    [{'people': 0}]
    """
    query = _parsed(statement).copy()
    for table in [*query.find_all(exp.Table)]:
        if table.name in SCHEMAS:
            table.replace(stored_rows(tables, table.name).subquery(table.alias_or_name))
    rows: list[dict[str, Any]] = answer(tables, query, parameters).to_pylist()
    return rows


def answer(tables: Tables, query: exp.Query, parameters: Sequence[object] = ()) -> pa.Table:
    """Return what a query over stored rows gives; rows that wait to be written are not among them."""
    statement = query.sql(dialect="duckdb", copy=False)
    with tables.duckdb.connect() as connection:
        found: pa.Table = connection.sql(statement, params=list(parameters)).to_arrow_table()
    return found


@cache
def _parsed(statement: str) -> exp.Select:
    return parse_one(statement, dialect="duckdb", into=exp.Select)
