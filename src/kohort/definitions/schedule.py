"""What `kohort.yaml` declares of the server's own schedule."""

import re
from dataclasses import dataclass
from typing import Final

from kohort.clock import DAY, HOUR, MINUTE, parse_duration
from kohort.definitions.fields import Fields
from kohort.errors import shorten

_TIME_OF_DAY: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


STALLED_AFTER: Final = 25 * HOUR
"""What `stalled_after` is without a word of it: a daily run may take an hour."""

_LONGEST: Final = 366


@dataclass(frozen=True)
class Schedule:
    """When the server runs every stale step by itself.

    `every` so many microseconds, at the time of day `daily` (microseconds after midnight in the project's time zone),
    and `after` so many microseconds without new data; each None for never. A segment that was not evaluated for longer
    than `stalled_after` microseconds is told to be stalled.
    """

    every: int | None = None
    daily: int | None = None
    after: int | None = None
    stalled_after: int = STALLED_AFTER

    @property
    def is_empty(self) -> bool:
        """Whether nothing runs by itself."""
        return self.every is None and self.daily is None and self.after is None


NO_SCHEDULE: Final = Schedule()


def schedule_of(fields: Fields | None) -> Schedule:
    """Read `schedule:` of `kohort.yaml`; raises DefinitionError.

    >>> schedule_of(Fields({"every": "15 minutes", "daily": "03:30"}, "kohort.yaml", "schedule"))
    Schedule(every=900000000, daily=12600000000, after=None, stalled_after=90000000000)
    """
    if fields is None:
        return NO_SCHEDULE
    schedule = Schedule(
        every=_duration(fields, "every"),
        daily=fields.build("daily", _time_of_day) if fields.value("daily") is not None else None,
        after=_duration(fields, "after"),
        stalled_after=_duration(fields, "stalled_after", days=_LONGEST) or STALLED_AFTER,
    )
    fields.refuse_unknown()
    return schedule


def _duration(fields: Fields, name: str, days: int = 1) -> int | None:
    if fields.value(name) is None:
        return None
    duration = fields.build(name, parse_duration)
    if duration > days * DAY:
        raise fields.wrong(name, f"at most {days * 24:,} hours", fields.value(name))
    return duration


def _time_of_day(text: str) -> int:
    match = _TIME_OF_DAY.fullmatch(text)
    if not match:
        raise ValueError(f'"{shorten(text)}" is no time of day such as "03:30"; write it in quotes')
    return int(match[1]) * HOUR + int(match[2]) * MINUTE
