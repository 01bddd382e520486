"""How the files of tables are written, so that few of their rows are read, and what their footers say."""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import WriterProperties

_SELECTED: Final = frozenset({"memberships", "membership_log"})
"""Large tables of which a segment's rows are read alone."""
_WRITTEN: Final = WriterProperties(compression="SNAPPY")
_IN_GROUPS: Final = WriterProperties(compression="SNAPPY", max_row_group_size=2**16)


class Footer(NamedTuple):
    """How many rows a file has, and its greatest `seq`; None where it may be any."""

    rows: int
    top: int | None

    @staticmethod
    def of(file: str) -> "Footer":
        """Return what a file says of itself."""
        metadata = pq.ParquetFile(file).metadata
        return Footer(metadata.num_rows, _top(metadata))


def properties_of(table: str) -> WriterProperties:
    """Return how files of a table are written: few rows under one statement of their bounds, where that is of use."""
    return _IN_GROUPS if table in _SELECTED else _WRITTEN


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
