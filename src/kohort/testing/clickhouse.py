"""A world in ClickHouse, which chdb runs inside this process."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kohort.engines.sql.dialects import dialect_of
from kohort.testing.scratch import Scratch

if TYPE_CHECKING:
    from chdb.session import Session

_TYPES: Final = {pa.string(): "Nullable(String)", pa.int64(): "Nullable(Int64)", pa.bool_(): "Nullable(Bool)"}
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


class ChdbStore:
    """A session of chdb as a store of the SQL engine: ClickHouse's own code, without its server."""

    dialect = "clickhouse"

    def __init__(self, session: "Session") -> None:
        self.session = session
        self._scratch = Scratch(session.query)
        for text in dialect_of(self.dialect).settings:
            session.query(text)

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""
        self._scratch.note(text)
        self.session.query(text, params=_bound(values))

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows."""
        found = self.session.query(text, "ArrowTable", params=_bound(values))
        return found.cast(pa.schema([pa.field(one.name, _plain(one.type)) for one in found.schema]))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Drop in the end what the statements inside made; ClickHouse shows no one state of several tables (a gap)."""
        with self._scratch.dropped():
            yield


@contextmanager
def open_chdb() -> Iterator[ChdbStore]:
    """Open a session of chdb, whose data are gone when it is closed."""
    from chdb.session import Session  # noqa: PLC0415 - most tests have no need of its 900 megabytes

    session = Session()
    try:
        yield ChdbStore(session)
    finally:
        session.close()


def fill_chdb(store: ChdbStore, relations: Mapping[str, pa.Table]) -> None:
    """Make `relations` in the session of `store`, in place of earlier ones, without their lists: a gap."""
    for name, table in relations.items():
        fields = [one for one in table.schema if one.type in _TYPES]
        columns = ", ".join(f"{_quoted(one.name)} {_TYPES[one.type]}" for one in fields)
        store.session.query(f"CREATE OR REPLACE TEMPORARY TABLE {name} ({columns}) ENGINE = Memory")
        rows = table.select([one.name for one in fields])
        if len(rows):
            store.session.query(f"INSERT INTO {name} SELECT * FROM Python(rows)")


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bound(values: Sequence[object]) -> dict[str, Any]:
    """Return the values as ClickHouse reads parameters: texts as in its tab-separated format."""
    return {
        f"p{number}": value.translate(_ESCAPED) if isinstance(value, str) else value
        for number, value in enumerate(values, start=1)
    }


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.int64() if pa.types.is_integer(kind) else kind
