"""When the server runs what is stale."""

from zoneinfo import ZoneInfo

from kohort.clock import DAY, Moment, datetime_of, moment_of, step_from
from kohort.definitions.schedule import Schedule


def is_due(schedule: Schedule, *, last: Moment, now: Moment, arrived: Moment | None, zone: ZoneInfo) -> bool:
    """Tell whether a run is due at `now`, if the last one began at `last` and the newest data came at `arrived`.

    `every` counts from midnight in `zone`, so that runs come at the same times every day.

    >>> from kohort.clock import HOUR, MINUTE
    >>> utc, quarterly = ZoneInfo("UTC"), Schedule(every=15 * MINUTE)
    >>> [is_due(quarterly, last=0, now=now, arrived=None, zone=utc) for now in (14 * MINUTE, 15 * MINUTE)]
    [False, True]
    >>> nightly = Schedule(daily=3 * HOUR)
    >>> [is_due(nightly, last=4 * HOUR, now=now, arrived=None, zone=utc) for now in (DAY, DAY + 3 * HOUR)]
    [False, True]
    >>> arrival = Schedule(after=MINUTE)
    >>> [is_due(arrival, last=0, now=now, arrived=HOUR, zone=utc) for now in (HOUR, HOUR + MINUTE)]
    [False, True]
    """
    midnight = datetime_of(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    today = moment_of(midnight)
    if schedule.every is not None and last < today + (now - today) // schedule.every * schedule.every:
        return True
    if schedule.daily is not None:
        time = moment_of(midnight.replace(hour=0)) + schedule.daily
        newest = time if time <= now else step_from(time, -1, DAY, zone)
        if last < newest:
            return True
    return schedule.after is not None and arrived is not None and last < arrived <= now - schedule.after
