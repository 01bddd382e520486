"""How the files of tables are written, so that few of their rows are read, and what their footers say."""

from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import BloomFilterProperties, ColumnProperties, WriterProperties

from kohort.storage.schemas import SCHEMAS

_SELECTED: Final = frozenset({"memberships", "membership_log", "events", "trait_values"})
"""Large tables of which the rows of one segment, or of one person, are read alone."""
_SOUGHT: Final[Mapping[str, Sequence[str]]] = {
    "actors": ("actor_id", "person_id"),
    "identifiers": ("actor_id", "value"),
    "merges": ("actor_id",),
    "memberships": ("person_id",),
}
"""Columns of ids, in no order, by which few rows are sought: filters say which groups of rows cannot hold an id."""
_DISTINCT: Final[Mapping[str, Sequence[str]]] = {
    "events": ("event_id", "actor_id", "ts"),
    "identifiers": ("actor_id", "value"),
    "actors": ("actor_id", "person_id"),
    "links": ("event_id",),
}
"""Columns of which hardly a value comes twice in a group of rows: a dictionary of them would be made for nothing."""
GROUP: Final = 2**16
"""How many rows a group of rows has at most, of a table of which some rows are sought."""
_MISTAKEN: Final = 0.01
"""How often a filter says that a group may hold what it does not hold."""


class Footer(NamedTuple):
    """How many rows a file has, and its greatest `seq`; None where it may be any."""

    rows: int
    top: int | None

    @staticmethod
    def of(file: str) -> "Footer":
        """Return what a file says of itself."""
        metadata = pq.ParquetFile(file).metadata
        return Footer(metadata.num_rows, _top(metadata))


def properties_of(table: str, rows: int = GROUP) -> WriterProperties:
    """Return how files of a table with so many rows are written: where some are sought, few of many are read.

    >>> properties_of("runs").max_row_group_size, properties_of("identifiers").max_row_group_size
    (None, 65536)
    """
    filters = BloomFilterProperties(set_bloom_filter_enabled=True, fpp=_MISTAKEN, ndv=GROUP)
    sought, distinct = _SOUGHT.get(table, ()) if rows >= GROUP else (), _DISTINCT.get(table, ())
    return WriterProperties(
        compression="SNAPPY",
        max_row_group_size=GROUP if table in _SELECTED or table in _SOUGHT else None,
        column_properties={
            column: ColumnProperties(
                dictionary_enabled=False if column in distinct else None,
                bloom_filter_properties=filters if column in sought else None,
            )
            for column in {*sought, *distinct}
        },
    )


def writer_of(file: BinaryIO, table: str) -> pq.ParquetWriter:
    """Return what writes a file of a table group by group, as `properties_of` says it is written."""
    filters = {column: {"ndv": GROUP, "fpp": _MISTAKEN} for column in _SOUGHT.get(table, ())}
    return pq.ParquetWriter(file, SCHEMAS[table], compression="snappy", bloom_filter_options=filters)


def in_order(table: str, rows: pa.Table) -> pa.Table:
    """Return rows as they are written: memberships by segment, the open ones first.

    >>> held = pa.table({"segment": ["b", "a", "a"], "left_at": [None, 5, None]})
    >>> in_order("memberships", held).to_pylist()
    [{'segment': 'a', 'left_at': None}, {'segment': 'a', 'left_at': 5}, {'segment': 'b', 'left_at': None}]
    """
    if table != "memberships":
        return rows
    codes = rows.column("segment").combine_chunks().dictionary_encode()
    ranks = np.argsort(np.argsort(codes.dictionary.to_pylist()))
    keys = 2 * ranks[codes.indices.to_numpy()] + rows.column("left_at").is_valid().to_numpy()
    return rows if (np.diff(keys) >= 0).all() else rows.take(pa.array(np.argsort(keys, kind="stable")))


def _top(metadata: pq.FileMetaData) -> int | None:
    if "seq" not in metadata.schema.names:
        return None
    column = metadata.schema.names.index("seq")
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    tops = [group.column(column).statistics for group in groups if group.num_rows]
    if any(top is None or not top.has_min_max for top in tops):
        return None
    return max((top.max for top in tops), default=-1)
