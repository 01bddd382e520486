"""How many rows of a large table each value of a column has, and over which time: from what its files say.

A file never changes, so that what was found in one is found once. Where all rows of a part of it have one value, its
bounds tell all that is asked, and no row is read.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kohort.storage.row_groups import Bounds, bounds_of
from kohort.storage.tables import Tables

Span = tuple[str, int, tuple[Bounds | None, ...]]
"""A value, how many rows have it, and the first and last of each of their moments; None where they have none."""


def spans_by(tables: Tables, name: str, column: str, moments: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return for each value of a column how many rows have it, and the first and last of each of their moments.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     actors = pa.table({"actor_id": ["a", "b"], "person_id": ["a", "a"], "first_seen": [1, 2]})
    ...     _ = tables.append("actors", actors, watermark=3)
    ...     spans_by(tables, "actors", "person_id", ["first_seen"])
    {'a': (2, 1, 2)}
    """
    asked = (column, *moments)
    parts: list[Span] = [span for file in tables.files(name) for span in _of_file(file, asked)]
    parts += [span for rows in tables.unwritten(name) for span in _counted(rows, asked)]
    found = {}
    for value, rows, bounds in _joined(parts, len(moments)):
        ends = (end for one in bounds for end in (one or (None, None)))
        found[value] = (rows, *ends)
    return found


@lru_cache(maxsize=10_000)
def _of_file(file: str, asked: tuple[str, ...]) -> tuple[Span, ...]:
    stored = pq.ParquetFile(file)
    spans = [
        span
        for group in range(stored.metadata.num_row_groups)
        for span in _said(stored.metadata, group, asked) or _counted(stored.read_row_group(group, list(asked)), asked)
    ]
    return tuple(_joined(spans, len(asked) - 1))


def _said(metadata: pq.FileMetaData, group: int, asked: tuple[str, ...]) -> list[Span]:
    """Return what a row group's bounds say, where they say all; else nothing."""
    column, *moments = asked
    value = bounds_of(metadata, group, column)
    bounds = tuple(bounds_of(metadata, group, one) for one in moments)
    whole = metadata.row_group(group)
    nulls = whole.column(metadata.schema.names.index(column)).statistics if value is not None else None
    # Of long texts only the beginning may be kept, but then the upper bound is another one than the lower.
    if value is None or value[0] != value[1] or None in bounds or nulls is None or nulls.null_count != 0:
        return []
    return [(value[0], whole.num_rows, bounds)]


def _counted(rows: pa.Table, asked: tuple[str, ...]) -> Iterator[Span]:
    column, *moments = asked
    ends = [(one, end) for one in moments for end in ("min", "max")]
    found = rows.select(list(asked)).group_by(column).aggregate([([], "count_all"), *ends])
    for row in found.to_pylist():
        bounds = ((row[f"{one}_min"], row[f"{one}_max"]) for one in moments)
        yield row[column], row["count_all"], tuple(None if one[0] is None else one for one in bounds)


def _joined(spans: Iterable[Span], moments: int) -> list[Span]:
    """Return the spans of the same value as one, in the order of the values."""
    found: dict[str, tuple[int, tuple[Bounds | None, ...]]] = {}
    for value, rows, bounds in spans:
        count, before = found.get(value, (0, (None,) * moments))
        found[value] = count + rows, tuple(map(_wider, before, bounds))
    return [(value, *found[value]) for value in sorted(found)]


def _wider(one: Bounds | None, other: Bounds | None) -> Bounds | None:
    known = [each for each in (one, other) if each is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None
