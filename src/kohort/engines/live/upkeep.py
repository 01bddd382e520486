"""What is true of the people of an archive, kept up with what happens, with time, and with the population's numbers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import DAY, Moment
from kohort.engines.columns import Block, Moments
from kohort.engines.live.archive import Archive
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.chains import Chains
from kohort.engines.live.changes import Changes
from kohort.engines.live.design import Design
from kohort.engines.live.feed import Feed
from kohort.engines.live.flips import Cause, Flips, Lines
from kohort.engines.live.foresight import Foresight
from kohort.engines.live.memberships import Memberships
from kohort.engines.live.table import Table
from kohort.engines.live.tallies import Tallies
from kohort.engines.live.traced import Tracer
from kohort.engines.statistics import Statistics

FORESEEN: Final = DAY
"""How far ahead what time alone will change is looked up."""


class Upkeep:
    """Keeps a design's rules right for the people of an archive, from what that holds as of the moment `at` on.

    What comes late is taken in, so that everything is right from then on; what should have changed before is not told.
    Whoever calls adds to the archive what comes, before it is told here.
    """

    def __init__(self, design: Design, archive: Archive, statistics: Statistics, at: Moment) -> None:
        self._design, self._archive = design, archive
        self.now, self.statistics = at, statistics
        self._done_until = at
        people = self.size
        blocks = list(archive.everybody())
        self._feed = Feed(design.layout, design.catalog)
        self._tallies = Tallies(design.counted, self._feed.width, people)
        if statistics != design.layout.statistics:
            self._tallies.pin(design.layout, statistics, at)  # nobody has anything yet that could flip
        self._chains = Chains(design.chains, design.first, list(design.layout.streams), people)
        self._memberships = Memberships(people, self._blank(), design.programs)
        self._foresight = Foresight(archive, design.groups, design.standby, self._chains, design.size)
        self._foresight.exist(np.arange(people))
        self._learn(blocks)

    @property
    def size(self) -> int:
        """The number of people."""
        return len(self._archive.first_seen)

    def _learn(self, blocks: list[tuple[NDArray[np.int64], Block]]) -> None:
        """Find what is true now."""
        now = self.now
        table = self._feed.begin([(int(people[0]), block.events) for people, block in blocks], now)
        for flips in self._tallies.begin(table, now):
            self._memberships.set(flips)
        self._memberships.set(self._chains.begin(table, now))
        for flips in self._foresight.begin(now + FORESEEN, self._tracer(), now):
            self._memberships.set(flips)
        self._memberships.set(self._foresight.due(now))
        self._memberships.decide(np.arange(self.size))

    def _blank(self) -> NDArray[np.bool_]:
        """Return which conditions hold of people of whom nothing is known, under the statistics in force."""
        blank = np.zeros(self._design.size, np.bool_)
        blank[self._tallies.blank()] = True
        return blank

    def _tracer(self) -> Tracer:
        return Tracer(self._design.plan, self._design.catalog, self.statistics)

    def grow(self) -> None:
        """Make room for people whom the archive did not have before."""
        for part in (self._memberships, self._tallies, self._chains, self._foresight):
            part.grow(self.size)

    def tell(self, arrivals: Arrivals, now: Moment, most: int | None = None) -> Changes:
        """Take in what came and that it is `now`; return what changes by it, up to `now`.

        Where more than `most` comes by time, about so much of it is done, and all for those of whom anything came; the
        rest is owed.
        """
        if not self.owes:
            self._done_until = self.now
        late_rows, due = self._feed.take(arrivals, self.now, now)
        others = self._others(arrivals, late_rows, due, now)
        changes = self._tallies.tell(due, others, now, self._memberships, most, arrivals.whose)
        self.now = now
        return changes

    @property
    def owes(self) -> bool:
        """Whether anything is due that is still to be done."""
        return self._tallies.owes

    @property
    def owing_since(self) -> Moment | None:
        """The moment up to which all is done; None where that is up to now."""
        return self._done_until if self.owes else None

    def settle(self, people: NDArray[np.int64]) -> Changes:
        """Do what is owed to people; return what changes by it."""
        return self._tallies.tell(self._feed.nothing(), [], self.now, self._memberships, 0, people)

    def _others(self, arrivals: Arrivals, late: Table, due: Table, now: Moment) -> list[Lines]:
        """Return what becomes of conditions up to `now`, but by what is counted of the rows that are `due`."""
        since = self.now
        self._foresight.exist(arrivals.known)
        self._chains.set_apart(late)
        new = np.arange(self.size - len(arrivals.people), self.size)
        ahead: Sequence[Flips] = ()
        if now > self._foresight.until:
            ahead = list(self._foresight.look_ahead(now + FORESEEN, self._tracer(), since, now))
        traced = self._foresight.tell(arrivals, new, self._tracer(), since, now)
        counted = self._tallies.tell_late(late, since)
        flips = [*ahead, *traced, self._foresight.due(now), counted]
        return [*(one.lines() for one in flips if len(one.moments)), self._chains.tell(due, now)]

    def look_further(self) -> None:
        """Foresee more, of some of the people, where not much is foreseen any more."""
        if self._foresight.until < self.now + FORESEEN // 2:
            self._foresight.look_further(self.now + FORESEEN, self._tracer(), self.now)

    def pin(self, statistics: Statistics) -> Changes:
        """Take statistics, which have all terms, as in force from now on; return what changes by them."""
        self.statistics = statistics
        traced = self._foresight.pin(self._tracer(), self.now)
        flips = Flips.joined([*traced, self._tallies.pin(self._design.layout, statistics, self.now)])
        self._memberships.expect(self._blank())
        causes = np.full(len(flips.moments), Cause.EPOCH, np.int8)
        nothing = self._feed.nothing()
        return self._tallies.tell(nothing, [replace(flips, causes=causes).lines()], self.now, self._memberships)

    def relearn(self, people: NDArray[np.int64], old: Moments, block: Block, arrivals: Arrivals) -> None:
        """Find anew what is true now of people, whose history is `block`, as `arrivals` tell; `old` moments it had."""
        now = self.now
        self._tallies.forget(people, old)
        for part in (self._feed, self._chains, self._foresight, self._memberships):
            part.forget(people)
        self._foresight.exist(arrivals.known)
        past, _ = self._feed.take(arrivals, now, now)
        traced = self._foresight.retrace(people, block, self._tracer(), now)
        for flips in (*traced, self._foresight.due(now), self._tallies.tell_late(past, now)):
            self._memberships.set(flips)
        self._memberships.decide(people)

    def members_of(self, rule: int) -> NDArray[np.bool_]:
        """Return who is a member of a rule, by its number, shape (people,)."""
        return self._memberships.members_of(rule)
