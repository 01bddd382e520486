"""Some columns of the rows that are wanted: parts of files whose bounds exclude what is wanted are not read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

Bounds = tuple[Any, Any]
"""The least and the greatest value that a column has somewhere, both included."""


@dataclass(frozen=True)
class Part:
    """A row group of a file of a table, or rows that wait to be written; read when it is asked for."""

    rows: int
    schema: pa.Schema
    _where: "tuple[str, int] | pa.Table"

    def read(self) -> pa.Table:
        """Return the rows."""
        if isinstance(self._where, pa.Table):
            return self._where
        file, group = self._where
        return pq.ParquetFile(file).read_row_group(group).select(self.schema.names).cast(self.schema)


def parts_of(
    tables: Tables, name: str, *, after: int | None = None, wanted: Mapping[str, Sequence[str]] | None = None
) -> list[Part]:
    """Return the parts of a table, other than `events`, as it stands now, so that each can be read by itself.

    Of those with a `seq` up to `after`, or with none of the `wanted` texts in a column, some are left out. Not for
    tables of people, whose files are amended.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     sizes = {"seq": [1, 1], "segment": ["vip", "new"], "version": [1, 1], "at": [5, 5], "size": [2, 3]}
    ...     _ = tables.append("segment_sizes", pa.table({**sizes, "population": [9, 9]}), watermark=1)
    ...     [part.read().num_rows for part in parts_of(tables, "segment_sizes")]
    [2]
    """
    found, schema = list[Part](), SCHEMAS[name]
    for file in tables.files(name) if after is None else tables.files_after(name, after):
        metadata = pq.ParquetFile(file).metadata
        for group in range(metadata.num_row_groups):
            bounds = bounds_of(metadata, group, "seq")
            is_old = after is not None and bounds is not None and bounds[1] <= after
            if not is_old and all(_may_hold(metadata, group, *one) for one in (wanted or {}).items()):
                found.append(Part(metadata.row_group(group).num_rows, schema, (file, group)))
    return [*found, *(Part(rows.num_rows, schema, rows) for rows in tables.unwritten(name))]


def rows_among(
    tables: Tables,
    name: str,
    wanted: Mapping[str, Sequence[str]],
    *,
    columns: Sequence[str] = (),
    within: tuple[str, Bounds] | None = None,
) -> pa.Table:
    """Return the rows of a table, other than `events`, that have one of the wanted texts in each column; some columns.

    `within` names a column of integers and its bounds: rows outside may be left out, and need not be.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     sizes = {"seq": [1, 1], "segment": ["vip", "new"], "version": [1, 1], "at": [5, 5], "size": [2, 3]}
    ...     _ = tables.append("segment_sizes", pa.table({**sizes, "population": [9, 9]}), watermark=1)
    ...     rows_among(tables, "segment_sizes", {"segment": ["vip"]}, columns=["size"]).to_pylist()
    [{'size': 2}]
    """
    chosen = list(columns or SCHEMAS[name].names)
    schema = pa.schema([SCHEMAS[name].field(one) for one in chosen])
    needed = [*dict.fromkeys([*chosen, *wanted])]
    parts = [part for file in tables.files(name) for part in _parts_of(file, wanted, needed, within)]
    found = []
    for part in [tables.read(name)] if tables.amended(name) else [*parts, *tables.unwritten(name)]:
        its = part
        for column, texts in wanted.items():
            its = its.filter(pc.is_in(its.column(column), value_set=pa.array(texts, pa.string())))
        found.append(its.select(chosen).cast(schema))
    return pa.concat_tables(found) if found else schema.empty_table()


def _parts_of(
    file: str, wanted: Mapping[str, Sequence[str]], columns: list[str], within: tuple[str, Bounds] | None
) -> Iterator[pa.Table]:
    stored = pq.ParquetFile(file)
    groups = [
        number
        for number in range(stored.metadata.num_row_groups)
        if all(_may_hold(stored.metadata, number, column, texts) for column, texts in wanted.items())
        and (within is None or _may_lie(stored.metadata, number, *within))
    ]
    if groups:
        yield stored.read_row_groups(groups, columns=columns)


def _may_hold(metadata: pq.FileMetaData, group: int, column: str, texts: Sequence[str]) -> bool:
    bounds = bounds_of(metadata, group, column)
    return bool(texts) if bounds is None else any(bounds[0] <= one <= bounds[1] for one in texts)


def _may_lie(metadata: pq.FileMetaData, group: int, column: str, within: Bounds) -> bool:
    bounds = bounds_of(metadata, group, column)
    return bounds is None or (bounds[0] <= within[1] and bounds[1] >= within[0])


def bounds_of(metadata: pq.FileMetaData, group: int, column: str) -> Bounds | None:
    """Return bounds of the values that a column has in a row group, nulls aside; None where nothing says it."""
    names = metadata.schema.names
    statistics = metadata.row_group(group).column(names.index(column)).statistics if column in names else None
    return (statistics.min, statistics.max) if statistics is not None and statistics.has_min_max else None
