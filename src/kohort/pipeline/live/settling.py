"""Deadlines settle: what time alone changes is told once the clock has passed it by some seconds.

What an SDK sends in a batch comes late, and may undo a deadline that has just passed. Until it has settled, nobody is
told of it, and what is undone never was. What happens after it to the same person in the same segment waits with it,
so that entering and leaving are told in their order.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.live.changes import Changes
from kohort.engines.live.flips import Cause

Numbers = NDArray[np.int64]
_AT_ONCE = -(2**63)
_NO_KEYS = np.zeros(0, np.int64)
_MOST_A_RUN: Final = 2**17
"""How many changes one run holds: to bring two together takes no longer, however many are held."""


@dataclass
class Settling:
    """Holds back what time alone changes until `settling` microseconds after its moment.

    However much is held, what is taken in and given out is all that a call looks at.

    >>> one, never = np.zeros(1, np.int32), np.zeros(1, np.bool_)
    >>> left = Changes(one, one, np.array([100]), never, np.array([Cause.TIME], np.int8), never)
    >>> waiting = Settling(10)
    >>> [len(waiting.take(left, now=105)), len(waiting.take(Changes.none(), now=109)),
    ...  len(waiting.take(Changes.none(), now=110))]
    [0, 0, 1]
    """

    settling: int
    _runs: list["_Run"] = field(default_factory=list)

    def take(self, found: Changes, now: Moment, most: int | None = None) -> Changes:
        """Take in what was found, in order; return what is to be told by now, each person's in the order of time.

        With `most`, about so many changes are told besides those that something happening brought, which are bounded
        by what happens, and the others by the calls that follow; see `is_behind`.
        """
        if len(found):
            self._hold(found)
        told, room = [run.at_once() for run in self._runs], sum(map(len, self._runs)) if most is None else most
        for run in reversed(self._runs):
            told.append(run.due(now, room))
            room -= len(told[-1])
        self._tidy()
        all_told = Changes.joined(told)
        return all_told.of(np.argsort(all_told.moments, kind="stable"))

    def is_behind(self, now: Moment) -> bool:
        """Return whether more is to be told by now than was."""
        return any(len(run.overdue(now)) for run in self._runs)

    def known(self, now: Moment) -> Moment:
        """Return the moment up to which everything has been told that settles by now."""
        overdue = [int(run.overdue(now).min(initial=now)) - 1 for run in self._runs]
        return min([now - self.settling, *overdue])

    def _hold(self, found: Changes) -> None:
        """Take in what was found, and with it what is held of the same persons and rules."""
        keys = np.unique(keys_of(found)) if self._runs else _NO_KEYS
        told = standing(Changes.joined([*(run.pull(keys) for run in self._runs), found]))
        told = told.of(np.argsort(told.moments, kind="stable"))
        due = self._due(told)
        order = np.argsort(due, kind="stable")
        self._runs.append(_Run(told.of(order), due[order]))

    def _due(self, told: Changes) -> Numbers:
        """Return when each change, in the order of moments, is to be told: no sooner than what is before it."""
        due = np.full(len(told), _AT_ONCE, np.int64)
        bounded = (told.causes != Cause.EVENT) & ~told.retracts
        if not bounded.any():
            return due
        keys = keys_of(told)
        order = np.argsort(keys, kind="stable")
        keys, moments, causes = keys[order], told.moments[order], told.causes[order]
        first = np.flatnonzero(np.append([True], keys[1:] != keys[:-1]))
        begins = np.repeat(first, np.diff(np.append(first, len(keys))))
        for cause, wait in ((Cause.TIME, self.settling), (Cause.EPOCH, 0)):
            last = np.maximum.accumulate(np.where(bounded[order] & (causes == cause), np.arange(len(keys)), -1))
            waits = (last >= begins) & ~told.retracts[order]
            due[order[waits]] = np.maximum(due[order[waits]], moments[last[waits]] + wait)
        return due

    def _tidy(self) -> None:
        """Forget what was told, and keep few runs: each is twice as long as the next, or both together are long."""
        self._runs = [run for run in self._runs if len(run)]
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            if len(self._runs[-2]) + len(self._runs[-1]) > _MOST_A_RUN:
                return
            last, before = self._runs.pop(), self._runs.pop()
            self._runs.append(_Run.merged(before, last))


class _Run:
    """Changes in the order in which they are `due`; all that is held of a person and rule stands in one run."""

    def __init__(self, changes: Changes, due: Numbers) -> None:
        self._changes, self._due = changes, due
        self._keys = keys_of(changes)
        self._order = np.argsort(self._keys, kind="stable")
        self._keys = self._keys[self._order]
        self._holds = np.ones(len(due), np.bool_)
        self._next = 0

    @staticmethod
    def merged(one: "_Run", other: "_Run") -> "_Run":
        """Return what two runs hold as one."""
        due = np.concatenate([run._due[run._holds] for run in (one, other)])  # noqa: SLF001 - of its own kind
        changes = Changes.joined([run._changes.of(run._holds) for run in (one, other)])  # noqa: SLF001 - as above
        order = np.argsort(due, kind="stable")
        return _Run(changes.of(order), due[order])

    def __len__(self) -> int:
        return len(self._due) - self._next

    def overdue(self, now: Moment) -> Numbers:
        """Return the moments of those that were to be told by now, and were not."""
        late = slice(self._next, int(np.searchsorted(self._due, now, side="right")))
        return self._changes.moments[late][self._holds[late]]

    def at_once(self) -> Changes:
        """Take out what waits for nothing."""
        return self._taken(int(np.searchsorted(self._due, _AT_ONCE, side="right")))

    def due(self, now: Moment, most: int) -> Changes:
        """Take out what is due by now, or the first of it."""
        return self._taken(min(int(np.searchsorted(self._due, now, side="right")), self._next + most))

    def _taken(self, end: int) -> Changes:
        end = max(end, self._next)
        part = slice(self._next, end)
        held = self._holds[part].copy()
        self._holds[part], self._next = False, end
        return self._changes.of(part).of(held)

    def pull(self, keys: Numbers) -> Changes:
        """Take out what is held of some persons and rules, in the order of keys."""
        low, high = (np.searchsorted(self._keys, keys, side) for side in ("left", "right"))
        sizes = high - low
        places = self._order[np.repeat(high - np.cumsum(sizes), sizes) + np.arange(int(sizes.sum()))]
        places = places[self._holds[places]]
        self._holds[places] = False
        return self._changes.of(places)


def keys_of(changes: Changes) -> Numbers:
    """Return a number for each change that tells its person and rule from others, shape (changes,)."""
    return changes.people.astype(np.int64) << 32 | changes.rules


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
