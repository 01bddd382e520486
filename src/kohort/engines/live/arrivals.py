"""What a live engine is told: a micro-batch of rows, in any order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kohort.engines.columns import Moments, Places, Rows

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
        told = [(self.known, self.since)]
        told += [(rows.people, rows.ts) for kind in (self.events, self.traits) for rows in kind.values()]
        late = [people[moments <= at] for people, moments in told]
        return np.unique(np.concatenate(late)).astype(np.int32)

    def earliest(self) -> int:
        """Return the earliest moment that is told of; raises ValueError if nothing is told."""
        told = [self.since, *(rows.ts for kind in (self.events, self.traits) for rows in kind.values())]
        return min(int(moments.min()) for moments in told if len(moments))
