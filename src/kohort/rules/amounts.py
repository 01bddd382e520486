"""Plain Python values as what they are in a rule: literals, lengths of time, lengths of space."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from kohort.definitions.values import micros_of
from kohort.errors import UsageError, shorten
from kohort.rules.languages import VOCABULARIES, Language
from kohort.rules.literals import Boolean, Day, Duration, Literal, Number, Text, Time
from kohort.rules.operators import LengthUnit

Plain = int | float | Decimal | str | bool | date

_AMOUNT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([^\W\d]+)\s*")


def literal_of(value: object) -> Literal:
    """Return a plain value as a literal; raises UsageError for what is none.

    >>> literal_of(12.5), literal_of("FR"), literal_of(date(2026, 1, 31))
    (Number(micros=12500000), Text(value='FR'), Day(date=datetime.date(2026, 1, 31)))
    """
    match value:
        case bool():
            return Boolean(value)
        case int() | float() | Decimal():
            return Number(number_of(value))
        case str():
            return Text(value)
        case datetime():
            return Time(value)
        case date():
            return Day(value)
        case _:
            raise UsageError(
                f"a value is compared with a number, a text, True, False, a date, a datetime, mean, median or "
                f"quantile(0.9), not with {shorten(repr(value), 40)}"
            )


def number_of(value: float | Decimal | str) -> int:
    """Return a number as micros; raises UsageError for NaN, infinities and what is too large.

    >>> number_of(0.25)
    250000
    """
    try:
        return micros_of(value)
    except ValueError as error:
        raise UsageError(str(error)) from error


def duration_of(written: str) -> Duration:
    """Return a length of time as it is written in an English rule.

    >>> duration_of("7 days")
    Duration(count=7, unit='day')
    """
    count, unit = _amount(written, 'a length of time such as "7 days" or "1 hour"')
    units = VOCABULARIES[Language.EN].unit_of
    if unit not in units or not count.isdecimal():
        raise UsageError(f'"{shorten(written, 40)}" is no length of time; write a whole number such as "7 days"')
    return Duration(int(count), units[unit])


def length_of(written: str) -> tuple[int, LengthUnit]:
    """Return a length in micros of its unit, and the unit.

    >>> length_of("2.5 km")
    (2500000, <LengthUnit.KILOMETRE: 'km'>)
    """
    number, unit = _amount(written, 'a length such as "5 km" or "500 m"')
    if unit not in set(LengthUnit):
        raise UsageError(f'"{shorten(written, 40)}" is no length; write "5 km" or "500 m"')
    return number_of(number), LengthUnit(unit)


def _amount(written: str, wanted: str) -> tuple[str, str]:
    found = _AMOUNT.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise UsageError(f"expected {wanted}, not {shorten(repr(written), 40)}")
    return found[1], found[2].lower()
