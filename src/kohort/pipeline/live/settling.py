"""Deadlines settle: what time alone changes is told once the clock has passed it by some seconds.

What an SDK sends in a batch comes late, and may undo a deadline that has just passed. Until it has settled, nobody is
told of it, and what is undone never was. What happens after it to the same person in the same segment waits with it,
so that entering and leaving are told in their order.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

from kohort.clock import Moment
from kohort.segments.log import Key
from kohort.segments.membership import MembershipChange


@dataclass(frozen=True)
class Found:
    """A change that the live engine found; `by_time` if nothing but time caused it; `retracts`: it is not true."""

    change: MembershipChange
    by_time: bool = False
    retracts: bool = False

    @property
    def key(self) -> Key:
        """The segment and the person."""
        return self.change.segment, self.change.person_id

    def undoes(self, other: "Found") -> bool:
        """Tell whether this says of another, of the same person and segment, that it is not true."""
        one, its = self.change, other.change
        return self.retracts and (one.change, one.effective_at) == (its.change, its.effective_at)


@dataclass
class Settling:
    """Holds back what time alone changes until `settling` microseconds after its moment.

    >>> left = Found(MembershipChange("recent", 1, "ada", "left", 100, "rule"), by_time=True)
    >>> waiting = Settling(10)
    >>> waiting.take([left], now=105), waiting.settled(now=109), [one.change.change for one in waiting.settled(now=110)]
    ([], [], ['left'])
    """

    settling: int
    _held: dict[Key, list[Found]] = field(default_factory=dict)
    _due: list[tuple[Moment, Key]] = field(default_factory=list)

    def take(self, found: Iterable[Found], now: Moment) -> list[Found]:
        """Take in what was found, in order; return what is to be told at once."""
        told: dict[int, Found] = {}
        places: dict[tuple[Key, str, Moment], int] = {}
        for place, one in enumerate(found):
            what = (one.key, one.change.change, one.change.effective_at)
            if one.retracts and what in places:
                # Found and taken back in one go: nobody has heard of it.
                del told[places.pop(what)]
            elif not self._holds(one, now):
                told[place] = one
                if not one.retracts:
                    places[what] = place
        return list(told.values())

    def _holds(self, one: Found, now: Moment) -> bool:
        held = self._held.get(one.key, [])
        if one.retracts:
            undone = [its for its in held if one.undoes(its)]
            for its in undone:
                held.remove(its)
            if not held:
                self._held.pop(one.key, None)
            return bool(undone)
        moment = one.change.effective_at
        unsettled = one.by_time and moment > now - self.settling
        if not unsettled and not any(its.change.effective_at <= moment for its in held):
            return False
        self._held.setdefault(one.key, []).append(one)
        self._held[one.key].sort(key=lambda its: its.change.effective_at)
        if unsettled:
            heapq.heappush(self._due, (moment + self.settling, one.key))
        return True

    def settled(self, now: Moment) -> list[Found]:
        """Return what is to be told by now, each person's in the order of time."""
        found: list[Found] = []
        touched: list[Key] = []
        while self._due and self._due[0][0] <= now:
            touched.append(heapq.heappop(self._due)[1])
        for key in dict.fromkeys(touched):
            held = self._held.pop(key, [])
            waits = next((place for place, one in enumerate(held) if self._is_unsettled(one, now)), len(held))
            found += held[:waits]
            if held[waits:]:
                self._held[key] = held[waits:]
        return found

    def _is_unsettled(self, one: Found, now: Moment) -> bool:
        return one.by_time and one.change.effective_at + self.settling > now
