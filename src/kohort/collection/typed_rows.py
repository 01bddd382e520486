"""Giving rows their meaning: the time, person, key and values of each row by a source's definition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import parse_moment
from kohort.collection.batches import Tally
from kohort.collection.normalised_columns import (
    TIME,
    Companions,
    Normalise,
    NormalisedColumn,
    days_in,
    normalise_column,
)
from kohort.collection.readings import Flags, Reading, of_own_type, own_types, read_column
from kohort.collection.rows import Column, Rows
from kohort.collection.scalars import EXPECTED, text_of
from kohort.definitions.normalisation import RAW, Kind, Normalisation, WhenFlagged
from kohort.definitions.source import Aggregate, SourceDefinition, ValueMapping
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.values import ValueType
from kohort.errors import shorten

NO_FAULT: Final = -1
NOTHING_NORMALISED: Final[Mapping[str, Normalise]] = {}

_FORMS: Final = {
    Kind.NUMBER: "a number",
    Kind.AMOUNT: "an amount of money",
    Kind.QUANTITY: "a quantity",
    Kind.DURATION: "a duration",
    Kind.DATE: "a date or time",
    Kind.TEXT: "a text",
    Kind.EMAIL: "an e-mail address",
    Kind.PHONE: "a phone number",
    Kind.COUNTRY: "a country",
    Kind.LANGUAGE: "a language",
}


class Check(NamedTuple):
    """What a row can fail: its column and what was expected there."""

    column: str
    expected: str


@dataclass(frozen=True)
class TypedValue:
    """One property or trait of all rows: the inputs of its aggregate, or its value where rows are not grouped.

    `type` is that of the finished value. A count's and a distinct's inputs are texts, all others of `type`. `raw_of`
    names the value of which this says how it was written, where it was repaired or flagged.
    """

    name: str
    type: ValueType
    aggregate: Aggregate | None
    inputs: tuple[pa.Array, ...]
    raw_of: str = ""


@dataclass(frozen=True)
class TypedRows:
    """Rows with their meaning: `ts` int64 moments, texts elsewhere, null where missing.

    `faults` (int64) holds for each row the index of the first of `checks` that it fails, -1 for none.
    `unholdable` are columns with the rows whose number counts as missing. `tallies` say what normalisation did.
    """

    ts: pa.Array
    user_id: pa.Array
    anonymous_id: pa.Array
    keys: tuple[pa.Array, ...]
    values: tuple[TypedValue, ...]
    checks: tuple[Check, ...]
    faults: NDArray[np.int64]
    unholdable: tuple[tuple[str, Flags], ...]
    tallies: tuple[Tally, ...] = ()

    def reason(self, rows: Rows, position: int) -> tuple[str, str]:
        """Return the column that the row at `position` fails, and why."""
        check = self.checks[self.faults[position]]
        value = rows.columns[check.column].take(np.array([position])).plain()[0]
        got = "nothing" if value is None else f'"{shorten(text_of(value))}"'
        return check.column, f"{rows.place(position)}: expected {check.expected}, got {got}"


def type_rows(
    rows: Rows,
    source: SourceDefinition,
    plan: TrackingPlan,
    zone: ZoneInfo,
    normalise: Mapping[str, Normalise] = NOTHING_NORMALISED,
) -> TypedRows:
    """Read the columns that `source` names; times without an offset are in its time zone, else in `zone`.

    `normalise` has for each value that declares a form, by its name, what brings values into it; that of the time
    stands under an empty name.
    """
    reader = _Reader(rows, source.time.zone or zone, normalise)
    declared = plan.types_of(source.event) if source.event else dict(plan.traits)
    keys = tuple(reader.read(column, ValueType.TEXT, needed=True) for column in source.key)
    user_id, anonymous_id = (
        reader.read(column, ValueType.TEXT) if column else pa.nulls(len(rows), pa.string())
        for column in (source.user_id, source.anonymous_id)
    )
    nobody = pc.and_(user_id.is_null(), anonymous_id.is_null()).to_numpy(zero_copy_only=False)
    reader.fail(Check(source.user_id or source.anonymous_id, "an id of the person"), nobody)
    if source.time.normalisation is not None:
        ts = reader.normalised("", source.time.column, source.time.normalisation).values
        reader.fail(Check(source.time.column, "a value"), ts.is_null().to_numpy(zero_copy_only=False))
    elif source.time.column:
        ts = reader.read(source.time.column, ValueType.MOMENT, needed=True)
    else:
        ts = pa.repeat(parse_moment(source.time.at, reader.zone), len(rows))
    reader.days = days_in(ts, zone) if any(_needs_day(one) for one in source.values) else None
    values = [one for mapping in source.values for one in _typed(reader, mapping, declared.get(mapping.name))]
    checks, unholdable = tuple(reader.checks), tuple(reader.unholdable.items())
    tallies = tuple(reader.tallies)
    return TypedRows(ts, user_id, anonymous_id, keys, tuple(values), checks, reader.faults, unholdable, tallies)


class _Reader:
    """Reads columns of some rows, each once per type, and keeps the first fault of every row."""

    def __init__(self, rows: Rows, zone: ZoneInfo, normalise: Mapping[str, Normalise]) -> None:
        self.rows, self.zone, self._normalise = rows, zone, normalise
        self.days: pa.Array | None = None
        self.tallies: list[Tally] = []
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

    def normalised(
        self, name: str, column: str, declared: Normalisation, asked: Flags | None = None
    ) -> NormalisedColumn:
        """Return a column in its declared form; flagged values are faults of their rows where it says so."""
        beside = self.rows.columns[declared.beside] if declared.beside else None
        companions = Companions(beside, self.days if declared.kind is Kind.AMOUNT else None)
        given, normalise = self.rows.columns[column], self._normalise[name]
        found = normalise_column(given, declared, normalise, (name or TIME, column), companions, asked)
        self.tallies.append(found.tally)
        self.fail(Check(column, EXPECTED[ValueType.TEXT]), found.unkeepable)
        if declared.flagged is WhenFlagged.REJECT:
            for reason, rows in found.flagged.items():
                self.fail(Check(column, f"{_FORMS[declared.kind]} ({reason})"), rows)
        return found

    def fail(self, check: Check, failing: Flags) -> None:
        new = failing & (self.faults == NO_FAULT)
        if new.any():
            self.faults[new] = len(self.checks)
            self.checks.append(check)


def _typed(reader: _Reader, mapping: ValueMapping, declared: ValueType | None) -> Sequence[TypedValue]:
    if mapping.normalisation is not None:
        return _normalised(reader, mapping, mapping.normalisation)
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


def _normalised(reader: _Reader, mapping: ValueMapping, declared: Normalisation) -> Sequence[TypedValue]:
    """Return a value in its declared form, and beside it how it was written where that is another."""
    grouped = mapping.aggregate is not None
    found = reader.normalised(mapping.name, mapping.columns[0], declared, _kept(reader, mapping))
    result = ValueType.TEXT_LIST if mapping.aggregate is Aggregate.DISTINCT else declared.type
    raw_name, raw_type = f"{mapping.name}.{RAW}", ValueType.TEXT_LIST if grouped else ValueType.TEXT
    return [
        TypedValue(mapping.name, result, mapping.aggregate, (found.values,)),
        TypedValue(raw_name, raw_type, Aggregate.DISTINCT if grouped else None, (found.raw,), mapping.name),
    ]


def _needs_day(mapping: ValueMapping) -> bool:
    return mapping.normalisation is not None and mapping.normalisation.kind is Kind.AMOUNT


def _ordered(column: Column) -> ValueType:
    """Return the type in which min and max compare: times where the column holds times, else numbers."""
    return ValueType.MOMENT if own_types(column) == (ValueType.MOMENT,) else ValueType.NUMBER


def _where(reader: _Reader, mapping: ValueMapping, values: pa.Array) -> pa.Array:
    """Return `values`, missing in the rows that the mapping's `where` leaves out."""
    kept = _kept(reader, mapping)
    return values if kept is None else pc.if_else(pa.array(kept), values, pa.scalar(None, values.type))


def _kept(reader: _Reader, mapping: ValueMapping) -> Flags | None:
    """Return the rows that the mapping's `where` keeps, None where it keeps all."""
    kept: Flags | None = None
    for column, texts in mapping.where.items():
        found = pc.is_in(reader.read(column, ValueType.TEXT), value_set=pa.array(texts, pa.string()))
        its: Flags = found.to_numpy(zero_copy_only=False)
        kept = its if kept is None else kept & its
    return kept
