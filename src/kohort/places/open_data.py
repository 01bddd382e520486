"""Tables of open data, each row under a key of its own: read from CSV and Parquet files, or from Kohort's own."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from kohort.clock import parse_moment
from kohort.definitions.enrichment import EnrichmentDefinition, JoinedColumn
from kohort.definitions.values import ValueType, micros_of
from kohort.errors import DefinitionError, Place, did_you_mean, shorten
from kohort.places.insee import french_places

_TRUTHS: Final = {"true": True, "false": False, "1": True, "0": False}
_SUFFIXES: Final = (".csv", ".parquet")
_ARROW: Final = {
    ValueType.NUMBER: pa.int64(),
    ValueType.TEXT: pa.string(),
    ValueType.BOOLEAN: pa.bool_(),
    ValueType.MOMENT: pa.int64(),
}
_SPACES: Final = str.maketrans("", "", " \u00a0\u202f")


@dataclass(frozen=True)
class OpenData:
    """A table: keys, and one column for each trait, of one length; numbers are micros, moments microseconds UTC."""

    keys: pa.Array
    columns: Mapping[str, pa.Array]


def read_open_data(path: Path | None, definition: EnrichmentDefinition, zone: ZoneInfo) -> OpenData:
    """Return the table that a score declares, from the file at `path`, or Kohort's own where there is none.

    Rows without a key are left out. Moments without an offset are told in `zone`. Raises DefinitionError with file and
    line for a column that is missing, a value of another type, or a key that stands in two rows.
    """
    rows = _communes() if path is None else _rows(path, definition)
    names = [definition.column, *(one.column for one in definition.traits)]
    keys: dict[str, int] = {}
    values: list[list[Any]] = [[] for _ in definition.traits]
    for line, row in rows:
        if line is None:
            missing = [one for one in names if one not in row]
            if missing:
                raise DefinitionError(
                    f'{definition.file}: there is no column "{missing[0]}"; {did_you_mean(missing[0], row)}'
                )
            continue
        key = _text(row[definition.column])
        if not key:
            continue
        if key in keys:
            raise DefinitionError(
                f'{Place(definition.file, line)}: the key "{shorten(key)}" stands in line {keys[key]} already; each '
                "key may have one row"
            )
        keys[key] = line
        for column, own in zip(definition.traits, values, strict=True):
            own.append(_value(row[column.column], column, definition, zone, line))
    columns = {one.trait: pa.array(own, _ARROW[one.kind]) for one, own in zip(definition.traits, values, strict=True)}
    return OpenData(pa.array(list(keys), pa.string()), columns)


_Row = Mapping[str, object]


def _communes() -> Iterator[tuple[int | None, _Row]]:
    yield None, dict.fromkeys(("code", "name", "department", "population"))
    for line, one in enumerate(french_places().communes.values(), 1):
        yield line, {"code": one.code, "name": one.name, "department": one.department, "population": one.population}


def _rows(path: Path, definition: EnrichmentDefinition) -> Iterator[tuple[int | None, _Row]]:
    """Yield the names of a file's columns, without a line, and then its rows, each with its line."""
    if path.suffix not in _SUFFIXES:
        raise DefinitionError(f"{definition.file}: expected a file that ends in {' or '.join(_SUFFIXES)}")
    try:
        if path.suffix == ".parquet":
            yield from _parquet_rows(path)
            return
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=definition.delimiter)
            yield None, dict.fromkeys(reader.fieldnames or ())
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowInvalid) as error:
        raise DefinitionError(f"{definition.file}: the table cannot be read: {error}") from error


def _parquet_rows(path: Path) -> Iterator[tuple[int | None, _Row]]:
    with pq.ParquetFile(path) as file:
        yield None, dict.fromkeys(file.schema_arrow.names)
        line = 0
        for batch in file.iter_batches():
            for row in batch.to_pylist():
                line += 1
                yield line, row


def _text(value: object) -> str:
    """Return a key as it is compared: without blanks around it, a whole number without a fraction."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _value(
    value: object, column: JoinedColumn, definition: EnrichmentDefinition, zone: ZoneInfo, line: int
) -> str | int | bool | None:
    text = _text(value)
    if not text or text in definition.missing:
        return None
    try:
        match column.kind:
            case ValueType.NUMBER:
                plain = text.translate(_SPACES)
                return micros_of(Decimal(plain.replace(",", ".") if definition.decimal == "," else plain))
            case ValueType.BOOLEAN:
                return _TRUTHS[text.lower()]
            case ValueType.MOMENT:
                return parse_moment(text, zone)
            case _:
                return text
    except (InvalidOperation, KeyError, ValueError, DefinitionError) as error:
        raise DefinitionError(
            f'{Place(definition.file, line, column.column)}: "{shorten(text)}" is no {column.kind}; mend it, or name '
            "it in `missing`"
        ) from error


def joined(data: OpenData, keys: Sequence[str | None]) -> pa.Array:
    """Return the row of each key, null for one that the table does not have.

    >>> data = OpenData(pa.array(["a", "b"]), {})
    >>> joined(data, ["b", None, "c"]).to_pylist()
    [1, None, None]
    """
    places = {key: place for place, key in enumerate(data.keys.to_pylist())}
    return pa.array([None if key is None else places.get(key) for key in keys], pa.int64())
