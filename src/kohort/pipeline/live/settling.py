"""Deadlines settle: what time alone changes is told once the clock has passed it by some seconds.

What an SDK sends in a batch comes late, and may undo a deadline that has just passed. Until it has settled, nobody is
told of it, and what is undone never was. What happens after it to the same person in the same segment waits with it,
so that entering and leaving are told in their order.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.live.changes import Changes
from kohort.engines.live.flips import Cause


@dataclass
class Settling:
    """Holds back what time alone changes until `settling` microseconds after its moment.

    >>> one, never = np.zeros(1, np.int32), np.zeros(1, np.bool_)
    >>> left = Changes(one, one, np.array([100]), never, np.array([Cause.TIME], np.int8), never)
    >>> waiting = Settling(10)
    >>> [len(waiting.take(left, now=105)), len(waiting.take(Changes.none(), now=109)),
    ...  len(waiting.take(Changes.none(), now=110))]
    [0, 0, 1]
    """

    settling: int
    _held: Changes = field(default_factory=Changes.none)
    _settles: Moment | None = None

    def take(self, found: Changes, now: Moment) -> Changes:
        """Take in what was found, in order; return what is to be told by now, each person's in the order of time."""
        if not len(found) and (self._settles is None or now < self._settles):
            return found
        told = standing(Changes.joined([self._held, found]))
        unsettled = (told.causes == Cause.TIME) & ~told.retracts & (told.moments > now - self.settling)
        if not unsettled.any():
            self._held, self._settles = Changes.none(), None
            return told
        waits = ~told.retracts & (told.moments >= _first_unsettled(told, unsettled))
        self._held = told.of(waits)
        self._settles = int(told.moments[unsettled].min()) + self.settling
        return told.of(~waits)


def keys_of(changes: Changes) -> NDArray[np.int64]:
    """Return a number for each change that tells its person and rule from others, shape (changes,)."""
    return changes.rules.astype(np.int64) << 32 | changes.people


def _first_unsettled(told: Changes, unsettled: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each change when the first unsettled one is of its person and rule; of none, the end of time."""
    keys, its = keys_of(told), keys_of(told)[unsettled]
    order = np.lexsort((told.moments[unsettled], its))
    whose, first = np.unique(its[order], return_index=True)
    places = np.minimum(np.searchsorted(whose, keys), len(whose) - 1)
    moments = told.moments[unsettled][order][first][places]
    return np.where(whose[places] == keys, moments, np.iinfo(np.int64).max)


def standing(changes: Changes) -> Changes:
    """Return changes, in order, without those that a later one says are not true, and without those that say so."""
    if not changes.retracts.any():
        return changes
    codes = np.stack([keys_of(changes), changes.moments, changes.enters.astype(np.int64)], axis=1)
    _, what = np.unique(codes, axis=0, return_inverse=True)
    what = what.reshape(-1)
    gone = np.zeros(len(changes), np.bool_)
    given: dict[int, int] = {}
    for place in np.flatnonzero(np.isin(what, what[changes.retracts])).tolist():
        if not changes.retracts[place]:
            given[int(what[place])] = place
        elif int(what[place]) in given:
            gone[[place, given.pop(int(what[place]))]] = True
    return changes.of(~gone)
