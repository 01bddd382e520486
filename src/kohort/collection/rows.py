"""Rows as a file has them, by column, before any meaning is given to them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.collection.scalars import JSON, MomentText, text_of

CHUNK: Final = 50_000
"""How many rows are read at a time."""

MOMENT_MARK: Final = "moment"
"""In a dead letter a Parquet time is written {"moment": ISO 8601}, so that it is still a time when read again."""


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = _EPOCH.replace(tzinfo=None)


@dataclass(frozen=True)
class Column:
    """The values of one column; `is_json` says that its texts are JSON literals.

    `array` has one of the types that `parquet_rows` leaves: bool, int64, uint64, double, decimal128, string,
    timestamp[us] (naive or UTC), date32 or a list of string.
    """

    array: pa.Array
    is_json: bool = False

    def plain(self) -> list[Any]:
        """Return the values as Python ones: numbers exact, times as datetime, None where there is none.

        >>> Column(pa.array(["0.1", '"a"', None]), is_json=True).plain()
        ['0.1', 'a', None]
        """
        if self.is_json:
            return [None if text is None else _from_json(JSON.decode(text)) for text in self.array.to_pylist()]
        if pa.types.is_timestamp(self.array.type):
            aware = self.array.type.tz is not None
            return [_datetime(micros, aware=aware) for micros in self.array.cast(pa.int64()).to_pylist()]
        return list(self.array.to_pylist())

    def texts(self) -> pa.Array:
        """Return the values as texts, null where there is none.

        >>> Column(pa.array([1, None])).texts().to_pylist()
        ['1', None]
        """
        if self.is_json or not pa.types.is_string(self.array.type):
            return pa.array([None if one is None else text_of(one) for one in self.plain()], pa.string())
        return self.array

    def json_values(self) -> list[Any]:
        """Return the values as what `msgspec` writes, so that reading them again gives the same."""
        if self.is_json:
            return [None if text is None else msgspec.Raw(text.encode()) for text in self.array.to_pylist()]
        return [_to_json(value) for value in self.plain()]

    def take(self, positions: pa.Array | NDArray[np.int64]) -> "Column":
        """Return the values at some positions, missing where the position is null."""
        return Column(self.array.take(positions), self.is_json)


class MalformedLine(NamedTuple):
    """A line that is no row: its number, why, and its text."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Rows:
    """A stretch of rows by column name; `lines` (int64) says where each stands, `malformed` what was no row.

    `unit` is what `lines` count. `brought` names the columns that lookups joined: they are not the file's own.
    """

    columns: Mapping[str, Column]
    lines: NDArray[np.int64]
    malformed: tuple[MalformedLine, ...] = ()
    unit: Literal["line", "row"] = "line"
    brought: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)

    def with_columns(self, names: Iterable[str]) -> "Rows":
        """Return the rows with a missing value in every named column that they lack, as JSON lines may."""
        lacking = {name: Column(pa.nulls(len(self), pa.string()), is_json=True) for name in names}
        return replace(self, columns={**lacking, **self.columns})

    def own_columns(self) -> dict[str, Column]:
        """Return the columns of the file itself."""
        return {name: column for name, column in self.columns.items() if name not in self.brought}

    def place(self, position: int) -> str:
        """Return where a row stands, for a message: "line 7"."""
        return f"{self.unit} {self.lines[position]}"

    def objects(self, positions: NDArray[np.int64]) -> list[dict[str, Any]]:
        """Return rows as objects which `json_rows` reads back with the same meaning, once they are encoded.

        >>> Rows({"a": Column(pa.array(["x", "y"]))}, np.array([2, 3])).objects(np.array([0]))
        [{'a': 'x'}]
        """
        parts = {name: column.take(positions).json_values() for name, column in self.own_columns().items()}
        return [{name: values[index] for name, values in parts.items()} for index in range(len(positions))]


def concatenated(chunks: Sequence[Rows]) -> Rows:
    """Return stretches of the same file as one; a column that a stretch lacks is missing there.

    >>> len(concatenated([Rows({}, np.array([1, 2])), Rows({}, np.array([3]))]))
    3
    """
    if len(chunks) == 1:
        return chunks[0]
    kinds = {name: column for chunk in chunks for name, column in chunk.columns.items()}
    columns = {}
    for name, kind in kinds.items():
        parts = [
            chunk.columns[name].array if name in chunk.columns else pa.nulls(len(chunk), kind.array.type)
            for chunk in chunks
        ]
        columns[name] = Column(pa.concat_arrays(parts), kind.is_json)
    lines = np.concatenate([chunk.lines for chunk in chunks])
    malformed = tuple(line for chunk in chunks for line in chunk.malformed)
    return Rows(columns, lines, malformed, chunks[0].unit)


def trimmed(texts: pa.Array) -> pa.Array:
    """Return texts without blanks around them, null where nothing is left.

    >>> trimmed(pa.array([" 12 ", "  ", None])).to_pylist()
    ['12', None, None]
    """
    bare = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.fill_null(pc.equal(bare, ""), False), pa.scalar(None, pa.string()), bare)


def _datetime(micros: int | None, *, aware: bool) -> object:
    if micros is None:
        return None
    try:
        return (_EPOCH if aware else _NAIVE_EPOCH) + micros * datetime.resolution
    except OverflowError:
        return MomentText(f"{micros} microseconds since 1970")


def _from_json(value: object) -> object:
    if isinstance(value, dict) and list(value) == [MOMENT_MARK] and isinstance(value[MOMENT_MARK], str):
        return MomentText(value[MOMENT_MARK])
    return value


def _to_json(value: object) -> object:
    if isinstance(value, datetime | date | MomentText):
        return {MOMENT_MARK: text_of(value)}
    if isinstance(value, float | Decimal):
        return msgspec.Raw(text_of(value).encode()) if math.isfinite(value) else None
    return value
