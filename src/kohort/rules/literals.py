"""What people write down in a rule: numbers, text, booleans, dates, times, and the window `in last N days`."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from kohort.clock import DAY, HOUR, MINUTE, SECOND, UNITS, Moment, moment_of
from kohort.definitions.values import LARGEST_MICROS, ValueType
from kohort.errors import RefusalError

Span = tuple[int, int]

LONGEST_WINDOW: Final = 36_525 * DAY


@dataclass(frozen=True)
class Node:
    """A part of a rule. `span` is where it stood in the sentence, if it was read from one; it never counts in `==`."""

    span: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class Number(Node):
    """An exact decimal with six places, in micros.

    >>> Number(2_500_000)
    Number(micros=2500000)
    """

    micros: int

    def __post_init__(self) -> None:
        if not -LARGEST_MICROS <= self.micros <= LARGEST_MICROS:
            raise RefusalError("the number is larger than Kohort can hold; write one below 9,000,000,000,000")


@dataclass(frozen=True)
class Text(Node):
    """A text, compared exactly.

    >>> Text("FR")
    Text(value='FR')
    """

    value: str

    def __post_init__(self) -> None:
        check_unicode(self.value)


@dataclass(frozen=True)
class Boolean(Node):
    """True or false."""

    value: bool


@dataclass(frozen=True)
class Day(Node):
    """A whole calendar day in the project's time zone.

    >>> Day(date(2026, 1, 31)).moments(ZoneInfo("UTC"))
    (1769817600000000, 1769903999999999)
    """

    date: date

    def __post_init__(self) -> None:
        if self.date == date.max:
            raise RefusalError("the last day of the calendar has no end; write an earlier date")

    def moments(self, zone: ZoneInfo) -> tuple[Moment, Moment]:
        """Return the first and the last microsecond of the day in `zone`; a daylight-saving day has 23 or 25 hours."""
        start, end = (
            datetime(day.year, day.month, day.day, tzinfo=zone) for day in (self.date, self.date + timedelta(days=1))
        )
        return moment_of(start), moment_of(end) - 1


@dataclass(frozen=True)
class Time(Node):
    """An exact time; without an offset it is in the project's time zone.

    >>> Time(datetime.fromisoformat("2026-01-31T09:30:00+01:00")).moments(ZoneInfo("UTC"))
    (1769848200000000, 1769848200000000)
    """

    time: datetime

    def __post_init__(self) -> None:
        offset = self.time.utcoffset()
        if offset is not None and offset % timedelta(minutes=1):
            raise RefusalError("the offset of a time is whole minutes, such as +01:00")

    def moments(self, zone: ZoneInfo) -> tuple[Moment, Moment]:
        """Return the moment twice: a time begins and ends at once, where a day lasts."""
        moment = moment_of(self.time if self.time.tzinfo else self.time.replace(tzinfo=zone))
        return moment, moment


Literal = Number | Text | Boolean | Day | Time

_TYPES: Final = {
    Number: ValueType.NUMBER,
    Text: ValueType.TEXT,
    Boolean: ValueType.BOOLEAN,
    Day: ValueType.MOMENT,
    Time: ValueType.MOMENT,
}


def type_of(literal: Literal) -> ValueType:
    """Return the type that a value must have to be compared with `literal`.

    >>> type_of(Number(1)).value
    'number'
    """
    return _TYPES[type(literal)]


@dataclass(frozen=True)
class Duration(Node):
    """A length of time, `count` times `unit` (second, minute, hour, day or week); a day is always 24 hours.

    >>> Duration(90, "minute").length == 5_400_000_000
    True
    """

    count: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit in {"month", "year"}:
            raise RefusalError("a month or a year has no fixed length; write days or weeks, such as 30 days")
        if self.unit not in UNITS:
            raise RefusalError(
                '"{unit}" is no unit of time; write seconds, minutes, hours, days or weeks', unit=self.unit
            )
        if self.count <= 0:
            raise RefusalError("a window of no length holds nothing; write at least 1")
        if self.length > LONGEST_WINDOW:
            raise RefusalError("a window of more than 100 years; leave it out to count everything")

    @property
    def length(self) -> int:
        """The length in microseconds."""
        return self.count * UNITS[self.unit]

    def canonical(self) -> Self:
        """Return the same length in the largest unit up to days that divides it, so that equal lengths are one.

        >>> Last(24, "hour").canonical(), Last(2, "week").canonical()
        (Last(count=1, unit='day'), Last(count=14, unit='day'))
        """
        for unit, length in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
            if self.length % length == 0:
                return replace(self, count=self.length // length, unit=unit)
        return replace(self, count=self.length // SECOND, unit="second")


@dataclass(frozen=True)
class Last(Duration):
    """The window (t − D, t], half-open: `in last 7 days`.

    >>> Last(8, "week").length == 56 * DAY
    True
    """


def check_unicode(text: str) -> None:
    """Raise DefinitionError if `text` cannot be stored: half of a surrogate pair is no character."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise RefusalError("the text holds half a character (a lone surrogate), which cannot be stored")
