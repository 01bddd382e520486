"""The windows of time that a value over events looks at, and the moments that each of them holds.

`last N days` is a length of time; all others are calendar windows, days of the project's time zone: a
daylight-saving day has 23 or 25 hours, a week begins on Monday.
"""

from calendar import isleap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from kohort.clock import Moment, datetime_of
from kohort.errors import RefusalError
from kohort.rules.literals import Day, Last, Node, Time, check_unicode

Dates = tuple[date, date]
Periods = Mapping[str, Dates]
Range = tuple[Moment | None, Moment]

_MONTHS = 12


class Named(StrEnum):
    """The calendar windows that have a name."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this week"
    THIS_MONTH = "this month"
    THIS_YEAR = "this year"


@dataclass(frozen=True)
class Calendar(Node):
    """The day, week, month or year of the calendar in which the moment of evaluation lies, or the day before.

    >>> Calendar(Named.THIS_WEEK)
    Calendar(name=<Named.THIS_WEEK: 'this week'>)
    """

    name: Named


@dataclass(frozen=True)
class Since(Node):
    """From the beginning of a day, or from an exact time, on."""

    start: Day | Time


@dataclass(frozen=True)
class FromTo(Node):
    """From one day or time to another, both included, the last day wholly: `between 2026-01-01 and 2026-03-31`."""

    low: Day | Time
    high: Day | Time


@dataclass(frozen=True)
class InMonth(Node):
    """A month of the calendar, 1 to 12, of every year."""

    month: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= _MONTHS:
            raise RefusalError("a year has the months 1 to 12")


@dataclass(frozen=True)
class InPeriod(Node):
    """A campaign period that the project declares by its name."""

    name: str

    def __post_init__(self) -> None:
        check_unicode(self.name)


Window = Last | Calendar | Since | FromTo | InMonth | InPeriod


def canonical_window(window: Window | None) -> Window | None:
    """Return the same window in its one canonical form.

    >>> canonical_window(Last(2, "week"))
    Last(count=14, unit='day')
    """
    return window.canonical() if isinstance(window, Last) else window


def ranges_of(window: Window, at: Moment, zone: ZoneInfo, periods: Periods, earliest: Moment) -> tuple[Range, ...]:
    """Return the ranges of moments, both ends included and none after `at`, that `window` holds as of `at`.

    A month of every year begins with the year of `earliest`, the first moment that matters. A range that is
    wholly after `at` is left out; None is no lower bound.

    >>> from kohort.clock import parse_moment
    >>> paris = ZoneInfo("Europe/Paris")
    >>> noon = parse_moment("2026-03-29T12:00", paris)
    >>> ((low, high),) = ranges_of(Calendar(Named.TODAY), noon, paris, {}, 0)
    >>> (noon - low) // 3_600_000_000  # the night to summer time is an hour short
    11
    """
    match window:
        case Last():
            found = [(at - window.length + 1, at)]
        case Since():
            found = [(window.start.moments(zone)[0], at)]
        case FromTo():
            found = [(window.low.moments(zone)[0], window.high.moments(zone)[1])]
        case _:
            found = [
                (Day(first).moments(zone)[0], Day(last).moments(zone)[1])
                for first, last in _days(window, datetime_of(at, zone).date(), zone, periods, earliest)
            ]
    return tuple((low, min(high, at)) for low, high in found if low <= min(high, at))


def _days(
    window: Calendar | InMonth | InPeriod, today: date, zone: ZoneInfo, periods: Periods, earliest: Moment
) -> Iterator[Dates]:
    match window:
        case InPeriod():
            yield periods[window.name]
        case InMonth():
            for year in range(datetime_of(earliest, zone).year, today.year + 1):
                first = date(year, window.month, 1)
                yield first, _before_next_month(first)
        case Calendar(name=Named.TODAY):
            yield today, today
        case Calendar(name=Named.YESTERDAY):
            yield today - timedelta(days=1), today - timedelta(days=1)
        case Calendar(name=Named.THIS_WEEK):
            yield today - timedelta(days=today.weekday()), today
        case Calendar(name=Named.THIS_MONTH):
            yield today.replace(day=1), today
        case Calendar():
            yield today.replace(month=1, day=1), today


def _before_next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def is_anniversary(moment: Moment, at: Moment, days: int, zone: ZoneInfo) -> bool:
    """Return whether the day of `moment` comes round, in a later year, from the day of `at` to `days` days after it.

    Calendar dates in `zone` are compared; 29 February comes round on 28 February in common years.

    >>> from kohort.clock import parse_moment
    >>> born, today = (parse_moment(one, ZoneInfo("UTC")) for one in ("1996-02-29", "2026-02-21T12:00"))
    >>> is_anniversary(born, today, 7, ZoneInfo("UTC")), is_anniversary(born, today, 6, ZoneInfo("UTC"))
    (True, False)
    """
    born, today = datetime_of(moment, zone).date(), datetime_of(at, zone).date()
    following = (comes_round(born, year) for year in (today.year, today.year + 1) if year > born.year)
    return any(0 <= (day - today).days <= days for day in following)


def comes_round(born: date, year: int) -> date:
    """Return the day of `year` on which the day `born` comes round: 28 February for a leap day in a common year.

    >>> comes_round(date(1996, 2, 29), 2026)
    datetime.date(2026, 2, 28)
    """
    leap_day_missing = (born.month, born.day) == (2, 29) and not isleap(year)
    return date(year, 2, 28) if leap_day_missing else born.replace(year=year)
