"""Opening any file of rows, and checking that it has the columns that a source asks for."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kohort.collection.csv_rows import csv_rows
from kohort.collection.files import FileKind, kind_of
from kohort.collection.json_rows import json_rows
from kohort.collection.parquet_rows import parquet_rows
from kohort.collection.rows import Rows
from kohort.definitions.source import SourceDefinition
from kohort.errors import InputError, did_you_mean, shorten


def open_rows(path: Path, delimiter: str = "") -> Iterator[Rows]:
    """Yield the rows of a CSV, Parquet or JSON lines file, in stretches; the first comes even without rows.

    Raises InputError for a file that is missing, empty or of the wrong kind.
    """
    kind = kind_of(path)
    if kind is FileKind.PARQUET:
        return parquet_rows(path)
    return csv_rows(path, delimiter) if kind is FileKind.CSV else json_rows(path)


def check_columns(path: Path, rows: Rows, wanted: Mapping[str, str], source: SourceDefinition) -> None:
    """Raise InputError for the first wanted column that a file lacks; `wanted` says which field asks for it."""
    for column, field in wanted.items():
        if column not in rows.columns:
            raise InputError(
                f'{path} has no column "{shorten(column)}", which {source.file} asks for under "{shorten(field)}"; '
                f"{did_you_mean(column, rows.columns)}"
            )
