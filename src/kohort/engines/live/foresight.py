"""Conditions that are traced: for whom, when again, and what of it is foreseen."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Block, Moments, Places
from kohort.engines.live.archive import Archive
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.chains import Chains
from kohort.engines.live.deadlines import Deadlines
from kohort.engines.live.flips import Cause, Flips
from kohort.engines.live.programs import EXISTS
from kohort.engines.live.traced import Group, Subject, Tracer

Numbers = NDArray[np.int64]
_NEVER: Final = 2**62


class Foresight:
    """Traces groups of conditions for those whom something happened to, and queues what time alone will change.

    `groups` are traced for everybody; of `standby`, one a sequence that `chains` keeps, those who are set apart there.
    What is foreseen reaches to the moment `until`, of some parts of the people further than of others; but for ever of
    what only rows change, past and future ones.
    """

    def __init__(
        self, archive: Archive, groups: Sequence[Group], standby: Sequence[Group], chains: Chains, conditions: int
    ) -> None:
        self._archive, self._chains, self._first_standby = archive, chains, len(groups)
        self._groups = [*groups, *standby]
        self._group_of = np.zeros(conditions, np.int32)
        for place, group in enumerate(self._groups, start=1):
            self._group_of[[number for number, _ in group.conditions]] = place
        # One more than there are groups: the first is that of people's existence.
        self._stamps = np.zeros((len(self._groups) + 1, len(archive.first_seen)), np.int32)
        self._deadlines = Deadlines(4)
        self._until: list[Moment] = [-(2**63)] * archive.slices

    def grow(self, people: int) -> None:
        """Make room for so many people."""
        more = np.zeros((len(self._stamps), people - self._stamps.shape[1]), np.int32)
        self._stamps = np.concatenate([self._stamps, more], axis=1)

    def exist(self, people: NDArray[np.integer]) -> None:
        """Let people exist from the moments on from which they are known."""
        if not len(people):
            return
        moments: Moments = self._archive.first_seen[people]
        numbers = np.full(len(people), EXISTS, np.int32)
        causes = np.full(len(people), Cause.EVENT, np.int8)
        flips = Flips(moments, people.astype(np.int32), numbers, np.ones(len(people), np.bool_), causes)
        self._await(flips, self._stamps[0, people])

    def forget(self, people: Numbers) -> None:
        """Let nothing be foreseen of people, not even that they will exist."""
        self._stamps[:, people] += 1

    def retrace(self, people: Numbers, block: Block, tracer: Tracer, now: Moment) -> Iterator[Flips]:
        """Decide everything anew for people, whose history is `block`, and foresee it."""
        for place in range(len(self._groups)):
            if np.array_equal(self._among(people, place), people):
                yield self._trace(place, people, block, tracer, now, now)

    def tell(self, arrivals: Arrivals, new: Numbers, tracer: Tracer, since: Moment, now: Moment) -> list[Flips]:
        """Decide anew what reads what came, for whom it came, and all for the `new`; return what becomes of it."""
        told: dict[Subject, Places] = {("events", name): rows.people for name, rows in arrivals.events.items()}
        told |= {("traits", name): rows.people for name, rows in arrivals.traits.items()}
        found = []
        for place, group in enumerate(self._groups):
            if not self._is_traced(place):
                continue
            whose: list[NDArray[np.integer]] = [told[subject] for subject in group.reads if subject in told]
            if len(new):
                whose.append(new)
            if not whose:
                continue
            people = np.unique(self._among(np.concatenate(whose), place)).astype(np.int64)
            if len(people):
                block = self._archive.block(people, group.reads)
                found.append(self._trace(place, people, block, tracer, since, now))
        return found

    @property
    def until(self) -> Moment:
        """The moment up to which everything is foreseen."""
        return min(self._until)

    def begin(self, until: Moment, tracer: Tracer, now: Moment) -> Iterator[Flips]:
        """Decide everything for everybody, and foresee it up to `until`."""
        self._until = [until] * self._archive.slices
        yield from self._trace_all(range(len(self._groups)), tracer, now, now)

    def look_ahead(self, until: Moment, tracer: Tracer, since: Moment, now: Moment) -> Iterator[Flips]:
        """Decide anew for everybody, from `since` to `now`, what time can change, and foresee it up to `until`."""
        self._until = [until] * self._archive.slices
        yield from self._trace_all(self._timely(), tracer, since, now)

    def look_further(self, until: Moment, tracer: Tracer, now: Moment) -> None:
        """Foresee up to `until` for that part of the people of whom the least is foreseen."""
        number = self._until.index(self.until)
        self._until[number] = until
        for _ in self._trace_slice(number, self._timely(), tracer, now, now):
            pass  # What is so now is known.

    def pin(self, tracer: Tracer, now: Moment) -> Iterator[Flips]:
        """Decide anew for everybody what depends on the population's numbers."""
        pinned = [place for place, group in enumerate(self._groups) if group.pinned]
        yield from self._trace_all(pinned, tracer, now, now)

    def due(self, now: Moment) -> Flips:
        """Return what time brings up to `now`, of that what still counts."""
        lines = self._deadlines.until(now)
        if not len(lines):
            return Flips.none()
        flips = Flips.of_lines(lines[:, :3])
        return flips.of(self._stamps[self._group_of[flips.conditions], flips.people] == lines[:, 3])

    def _await(self, flips: Flips, stamps: NDArray[np.int32]) -> None:
        """Queue flips under stamps; what has another one when it is due does not count any more."""
        lines = np.empty((len(stamps), 4), np.int64)
        lines[:, :3], lines[:, 3] = flips.lines(), stamps
        self._deadlines.add(lines)

    def _among(self, people: NDArray[np.integer], place: int) -> NDArray[np.integer]:
        """Return those of people for whom a group is traced."""
        if place < self._first_standby:
            return people
        return np.asarray(people[self._chains.apart[place - self._first_standby][people]])

    def _timely(self) -> list[int]:
        return [place for place, group in enumerate(self._groups) if group.timely and self._is_traced(place)]

    def _is_traced(self, place: int) -> bool:
        """Return whether a group is traced for anybody."""
        return place < self._first_standby or bool(self._chains.any_apart[place - self._first_standby])

    def _trace_all(self, places: Sequence[int], tracer: Tracer, since: Moment, now: Moment) -> Iterator[Flips]:
        for number in range(self._archive.slices):
            yield from self._trace_slice(number, places, tracer, since, now)

    def _trace_slice(
        self, number: int, places: Sequence[int], tracer: Tracer, since: Moment, now: Moment
    ) -> Iterator[Flips]:
        people = self._archive.slice(number)
        whose = [(place, its) for place in places if len(its := np.asarray(self._among(people, place), np.int64))]
        whole = self._archive.block_of(number) if any(len(its) == len(people) for _, its in whose) else None
        for place, its in whose:
            reads = self._groups[place].reads
            block = self._archive.block(its, reads) if whole is None or len(its) < len(people) else whole
            yield self._trace(place, its, block, tracer, since, now)

    def _trace(self, place: int, people: Numbers, block: Block, tracer: Tracer, since: Moment, now: Moment) -> Flips:
        """Return what becomes of a group's conditions up to `now`, and queue what is foreseen."""
        self._stamps[place + 1, people] += 1
        until = max(now, *self._until) if self._groups[place].timely else _NEVER
        flips = tracer.trace(self._groups[place], people, block, since, until)
        to_come = flips.moments > now
        foreseen = flips.of(to_come)
        self._await(foreseen, self._stamps[place + 1, foreseen.people])
        return flips.of(~to_come)
