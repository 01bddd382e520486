"""One source's table as rows of events or traits: its columns checked and typed, then a SELECT over them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlglot import expressions as exp

from kohort.clock import parse_moment
from kohort.definitions.source import SourceDefinition
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.values import ValueType
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.conversions import finished, fits, offsets_of, prepared, refused
from kohort.engines.sql.landing.days import dated
from kohort.engines.sql.landing.kinds import HeldColumn, Kind
from kohort.engines.sql.terms import PERSON, all_of, any_of, column, is_there, named, number
from kohort.errors import Place, ProjectError, did_you_mean

ID = "event_id"
TIME = "ts"
CURSOR = "kohort_cursor"
HAPPENED = "kohort_happened"
CURSOR_DAY = "kohort_cursor_day"
HAPPENED_DAY = "kohort_happened_day"
"""The columns of `rows` that show the table's own columns of its cursor, its times, and their days, as they are."""

_UNIT_SEPARATOR = 31
_CURSOR_KINDS = frozenset({Kind.INTEGER, Kind.TIME, Kind.ZONED_TIME})


@dataclass(frozen=True)
class MappedValue:
    """A property or trait: its name, the column that it stands in, and the type it is read as."""

    name: str
    held: HeldColumn
    type: ValueType


@dataclass(frozen=True)
class MappedTable:
    """A source whose table has been looked at: every column that it asks for is there and fits.

    `held` are the table's columns by name, `required` the properties without which a row does not count, `zone` that of
    times without one, `view` the name of the view that shows `rows`.
    """

    source: SourceDefinition
    held: Mapping[str, HeldColumn]
    values: tuple[MappedValue, ...]
    required: tuple[str, ...]
    zone: ZoneInfo
    view: str

    def rows(self, dialect: Dialect, catalog: str) -> exp.Select:
        """Return the SELECT of the rows with a meaning: `person_id`, `ts`, `event_id`, `v0`, `v1`, …, and `taken`.

        `taken` says whether a row counts: it has a person, a time, its key, its cursor if the table has one, and what
        the tracking plan requires, no text is longer than Kohort takes, and days by which the table is partitioned are
        those of the times.
        """
        raw = self._raw(dialect, catalog)
        read = exp.select(*self._read(dialect)).from_(raw.subquery("held_rows"))
        # The id of a person stays as it is, so that an index on the column serves; a blank one does not count.
        person = finished(dialect, self.held[self.source.user_id], ValueType.TEXT, column(PERSON), self.zone)
        there = [is_there(column(one)) for one in (TIME, ID, *([CURSOR] if self.source.cursor else []))]
        there.insert(0, is_there(person))
        needed = [is_there(column(f"v{number}")) for number, one in enumerate(self.values) if one.name in self.required]
        natives = self.natives()
        days = [
            dated(dialect, column(time), column(day))
            for time, day in ((HAPPENED, HAPPENED_DAY), (CURSOR, CURSOR_DAY))
            if day in natives
        ]
        taken = all_of([*there, *needed, *days, column("readable")])
        return exp.select(exp.Star(), named(taken, "taken")).from_(read.subquery("read_rows"))

    def natives(self) -> dict[str, HeldColumn]:
        """Return the columns of cursor, times and their days, as far as there are any, by their names in `rows`."""
        source = self.source
        wanted = {CURSOR: source.cursor, HAPPENED: source.time.column}
        wanted |= {CURSOR_DAY: source.cursor_day, HAPPENED_DAY: source.time.day}
        return {name: self.held[held] for name, held in wanted.items() if held}

    def meaning(self) -> str:
        """Return what stands for how the rows are read: the mapping, and what it depends on."""
        source = replace(self.source, file="")
        used = [self.held[one] for one in self.source.columns()]
        words = repr((source, used, self.values, self.required, self.zone.key, offsets_of(self.zone)))
        return hashlib.sha256(words.encode()).hexdigest()

    def _raw(self, dialect: Dialect, catalog: str) -> exp.Select:
        schema, table = self.source.table or ("", "")
        wanted = [named(prepared(dialect, self.held[self.source.user_id], ValueType.TEXT), "person")]
        if self.source.time.column:
            wanted.append(named(prepared(dialect, self.held[self.source.time.column], ValueType.MOMENT), "time"))
        wanted += [
            named(prepared(dialect, self.held[one], ValueType.TEXT), f"k{place}")
            for place, one in enumerate(self.source.key)
        ]
        wanted += [named(prepared(dialect, one.held, one.type), f"v{place}") for place, one in enumerate(self.values)]
        wanted += [named(column(one.name), name) for name, one in self.natives().items()]
        names = [exp.to_identifier(name, quoted=True) for name in (table, schema, catalog)]
        return exp.select(*wanted).from_(exp.Table(this=names[0], db=names[1], catalog=names[2]))

    def _read(self, dialect: Dialect) -> list[exp.Expr]:
        person, keys = self.held[self.source.user_id], [self.held[one] for one in self.source.key]
        texts = [(person, column("person"))]
        texts += [(held, column(f"k{place}")) for place, held in enumerate(keys)]
        texts += [
            (one.held, column(f"v{place}")) for place, one in enumerate(self.values) if one.type is ValueType.TEXT
        ]
        unreadable = [found for held, term in texts for found in refused(dialect, held, term)]
        readable = exp.Coalesce(this=exp.Not(this=any_of(unreadable)), expressions=[exp.true()])
        return [
            named(column("person"), PERSON),
            named(self._time(dialect), TIME),
            named(_joined([finished(dialect, held, ValueType.TEXT, column(f"k{place}"), self.zone)
                           for place, held in enumerate(keys)]), ID),
            *(
                named(finished(dialect, one.held, one.type, column(f"v{place}"), self.zone), f"v{place}")
                for place, one in enumerate(self.values)
            ),
            named(readable, "readable"),
            *map(column, self.natives()),
        ]  # fmt: skip

    def _time(self, dialect: Dialect) -> exp.Expr:
        time = self.source.time
        if time.column:
            return finished(dialect, self.held[time.column], ValueType.MOMENT, column("time"), self.zone)
        return exp.Cast(this=number(parse_moment(time.at, self.zone)), to=exp.DataType.build("BIGINT"))


