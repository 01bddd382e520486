"""Rows of the membership log of one segment, read from its files without reading the whole."""

import pyarrow as pa
from sqlglot import exp

from kohort.clock import Moment
from kohort.storage.connections import open_duckdb
from kohort.storage.tables import Tables
from kohort.storage.views import stored_rows

COLUMNS = ("seq", "person_id", "change", "effective_at", "cause", "corrects")


def changes_after(tables: Tables, segment: str, after: Moment, up_to: int) -> pa.Table:
    """Return who entered and left a segment after a moment, by rows up to the place `up_to`, in the order of the log.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     changes_after(Tables(Path(folder)), "vip", 0, 10).num_rows
    0
    """
    wanted = (
        exp.column("segment").eq(exp.Placeholder()),
        exp.column("effective_at") > exp.Placeholder(),
        exp.column("seq") <= exp.Placeholder(),
    )
    query = (
        exp.select(*(exp.column(one, quoted=True) for one in COLUMNS))
        .from_(stored_rows(tables, "membership_log").subquery("stored"))
        .where(*wanted)
        .order_by("seq")
    )
    with open_duckdb(folders=[tables.folder]) as connection:
        return connection.sql(query.sql(dialect="duckdb"), params=[segment, after, up_to]).to_arrow_table()
