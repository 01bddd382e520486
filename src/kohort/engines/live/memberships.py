"""What is true of everybody at the present moment: of conditions, and of rules."""

import numpy as np
from numpy.typing import NDArray

from kohort.engines.live import loops
from kohort.engines.live.changes import Changes
from kohort.engines.live.flips import Flips
from kohort.engines.live.programs import Programs


class Memberships:
    """Bits of conditions and of rules, a row a person, and how a change of one changes the other.

    `blank` says which conditions hold of a person of whom nothing is known, shape (conditions,).

    >>> from kohort.engines.live.programs import programs_of
    >>> known = Memberships(1, np.zeros(2, np.bool_), programs_of([1], 2))
    >>> some, numbers = np.ones(1, np.bool_), np.ones(1, np.int32)
    >>> flips = Flips(np.array([5]), numbers - 1, numbers, some, some.astype(np.int8))
    >>> [(change.moment, change.enters) for change in known.apply(flips, np.zeros(0, np.int64))]
    [(5, True)]
    """

    def __init__(self, people: int, blank: NDArray[np.bool_], programs: Programs) -> None:
        self._programs, self._blank = programs, np.packbits(blank, bitorder="little")
        self._conditions = np.tile(self._blank, (people, 1))
        self._members = np.zeros((people, (programs.rules + 7) // 8), np.uint8)
        self._size = people
        self._dependents = np.diff(programs.first_dependent)
        self._marks = np.zeros(programs.rules + 1, np.int64)
        self._touched = np.zeros(programs.rules, np.int32)
        self._room = np.empty((0, 4), np.int32)

    def grow(self, people: int) -> None:
        """Make room for so many people; of those who are new nothing is known."""
        self._size = people
        if people > len(self._members):
            room = max(people, len(self._members) * 5 // 4)
            self._conditions = _longer(self._conditions, room, self._blank)
            self._members = _longer(self._members, room, np.zeros(self._members.shape[1], np.uint8))

    def expect(self, blank: NDArray[np.bool_]) -> None:
        """Let other conditions hold, from now on, of people of whom nothing is known."""
        self._blank = np.packbits(blank, bitorder="little")
        self._conditions[self._size :] = self._blank

    def forget(self, people: NDArray[np.int64]) -> None:
        """Let nothing be known of people."""
        self._conditions[people] = self._blank

    def set(self, flips: Flips) -> None:
        """Take flips as they stand, without deciding rules."""
        loops.put_all(self._conditions, flips.people, flips.conditions, flips.holds)

    def decide(self, people: NDArray[np.int64]) -> None:
        """Decide all rules for people."""
        its = self._programs
        loops.decide_all(self._conditions, people, its.starts, its.code, self._members)

    def apply(self, flips: Flips, silent: NDArray[np.int64]) -> Changes:
        """Apply flips and return what changes by them, in order, but of those people who are `silent`, in order."""
        if not len(flips.moments):
            return Changes.none()
        its = self._programs
        most = int(self._dependents[flips.conditions].sum())
        if most > len(self._room):
            self._room = np.empty((most + most // 2, 4), np.int32)
        found, _ = loops.resolve(
            _in_order(flips),
            flips.moments,
            flips.people,
            flips.conditions,
            flips.holds,
            flips.causes,
            self._conditions,
            self._members,
            its.starts,
            its.code,
            its.first_dependent,
            its.dependents,
            self._marks,
            self._touched,
            self._room,
        )
        people, rules, rows, what = self._room[:found].T.copy()
        causes, nothing = (what >> 1).astype(np.int8), np.zeros(found, np.bool_)
        changes = Changes(people, rules, flips.moments[rows], what & 1 == 1, causes, nothing)
        return changes.of(~np.isin(people, silent)) if len(silent) else changes

    def members_of(self, rule: int) -> NDArray[np.bool_]:
        """Return who is a member of a rule, shape (people,)."""
        return np.asarray((self._members[: self._size, rule >> 3] >> (rule & 7)) & 1 == 1)


def _in_order(flips: Flips) -> NDArray[np.int64]:
    """Return the places of flips in the order of moments and people; of one moment there are mostly few."""
    order = np.argsort(flips.moments, kind="stable")
    if loops.order_people(order, flips.moments, flips.people):
        return order
    return np.lexsort((flips.people, flips.moments))


def _longer(sets: NDArray[np.uint8], people: int, blank: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([sets, np.tile(blank, (people - len(sets), 1))])
