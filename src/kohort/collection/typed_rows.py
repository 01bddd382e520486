"""Giving rows their meaning: the time, person, key and values of each row by a source's definition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import parse_moment
from kohort.collection.readings import Flags, Reading, of_own_type, own_types, read_column
from kohort.collection.rows import Column, Rows
from kohort.collection.scalars import EXPECTED, text_of
from kohort.definitions.source import Aggregate, SourceDefinition, ValueMapping
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.values import ValueType
from kohort.errors import shorten

NO_FAULT: Final = -1


class Check(NamedTuple):
    """What a row can fail: its column and what was expected there."""

    column: str
    expected: str


@dataclass(frozen=True)
class TypedValue:
    """One property or trait of all rows: the inputs of its aggregate, or its value where rows are not grouped.

    `type` is that of the finished value. A count's and a distinct's inputs are texts, all others of `type`.
    """

    name: str
    type: ValueType
    aggregate: Aggregate | None
    inputs: tuple[pa.Array, ...]


@dataclass(frozen=True)
class TypedRows:
    """Rows with their meaning: `ts` int64 moments, texts elsewhere, null where missing.

    `faults` (int64) holds for each row the index of the first of `checks` that it fails, -1 for none.
    `unholdable` are columns with the rows whose number counts as missing.
    """

    ts: pa.Array
    user_id: pa.Array
    anonymous_id: pa.Array
    keys: tuple[pa.Array, ...]
    values: tuple[TypedValue, ...]
    checks: tuple[Check, ...]
    faults: NDArray[np.int64]
    unholdable: tuple[tuple[str, Flags], ...]

    def reason(self, rows: Rows, position: int) -> tuple[str, str]:
        """Return the column that the row at `position` fails, and why."""
        check = self.checks[self.faults[position]]
        value = rows.columns[check.column].take(np.array([position])).plain()[0]
        got = "nothing" if value is None else f'"{shorten(text_of(value))}"'
        return check.column, f"{rows.place(position)}: expected {check.expected}, got {got}"


def type_rows(rows: Rows, source: SourceDefinition, plan: TrackingPlan, zone: ZoneInfo) -> TypedRows:
    """Read the columns that `source` names; times without an offset are in its time zone, else in `zone`."""
    reader = _Reader(rows, source.time.zone or zone)
    declared = plan.types_of(source.event) if source.event else dict(plan.traits)
    keys = tuple(reader.read(column, ValueType.TEXT, needed=True) for column in source.key)
    user_id, anonymous_id = (
        reader.read(column, ValueType.TEXT) if column else pa.nulls(len(rows), pa.string())
        for column in (source.user_id, source.anonymous_id)
    )
    nobody = pc.and_(user_id.is_null(), anonymous_id.is_null()).to_numpy(zero_copy_only=False)
    reader.fail(Check(source.user_id or source.anonymous_id, "an id of the person"), nobody)
    if source.time.column:
        ts = reader.read(source.time.column, ValueType.MOMENT, needed=True)
    else:
        ts = pa.repeat(parse_moment(source.time.at, reader.zone), len(rows))
    values = [one for mapping in source.values for one in _typed(reader, mapping, declared.get(mapping.name))]
    checks, unholdable = tuple(reader.checks), tuple(reader.unholdable.items())
    return TypedRows(ts, user_id, anonymous_id, keys, tuple(values), checks, reader.faults, unholdable)


class _Reader:
    """Reads columns of some rows, each once per type, and keeps the first fault of every row."""

    def __init__(self, rows: Rows, zone: ZoneInfo) -> None:
        self.rows, self.zone = rows, zone
        self.checks: list[Check] = []
        self.faults = np.full(len(rows), NO_FAULT, dtype=np.int64)
        self.unholdable: dict[str, Flags] = {}
        self._readings: dict[tuple[str, ValueType, bool], Reading] = {}

    def read(self, column: str, kind: ValueType, *, needed: bool = False, own: bool = False) -> pa.Array:
        """Return a column's values as `kind`; `own` keeps only the values that are of that type by themselves."""
        reading = self._readings.get((column, kind, own))
        if reading is None:
            given = self.rows.columns[column]
            reading = read_column(of_own_type(given, kind) if own else given, kind, self.zone)
            self._readings[column, kind, own] = reading
            self.fail(Check(column, EXPECTED[kind]), reading.faulty)
            if reading.unholdable.any():
                self.unholdable[column] = reading.unholdable
        if needed:
            self.fail(Check(column, "a value"), reading.values.is_null().to_numpy(zero_copy_only=False))
        return reading.values

    def fail(self, check: Check, failing: Flags) -> None:
        new = failing & (self.faults == NO_FAULT)
        if new.any():
            self.faults[new] = len(self.checks)
            self.checks.append(check)


def _typed(reader: _Reader, mapping: ValueMapping, declared: ValueType | None) -> Sequence[TypedValue]:
    kind = mapping.type or declared
    columns = [reader.rows.columns[name] for name in mapping.columns]
    if mapping.aggregate is Aggregate.COUNT or mapping.aggregate is Aggregate.DISTINCT:
        result = ValueType.NUMBER if mapping.aggregate is Aggregate.COUNT else ValueType.TEXT_LIST
        texts = reader.read(mapping.columns[0], ValueType.TEXT)
        return [TypedValue(mapping.name, result, mapping.aggregate, (_where(reader, mapping, texts),))]
    if kind is None and mapping.aggregate in {Aggregate.MIN, Aggregate.MAX}:
        kind = _ordered(columns[0])
    if kind is not None:
        inputs = tuple(_where(reader, mapping, reader.read(name, kind)) for name in mapping.columns)
        return [TypedValue(mapping.name, kind, mapping.aggregate, inputs)]
    return [
        TypedValue(
            mapping.name,
            own,
            mapping.aggregate,
            (_where(reader, mapping, reader.read(mapping.columns[0], own, own=True)),),
        )
        for own in own_types(columns[0])
    ]


def _ordered(column: Column) -> ValueType:
    """Return the type in which min and max compare: times where the column holds times, else numbers."""
    return ValueType.MOMENT if own_types(column) == (ValueType.MOMENT,) else ValueType.NUMBER


def _where(reader: _Reader, mapping: ValueMapping, values: pa.Array) -> pa.Array:
    """Return `values`, missing in the rows that the mapping's `where` leaves out."""
    for column, texts in mapping.where.items():
        kept = pc.is_in(reader.read(column, ValueType.TEXT), value_set=pa.array(texts, pa.string()))
        values = pc.if_else(kept, values, pa.scalar(None, values.type))
    return values
