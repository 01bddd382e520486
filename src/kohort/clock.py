"""The only place that reads the time, and all arithmetic on moments.

A moment is an integer: microseconds since 1970-01-01 UTC. Time zones matter only where people read or
write a moment, so they appear here and nowhere else.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import process_time, time_ns
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kohort.errors import DefinitionError, shorten

Moment = int

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
UNITS: Final = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED: Final = 2**16
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MINUTE: Final = re.compile(r"T\d\d:\d\d", re.ASCII)
_SECOND: Final = re.compile(r":\d\d(\.\d{1,6})?Z", re.ASCII)
_DURATION: Final = re.compile(r"\s*(\d{1,9})\s*(second|minute|hour|day|week)s?\s*", re.ASCII)


class Clock(Protocol):
    """Something that knows the present moment; passed in wherever the present matters."""

    def now(self) -> Moment:
        """Return the present moment, in microseconds since 1970-01-01 UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> Moment:
        """Return the machine's present moment."""
        return time_ns() // 1_000


def processor_seconds() -> float:
    """Return the seconds that this process has had a processor: the difference of two tells what work costs."""
    return process_time()


def moment_of(time: datetime) -> Moment:
    """Return the moment of an aware datetime, exactly.

    >>> moment_of(datetime(1970, 1, 2, tzinfo=UTC)) == DAY
    True
    """
    return (time - _EPOCH) // timedelta(microseconds=1)


def datetime_of(moment: Moment, zone: ZoneInfo) -> datetime:
    """Return `moment` as an aware datetime in `zone`.

    >>> datetime_of(0, ZoneInfo("Europe/Paris")).isoformat()
    '1970-01-01T01:00:00+01:00'
    """
    return (_EPOCH + timedelta(microseconds=moment)).astimezone(zone)


def parse_moment(text: str, zone: ZoneInfo) -> Moment:
    """Read an ISO 8601 time; without an offset it is in `zone`; a date alone is its first instant.

    An hour that a daylight-saving change repeats means its first passage; one that it skips means the
    moment as if the change had not happened yet (PEP 495, fold 0).

    Raises ValueError if `text` is no ISO 8601 time or lies outside the years 1 to 9999.

    >>> parse_moment("2017-01-01", ZoneInfo("UTC"))
    1483228800000000
    >>> parse_moment("2017-01-01T01:00+01:00", ZoneInfo("Asia/Kolkata"))
    1483228800000000
    """
    try:
        if text[16:17] == ":" and text[-1:] == "Z":
            return _day_of(text[:10]) + _minute_of(text[10:16]) + _second_of(text[16:])
    except ValueError:
        pass  # it is written in another way
    try:
        time = datetime.fromisoformat(text.strip())
        return moment_of(time if time.tzinfo else time.replace(tzinfo=zone))
    except (ValueError, OverflowError) as error:
        raise ValueError(f'"{shorten(text)}" is no ISO 8601 time such as 2026-01-31T09:30:00+01:00') from error


# Times that SDKs send are made of few days, minutes and seconds: each is read once.
@lru_cache(_REMEMBERED)
def _day_of(text: str) -> Moment:
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return moment_of(datetime.fromisoformat(f"{text}T00:00Z"))


@lru_cache(_REMEMBERED)
def _minute_of(text: str) -> Moment:
    if not _MINUTE.fullmatch(text):
        raise ValueError(text)
    return moment_of(datetime.fromisoformat(f"1970-01-01{text}Z"))


@lru_cache(_REMEMBERED)
def _second_of(text: str) -> Moment:
    if not _SECOND.fullmatch(text):
        raise ValueError(text)
    return moment_of(datetime.fromisoformat(f"1970-01-01T00:00{text}"))


def format_moment(moment: Moment, zone: ZoneInfo) -> str:
    """Return `moment` in ISO 8601 with the offset of `zone`.

    >>> format_moment(1483228800000000, ZoneInfo("America/New_York"))
    '2016-12-31T19:00:00-05:00'
    """
    return datetime_of(moment, zone).isoformat()


def format_utc(moment: Moment) -> str:
    """Return `moment` in ISO 8601 in UTC, always to the microsecond, as programs are told it.

    >>> format_utc(1483228800000000)
    '2017-01-01T00:00:00.000000+00:00'
    """
    return (_EPOCH + timedelta(microseconds=moment)).isoformat(timespec="microseconds")


def parse_duration(text: str) -> int:
    """Read a duration such as "56 days" as microseconds; an hour is 3,600 s, a day 24 h, a week 7 days.

    Raises ValueError if `text` is no whole positive number of seconds, minutes, hours, days or weeks.

    >>> parse_duration("8 weeks") == 56 * DAY
    True
    """
    match = _DURATION.fullmatch(text)
    if not match or int(match[1]) == 0:
        raise ValueError(f'"{shorten(text)}" is no duration such as "90 minutes" or "56 days"')
    return int(match[1]) * UNITS[match[2]]


def step_from(moment: Moment, steps: int, every: int, zone: ZoneInfo) -> Moment:
    """Return the moment so many steps of `every` microseconds after `moment` (before, if negative).

    Steps of whole days are days of the calendar in `zone`: they keep the time of day when the clocks change.

    >>> autumn = parse_moment("2026-10-24", ZoneInfo("Europe/Paris"))
    >>> format_moment(step_from(autumn, 2, DAY, ZoneInfo("Europe/Paris")), ZoneInfo("Europe/Paris"))
    '2026-10-26T00:00:00+01:00'
    >>> step_from(0, -2, HOUR, ZoneInfo("Europe/Paris")) == -2 * HOUR
    True
    """
    if every % DAY:
        return moment + steps * every
    return moment_of(datetime_of(moment, zone) + timedelta(days=steps * (every // DAY)))


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name; raises DefinitionError if there is none.

    >>> zone_of("Europe/Paris").key
    'Europe/Paris'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DefinitionError(
            f'unknown time zone "{shorten(name)}"; write an IANA name such as "Europe/Paris" or "UTC"'
        ) from error
