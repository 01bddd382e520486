"""The live engine: memberships kept right from moment to moment, and every change of them given once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import DAY, Moment
from kohort.definitions.values import ValueType
from kohort.engines.bits import packed
from kohort.engines.columns import BLOCK, Block, History, Moments
from kohort.engines.context import Context
from kohort.engines.evaluation import Members
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.live.archive import NEVER, Archive
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.chains import Chain, Chains
from kohort.engines.live.changes import Changes
from kohort.engines.live.epochs import Epoch, Epochs, in_force
from kohort.engines.live.feed import Feed
from kohort.engines.live.flips import Cause, Flips, Lines
from kohort.engines.live.foresight import Foresight
from kohort.engines.live.layout import Layout
from kohort.engines.live.memberships import Memberships
from kohort.engines.live.programs import EXISTS, expanded, programs_of
from kohort.engines.live.revisions import membership_changes
from kohort.engines.live.table import Table
from kohort.engines.live.tallies import Tallies
from kohort.engines.live.traced import Tracer, groups_of
from kohort.engines.live.widths import Widths
from kohort.engines.plan import Formula, Plan, build_plan
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Stretch
from kohort.errors import UsageError
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, Basic, Rule
from kohort.rules.nodes import Sequence as Steps
from kohort.rules.operators import Function

FORESEEN: Final = DAY
"""How far ahead what time alone will change is looked up."""


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
        self._catalog, self._now = catalog, at
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
        self._begin()

    def _begin(self) -> None:
        """Make up the state from the archive, as of now."""
        blocks = list(self._archive.everybody())
        for _, block in blocks:
            self._widths.add(block.events)
        self._wide = self._widths.wide()
        context = Context(self._catalog, self._now)
        self._layout = layout = Layout(context, self.statistics, EXISTS + 1, self._wide)
        formulas: dict[Basic, Formula] = {}
        chains: dict[Basic, Chain] = {}
        for condition in self._plan.conditions:
            formula = layout.formula_of(condition)
            chain = Chain.of(condition, layout) if isinstance(condition, Steps) else None
            if formula is not None:
                formulas[condition] = formula
            elif chain is not None:
                chains[condition] = chain
        first = EXISTS + 1 + len(layout.asked)
        chained = dict(enumerate(chains, start=first))
        others = [one for one in self._plan.conditions if one not in formulas and one not in chains]
        traced = dict(enumerate(others, start=first + len(chained)))
        formulas |= {condition: number for number, condition in (chained | traced).items()}
        size = first + len(chained) + len(traced)
        people = len(self._ids)
        self._feed = Feed(layout, self._catalog)
        self._tallies = Tallies(layout, self._feed.width, people)
        self._chains = Chains(list(chains.values()), first, list(layout.streams), people)
        self._size = size
        programs = programs_of(expanded(self._plan, formulas.__getitem__), size)
        self._memberships = Memberships(people, self._blank(), programs)
        standby = [group for one in chained.items() for group in groups_of([one], self._catalog)]
        groups = groups_of(traced.items(), self._catalog)
        self._foresight = Foresight(self._archive, groups, standby, self._chains, size)
        self._foresight.exist(np.arange(people))
        self._learn(blocks)

    def _learn(self, blocks: list[tuple[NDArray[np.int64], Block]]) -> None:
        """Find what is true now."""
        now = self._now
        table = self._feed.begin([(int(people[0]), block.events) for people, block in blocks], now)
        for flips in self._tallies.begin(table, now):
            self._memberships.set(flips)
        self._memberships.set(self._chains.begin(table, now))
        for flips in self._foresight.begin(now + FORESEEN, self._tracer(), now):
            self._memberships.set(flips)
        self._memberships.set(self._foresight.due(now))
        self._memberships.decide(np.arange(len(self._ids)))

    def _blank(self) -> NDArray[np.bool_]:
        """Return which conditions hold of people of whom nothing is known, under the statistics in force."""
        blank = np.zeros(self._size, np.bool_)
        blank[self._tallies.blank()] = True
        return blank

    def _tracer(self) -> Tracer:
        return Tracer(self._plan, self._catalog, self.statistics)

    @property
    def now(self) -> Moment:
        """The moment up to which everything has been told."""
        return self._now

    @property
    def statistics(self) -> Statistics:
        """The numbers of the population in force."""
        return self._epochs.statistics

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """The epochs so far, in the order of time: what an engine that begins now must be given to go on like this."""
        return self._epochs.all

    def tell(self, arrivals: Arrivals, now: Moment) -> Changes:
        """Take in what came and that it is `now`; return what changes by it, up to `now`.

        Changes stand in the order of the moments from which on they are so, then of people and rules. What is told late
        gives corrections besides: changes that are not true after all. Raises UsageError for a moment that is past, and
        for a person who is not known.
        """
        if now < self._now:
            raise UsageError(f"the live engine is at {self._now} and was told that it is {now}; tell it a later moment")
        arrivals.check(len(self._ids))
        self._widths.add(arrivals.events)
        if self._widths.wide() != self._wide:
            self._begin()
        self._grow(arrivals)
        late = arrivals.late(self._now).astype(np.int64)
        before = self._course(late, arrivals, self._now)
        self._archive.add(arrivals)
        late_rows, due = self._feed.take(arrivals, self._now, now)
        others = self._others(arrivals, late_rows, due, now)
        changes = self._tallies.tell(due, others, now, self._memberships)
        if len(late):
            changes = changes.of(~np.isin(changes.people, late))
            after = self._course(late, arrivals, now)
            changes = Changes.joined([changes, before.corrections(after)]).in_order()
        if now > self._now:
            self._latest = Changes.none()
        self._now = now
        return self._given(changes)

    def advance(self, to: Moment, most: int) -> Changes:
        """Let time pass towards `to`, until about so many things were due; return what changes, up to `now`.

        So nothing waits for a sweep: whoever finds `now` before `to` takes in what came, and goes on. What is due at
        one and the same moment is done at once, however much it is. Raises UsageError for a moment that is past.
        """
        changes = self.tell(Arrivals(), self._reach(to, most))
        if self._foresight.until < self._now + FORESEEN // 2:
            self._foresight.look_further(self._now + FORESEEN, self._tracer(), self._now)
        return changes

    def _reach(self, to: Moment, most: int) -> Moment:
        """Return the last moment up to `to` by which at most so much is due, or that of the next if that is more."""
        if self._due(np.array([to]))[0] <= most:
            return to
        within, beyond = self._now, to
        while beyond - within > 1:
            between = within + np.unique((beyond - within) * np.arange(1, 64) // 64)
            between = between[between > within]
            place = int(np.searchsorted(self._due(between), most, side="right"))
            within, beyond = [within, *between.tolist(), beyond][place : place + 2]
        return within if self._due(np.array([within]))[0] else beyond

    def _due(self, moments: Moments) -> NDArray[np.int64]:
        """Return how much time alone brings by each of some moments."""
        counts = [part.count(moments) for part in (self._feed, self._chains, self._foresight)]
        return np.asarray(np.sum(counts, axis=0))

    def retell(self, whose: NDArray[np.integer], arrivals: Arrivals) -> Changes:
        """Forget all that is known of people, by number, and take in `arrivals` instead; return what changes.

        So people are merged, split and erased. Afterwards everything is as if nothing else had ever been told of them,
        epochs apart: these keep their numbers. Who of them is not `known` in `arrivals` does not exist.
        All changes are corrections, up to now. Raises UsageError for a row of anybody else, and for whoever is new.
        """
        people: NDArray[np.int64] = np.unique(whose).astype(np.int64)
        arrivals.check_whose(people, len(self._ids))
        self._widths.add(arrivals.events)
        if self._widths.wide() != self._wide:
            self._begin()
        old = self._archive.block(people)
        self._archive.forget(people)
        self._archive.add(arrivals)
        new = self._archive.block(people)
        stretch = Stretch(min(self._now, _earliest(old), _earliest(new)) - 1, self._now)
        before, after = (
            membership_changes(self._plan, people, block, self._epochs, stretch, self._catalog) for block in (old, new)
        )
        self._tallies.forget(people, _moments(old))
        self._relearn(people, new, arrivals)
        return self._given(before.corrections(after).in_order())

    def _given(self, changes: Changes) -> Changes:
        """Remember what is so from this very moment on, and return all, which are in order."""
        of_now = changes.of(slice(int(np.searchsorted(changes.moments, self._now)), None))
        self._latest = Changes.joined([self._latest, of_now]).standing()
        return changes

    def _relearn(self, people: NDArray[np.int64], block: Block, arrivals: Arrivals) -> None:
        """Find anew what is true now of people, whose history is `block`."""
        now = self._now
        for part in (self._feed, self._chains, self._foresight, self._memberships):
            part.forget(people)
        self._foresight.exist(arrivals.known)
        past, _ = self._feed.take(arrivals, now, now)
        traced = self._foresight.retrace(people, block, self._tracer(), now)
        for flips in (*traced, self._foresight.due(now), self._tallies.tell_late(past, now)):
            self._memberships.set(flips)
        self._memberships.decide(people)

    def _others(self, arrivals: Arrivals, late: Table, due: Table, now: Moment) -> list[Lines]:
        """Return what becomes of conditions up to `now`, but by what is counted of the rows that are `due`."""
        since = self._now
        self._foresight.exist(arrivals.known)
        self._chains.set_apart(late)
        new = np.arange(len(self._ids) - len(arrivals.people), len(self._ids))
        ahead: list[Flips] = []
        if now > self._foresight.until:
            ahead = list(self._foresight.look_ahead(now + FORESEEN, self._tracer(), since, now))
        traced = self._foresight.tell(arrivals, new, self._tracer(), since, now)
        counted = self._tallies.tell_late(late, since)
        flips = [*ahead, *traced, self._foresight.due(now), counted]
        return [*(one.lines() for one in flips if len(one.moments)), self._chains.tell(due, now)]

    def pin(self, statistics: Statistics) -> Changes:
        """Take `statistics` as in force from now on; return what changes by them.

        What changed at this very moment by the numbers before, and does not by these, is corrected.
        """
        self._epochs.add(Epoch(self._now, statistics))
        self._layout.statistics = self.statistics
        traced = self._foresight.pin(self._tracer(), self._now)
        flips = Flips.joined([*traced, self._tallies.pin(self._layout, self._now)])
        self._memberships.expect(self._blank())
        causes = np.full(len(flips.moments), Cause.EPOCH, np.int8)
        nothing = self._feed.nothing()
        changes = self._tallies.tell(nothing, [replace(flips, causes=causes).lines()], self._now, self._memberships)
        return self._given(changes.undoing(self._latest))

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
        return KernelEngine(history, self._catalog).run(self._plan, self._now).statistics

    @property
    def asks_for_statistics(self) -> bool:
        """Whether any rule asks for numbers of the population."""
        return bool(self._plan.terms)

    def population(self) -> int:
        """Return how many people exist now."""
        return int(np.count_nonzero(self._archive.first_seen <= self._now))

    def members(self) -> Members:
        """Return the members of each rule, as of now."""
        import pyarrow.compute as pc  # noqa: PLC0415 - a fiftieth of a second that only who asks should pay

        order = np.asarray(pc.sort_indices(self._ids))
        inside = {
            name: packed(self._memberships.members_of(number)[order]) for number, name in enumerate(self._plan.rules)
        }
        return Members(self._ids.take(pa.array(order)), inside)

    def _grow(self, arrivals: Arrivals) -> None:
        if arrivals.people:
            self._ids = pa.concat_arrays([self._ids, pa.array(list(arrivals.people), pa.string())])
            self._memberships.grow(len(self._ids))
            self._tallies.grow(len(self._ids))
            self._chains.grow(len(self._ids))
            self._foresight.grow(len(self._ids))

    def _course(self, people: NDArray[np.int64], arrivals: Arrivals, until: Moment) -> Changes:
        """Return how people have entered and left up to `until`, since the first that is told of."""
        known = people[people < len(self._archive.first_seen)]
        if not len(known):
            return Changes.none()
        stretch = Stretch(min(arrivals.earliest(), until) - 1, until)
        return membership_changes(self._plan, known, self._archive.block(known), self._epochs, stretch, self._catalog)


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
