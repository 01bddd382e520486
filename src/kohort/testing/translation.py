"""The statements of any dialect, run on DuckDB: read in their own dialect, written in DuckDB's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import expressions as exp

from kohort.storage.stores import DuckStore


class TranslatingStore:
    """A store of `dialect` that DuckDB plays: each statement must be one that the dialect's parser reads.

    It shows that a statement is well formed and means what the engine meant, as far as the parser knows the dialect.
    `texts` are the statements as they were written.

    >>> store = TranslatingStore("snowflake", duckdb.connect())
    >>> store.fetch("SELECT :2 AS answer", [1, 42]).to_pylist()
    [{'answer': 42}]
    """

    def __init__(self, dialect: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.dialect = dialect
        self.texts: list[str] = []
        self._store = DuckStore(connection)

    def run(self, text: str, values: Sequence[object]) -> None:
        """Translate and run a statement that gives no rows."""
        self._store.run(*self._translated(text, values))

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Translate and run a statement and return its rows."""
        return self._store.fetch(*self._translated(text, values))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Show one state of the data to all statements inside; undo what they made if an error leaves it."""
        with self._store.snapshot():
            yield

    def _translated(self, text: str, values: Sequence[object]) -> tuple[str, list[object]]:
        self.texts.append(text)
        (tree,) = sqlglot.parse(text, dialect=self.dialect)
        if tree is None:
            raise ValueError(f"no statement: {text[:80]}")
        used: list[object] = []
        for place in [*tree.find_all(exp.Parameter, exp.Placeholder)]:
            used.append(values[_number_of(place) - 1])
            place.replace(exp.Parameter(this=exp.Literal.number(len(used))))
        for call in [*tree.find_all(exp.Anonymous)]:
            if call.name == "intDiv":
                size, count = call.expressions
                call.replace(exp.IntDiv(this=size, expression=count))
        for kind in [*tree.find_all(exp.DataType)]:
            # Redshift's text of any length.
            if kind.is_type("text", "varchar") and any(one.name == "MAX" for one in kind.expressions):
                kind.replace(exp.DataType(this=exp.DataType.Type.TEXT))
        if isinstance(tree, exp.Create):
            tree.set("kind", "TABLE")  # a store keeps the rows of a view made on the way
        return tree.sql(dialect="duckdb"), used


def _number_of(place: exp.Expr) -> int:
    return int(place.name.removeprefix("p"))
