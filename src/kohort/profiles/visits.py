"""Behavioural traits of visits: how often somebody comes, for how long, when, and from where."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from kohort.clock import DAY, MINUTE, Moment
from kohort.definitions.values import ValueType
from kohort.definitions.visits import Channel
from kohort.profiles.grouping import (
    EVENING_FROM,
    WEEKEND_FROM,
    Groups,
    Numbers,
    intervals,
    local_times,
    micros,
    ratio,
)

CHANNELS: Final = tuple(Channel)
_DIRECT: Final = CHANNELS.index(Channel.DIRECT)

TRAITS: Final = {
    "visits": ValueType.NUMBER,
    "recent_visits": ValueType.NUMBER,
    "visit_minutes": ValueType.NUMBER,
    "site_minutes": ValueType.NUMBER,
    "pages_per_visit": ValueType.NUMBER,
    "bounce_share": ValueType.NUMBER,
    "last_visit_days": ValueType.NUMBER,
    "visit_interval_days": ValueType.NUMBER,
    "visit_interval_variability": ValueType.NUMBER,
    "visit_interval_trend": ValueType.NUMBER,
    "visit_evening_share": ValueType.NUMBER,
    "visit_weekend_share": ValueType.NUMBER,
    "visit_channel": ValueType.TEXT,
    **{f"visit_{channel}_share": ValueType.NUMBER for channel in CHANNELS},
}
"""The traits that `visit_traits` writes."""


@dataclass(frozen=True)
class Visits:
    """Visits one after another, by person and time.

    `people` as the events have them, `begin` and `end` the moments of the first and the last event, `events` and
    `pages` how many there are, `channels` the place in `CHANNELS` of where each came from.
    """

    people: Numbers
    begin: Numbers
    end: Numbers
    events: Numbers
    pages: Numbers
    channels: Numbers


def visits_in(people: Numbers, ts: Numbers, pages: Numbers, channels: Numbers, *, timeout: int) -> Visits:
    """Return the visits that events make up; arrays have a place for each event, sorted by person and time.

    A visit goes on while the pause to the next event is at most `timeout` microseconds. `pages` tells which events show
    a page, `channels` where each came from, -1 where it does not say: a visit came from where its first event that says
    so did, and is direct if none does.

    >>> ts = np.array([0, MINUTE, 40 * MINUTE])
    >>> two = visits_in(np.zeros(3), ts, np.ones(3, bool), np.array([-1, 2, -1]), timeout=30 * MINUTE)
    >>> two.events.tolist(), ((two.end - two.begin) // MINUTE).tolist(), two.channels.tolist()
    ([2, 1], [1, 0], [2, 0])
    """
    first = np.ones(len(ts), dtype=np.bool_)
    first[1:] = (np.diff(people) != 0) | (np.diff(ts) > timeout)
    starts = np.flatnonzero(first)
    if not len(starts):
        nothing = np.zeros(0, dtype=np.int64)
        return Visits(people, nothing, nothing, nothing, nothing, nothing)
    ends = np.append(starts[1:], len(ts)) - 1
    # The first event of each visit that says where it came from, one past all of them where none does.
    telling = np.minimum.reduceat(np.where(channels >= 0, np.arange(len(ts)), len(ts)), starts)
    channel = np.append(channels, -1)[telling]
    return Visits(
        people=people[starts],
        begin=ts[starts],
        end=ts[ends],
        events=ends - starts + 1,
        pages=np.add.reduceat(pages.astype(np.int64), starts),
        channels=np.where(channel >= 0, channel, _DIRECT),
    )


def visit_traits(visits: Visits, *, at: Moment, zone: str, recent: int) -> dict[str, pa.Array]:
    """Return the traits of those who visited, one place for each, in the order of `visits.people`; numbers are micros.

    `zone` is the IANA time zone in which evenings (from 17:00) and weekends are told, by the begin of a visit; `recent`
    is a stretch in microseconds. Time on the site is from the first to the last event of a visit: one of a single
    event, a bounce, counts as 0 minutes and is part of the mean.

    >>> once = Visits(*(np.array([number]) for number in (7, 0, 5 * MINUTE, 3, 2, 1)))
    >>> traits = visit_traits(once, at=DAY, zone="UTC", recent=DAY)
    >>> traits["visit_minutes"].to_pylist(), traits["visit_channel"].to_pylist()
    ([5000000], ['search'])
    """
    groups = Groups.of(visits.people)
    count = groups.counts
    last = groups.starts + count - 1
    minutes = groups.total((visits.end - visits.begin) / MINUTE)
    hour, weekday = local_times(visits.begin, zone)
    mean, variability, trend = intervals(visits.begin, groups)
    by_channel = groups.table(visits.channels, len(CHANNELS))
    usual = groups.most_frequent(visits.channels, len(CHANNELS))
    return {
        "visits": micros(count),
        "recent_visits": micros(groups.total((visits.begin > at - recent).astype(np.int64))),
        "visit_minutes": ratio(minutes, count),
        "site_minutes": micros(minutes),
        "pages_per_visit": ratio(groups.total(visits.pages), count),
        "bounce_share": ratio(groups.total((visits.events == 1).astype(np.int64)), count),
        "last_visit_days": micros((at - visits.end[last]) / DAY),
        "visit_interval_days": mean,
        "visit_interval_variability": variability,
        "visit_interval_trend": trend,
        "visit_evening_share": ratio(groups.total((hour >= EVENING_FROM).astype(np.int64)), count),
        "visit_weekend_share": ratio(groups.total((weekday >= WEEKEND_FROM).astype(np.int64)), count),
        "visit_channel": pa.array([str(CHANNELS[one]) for one in usual], pa.string()),
        **{f"visit_{one}_share": ratio(by_channel[:, place], count) for place, one in enumerate(CHANNELS)},
    }
