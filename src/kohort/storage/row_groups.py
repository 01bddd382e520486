"""Some columns of the rows that a column says are wanted: parts of files whose bounds exclude them are not read."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

Bounds = tuple[Any, Any]
"""The least and the greatest value that a column has somewhere, both included."""


def rows_among(
    tables: Tables,
    name: str,
    column: str,
    values: Sequence[str],
    *,
    columns: Sequence[str] = (),
    within: tuple[str, Bounds] | None = None,
) -> pa.Table:
    """Return the rows of a table, other than `events`, whose column has one of these texts; of them some columns.

    `within` names a column of integers and its bounds: rows outside may be left out, and need not be.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     sizes = {"seq": [1, 1], "segment": ["vip", "new"], "version": [1, 1], "at": [5, 5], "size": [2, 3]}
    ...     _ = tables.append("segment_sizes", pa.table({**sizes, "population": [9, 9]}), watermark=1)
    ...     rows_among(tables, "segment_sizes", "segment", ["vip"], columns=["size"]).to_pylist()
    [{'size': 2}]
    """
    chosen = list(columns or SCHEMAS[name].names)
    wanted = pa.array(sorted(values), pa.string())
    schema = pa.schema([SCHEMAS[name].field(one) for one in chosen])
    parts = [
        part
        for file in tables.files(name)
        for part in _parts_of(file, column, wanted, [*dict.fromkeys([*chosen, column])], within)
    ]
    parts += tables.unwritten(name)
    found = [part.filter(pc.is_in(part.column(column), value_set=wanted)).select(chosen).cast(schema) for part in parts]
    return pa.concat_tables(found) if found else schema.empty_table()


def _parts_of(
    file: str, column: str, wanted: pa.Array, columns: list[str], within: tuple[str, Bounds] | None
) -> Iterator[pa.Table]:
    if not len(wanted):
        return
    stored, texts = pq.ParquetFile(file), wanted.to_pylist()
    groups = []
    for number in range(stored.metadata.num_row_groups):
        low, high = bounds_of(stored.metadata, number, column) or (min(texts), max(texts))
        if not any(low <= one <= high for one in texts):
            continue
        if within is not None:
            first, last = bounds_of(stored.metadata, number, within[0]) or within[1]
            if last < within[1][0] or first > within[1][1]:
                continue
        groups.append(number)
    if groups:
        yield stored.read_row_groups(groups, columns=columns)


def bounds_of(metadata: pq.FileMetaData, group: int, column: str) -> Bounds | None:
    """Return bounds of the values that a column has in a row group, nulls aside; None where nothing says it."""
    names = metadata.schema.names
    statistics = metadata.row_group(group).column(names.index(column)).statistics if column in names else None
    return (statistics.min, statistics.max) if statistics is not None and statistics.has_min_max else None
