"""The values of a store's columns as Kohort's: exact micros, moments in microseconds UTC, texts that say something.

In two steps, each a SELECT over the one before, so that a value is converted once: `prepared` reads the column,
`finished` makes of that what the engine reads.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from sqlglot import expressions as exp

from kohort.clock import moment_of
from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.kinds import (
    HeldColumn,
    Kind,
    decimal_in,
    local_in_zone,
    microseconds,
    octets,
    sized,
    spelling_of,
)
from kohort.engines.sql.terms import all_of, column, number

WHITESPACE: Final = "".join(
    map(chr, (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)
"""The characters of which a blank text is made (Unicode's White_Space)."""

LONGEST_TEXT: Final = 32 * 1024
"""The most bytes of a text; a row with a longer one is refused, as one of a file is."""

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100
"""The years for which a zone's changes of offset are known; before and after, its first and last offset count."""

FIRST_MOMENT: Final = moment_of(datetime(1, 1, 1, tzinfo=UTC))
LAST_MOMENT: Final = moment_of(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
"""The moments that a calendar knows; a time before or after counts as missing."""

_KINDS_OF: Final = {
    ValueType.NUMBER: {Kind.INTEGER, Kind.DECIMAL, Kind.REAL},
    ValueType.TEXT: {Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN},
    ValueType.BOOLEAN: {Kind.BOOLEAN},
    ValueType.MOMENT: {Kind.TIME, Kind.ZONED_TIME, Kind.DATE},
    ValueType.TEXT_LIST: {Kind.TEXTS},
}


def fits(held: HeldColumn, type_: ValueType) -> bool:
    """Tell whether a column's values can be read as `type_`.

    >>> fits(HeldColumn("total", "numeric", Kind.DECIMAL, None), ValueType.NUMBER)
    True
    """
    # Six more places and the six digits before the point have to fit into 38 digits.
    too_fine = held.kind is Kind.DECIMAL and held.scale is not None and held.scale > 31  # noqa: PLR2004 - as said
    return held.kind in _KINDS_OF[type_] and not (too_fine and type_ is ValueType.NUMBER)


def prepared(dialect: Dialect, held: HeldColumn, type_: ValueType) -> exp.Expr:
    """Return what `finished` starts from: decimals, texts, times as microseconds without regard to a zone."""
    match type_:
        case ValueType.NUMBER:
            return decimal_in(dialect, held)
        case ValueType.MOMENT:
            term: exp.Expr = column(held.name)
            if held.kind is Kind.DATE:
                term = exp.Cast(this=term, to=exp.DataType.build("TIMESTAMP"))
            return microseconds(dialect, term)
        case ValueType.TEXT:
            return exp.Cast(this=column(held.name), to=exp.DataType.build("TEXT"))
        case ValueType.TEXT_LIST:
            return exp.Cast(this=column(held.name), to=exp.DataType.build("TEXT[]"))
        case _:
            return column(held.name)


def finished(dialect: Dialect, held: HeldColumn, type_: ValueType, term: exp.Expr, zone: ZoneInfo) -> exp.Expr:
    """Return the value of what `prepared` gave, now `term`; times without a zone are in `zone`."""
    match type_:
        case ValueType.NUMBER:
            return micros(dialect, held, term)
        case ValueType.MOMENT:
            known = [_at_least(term, FIRST_MOMENT), exp.LTE(this=term.copy(), expression=number(LAST_MOMENT))]
            moment = term.copy() if held.kind is Kind.ZONED_TIME else _in_zone(dialect, term.copy(), zone)
            return exp.Case(ifs=[exp.If(this=all_of(known), true=moment)])
        case ValueType.TEXT if held.kind is Kind.TEXT:
            trimmed = exp.Trim(this=term, expression=exp.Literal.string(WHITESPACE))
            says = exp.NEQ(this=trimmed, expression=exp.Literal.string(""))
            return exp.Case(ifs=[exp.If(this=says, true=term.copy())])
        case _:
            return term


def refused(dialect: Dialect, held: HeldColumn, term: exp.Expr) -> list[exp.Expr]:
    """Return what makes a row unreadable by the text that `prepared` gave, now `term`: its length, or U+0000."""
    if held.kind is not Kind.TEXT:
        return []
    found: list[exp.Expr] = [exp.GT(this=octets(dialect, term), expression=number(LONGEST_TEXT))]
    if dialect.holds_nul:
        nul = exp.StrPosition(this=term.copy(), substr=exp.Chr(expressions=[number(0)]))
        found.append(exp.GT(this=nul, expression=number(0)))
    return found


def micros(dialect: Dialect, held: HeldColumn, term: exp.Expr) -> exp.Expr:
    """Return a decimal as micros, rounded half-even; NULL for NaN, infinities and what 64 bits cannot hold.

    The part before the point is exact; what is rounded are the millions of the part behind it.
    """
    places = 25 if held.scale is None or held.kind is not Kind.DECIMAL else held.scale
    rest = exp.Paren(this=exp.Mod(this=term, expression=number(1)))
    whole = sized(dialect, exp.Paren(this=exp.Sub(this=term.copy(), expression=rest)), 38, 0)
    fraction = sized(dialect, rest.copy(), places + 6 if places <= 31 else 38, places)  # noqa: PLR2004 - of 38
    millions = exp.Paren(this=exp.Mul(this=fraction, expression=sized(dialect, number(MICRO), 7, 0)))
    over = exp.Paren(this=exp.Mod(this=millions, expression=number(1)))
    kept = sized(dialect, exp.Paren(this=exp.Sub(this=millions.copy(), expression=over)), 38, 0)
    half = exp.Literal.number("0.5")
    odd = exp.NEQ(this=exp.Mod(this=exp.Paren(this=kept.copy()), expression=number(2)), expression=number(0))
    beyond = exp.GT(this=exp.Abs(this=over.copy()), expression=half)
    tie = exp.And(this=exp.EQ(this=exp.Abs(this=over.copy()), expression=half.copy()), expression=odd)
    # The sign by hand, since that of Spark's is a float.
    below = exp.LT(this=over.copy(), expression=number(0))
    away = exp.Case(ifs=[exp.If(this=below, true=number(-1))], default=number(1))
    rounding = exp.Case(ifs=[exp.If(this=exp.Or(this=beyond, expression=tie), true=away)], default=number(0))
    scaled = exp.Mul(this=whole, expression=number(MICRO))
    total: exp.Expr = exp.Paren(this=exp.Add(this=exp.Add(this=scaled, expression=kept), expression=rounding))
    total = sized(dialect, total, 38, 0)
    held_by_all = exp.LT(this=exp.Abs(this=term.copy()), expression=number(LARGEST_MICROS // MICRO + 1))
    held_at_last = exp.LTE(this=exp.Abs(this=total), expression=number(LARGEST_MICROS))
    small = exp.Case(ifs=[exp.If(this=held_at_last, true=exp.Cast(this=total.copy(), to=exp.DataType.build("BIGINT")))])
    return exp.Case(ifs=[exp.If(this=held_by_all, true=small)])


def _in_zone(dialect: Dialect, local: exp.Expr, zone: ZoneInfo) -> exp.Expr:
    """Return the moment of a local time, itself microseconds, of `zone`."""
    spelling, changes = spelling_of(dialect), len(offsets_of(zone)) > 1
    if spelling.knows_zones and changes:
        return local_in_zone(local, zone.key)
    offset = _looked_up(local, offsets_of(zone)) if spelling.buckets and changes else offset_of(local, zone)
    return exp.Sub(this=local, expression=exp.Paren(this=offset))


def offset_of(local: exp.Expr, zone: ZoneInfo) -> exp.Expr:
    """Return how many microseconds `zone` is ahead of UTC at a local time, itself microseconds; by halving.

    An hour that a change repeats means its first passage; one that it skips is read as if there were no change yet.
    """
    return _halved(local, offsets_of(zone))


@cache
def offsets_of(zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    """Return the offsets of `zone` by the local time from which each holds, both in microseconds.

    >>> [(len(offsets_of(ZoneInfo(name))), offsets_of(ZoneInfo(name))[0][1]) for name in ("UTC", "Etc/GMT-2")]
    [(1, 0), (1, 7200000000)]
    """
    time, end = datetime(FIRST_YEAR, 1, 1, tzinfo=zone), datetime(LAST_YEAR + 1, 1, 1, tzinfo=zone)
    before = _offset(time)
    found = [(FIRST_MOMENT, before)]
    while time < end:
        later = time + timedelta(days=1)
        offset = _offset(later)
        if offset != before:
            found.append((_first_with(offset, time, later), offset))
        time, before = later, offset
    return tuple(found)


def _first_with(offset: int, before: datetime, after: datetime) -> int:
    """Return the first local time, in microseconds and to the second, from which `offset` holds up to `after`."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (before, middle) if _offset(middle) == offset else (middle, after)
    return moment_of(after.replace(tzinfo=UTC))


def _offset(time: datetime) -> int:
    return (time.utcoffset() or timedelta()) // timedelta(microseconds=1)


def _halved(local: exp.Expr, offsets: Sequence[tuple[int, int]]) -> exp.Expr:
    if len(offsets) == 1:
        return number(offsets[0][1])
    middle = len(offsets) // 2
    later = exp.If(this=_at_least(local, offsets[middle][0]), true=_halved(local, offsets[middle:]))
    return exp.Case(ifs=[later], default=_halved(local, offsets[:middle]))


def _looked_up(local: exp.Expr, offsets: Sequence[tuple[int, int]]) -> exp.Expr:
    place = exp.Anonymous(this="WIDTH_BUCKET", expressions=[local.copy(), _array(begin for begin, _ in offsets[1:])])
    found = exp.Add(this=place, expression=number(1))
    return exp.Bracket(this=exp.Paren(this=_array(offset for _, offset in offsets)), expressions=[found], offset=1)


def _array(numbers: Iterable[int]) -> exp.Expr:
    listed = exp.Array(expressions=[number(one) for one in numbers])
    return exp.Cast(this=listed, to=exp.DataType.build("ARRAY<BIGINT>"))


def _at_least(term: exp.Expr, low: int) -> exp.Expr:
    return exp.GTE(this=term.copy(), expression=number(low))
