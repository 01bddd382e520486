"""Who entered and left each segment between two epochs, and exactly when."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import DAY, Moment
from kohort.engines.columns import Block, History
from kohort.engines.plan import Plan, build_plan
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Course, Positions, Stretch, Truth
from kohort.engines.timelines.timeline import timelines
from kohort.pipeline.mapped.histories import people_of
from kohort.pipeline.moving import LOG_ROWS_A_RECORD
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.rules.read import segments_of
from kohort.segments.log import Logged, correction, net_changes, reconciled, without
from kohort.segments.membership import (
    Cause,
    Change,
    Membership,
    MembershipChange,
    apply_changes,
    changes_between,
    in_order,
    open_by_segment,
)
from kohort.storage.tables import Tables

FIRST_MOMENT: Final = -718_432 * DAY
"""The beginning of the year 3: no calendar is asked for the days before it."""


@dataclass(frozen=True)
class Believed:
    """What is recorded up to an epoch: its moment and statistics, the version of each segment evaluated at it.

    `known` are the segments that any epoch has evaluated.
    """

    at: Moment
    statistics: Statistics
    versions: Mapping[str, int]
    known: AbstractSet[str]


@dataclass(frozen=True)
class Evaluated:
    """What an epoch finds: each segment's rule, version and members, as of `at`."""

    at: Moment
    rules: Mapping[str, Rule]
    versions: Mapping[str, int]
    members: Mapping[str, AbstractSet[str]]

    def without(self, names: Sequence[str]) -> "Evaluated":
        """Return what it finds of the other segments."""
        return replace(self, members={name: its for name, its in self.members.items() if name not in names})


@dataclass(frozen=True)
class Further:
    """All changes after an evaluation, up to and with the moment `until`."""

    until: Moment
    changes: Sequence[MembershipChange]


def cause_of(name: str, rule: Rule, versions: Mapping[str, int], before: Believed | None, catalog: Catalog) -> Cause:
    """Return why the members of a segment may differ at an epoch's own moment from those of the epoch `before`."""
    if before is None or name not in before.known:
        return Cause.RULE
    needed = {name, *segments_of([rule], catalog)}
    if any(before.versions.get(one) != versions[one] for one in needed):
        return Cause.DEFINITION
    return Cause.STATISTICS if build_plan({name: rule}, catalog).terms else Cause.RULE


