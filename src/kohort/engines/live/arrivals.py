"""What a live engine is told: a micro-batch of rows, in any order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places, Rows
from kohort.errors import UsageError

NOBODY = np.zeros(0, np.int32)
NO_MOMENTS = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Arrivals:
    """Rows that came in: events by name, trait values by trait, people of whom nothing was known, and since when.

    `people` are ids that are new; they get the numbers after those that are known. Rows name a person by number, and
    need not stand in the order of time, nor be of the past. Of rows of one person and moment the one that came later
    is the later one. `known` are numbers of people and `since` the moments from which on they exist, of everybody who
    is new, and of whom it is now known that they exist for longer than was thought.

    >>> Arrivals(people=("ada",), known=np.zeros(1, np.int32), since=np.array([5])).late(9).tolist()
    [0]
    """

    events: Mapping[str, Rows] = field(default_factory=dict)
    traits: Mapping[str, Rows] = field(default_factory=dict)
    people: Sequence[str] = ()
    known: Places = field(default_factory=NOBODY.copy)
    since: Moments = field(default_factory=NO_MOMENTS.copy)

    def late(self, at: int) -> Places:
        """Return the numbers of those, in order, of whom something is told that was so by the moment `at`."""
        people, moments = self._told
        late = people[moments <= at]
        return np.unique(late).astype(np.int32) if len(late) else NOBODY

    @property
    def whose(self) -> Places:
        """The numbers of those of whom anything is told, in any order, and as often as it is."""
        return self._told[0]

    def earliest(self) -> int:
        """Return the earliest moment that is told of; raises ValueError if nothing is told."""
        return int(self._told[1].min())

    def check(self, people: int) -> None:
        """Raise UsageError if a row names a person who is neither among so many known ones nor new."""
        told, _ = self._told
        size = people + len(self.people)
        if len(told) and not (told.min() >= 0 and told.max() < size):
            raise UsageError(f"a row names the person {told.max()} of {size}; tell new people's ids with their rows")

    def check_whose(self, people: NDArray[np.int64], size: int) -> None:
        """Raise UsageError if a row is of anybody but `people`, or if one of these is not among so many known ones."""
        if self.people or not np.isin(self._told[0], people).all():
            raise UsageError("somebody is told of who is not to be told anew; tell them by themselves")
        if len(people) and not (people.min() >= 0 and people.max() < size):
            raise UsageError(f"the person {people.max()} of {size} is to be told anew; tell new people first")

    @cached_property
    def happened(self) -> tuple[Places, Moments]:
        """Whose rows of events there are, one event after another, and their moments."""
        rows = self.events.values()
        people = np.concatenate([NOBODY, *[one.people for one in rows]])
        return people, np.concatenate([NO_MOMENTS, *[one.ts for one in rows]])

    @cached_property
    def _told(self) -> tuple[Places, Moments]:
        """Whose moments are told, and these."""
        rows, people, moments = self.traits.values(), *self.happened
        if not rows and not len(self.known):
            return people, moments
        people = np.concatenate([people, self.known, *(one.people for one in rows)])
        return people, np.concatenate([moments, self.since, *(one.ts for one in rows)])
