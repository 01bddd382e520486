"""The live engine: memberships kept right from moment to moment, and every change of them given once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.clock import DAY, Moment
from kohort.definitions.values import ValueType
from kohort.engines.bits import packed
from kohort.engines.columns import Block, History
from kohort.engines.context import Context
from kohort.engines.evaluation import Members
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.live.archive import Archive
from kohort.engines.live.arrivals import Arrivals
from kohort.engines.live.changes import Changes
from kohort.engines.live.deadlines import Deadlines
from kohort.engines.live.flips import Cause, Flips
from kohort.engines.live.layout import Layout
from kohort.engines.live.memberships import Memberships
from kohort.engines.live.programs import EXISTS, expanded, programs_of
from kohort.engines.live.revisions import Epoch, Epochs, membership_changes
from kohort.engines.live.tallies import Tallies
from kohort.engines.live.traced import Group, Tracer, groups_of
from kohort.engines.live.widths import Widths
from kohort.engines.plan import Plan, build_plan
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Stretch
from kohort.errors import UsageError
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Aggregate, Rule
from kohort.rules.operators import Function

FORESEEN: Final = DAY
"""How far ahead what time alone will change is looked up."""


class LiveEngine:
    """Keeps the members of rules right while it is told what happens and what time it is.

    It begins with a history as of the moment `at`. Statistics of the population are those of the latest epoch:
    `pinned`, and what these lack is computed as of `at`; see `pin`.

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
    ) -> None:
        self._catalog, self._now = catalog, at
        self._plan: Plan = build_plan(rules, catalog)
        warm = KernelEngine(history, catalog).run(self._plan, at, pinned)
        self._epochs = Epochs(Epoch(at, warm.statistics))
        self._archive = Archive(history)
        self._ids = history.people
        self._widths = Widths(_summed(self._plan, catalog))
        self._begin()

    def _begin(self) -> None:
        """Make up the state from the archive, as of now."""
        blocks = list(self._archive.everybody())
        for _, block in blocks:
            self._widths.add(block.events)
        self._wide = self._widths.wide()
        context = Context(self._catalog, self._now)
        self._layout = Layout(context, self.statistics, EXISTS + 1, self._wide)
        formulas = {condition: self._layout.formula_of(condition) for condition in self._plan.conditions}
        first = EXISTS + 1 + len(self._layout.asked)
        traced = dict(enumerate((one for one, formula in formulas.items() if formula is None), start=first))
        formulas |= {condition: number for number, condition in traced.items()}
        size = first + len(traced)
        self._tallies = Tallies(self._layout, self._catalog, len(self._ids))
        blank = np.zeros(size, np.bool_)
        blank[self._tallies.blank()] = True
        programs = programs_of(expanded(self._plan, lambda condition: formulas[condition] or 0), size)
        self._memberships = Memberships(len(self._ids), blank, programs)
        self._groups = groups_of(traced.items(), self._catalog)
        self._group_of = np.zeros(size, np.int32)
        for place, group in enumerate(self._groups, start=1):
            self._group_of[[number for number, _ in group.conditions]] = place
        # One more than there are groups: the first is that of people's existence, which nothing undoes.
        self._stamps = np.zeros((len(self._groups) + 1, len(self._ids)), np.int32)
        self._deadlines = Deadlines()
        self._exist(np.arange(len(self._ids)))
        for flips in self._tallies.begin(((int(people[0]), block.events) for people, block in blocks), self._now):
            self._memberships.set(flips)
        for flips in self._look_ahead(self._groups, self._now, self._now + FORESEEN):
            self._memberships.set(flips)
        self._memberships.set(self._due(self._now))
        self._memberships.decide(np.arange(len(self._ids)))

    @property
    def now(self) -> Moment:
        """The moment up to which everything has been told."""
        return self._now

    @property
    def statistics(self) -> Statistics:
        """The numbers of the population in force."""
        return self._epochs.statistics

    def tell(self, arrivals: Arrivals, now: Moment) -> Changes:
        """Take in what came and that it is `now`; return what changes by it, up to `now`.

        Changes stand in the order of the moments from which on they are so, then of people and rules. What is told late
        gives corrections besides: changes that are not true after all. Raises UsageError for a moment that is past.
        """
        if now < self._now:
            raise UsageError(f"the live engine is at {self._now} and was told that it is {now}; tell it a later moment")
        self._widths.add(arrivals.events)
        if self._widths.wide() != self._wide:
            self._begin()
        self._grow(arrivals)
        late = arrivals.late(self._now).astype(np.int64)
        before = self._course(late, arrivals, self._now)
        self._archive.add(arrivals)
        self._exist(arrivals.known)
        if now > self._foreseen:
            flips = list(self._look_ahead(self._groups, now, now + FORESEEN))
        else:
            flips = self._retrace(arrivals, now)
        flips += [self._due(now), self._tallies.tell(arrivals.events, self._now, now)]
        changes = self._memberships.apply(Flips.joined(flips), late)
        if len(late):
            after = self._course(late, arrivals, now)
            corrections = [before.without(after).retracted(), after.without(before)]
            changes = Changes.joined([changes, *corrections]).in_order()
        self._now = now
        return changes

    def pin(self, statistics: Statistics) -> Changes:
        """Take `statistics` as in force from now on; return what changes by them."""
        known = self._plan.known(statistics)
        self._epochs.add(Epoch(self._now, Statistics({**self.statistics.by_key, **known.by_key})))
        self._layout.statistics = self.statistics
        pinned = [group for group in self._groups if group.pinned]
        traced = self._look_ahead(pinned, self._now, self._foreseen)
        flips = Flips.joined([*traced, self._tallies.pin(self._layout, self._now)])
        return self._memberships.apply(
            replace(flips, causes=np.full(len(flips.moments), Cause.EPOCH, np.int8)), np.zeros(0, np.int64)
        )

    def members(self) -> Members:
        """Return the members of each rule, as of now."""
        order = np.array(pa.compute.sort_indices(self._ids)) if len(self._ids) else np.zeros(0, np.int64)
        inside = {
            name: packed(self._memberships.members_of(number)[order]) for number, name in enumerate(self._plan.rules)
        }
        return Members(self._ids.take(pa.array(order)), inside)

    def _grow(self, arrivals: Arrivals) -> None:
        if arrivals.people:
            self._ids = pa.concat_arrays([self._ids, pa.array(list(arrivals.people), pa.string())])
            self._memberships.grow(len(self._ids))
            self._tallies.grow(len(self._ids))
            more = np.zeros((len(self._stamps), len(arrivals.people)), np.int32)
            self._stamps = np.concatenate([self._stamps, more], axis=1)

    def _course(self, people: NDArray[np.int64], arrivals: Arrivals, until: Moment) -> Changes:
        """Return how people have entered and left up to `until`, since the first that is told of."""
        known = people[people < len(self._archive.first_seen)]
        if not len(known):
            return Changes.none()
        stretch = Stretch(min(arrivals.earliest(), until) - 1, until)
        return membership_changes(self._plan, known, self._archive.block(known), self._epochs, stretch, self._catalog)

    def _exist(self, people: NDArray[np.integer]) -> None:
        """Let people exist from the moments on from which they are known."""
        moments = self._archive.first_seen[people]
        some = np.ones(len(people), np.bool_)
        numbers = np.full(len(people), EXISTS, np.int32)
        causes = np.full(len(people), Cause.EVENT, np.int8)
        flips = Flips(moments, people.astype(np.int32), numbers, some, causes)
        self._deadlines.add(flips, np.zeros(len(people), np.int32))

    def _retrace(self, arrivals: Arrivals, now: Moment) -> list[Flips]:
        """Decide anew the conditions that read what came, for whom it came, and all for whoever is new."""
        told = {("events", name): rows.people for name, rows in arrivals.events.items()}
        told |= {("traits", name): rows.people for name, rows in arrivals.traits.items()}
        new = np.arange(len(self._ids) - len(arrivals.people), len(self._ids))
        found = []
        for group in self._groups:
            whose = [new, *(told[subject] for subject in group.reads if subject in told)]
            people = np.unique(np.concatenate(whose)).astype(np.int64)
            if len(people):
                found.append(self._trace(group, people, self._archive.block(people), now))
        return found

    def _look_ahead(self, groups: Sequence[Group], now: Moment, until: Moment) -> Iterator[Flips]:
        """Decide conditions anew for everybody up to `now`, and foresee them up to `until`."""
        self._foreseen = until
        for people, block in self._archive.everybody():
            for group in groups:
                yield self._trace(group, people, block, now)

    def _trace(self, group: Group, people: NDArray[np.int64], block: Block, now: Moment) -> Flips:
        """Return what becomes of a group's conditions up to `now`, and queue what is foreseen."""
        place = self._group_of[group.conditions[0][0]]
        self._stamps[place, people] += 1
        tracer = Tracer(self._plan, self._catalog, self.statistics)
        flips = tracer.trace(group, people, block, self._now, self._foreseen)
        to_come = flips.moments > now
        foreseen = flips.of(to_come)
        self._deadlines.add(foreseen, self._stamps[place, foreseen.people])
        return flips.of(~to_come)

    def _due(self, now: Moment) -> Flips:
        """Return what time brings up to `now`, of that what still counts."""
        flips, stamps = self._deadlines.until(now)
        return flips.of(self._stamps[self._group_of[flips.conditions], flips.people] == stamps)


def _summed(plan: Plan, catalog: Catalog) -> set[tuple[str, str]]:
    """Return the events and columns of which sums are asked."""
    asked = (feature.measure for feature in plan.features if isinstance(feature.measure, Aggregate))
    sums = (one for one in asked if one.function is Function.SUM and one.property is not None)
    return {(one.event, catalog.events[one.event][one.property][ValueType.NUMBER]) for one in sums}
