"""Reading whole columns as numbers, texts, truth values or moments, each distinct value once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.collection.rows import Column
from kohort.collection.scalars import (
    EXPECTED,
    LONGEST_TEXT,
    Unholdable,
    boolean_of,
    is_text_list,
    moment_in,
    number_of,
    text_of,
    type_of,
)
from kohort.definitions.values import ValueType

Flags = NDArray[np.bool_]

ARROW_TYPES: Final = {
    ValueType.NUMBER: pa.int64(),
    ValueType.TEXT: pa.string(),
    ValueType.BOOLEAN: pa.bool_(),
    ValueType.MOMENT: pa.int64(),
    ValueType.TEXT_LIST: pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Reading:
    """A column read as one type: `values` null where missing; `faulty` where a value is not of the type.

    `unholdable` marks numbers that count as missing (NaN, infinite, too large). Numbers are int64 micros, moments
    int64 microseconds UTC.
    """

    values: pa.Array
    faulty: Flags
    unholdable: Flags

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)


def read_column(column: Column, kind: ValueType, zone: ZoneInfo) -> Reading:
    """Read a column as one type; times without an offset are in `zone`.

    Blank text is missing, whatever the type. Nothing is raised for a wrong value: it is marked.

    >>> read_column(Column(pa.array(["12.5", " ", "many"])), ValueType.NUMBER, ZoneInfo("UTC")).values.to_pylist()
    [12500000, None, None]
    """
    if kind is ValueType.TEXT and not column.is_json:
        if pa.types.is_string(column.array.type):
            return _texts(column.array)
        if pa.types.is_integer(column.array.type):
            return _texts(column.array.cast(pa.string()))
    distinct, codes = distinct_of(column)
    parse = _parser(kind, zone)
    outcomes = [_outcome(value, parse) for value in distinct.plain()]
    values = [None if outcome is _FAULT or outcome is Unholdable.NUMBER else outcome for outcome in outcomes]
    faulty = np.array([outcome is _FAULT for outcome in outcomes] + [False], dtype=bool)
    unholdable = np.array([outcome is Unholdable.NUMBER for outcome in outcomes] + [False], dtype=bool)
    flat = pc.fill_null(codes, len(outcomes)).to_numpy(zero_copy_only=False)
    reading = Reading(pa.array(values, ARROW_TYPES[kind]).take(codes), faulty[flat], unholdable[flat])
    return _with_long_texts(reading) if kind is ValueType.TEXT else reading


def own_types(column: Column) -> tuple[ValueType, ...]:
    """Return the types that a column has by itself: one, but as many as its values have in JSON lines.

    >>> own_types(Column(pa.array(["1.5", '"a"']), is_json=True)), own_types(Column(pa.array([1, 2])))
    ((<ValueType.NUMBER: 'number'>, <ValueType.TEXT: 'text'>), (<ValueType.NUMBER: 'number'>,))
    """
    if not column.is_json:
        return (_type_of_arrow(column.array.type),)
    found = {type_of(value) for value in Column(column.array.unique(), is_json=True).plain() if value is not None}
    return tuple(kind for kind in ValueType if kind in found) or (ValueType.TEXT,)


def of_own_type(column: Column, kind: ValueType) -> Column:
    """Return a JSON column with only the values that are of a type by themselves; any other column as it is."""
    if not column.is_json:
        return column
    distinct, codes = distinct_of(column)
    kept = [
        text if value is not None and type_of(value) is kind else None
        for text, value in zip(distinct.array.to_pylist(), distinct.plain(), strict=True)
    ]
    return Column(pa.array(kept, pa.string()).take(codes), is_json=True)


def _type_of_arrow(kind: pa.DataType) -> ValueType:
    if pa.types.is_boolean(kind):
        return ValueType.BOOLEAN
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return ValueType.MOMENT
    if pa.types.is_list(kind):
        return ValueType.TEXT_LIST
    return ValueType.TEXT if pa.types.is_string(kind) else ValueType.NUMBER


def distinct_of(column: Column) -> tuple[Column, pa.Array]:
    """Return the distinct values of a column, and for each row the index of its own (null where missing).

    >>> distinct, codes = distinct_of(Column(pa.array(["a", None, "a"])))
    >>> distinct.plain(), codes.to_pylist()
    (['a'], [0, None, 0])
    """
    if pa.types.is_list(column.array.type):
        everywhere = pa.array(np.arange(len(column.array)), mask=column.array.is_null().to_numpy(zero_copy_only=False))
        return column, everywhere
    encoded = column.array.dictionary_encode()
    return Column(encoded.dictionary, column.is_json), encoded.indices


class _Fault:
    """The outcome of reading a value that is not of the type."""


_FAULT: Final = _Fault()


def _outcome(value: object, parse: Callable[[Any], object]) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return parse(value)
    except (ValueError, OverflowError):
        return _FAULT


def _parser(kind: ValueType, zone: ZoneInfo) -> Callable[[Any], object]:
    if kind is ValueType.MOMENT:
        return lambda value: moment_in(value, zone)
    parsers: dict[ValueType, Callable[[Any], object]] = {
        ValueType.NUMBER: number_of,
        ValueType.TEXT: text_of,
        ValueType.BOOLEAN: boolean_of,
        ValueType.TEXT_LIST: _text_list,
    }
    return parsers[kind]


def _text_list(value: object) -> list[str]:
    if not is_text_list(value):
        raise ValueError(EXPECTED[ValueType.TEXT_LIST])
    return value


def _texts(array: pa.Array) -> Reading:
    blank = pc.equal(pc.utf8_trim_whitespace(array), "")
    values = pc.if_else(blank, pa.scalar(None, pa.string()), array)
    none = np.zeros(len(array), dtype=bool)
    return _with_long_texts(Reading(values, none, none))


def _with_long_texts(reading: Reading) -> Reading:
    bad = pc.or_(pc.greater(pc.binary_length(reading.values), LONGEST_TEXT), pc.match_substring(reading.values, "\0"))
    faulty = pc.fill_null(bad, fill_value=False).to_numpy(zero_copy_only=False)
    return Reading(reading.values, reading.faulty | faulty, reading.unholdable)
