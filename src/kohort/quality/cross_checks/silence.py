"""Events that have fallen silent: how many came lately, against how many come at this time of the week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import HOUR, WEEK, Moment
from kohort.stats.comparisons import holm
from kohort.stats.counts import lower_tail

MOST_WEEKS: Final = 8
"""How many weeks an event is compared with, if it has them."""
FEWEST_WEEKS: Final = 4
"""How many weeks an event must have before anything is said of it."""
FALSE_ALARMS: Final = 0.01
"""In what share of the looks one or more events are called silent though nothing has changed."""
WINDOWS: Final = (24, 6, 1)
"""The last hours that are looked at."""
HOURS_BACK: Final = (MOST_WEEKS + 1) * WEEK // HOUR
"""How many hours are looked at."""
_AT_MOST: Final = 0.5
_HOURS: Final = WEEK // HOUR


@dataclass(frozen=True)
class Silence:
    """An event of which `count` came in the last `hours`, where `expected` do at this time of the week.

    That is the mean of `weeks` weeks; `p_value` holds for all events and hours that were looked at together.
    """

    event: str
    hours: int
    count: int
    expected: float
    weeks: int
    p_value: float


@dataclass(frozen=True, eq=False)
class Occurrences:
    """How often an event came: `hourly` (int64) by hours before the moment `end`, up to which all is known.

    `hourly` goes back nine weeks at most, and `first` is the moment of the first one ever.
    """

    hourly: NDArray[np.int64]
    first: Moment
    end: Moment

    @classmethod
    def of(cls, times: NDArray[np.int64], end: Moment) -> "Occurrences":
        """Return those of an event that came at `times`, int64 moments, of which there is one or more."""
        ages = (end - times[times <= end]) // HOUR
        return cls(np.bincount(ages[ages < HOURS_BACK]), int(times.min()), end)


def find_silence(events: Mapping[str, Occurrences], *, false_alarms: float = FALSE_ALARMS) -> list[Silence]:
    """Return the events of which far fewer came lately than usual, the longest stretch of each that shows it.

    The last 24, 6 and 1 hours are each held against the same hours of up to eight weeks before: the count of a quiet
    event follows a negative binomial distribution whose mean is theirs, and whose variance is that mean times the
    dispersion of all such stretches (Pearson's, never below 1), and times 1 + 1 / weeks, since the mean is estimated.
    After Farrington et al. 1996, JRSS A 159:547, and Noufaily et al. 2013, Statistics in Medicine 32:1206, for the
    other tail. P-values are Holm's over all events and stretches, so that in at most the share `false_alarms` of the
    looks anything is said wrongly; and at most half of what is usual must have come.

    >>> usual = np.arange(0, 6 * WEEK, HOUR // 4)
    >>> quiet = Occurrences.of(usual[: -4 * 6], end=6 * WEEK)
    >>> [(one.event, one.hours, one.count, one.expected) for one in find_silence({"page_viewed": quiet})]
    [('page_viewed', 6, 0, 24.0)]
    """
    looks = [look for name, one in sorted(events.items()) for look in _looks(name, one)]
    adjusted = holm([one.p_value for one in looks]).tolist() if looks else []
    found: dict[str, Silence] = {}
    for look, p_value in zip(looks, adjusted, strict=True):
        if p_value <= false_alarms and look.count <= _AT_MOST * look.expected:
            told = Silence(look.event, look.hours, look.count, look.expected, look.weeks, p_value)
            found.setdefault(look.event, told)
    return list(found.values())


def _looks(name: str, event: Occurrences) -> Sequence[Silence]:
    """Return each stretch of an event that can be judged, the longest first, with its own p-value."""
    weeks = min(MOST_WEEKS, (event.end - event.first) // WEEK - 1)
    if weeks < FEWEST_WEEKS:
        return []
    hourly = np.zeros((weeks + 1) * _HOURS, np.int64)
    known = event.hourly[: len(hourly)]
    hourly[: len(known)] = known
    found = []
    for hours in WINDOWS:
        counts = hourly.reshape(weeks + 1, _HOURS // hours, hours).sum(axis=2)
        means = counts[1:].mean(axis=0)
        if means[0] > 0:
            filled = means > 0
            spread = ((counts[1:, filled] - means[filled]) ** 2 / means[filled]).sum()
            dispersion = max(1.0, float(spread) / ((weeks - 1) * int(filled.sum())))
            mean, count = float(means[0]), int(counts[0, 0])
            p_value = lower_tail(count, mean, mean * dispersion * (1 + 1 / weeks)) if count < mean else 1.0
            found.append(Silence(name, hours, count, mean, weeks, p_value))
    return found