class MembershipChanges:
    """Finds what an epoch changes, from the history and what was recorded before.

    A segment that no epoch has evaluated is told from the whole history: whoever is in entered when its rule last
    turned true. One that the last epoch evaluated too is told from there on, change by change. One whose definition
    has changed, or whose statistics have, changes at the epoch's own moment.
    """

    def __init__(self, history: History, catalog: Catalog, tables: Tables, before: Believed | None, seq: int) -> None:
        self._history, self._catalog, self._tables, self._before = history, catalog, tables, before
        self._first_of_this_epoch = seq * LOG_ROWS_A_RECORD

    def between(
        self,
        memberships: list[Membership],
        now: Evaluated,
        people: Mapping[str, str],
        further: Further | None = None,
    ) -> list[MembershipChange]:
        """Return the changes up to `now`; `people` maps everybody to today's person.

        With `further`, those of the time after `now` are known too: what is logged for it otherwise is taken back.
        """
        told = {name: cause_of(name, now.rules[name], now.versions, self._before, self._catalog) for name in now.rules}
        new = [name for name in now.rules if self._before is None or name not in self._before.known]
        going_on = [name for name, cause in told.items() if cause is not Cause.DEFINITION and name not in new]
        if self._before is not None and now.at < self._before.at:
            # Of those that go on, more is known than what is asked.
            return self._of_new_rules(now.without(going_on), memberships, people, told)
        ahead = self._ahead(going_on)
        memberships = without(memberships, ahead)
        exact = in_order([*self._from_the_beginning(new, now), *self._since_the_last_epoch(going_on, memberships, now)])
        then = open_by_segment(apply_changes(memberships, exact))
        evaluated = {name: (now.versions[name], members) for name, members in now.members.items()}
        until, later = (now.at, ()) if further is None else (further.until, further.changes)
        true = in_order([*exact, *changes_between(then, evaluated, now.at, people, told), *later])
        return in_order(reconciled([one for one in ahead if one.effective_at <= until], true)) if ahead else true

    @property
    def latest(self) -> Moment:
        """The latest moment that the log tells of, `FIRST_MOMENT` if it is empty."""
        found = pc.max(self._rows.column("effective_at")).as_py()
        return FIRST_MOMENT if found is None else int(found)

    def _of_new_rules(
        self, now: Evaluated, memberships: list[Membership], people: Mapping[str, str], told: Mapping[str, Cause]
    ) -> list[MembershipChange]:
        """Return what changes at `now`, a moment of which more is known already, by the segments that it tells of."""
        its = [one for one in memberships if one.segment in now.members or one.segment not in now.versions]
        evaluated = {name: (now.versions[name], members) for name, members in now.members.items()}
        return changes_between(open_by_segment(its), evaluated, now.at, people, told)

    def _from_the_beginning(self, names: Sequence[str], now: Evaluated) -> Iterator[MembershipChange]:
        rules = {name: now.rules[name] for name in names if not self._plan({name: now.rules[name]}).terms}
        chosen = sorted({person for name in rules for person in now.members[name]})
        plan = self._plan(rules)
        for ids, block in people_of(self._history, chosen):
            for name, course in timelines(plan, block, whole(block, now.at), self._catalog).items():
                for person, (since, holds) in zip(ids, last_changes(course, len(ids)), strict=True):
                    if holds and since is not None:
                        yield MembershipChange(name, now.versions[name], person, "entered", since, Cause.RULE)

    def _since_the_last_epoch(
        self, names: Sequence[str], memberships: list[Membership], now: Evaluated
    ) -> Iterator[MembershipChange]:
        before = self._before
        if before is None or not names:
            return
        plan = self._plan({name: now.rules[name] for name in names})
        inside = open_by_segment(memberships)
        for start, block in zip(self._history.starts(), self._history.blocks, strict=True):
            ids = self._history.people.slice(start, block.size).to_pylist()
            courses = timelines(plan, block, Stretch(before.at, now.at), self._catalog, before.statistics)
            for name, course in courses.items():
                yield from self._of_course(name, course, now, inside.get(name, {}), block, ids)

    def _of_course(
        self,
        name: str,
        course: Course,
        now: Evaluated,
        inside: Mapping[str, Membership],
        block: Block,
        ids: Sequence[str],
    ) -> Iterator[MembershipChange]:
        """Yield what was believed wrongly of a block at the last epoch, and each change since then."""
        if self._before is None:
            return
        since = self._before.at
        steady = not self._plan({name: now.rules[name]}).terms
        if not steady and now.at == since:
            return
        believed = np.array([person in inside for person in ids], np.bool_)
        true = course.at(np.arange(len(ids)), np.full(len(ids), since, np.int64))
        yield from self._corrections(name, now, np.flatnonzero(true != believed), block, ids, true)
        changed = (course.moments > since) & (steady | (course.moments < now.at))
        rows = (course.people[changed], course.moments[changed], course.holds[changed])
        for place, moment, holds in zip(*(one.tolist() for one in rows), strict=True):
            change: Change = "entered" if holds else "left"
            yield MembershipChange(name, now.versions[name], ids[place], change, moment, Cause.RULE)

    def _corrections(
        self, name: str, now: Evaluated, wrong: Positions, block: Block, ids: Sequence[str], true: Truth
    ) -> Iterator[MembershipChange]:
        """Yield what puts right the people at `wrong`, who at the last epoch were as `true` says, not as is logged."""
        if not len(wrong) or self._before is None:
            return
        at = self._before.at
        plan = self._plan({name: now.rules[name]})
        since: list[Moment | None] = [at] * len(wrong)
        if not plan.terms:
            its = block.of_people(wrong.astype(np.int32))
            course = timelines(plan, its, whole(its, at), self._catalog)[name]
            since = [moment for moment, _ in last_changes(course, len(wrong))]
        logged = self._logged(name)
        for place, moment in zip(wrong.tolist(), since, strict=True):
            person = ids[place]
            yield correction(
                name, now.versions[name], person, holds=bool(true[place]), since=moment, last=logged.get(person), at=at
            )

    def _ahead(self, names: Sequence[str]) -> list[Logged]:
        """Return what is logged of segments for after the last epoch: it was kept up live."""
        before = self._before
        if before is None or not self._is_ahead(before.at):
            return []
        its = [rows for (segment, _), rows in self._log.items() if segment in names]
        return [one for rows in its for one in rows if one.effective_at > before.at]

    def _is_ahead(self, at: Moment) -> bool:
        return bool(pc.any(pc.greater(self._rows.column("effective_at"), pa.scalar(at))).as_py())

    def _logged(self, segment: str) -> dict[str, Logged]:
        """Return the last row of the log that counts up to the last epoch, by person."""
        at = self._before.at if self._before is not None else FIRST_MOMENT
        found = {}
        for (its, person), rows in self._log.items():
            past = [one for one in rows if one.effective_at <= at] if its == segment else []
            if past:
                found[person] = past[-1]
        return found

    @cached_property
    def _rows(self) -> pa.Table:
        log = self._tables.read("membership_log")
        return log.filter(pc.less(log.column("seq"), pa.scalar(self._first_of_this_epoch)))

    @cached_property
    def _log(self) -> dict[tuple[str, str], list[Logged]]:
        return net_changes(self._rows.sort_by("seq").to_pylist())

    def _plan(self, rules: Mapping[str, Rule]) -> Plan:
        return build_plan(rules, self._catalog)


def last_changes(course: Course, size: int) -> list[tuple[Moment | None, bool]]:
    """Return for each of `size` people since when, and whether, a rule has held; None for the whole of the stretch."""
    last = np.searchsorted(course.people, np.arange(size), side="right") - 1
    changed = last > np.searchsorted(course.people, np.arange(size), side="left")
    rows = zip(course.moments[last].tolist(), course.holds[last].tolist(), changed.tolist(), strict=True)
    return [(moment if change else None, holds) for moment, holds, change in rows]


def whole(block: Block, until: Moment) -> Stretch:
    """Return the stretch that begins before anybody is known, or, of a clock gone mad, with the calendar."""
    return Stretch(min(until, max(int(block.first_seen.min()) - 1, FIRST_MOMENT)), until)