def mapped_table(
    source: SourceDefinition, columns: Sequence[HeldColumn], plan: TrackingPlan, zone: ZoneInfo, number: int
) -> MappedTable:
    """Return the source with the columns that its table has; times without a zone are in the source's, else in `zone`.

    `number` tells the sources of a store apart.

    Raises ProjectError for a table or column that is not there, or one that cannot be read as the mapping says.
    """
    table = ".".join(source.table or ())
    if not columns:
        raise ProjectError(
            f'source "{source.name}": there is no table {table} in the store "{source.store}", or it may not be read; '
            f"grant the right, or mend {source.file}"
        )
    held = {one.name: one for one in columns}
    for name, asked in source.columns().items():
        if name not in held:
            raise ProjectError(
                f'{Place(source.file, field=asked)}: {table} in the store "{source.store}" has no column "{name}"; '
                f"{did_you_mean(name, held)} A table changed its shape, or the mapping is wrong"
            )
    declared = plan.types_of(source.event) if source.event else dict(plan.traits)
    values = []
    for mapping in source.values:
        (name,) = mapping.columns
        kind = held[name].kind
        wanted = mapping.type or declared.get(mapping.name) or (kind.type if kind is not None else ValueType.TEXT)
        values.append(MappedValue(mapping.name, _fitting(source, held[name], wanted, mapping.name), wanted))
    for name, asked in ((source.user_id, "person"), *((one, "key") for one in source.key)):
        _fitting(source, held[name], ValueType.TEXT, asked)
    if source.time.column:
        _fitting(source, held[source.time.column], ValueType.MOMENT, "time")
    if source.cursor and held[source.cursor].kind not in _CURSOR_KINDS:
        raise ProjectError(
            f'{Place(source.file, field="cursor")}: the column "{source.cursor}" of {table} is '
            f"{held[source.cursor].said}; a cursor is a whole number, or a time to tell the rows of two loads apart"
        )
    _check_days(source, held)
    required = plan.required_of(source.event) if source.event else ()
    for name in required:
        if name not in {one.name for one in values}:
            raise ProjectError(
                f'{Place(source.file, field="properties")}: the tracking plan requires "{name}" of {source.event}; '
                "map a column to it"
            )
    return MappedTable(source, held, tuple(values), required, source.time.zone or zone, f"kohort_rows_{number}")


def _check_days(source: SourceDefinition, held: Mapping[str, HeldColumn]) -> None:
    table = ".".join(source.table or ())
    for name, asked in source.days().items():
        if held[name].kind is not Kind.DATE:
            raise ProjectError(
                f'{Place(source.file, field=f"{asked}.day")}: the column "{name}" of {table} is {held[name].said}; the '
                "days by which a table is partitioned are dates"
            )
    if source.cursor_day and held[source.cursor].kind is Kind.INTEGER:
        raise ProjectError(
            f'{Place(source.file, field="cursor.day")}: the cursor "{source.cursor}" of {table} is a whole number, '
            "which has no day; leave the day out, or name a column with the time of the load"
        )


def _fitting(source: SourceDefinition, held: HeldColumn, wanted: ValueType, asked: str) -> HeldColumn:
    if not fits(held, wanted):
        table = ".".join(source.table or ())
        raise ProjectError(
            f'{Place(source.file, field=asked)}: the column "{held.name}" of {table} is {held.said}, which is not read '
            f"as {wanted}; change the mapping, or convert it in a view of the store"
        )
    return held


def _joined(keys: Sequence[exp.Expr]) -> exp.Expr:
    """Return texts as one, apart by U+001F; NULL if one of them is missing."""
    found = keys[0]
    for one in keys[1:]:
        separated = exp.DPipe(this=found, expression=exp.Chr(expressions=[number(_UNIT_SEPARATOR)]))
        found = exp.DPipe(this=separated, expression=one)
    return found
