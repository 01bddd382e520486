"""Events that come before others, and no longer do: a step whose tag has broken, or one that is sent too early."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import DAY, Moment
from kohort.stats.comparisons import compare_proportions, holm
from kohort.stats.intervals import Interval, wilson_interval

LATELY: Final = 7 * DAY
"""The last days, which are held against those before."""
WITHIN: Final = 7 * DAY
"""How long before an event the other counts as before it."""
FALSE_ALARMS: Final = 0.01
"""In what share of the looks any order is called broken though nothing has changed."""
_USUAL: Final = 0.9
_FALL: Final = 0.1
_EARLIER: Final = 100
_LATELY: Final = 20


@dataclass(frozen=True)
class BrokenOrder:
    """For how many people `event` came after `before`: `earlier`, and lately, which are far fewer."""

    event: str
    before: str
    earlier: Interval
    lately: Interval
    p_value: float


@dataclass(frozen=True)
class History:
    """What people did, sorted by person and time: three arrays of shape (events,).

    `people` are numbers of people, `times` int64 moments, `codes` places in `names`.
    """

    people: NDArray[np.int64]
    times: NDArray[np.int64]
    codes: NDArray[np.int64]
    names: tuple[str, ...]


def find_broken_orders(history: History, end: Moment, *, false_alarms: float = FALSE_ALARMS) -> list[BrokenOrder]:
    """Return the events before which another one, that usually comes, has become rarer in the days up to `end`.

    What is usual is learned: `before` came in the seven days before `event`, or at the same moment, for at least 90 %
    of 100 people or more. Of each person the first such event counts, once lately and once earlier. The two shares are
    compared by `compare_proportions`, for all pairs together by Holm's method, so that in at most the share
    `false_alarms` of the looks anything is said wrongly; and the share must have fallen by 10 points. Of each event
    the pair that fell most is told.

    >>> visits = np.repeat(np.arange(300), 2)
    >>> times = np.where(np.arange(600) % 2, 5, 0) * DAY // 100 + np.where(visits < 200, 10 * DAY, 25 * DAY)
    >>> codes = np.where((visits >= 250) & (np.arange(600) % 2 == 0), 2, np.arange(600) % 2)
    >>> history = History(visits, times, codes, ("cart_viewed", "order_completed", "page_viewed"))
    >>> [(one.before, one.earlier.estimate, one.lately.estimate) for one in find_broken_orders(history, 28 * DAY)]
    [('cart_viewed', 1.0, 0.5)]
    """
    pairs = [pair for before in range(len(history.names)) for pair in _pairs(history, before, end)]
    adjusted = holm([one.p_value for one in pairs]).tolist() if pairs else []
    found: dict[str, BrokenOrder] = {}
    for pair, p_value in zip(pairs, adjusted, strict=True):
        known = found.get(pair.event)
        if p_value <= false_alarms and _fall(pair) >= _FALL and (known is None or _fall(known) < _fall(pair)):
            found[pair.event] = BrokenOrder(pair.event, pair.before, pair.earlier, pair.lately, p_value)
    return [found[name] for name in sorted(found)]


def _fall(pair: BrokenOrder) -> float:
    return pair.earlier.estimate - pair.lately.estimate


def _pairs(history: History, before: int, end: Moment) -> list[BrokenOrder]:
    """Return every event before which `before` usually comes."""
    preceded = _preceded(history, before)
    lately = history.times > end - LATELY
    found = []
    for event, name in enumerate(history.names):
        its = (history.codes == event) & (history.times <= end)
        if event == before or not its.any():
            continue
        then, now = (_of_people(history, its & part, preceded) for part in (~lately, lately))
        if then[1] < _EARLIER or now[1] < _LATELY or then[0] < _USUAL * then[1]:
            continue
        p_value = compare_proportions(*then, *now).p_value
        found.append(BrokenOrder(name, history.names[before], wilson_interval(*then), wilson_interval(*now), p_value))
    return found


def _preceded(history: History, before: int) -> NDArray[np.bool_]:
    """Return for each event whether `before` came to the same person in the time before it."""
    size = len(history.codes)
    last = np.maximum.accumulate(np.where(history.codes == before, np.arange(size), -1))
    starts = np.ones(size, np.bool_)
    starts[1:] = (history.people[1:] != history.people[:-1]) | (history.times[1:] != history.times[:-1])
    # At the same moment no order is known: what stands behind in the arrays may have come before.
    ends = np.append(np.flatnonzero(starts)[1:] - 1, size - 1) if size else np.zeros(0, np.int64)
    last = last[ends[np.cumsum(starts) - 1]]
    same: NDArray[np.bool_] = (last >= 0) & (history.people[last] == history.people)
    same &= history.times - history.times[last] <= WITHIN
    return same


def _of_people(history: History, rows: NDArray[np.bool_], preceded: NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many people have an event whose first one is preceded, and how many have one."""
    places = np.flatnonzero(rows)
    _, firsts = np.unique(history.people[places], return_index=True)
    return int(preceded[places[firsts]].sum()), len(firsts)
