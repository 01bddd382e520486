"""Parquet: rows by column, in the few types that mapping understands."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kohort.collection.files import reading
from kohort.collection.rows import CHUNK, Column, Rows
from kohort.errors import InputError

_UTC_TIME: Final = pa.timestamp("us", "UTC")
_TEXT_LIST: Final = pa.list_(pa.string())


def parquet_rows(path: Path) -> Iterator[Rows]:
    """Yield the rows of a Parquet file; `lines` count rows from 1. The first stretch comes even without rows.

    Columns that no rule can speak of (bytes, structs, maps) are left out. Raises InputError for a damaged file.
    """
    with reading(path), _open(path) as file:
        schema, count = file.schema_arrow, 0
        supported = {field.name: kind for field in schema if (kind := _supported(field.type)) is not None}
        if file.metadata.num_rows == 0:
            yield _rows(schema.empty_table().combine_chunks(), supported, 0)
        for batch in file.iter_batches(CHUNK, columns=list(supported)):
            yield _rows(_checked(path, batch), supported, count)
            count += batch.num_rows


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise InputError(f"{path}: the Parquet file is damaged: {error}; write it again") from error


def _checked(path: Path, batch: pa.RecordBatch) -> pa.RecordBatch:
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: the Parquet file is damaged: {error}; write it again") from error
    return batch


def _rows(table: pa.Table | pa.RecordBatch, types: Mapping[str, pa.DataType], before: int) -> Rows:
    columns = {name: Column(_cast(table.column(name), kind)) for name, kind in types.items()}
    return Rows(columns, np.arange(before + 1, before + table.num_rows + 1, dtype=np.int64), unit="row")


def _cast(array: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_timestamp(kind):
        return whole.cast(kind, safe=False)  # beyond the microsecond nothing is kept
    return whole.cast(kind)


def _supported(kind: pa.DataType) -> pa.DataType | None:  # noqa: PLR0911 - a table, written as one
    types = pa.types
    if types.is_dictionary(kind):
        return _supported(kind.value_type)
    if types.is_boolean(kind) or types.is_uint64(kind) or types.is_decimal128(kind) or types.is_date32(kind):
        return kind
    if types.is_integer(kind):
        return pa.int64()
    if types.is_floating(kind):
        return pa.float64()
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_null(kind):
        return pa.string()
    if types.is_timestamp(kind):
        return pa.timestamp("us") if kind.tz is None else _UTC_TIME
    if types.is_date64(kind):
        return pa.date32()
    is_list = types.is_list(kind) or types.is_large_list(kind)
    return _TEXT_LIST if is_list and _supported(kind.value_type) == pa.string() else None
