"""What `kohort.yaml` declares of the server's own schedule."""

import re
from dataclasses import dataclass
from typing import Final

from kohort.clock import DAY, HOUR, MINUTE, parse_duration
from kohort.definitions.fields import Fields
from kohort.errors import shorten

_TIME_OF_DAY: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True)
class Schedule:
    """When the server runs every stale step by itself.

    `every` so many microseconds, at the time of day `daily` (microseconds after midnight in the project's time zone),
    and `after` so many microseconds without new data; each None for never.
    """

    every: int | None = None
    daily: int | None = None
    after: int | None = None


NO_SCHEDULE: Final = Schedule()


def schedule_of(fields: Fields | None) -> Schedule:
    """Read `schedule:` of `kohort.yaml`; raises DefinitionError.

    >>> schedule_of(Fields({"every": "15 minutes", "daily": "03:30"}, "kohort.yaml", "schedule"))
    Schedule(every=900000000, daily=12600000000, after=None)
    """
    if fields is None:
        return NO_SCHEDULE
    schedule = Schedule(
        every=_duration(fields, "every"),
        daily=fields.build("daily", _time_of_day) if fields.value("daily") is not None else None,
        after=_duration(fields, "after"),
    )
    fields.refuse_unknown()
    return schedule


def _duration(fields: Fields, name: str) -> int | None:
    if fields.value(name) is None:
        return None
    duration = fields.build(name, parse_duration)
    if duration > DAY:
        raise fields.wrong(name, "at most 24 hours", fields.value(name))
    return duration


def _time_of_day(text: str) -> int:
    match = _TIME_OF_DAY.fullmatch(text)
    if not match:
        raise ValueError(f'"{shorten(text)}" is no time of day such as "03:30"; write it in quotes')
    return int(match[1]) * HOUR + int(match[2]) * MINUTE
