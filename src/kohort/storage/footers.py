"""What a Parquet file says of itself at its end."""

from typing import NamedTuple, Self

import pyarrow.parquet as pq


class Footer(NamedTuple):
    """How many rows a Parquet file has, and its greatest `seq`; None where it may be any."""

    rows: int
    top: int | None

    @classmethod
    def of(cls, file: str) -> Self:
        """Read it."""
        metadata = pq.ParquetFile(file).metadata
        return cls(metadata.num_rows, _top(metadata))


def _top(metadata: pq.FileMetaData) -> int | None:
    if "seq" not in metadata.schema.names:
        return None
    column = metadata.schema.names.index("seq")
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    tops = [group.column(column).statistics for group in groups if group.num_rows]
    if any(top is None or not top.has_min_max for top in tops):
        return None
    return max((top.max for top in tops), default=-1)
