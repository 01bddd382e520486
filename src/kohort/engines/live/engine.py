"""The live engine: memberships kept right from moment to moment, and every change of them given once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.engines.bits import packed
from kohort.engines.columns import BLOCK, Block, History, Moments
from kohort.engines.evaluation import Members
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.live.archive import NEVER, Archive
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.design import Design
from kohort.engines.live.epochs import Epoch, Epochs, in_force
from kohort.engines.live.revisions import courses
from kohort.engines.live.upkeep import Upkeep
from kohort.engines.live.widths import Widths
from kohort.engines.plan import Plan, build_plan
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Stretch
from kohort.errors import UsageError
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, Rule
from kohort.rules.operators import Function

_Known = tuple[NDArray[np.int64], Block, Moment]
"""People, their history, and up to when it was told."""


class LiveEngine:
    """Keeps the members of rules right while it is told what happens and what time it is.

    It begins with a history as of the moment `at`. Statistics of the population are those of the `epochs` up to then,
    in the order of time: the last is in force, and what is told late is judged by that of its own time. Whoever knows
    the statistics in force alone gives these, `pinned`. What neither knows is computed as of `at`; see `pin`. Raises
    UsageError for both, and for epochs out of order, or after `at`.

    >>> from kohort.engines.columns import Block, Rows
    >>> from kohort.rules.parse import parse_rule
    >>> history = History(pa.array(["ada"]), [Block(np.array([0]), {}, {})])
    >>> rules = {"new": parse_rule("did visit in last 5 seconds")}
    >>> live = LiveEngine(history, Catalog(events={"visit": {}}), rules, at=0)
    >>> visit = Rows(np.zeros(1, np.int32), np.array([3_000_000]))
    >>> changes = live.tell(Arrivals({"visit": visit}), now=9_000_000)
    >>> [(change.moment, change.enters, change.cause.name) for change in changes]
    [(3000000, True, 'EVENT'), (8000000, False, 'TIME')]
    """

    def __init__(
        self,
        history: History,
        catalog: Catalog,
        rules: Mapping[str, Rule],
        at: Moment,
        pinned: Statistics | None = None,
        epochs: Sequence[Epoch] = (),
    ) -> None:
        self._catalog = catalog
        self._plan: Plan = build_plan(rules, catalog)
        if epochs and pinned is not None:
            raise UsageError("the statistics in force are those of the last epoch; give epochs, or `pinned` alone")
        known = epochs or [Epoch(at, Statistics() if pinned is None else pinned)]
        warm = KernelEngine(history, catalog).run(self._plan, at, in_force(known, at))
        self._epochs = Epochs(known, self._plan, warm.statistics)
        self._archive = Archive(history)
        self._ids = history.people
        self._latest = Changes.none()
        self._widths = Widths(_summed(self._plan, catalog))
        for block in history.blocks:
            self._widths.add(block.events)
        self._begin(at)

    def _begin(self, at: Moment) -> None:
        """Make up the state from the archive, as of a moment."""
        self._wide = self._widths.wide()
        self._design = Design.of(self._plan, self._catalog, self.statistics, at, self._wide)
        self._upkeep = Upkeep(self._design, self._archive, self.statistics, at)

    def _widen(self, arrivals: Arrivals) -> Changes:
        """Begin anew, before something comes, if a sum might not be held any more; return what was owed then."""
        self._widths.add(arrivals.events)
        if self._widths.wide() == self._wide:
            return Changes.none()
        settled = self._settled()
        self._begin(self.now)
        return settled

    @property
    def now(self) -> Moment:
        """The moment up to which everything has been told."""
        return self._upkeep.now

    @property
    def statistics(self) -> Statistics:
        """The numbers of the population in force."""
        return self._epochs.statistics

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """The epochs so far, in the order of time: what an engine that begins now must be given to go on like this."""
        return self._epochs.all

    def tell(self, arrivals: Arrivals, now: Moment, most: int | None = None) -> Changes:
        """Take in what came and that it is `now`; return what changes by it, up to `now`.

        Changes stand in the order of the moments from which on they are so, then of people and rules. What is told late
        gives corrections besides: changes that are not true after all. Raises UsageError for a moment that is past, and
        for a person who is not known.

        With `most`, nothing waits for a sweep: where more comes by time than so much, about so much of it is done, and
        whatever concerns those of whom something came; the rest is owed (`owing_since`), and done by the calls that
        follow, person by person. All changes together are the same, moments and causes too. Those of one person stand
        in order: what was owed to whom something late is told of comes first.
        """
        since = self.now
        if now < since:
            raise UsageError(f"the live engine is at {since} and was told that it is {now}; tell it a later moment")
        arrivals.check(len(self._ids))
        widened = self._widen(arrivals)
        late = arrivals.late(since).astype(np.int64)
        known = late[late < len(self._ids)]
        settled = self._given(Changes.joined([widened, self._settled(known)]))
        before = self._archive.block(known, self._design.reads) if len(late) else None
        self._archive.add(arrivals)
        self._grow(arrivals)
        changes = self._upkeep.tell(arrivals, now, most)
        if before is not None:
            after = self._archive.block(late, self._design.reads)
            stretch = Stretch(arrivals.earliest() - 1, now)
            corrections = self._corrections((known, before, since), (late, after, now), stretch)
            changes = Changes.joined([changes.of(~np.isin(changes.people, late)), corrections]).in_order()
        if now > since:
            self._latest = Changes.none()
        return Changes.joined([settled, self._given(changes)])

    @property
    def owing_since(self) -> Moment | None:
        """The moment up to which everybody's changes were given; None where that is up to `now`."""
        return self._upkeep.owing_since

    def _settled(self, people: NDArray[np.int64] | None = None) -> Changes:
        """Do what is owed to people, by default to everybody; return what changes by it."""
        if not self._upkeep.owes or (people is not None and not len(people)):
            return Changes.none()
        return self._upkeep.tell(Arrivals(), self.now) if people is None else self._upkeep.settle(people)

    def look_further(self) -> None:
        """Foresee more of what time will change, for some of the people, if that is to be done within half a day.

        Whoever does so now and then is never told of a time that is not foreseen yet, which takes long for everybody.
        """
        self._upkeep.look_further()

    def retell(self, whose: NDArray[np.integer], arrivals: Arrivals) -> Changes:
        """Forget all that is known of people, by number, and take in `arrivals` instead; return what changes.

        So people are merged, split and erased. Afterwards everything is as if nothing else had ever been told of them,
        epochs apart: these keep their numbers. Who of them is not `known` in `arrivals` does not exist.
        All changes are corrections, up to now, but for what was owed to them. Raises UsageError for a row of
        anybody else, and for whoever is new.
        """
        people: NDArray[np.int64] = np.unique(whose).astype(np.int64)
        arrivals.check_whose(people, len(self._ids))
        settled = self._given(Changes.joined([self._widen(arrivals), self._settled(people)]))
        old = self._archive.block(people, self._design.reads)
        self._archive.forget(people)
        self._archive.add(arrivals)
        new = self._archive.block(people, self._design.reads)
        stretch = Stretch(min(self.now, _earliest(old), _earliest(new)) - 1, self.now)
        corrections = self._corrections((people, old, self.now), (people, new, self.now), stretch)
        self._upkeep.relearn(people, _moments(old), new, arrivals)
        return Changes.joined([settled, self._given(corrections.in_order())])

    def _corrections(self, before: _Known, after: _Known, stretch: Stretch) -> Changes:
        """Return what is to be said when people turn out to have another history than was known before.

        Both are told in the order of time, as if there were twice the people.
        """
        (whose, old, until), (people, new, _) = before, after
        found = courses(self._design, [old, new], self._epochs, stretch)
        said = found.of((found.people < len(whose)) & (found.moments <= until))
        true = found.of(found.people >= len(whose))
        said = replace(said, people=whose[said.people].astype(np.int32))
        true = replace(true, people=people[true.people - len(whose)].astype(np.int32))
        return said.corrections(true)

    def _given(self, changes: Changes) -> Changes:
        """Remember what is so from this very moment on, and return all, which are in order."""
        earlier = int(np.searchsorted(changes.moments, self.now))
        if earlier < len(changes):
            self._latest = Changes.joined([self._latest, changes.of(slice(earlier, None))]).standing()
        return changes

    def pin(self, statistics: Statistics) -> Changes:
        """Take `statistics` as in force from now on; return what changes by them.

        What changed at this very moment by the numbers before, and does not by these, is corrected. What is owed is
        done before, however much it is.
        """
        settled = self._given(self._settled())
        self._epochs.add(Epoch(self.now, statistics))
        pinned = self._given(self._upkeep.pin(self.statistics).undoing(self._latest))
        return Changes.joined([settled, pinned])

    def met(self, arrivals: Arrivals) -> NDArray[np.int64]:
        """Return whom something is told of, by number, at a moment of which the same kind of thing is told already.

        Which of the two came first is not to be seen from when they are told; to tell it, retell them.
        """
        return self._archive.met(arrivals)

    def measured(self) -> Statistics:
        """Return the numbers of the population as of now, which can be pinned."""
        size = len(self._ids)
        parts = [np.arange(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK)]
        history = History(self._ids, [self._archive.block(people) for people in parts])
        return KernelEngine(history, self._catalog).run(self._plan, self.now).statistics

    @property
    def asks_for_statistics(self) -> bool:
        """Whether any rule asks for numbers of the population."""
        return bool(self._plan.terms)

    def population(self) -> int:
        """Return how many people exist now."""
        return int(np.count_nonzero(self._archive.first_seen <= self.now))

    def members(self) -> Members:
        """Return the members of each rule, as of now; raises UsageError while anything is owed."""
        import pyarrow.compute as pc  # noqa: PLC0415 - a fiftieth of a second that only who asks should pay

        if self.owing_since is not None:
            raise UsageError("members are not known up to now: some deadlines are owed; tell the time without `most`")
        order = np.asarray(pc.sort_indices(self._ids))
        inside = {name: packed(self._upkeep.members_of(number)[order]) for number, name in enumerate(self._plan.rules)}
        return Members(self._ids.take(pa.array(order)), inside)

    def _grow(self, arrivals: Arrivals) -> None:
        if arrivals.people:
            self._ids = pa.concat_arrays([self._ids, pa.array(list(arrivals.people), pa.string())])
            self._upkeep.grow()


def _earliest(block: Block) -> Moment:
    """Return the earliest moment that a history tells of."""
    return int(np.concatenate([block.first_seen, _moments(block)]).min(initial=NEVER))


def _moments(block: Block) -> Moments:
    """Return the moments of all rows of a history."""
    rows = [*block.events.values(), *block.traits.values()]
    return np.concatenate([np.zeros(0, np.int64), *(one.ts for one in rows)])


def _summed(plan: Plan, catalog: Catalog) -> set[tuple[str, str]]:
    """Return the events and columns of which sums are asked."""
    return {
        (event, catalog.events[event][name][ValueType.NUMBER])
        for feature in plan.features
        if isinstance(feature.measure, Aggregate) and feature.measure.function is Function.SUM
        for event, name in [(feature.measure.event, feature.measure.property)]
        if name is not None
    }
