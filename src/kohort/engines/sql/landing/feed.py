"""Mapped tables as what is loaded: the cursors and times of each, and who came in it, kept from run to run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlglot import expressions as exp

from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.conversions import FIRST_MOMENT, LAST_MOMENT, offsets_of
from kohort.engines.sql.landing.days import DAYS_OFF
from kohort.engines.sql.landing.kinds import HeldColumn, Kind, microseconds
from kohort.engines.sql.landing.mapped import CURSOR, CURSOR_DAY, HAPPENED, HAPPENED_DAY, MappedTable
from kohort.engines.sql.landing.relations import (
    TAKEN,
    TRAIT_COLUMNS,
    Piece,
    event_columns,
    people_rows,
    people_view,
    pieces_of,
)
from kohort.engines.sql.refresh.feeds import Axis, Feed, Load, Part
from kohort.engines.sql.refresh.memory import Memory
from kohort.engines.sql.refresh.statements import stood_and_came
from kohort.engines.sql.statements import Statement, create_table, drop_table, printed
from kohort.engines.sql.terms import PERSON, Parameters, all_of, column, named
from kohort.rules.catalog import Catalog

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TimeAxis(Axis):
    """A column of times, `zoned` or not, which stand for microseconds: those of UTC, or of a local time."""

    zoned: bool = True

    def bound(self, value: int) -> exp.Expr:
        """Return `value`, microseconds, as a time.

        >>> print(TimeAxis("sold", zoned=False).upto(1).sql("postgres"))
        "sold" <= CAST('1970-01-01 00:00:00.000001' AS TIMESTAMP)
        """
        known = timedelta(microseconds=min(max(value, FIRST_MOMENT), LAST_MOMENT))
        kind = exp.DataType.Type.TIMESTAMPTZ if self.zoned else exp.DataType.Type.TIMESTAMP
        time = _EPOCH + known if self.zoned else (_EPOCH + known).replace(tzinfo=None)
        return exp.Cast(this=exp.Literal.string(time.isoformat(" ")), to=exp.DataType(this=kind))

    def read(self, term: exp.Expr, dialect: Dialect) -> exp.Expr:
        """Return a time, now `term`, in microseconds."""
        return microseconds(dialect, term)


def feed_of(tables: Sequence[MappedTable], catalog: Catalog) -> Feed:
    """Return what is loaded of mapped tables that all have a cursor, which `relations` shows."""
    loads = {one.view: _load(one) for one in tables}
    events, traits = (tuple(_part(one, loads) for one in pieces) for pieces in pieces_of(tables))
    return Feed(events, traits, event_columns(catalog), TRAIT_COLUMNS)


def mended_people(dialect: Dialect, memory: Memory, feed: Feed) -> Iterator[Statement]:
    """Yield the statements that bring the table of people in `memory` up to date, and show it as `people`."""
    table, changes, merged = (f"{memory.name}_people{one}" for one in ("", "_changes", "_merged"))
    parameters = Parameters(dialect)
    came = people_rows([memory.new_rows(one) for one in feed.loads])
    if memory.full is not None:
        yield from memory.shelf.make(table, came, parameters)
    else:
        yield create_table(changes, came, parameters)
        first = named(exp.Min(this=column("first_seen")), "first_seen")
        rows = stood_and_came(table, changes, ["first_seen"])
        both = exp.select(column(PERSON), first).from_(rows.subquery("rows")).group_by(column(PERSON))
        yield create_table(merged, both, Parameters(dialect))
        yield from memory.shelf.mend(table, changes, merged, ["first_seen"])
        yield drop_table(dialect, changes)
        yield drop_table(dialect, merged)
    yield people_view(dialect, table)


def rows_without_cursor(dialect: Dialect, table: MappedTable) -> Statement:
    """Return the statement for the number `lacking` of a table's rows that have no cursor, so that none can count.

    Of a table that is partitioned by the day of the cursor only rows that have neither are seen.
    """
    absent = (CURSOR, CURSOR_DAY) if table.source.cursor_day else (CURSOR,)
    lacking = all_of([exp.Is(this=column(one), expression=exp.null()) for one in absent])
    select = exp.select(named(exp.Count(this=exp.Star()), "lacking")).from_(table.view).where(lacking)
    return printed(select, Parameters(dialect))


def _load(table: MappedTable) -> Load:
    held, days = table.natives()[CURSOR], CURSOR_DAY if table.source.cursor_day else None
    cursor = Axis(CURSOR)
    if held.kind is not Kind.INTEGER:
        cursor = TimeAxis(CURSOR, days=days, days_off=DAYS_OFF, zoned=held.kind is Kind.ZONED_TIME)
    return Load(table.source.name, table.view, cursor, table.meaning())


def _part(piece: Piece, loads: Mapping[str, Load]) -> Part:
    time = piece.table.natives().get(HAPPENED)
    axis = None if time is None else _times(time, piece.table)
    return Part(loads[piece.table.view], piece.view, piece.name, axis, TAKEN)


def _times(held: HeldColumn, table: MappedTable) -> Axis:
    """Return the column of a table's times: those without a zone are ahead of UTC by what their zone ever was."""
    days = HAPPENED_DAY if table.source.time.day else None
    if held.kind is Kind.ZONED_TIME:
        return TimeAxis(HAPPENED, days=days, days_off=DAYS_OFF)
    ahead = [offset for _, offset in offsets_of(table.zone)]
    return TimeAxis(HAPPENED, min(ahead), max(ahead), days, DAYS_OFF, zoned=False)
