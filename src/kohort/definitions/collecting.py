"""What `kohort.yaml` declares of collecting: how much a request, and the collector, may hold; when `run` runs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kohort.clock import DAY, HOUR, MINUTE, parse_duration
from kohort.definitions.fields import Fields
from kohort.errors import DefinitionError, shorten

_SIZE: Final = re.compile(r"(\d{1,6})\s*(B|kB|MB|GB)", re.ASCII)
_UNITS: Final[Mapping[str, int]] = {"B": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30}
_TIME_OF_DAY: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True)
class CollectLimits:
    """The most that the collector takes: bytes of an event and of a batch, events of a batch, bytes waiting in all.

    `waiting` bounds the memory of requests that are being read or written to the journal; what would exceed it is told
    to come again later.
    """

    event: int = 32 * 2**10
    batch: int = 500 * 2**10
    events: int = 2_500
    waiting: int = 64 * 2**20


@dataclass(frozen=True)
class Schedule:
    """When the server runs every stale step by itself.

    `every` so many microseconds, at the time of day `daily` (microseconds after midnight in the project's time zone),
    and `after` so many microseconds without new data; each None for never.
    """

    every: int | None = None
    daily: int | None = None
    after: int | None = None


DEFAULT_LIMITS: Final = CollectLimits()
NO_SCHEDULE: Final = Schedule()


def size_of(text: str) -> int:
    """Return a size such as "32 kB" or "1GB" in bytes (a kB is 1,024); raises ValueError.

    >>> size_of("32 kB")
    32768
    """
    match = _SIZE.fullmatch(text.strip())
    if not match or int(match[1]) == 0:
        raise ValueError(f'"{shorten(text)}" is no size such as "32kB" or "64MB"')
    return int(match[1]) * _UNITS[match[2]]


def collect_limits_of(fields: Fields | None) -> CollectLimits:
    """Read `collect:` of `kohort.yaml`; raises DefinitionError.

    >>> collect_limits_of(Fields({"event": "64kB"}, "kohort.yaml", "collect")).event
    65536
    """
    if fields is None:
        return DEFAULT_LIMITS
    limits = CollectLimits(
        event=fields.build("event", size_of, default="32kB"),
        batch=fields.build("batch", size_of, default="500kB"),
        events=fields.integer("events", default=CollectLimits.events),
        waiting=fields.build("waiting", size_of, default="64MB"),
    )
    fields.refuse_unknown()
    if limits.events < 1:
        raise fields.wrong("events", "a number of events from 1 on", limits.events)
    if not limits.event <= limits.batch <= limits.waiting:
        raise DefinitionError(f"{fields.place('batch')}: an event fits a batch, and a batch what may wait")
    return limits


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
