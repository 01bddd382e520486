"""Connections as the SQL engine is handed them: DuckDB's."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import duckdb
import pyarrow as pa


class DuckStore:
    """A DuckDB connection as a store of the SQL engine.

    >>> from kohort.storage.connections import open_duckdb
    >>> DuckStore(open_duckdb()).fetch("SELECT $1 AS one", [1]).to_pylist()
    [{'one': 1}]
    """

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""
        self._connection.execute(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows."""
        return self._connection.sql(text, params=values).to_arrow_table()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Show one state of the data to all statements inside; undo what they made if an error leaves it."""
        self._connection.begin()
        with ExitStack() as undone:
            undone.callback(self._connection.rollback)
            yield
            undone.pop_all()
        self._connection.commit()
