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
    >>> known = Memberships(1, np.ones(2, np.bool_), programs_of([1], 2))
    >>> known.decide(np.zeros(1, np.int64))
    >>> known.members_of(0).tolist()
    [True]
    """

    def __init__(self, people: int, blank: NDArray[np.bool_], programs: Programs) -> None:
        self._programs, self._blank = programs, np.packbits(blank, bitorder="little")
        self._conditions = np.tile(self._blank, (people, 1))
        self._members = np.zeros((people, (programs.rules + 7) // 8), np.uint8)
        self._size = people
        self.room = _room(0)

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

    def known(self) -> loops.Known:
        """Return what is true as loops read it, and change it."""
        its = self._programs
        return loops.Known(
            self._conditions,
            self._members,
            its.code,
            its.first_dependent,
            its.dependents,
            its.starts,
        )

    def make_room(self, changes: int) -> None:
        """Make room for so many changes; what loops have found stays."""
        old, self.room = self.room, _room(changes)
        size = len(old.people)
        self.room.people[:size], self.room.rules[:size], self.room.moments[:size] = old.people, old.rules, old.moments
        self.room.enters[:size], self.room.causes[:size] = old.enters, old.causes

    def found(self, size: int) -> Changes:
        """Return the first changes that loops have found."""
        its = self.room
        columns = its.people[:size].copy(), its.rules[:size].copy(), its.moments[:size].copy(), its.enters[:size].copy()
        return Changes(*columns, its.causes[:size].copy(), np.zeros(size, np.bool_))

    def members_of(self, rule: int) -> NDArray[np.bool_]:
        """Return who is a member of a rule, shape (people,)."""
        return np.asarray((self._members[: self._size, rule >> 3] >> (rule & 7)) & 1 == 1)


def _longer(sets: NDArray[np.uint8], people: int, blank: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([sets, np.tile(blank, (people - len(sets), 1))])


def _room(changes: int) -> loops.Found:
    people, rules = np.empty(changes, np.int32), np.empty(changes, np.int32)
    return loops.Found(
        people, rules, np.empty(changes, np.int64), np.empty(changes, np.bool_), np.empty(changes, np.int8)
    )
