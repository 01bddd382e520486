"""A world in Snowflake, which fakesnow plays: Snowflake's own driver, its SQL translated to DuckDB's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from kohort.testing.scratch import Scratch

_TYPES: Final = {pa.string(): "TEXT", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN"}
# The numbers by which Snowflake's driver tells the types of columns.
_KINDS: Final = {0: pa.int64(), 2: pa.string(), 13: pa.bool_()}


class SnowflakeStore:
    """A connection of Snowflake's driver, opened with `paramstyle="numeric"`, as a store of the SQL engine."""

    dialect = "snowflake"

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._scratch = Scratch(connection.cursor().execute)

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""
        self._scratch.note(text)
        self.connection.cursor().execute(text, list(values))

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows."""
        cursor = self.connection.cursor()
        cursor.execute(text, list(values))
        rows = cursor.fetchall()
        schema = pa.schema([pa.field(one.name, _KINDS[one.type_code]) for one in cursor.description])
        return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Drop in the end what the statements inside made."""
        with self._scratch.dropped():
            yield


@contextmanager
def open_fakesnow() -> Iterator[SnowflakeStore]:
    """Open a connection to a Snowflake that fakesnow plays in this process."""
    import fakesnow  # noqa: PLC0415 - an environment of its own
    import snowflake.connector  # noqa: PLC0415 - as above

    with (
        fakesnow.patch(),
        snowflake.connector.connect(database="kohort", schema="kohort", paramstyle="numeric") as connection,
    ):
        yield SnowflakeStore(connection)


def fill_snowflake(store: SnowflakeStore, relations: Mapping[str, pa.Table]) -> None:
    """Make `relations` on the connection of `store`, in place of earlier ones, without their lists: a gap."""
    for name, table in relations.items():
        fields = [one for one in table.schema if one.type in _TYPES]
        columns = ", ".join(f"{_quoted(one.name)} {_TYPES[one.type]}" for one in fields)
        store.run(f"CREATE OR REPLACE TEMPORARY TABLE {_quoted(name)} ({columns})", [])
        places = ", ".join(f":{number}" for number in range(1, len(fields) + 1))
        for row in table.select([one.name for one in fields]).to_pylist():
            store.run(f"INSERT INTO {_quoted(name)} VALUES ({places})", list(row.values()))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
