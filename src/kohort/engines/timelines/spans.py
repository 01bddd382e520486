"""From when to when each row counts: a window as two moments of every row, its entering and its leaving.

Both never decrease in the order of time, so that the rows of a person that count at a moment are consecutive.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment, datetime_of
from kohort.engines.columns import Column, Moments, Rows
from kohort.engines.context import Context
from kohort.engines.kernel.masks import where_mask
from kohort.engines.timelines.courses import FOREVER, Ordered, Points, Positions, Stretch, Truth
from kohort.rules.literals import Day, Last
from kohort.rules.nodes import Condition
from kohort.rules.windows import Calendar, FromTo, InMonth, InPeriod, Named, Since, Window

_MONTHS: Final = 12


@dataclass(frozen=True)
class Spans:
    """Rows in the order of people and then of time, and from when (included) to when (excluded) each counts."""

    rows: Rows
    enter: Moments
    leave: Moments

    def counting(self, points: Points) -> tuple[Positions, Positions]:
        """Return for each point the position of the first row that counts, and that after the last."""
        people = self.rows.people
        low = Ordered(people, self.leave).upto(points.people, points.moments)
        return low, Ordered(people, self.enter).upto(points.people, points.moments)

    def turns(self) -> tuple[NDArray[Any], Moments]:
        """Return the people and moments at which a row begins or ceases to count."""
        ending = self.leave != FOREVER
        people = np.concatenate([self.rows.people, self.rows.people[ending]])
        return people, np.concatenate([self.enter, self.leave[ending]])


def spans_of(
    rows: Rows,
    where: tuple[str, Condition | None],
    window: Window | None,
    keep: Collection[str],
    context: Context,
    stretch: Stretch,
) -> Spans:
    """Return when those rows count that count anywhere in the stretch, with the columns that are named `keep`.

    `where` is the rows' event with the condition on its properties, if there is one.
    """
    zone = context.catalog.zone
    rows = part_of(rows, 0, rows.until(stretch.until))
    enter, leave = _turns(rows.ts, window, zone, stretch)
    first = int(np.searchsorted(leave, stretch.since, side="right"))
    rows, enter, leave = part_of(rows, first, len(leave)), enter[first:], leave[first:]
    chosen = _on_fixed_days(rows.ts, window, context)
    event, condition = where
    if condition is not None:
        chosen &= where_mask(condition, rows, event, context)
    order = np.flatnonzero(chosen)
    order = order[np.argsort(rows.people[order], kind="stable")]
    columns = {name: Column(one.values[order], one.dictionary) for name, one in rows.columns.items() if name in keep}
    return Spans(Rows(rows.people[order], rows.ts[order], columns), enter[order], leave[order])


def part_of(rows: Rows, start: int, stop: int) -> Rows:
    """Return the rows from `start` to `stop`, excluded, without a copy.

    >>> part_of(Rows(np.zeros(3, np.int32), np.array([4, 5, 6])), 1, 2).ts.tolist()
    [5]
    """
    columns = {name: Column(one.values[start:stop], one.dictionary) for name, one in rows.columns.items()}
    return Rows(rows.people[start:stop], rows.ts[start:stop], columns)


def midnights(first: date, last: date, zone: ZoneInfo) -> dict[date, Moment]:
    """Return the first moment of each day from `first` to `last`, both included.

    >>> midnights(date(1970, 1, 1), date(1970, 1, 2), ZoneInfo("UTC"))[date(1970, 1, 2)]
    86400000000
    """
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return {day: Day(day).moments(zone)[0] for day in days}


def _turns(ts: Moments, window: Window | None, zone: ZoneInfo, stretch: Stretch) -> tuple[Moments, Moments]:
    match window:
        case Last():
            return ts, ts + window.length
        case Calendar():
            starts = np.array(list(_starts(window.name, stretch, zone)), np.int64)
            following = np.searchsorted(starts, ts, side="right")
            if window.name is Named.YESTERDAY:
                return starts[following], starts[following + 1]
            return ts, starts[following]
        case _:
            return ts, np.full(len(ts), FOREVER, np.int64)


def _starts(name: Named, stretch: Stretch, zone: ZoneInfo) -> Iterator[Moment]:
    """Yield the beginnings of a calendar's days, weeks, months or years.

    From the one before the stretch to the second one after it: what lies before the first has left when the stretch
    begins, and there is a next one, and one after that, for all that lies in it.
    """
    day = _begin(name, datetime_of(stretch.since, zone).date())
    day = _begin(name, day - timedelta(days=1))
    after = 0
    while after < 2:  # noqa: PLR2004 - the second one
        start = Day(day).moments(zone)[0]
        yield start
        after += start > stretch.until
        day = _begin(name, day + timedelta(days=_LONGEST[name]))


_LONGEST: Final = {Named.TODAY: 1, Named.YESTERDAY: 1, Named.THIS_WEEK: 7, Named.THIS_MONTH: 31, Named.THIS_YEAR: 366}


def _begin(name: Named, day: date) -> date:
    match name:
        case Named.THIS_WEEK:
            return day - timedelta(days=day.weekday())
        case Named.THIS_MONTH:
            return day.replace(day=1)
        case Named.THIS_YEAR:
            return day.replace(month=1, day=1)
        case _:
            return day


def _on_fixed_days(ts: Moments, window: Window | None, context: Context) -> Truth:
    """Return which moments lie on the days of a window that does not move with time; all for one that does."""
    zone = context.catalog.zone
    match window:
        case Since():
            return ts >= window.start.moments(zone)[0]
        case FromTo():
            return (ts >= window.low.moments(zone)[0]) & (ts <= window.high.moments(zone)[1])
        case InPeriod():
            first, last = (Day(day).moments(zone) for day in context.catalog.periods[window.name])
            return (ts >= first[0]) & (ts <= last[1])
        case InMonth() if len(ts):
            begin = datetime_of(int(ts[0]), zone)
            years = datetime_of(int(ts[-1]), zone).year - begin.year + 1
            months = np.arange(years * _MONTHS)
            starts = [Day(date(begin.year + one // _MONTHS, one % _MONTHS + 1, 1)).moments(zone)[0] for one in months]
            place = np.searchsorted(np.array(starts, np.int64), ts, side="right") - 1
            return np.asarray(months[place] % _MONTHS + 1 == window.month)
        case _:
            return np.ones(len(ts), np.bool_)
