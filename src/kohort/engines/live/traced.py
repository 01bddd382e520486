"""Conditions of any kind, decided from the histories of those whom something happened to: exact, and slow."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.engines.columns import Block
from kohort.engines.context import Context
from kohort.engines.live.flips import Cause, Flips
from kohort.engines.plan import Plan, features_of
from kohort.engines.statistics import Statistics, population_term
from kohort.engines.timelines.conditions import condition_course
from kohort.engines.timelines.courses import Ordered, Stretch
from kohort.engines.timelines.timeline import texts_of
from kohort.engines.timelines.values import Sources
from kohort.rules.catalog import Catalog
from kohort.rules.literals import Last
from kohort.rules.nodes import Aggregate, Anniversary, Basic, DaysSince, Trait
from kohort.rules.nodes import Sequence as Steps
from kohort.rules.windows import Calendar

Subject = tuple[str, str]
"""A kind of table, "events" or "traits", and a name in it."""


@dataclass(frozen=True)
class Group:
    """Conditions that read the same tables, by their numbers.

    `pinned`: that depend on the population's numbers; `timely`: that time can change, without any row of its moment.
    """

    reads: frozenset[Subject]
    pinned: bool
    timely: bool
    conditions: tuple[tuple[int, Basic], ...]


def groups_of(conditions: Iterable[tuple[int, Basic]], catalog: Catalog) -> list[Group]:
    """Return numbered conditions in groups.

    >>> from kohort.definitions.values import ValueType
    >>> from kohort.rules.parse import parse_rule
    >>> catalog = Catalog(events={"visit": {}}, traits={"clv": ValueType.NUMBER})
    >>> asked = [parse_rule(words) for words in ("clv > 3", "did visit then visit", "clv < 9")]
    >>> [[number for number, _ in group.conditions] for group in groups_of(enumerate(asked), catalog)]
    [[0, 2], [1]]
    """
    found: dict[tuple[frozenset[Subject], bool, bool], list[tuple[int, Basic]]] = {}
    for number, condition in conditions:
        measures = [feature.measure for feature in features_of(condition, catalog)]
        reads = frozenset(subject for measure in measures for subject in subjects_of(measure))
        timely = isinstance(condition, Anniversary) or any(map(_is_timely, measures))
        key = reads, population_term(condition) is not None, timely
        found.setdefault(key, []).append((number, condition))
    return [Group(*key, tuple(its)) for key, its in found.items()]


def _is_timely(measure: Trait | Aggregate | DaysSince | Steps) -> bool:
    match measure:
        case Trait():
            return False
        case Aggregate(window=window):
            return isinstance(window, Last | Calendar)
        case _:
            return True


def subjects_of(measure: Trait | Aggregate | DaysSince | Steps) -> set[Subject]:
    """Return the tables that a measure reads.

    >>> subjects_of(Trait("clv"))
    {('traits', 'clv')}
    """
    match measure:
        case Trait(name=name):
            return {("traits", name)}
        case Aggregate(event=event) | DaysSince(event=event):
            return {("events", event)}
        case Steps(steps=steps):
            return {("events", step.event) for step in steps}


@dataclass(frozen=True)
class Tracer:
    """Traces groups of conditions of a plan under the statistics in force."""

    plan: Plan
    catalog: Catalog
    statistics: Statistics

    def trace(self, group: Group, people: NDArray[np.int64], block: Block, since: Moment, until: Moment) -> Flips:
        """Return what holds at `since` for each condition and person, and how it changes up to `until`.

        `block` holds the people, whose numbers are `people`; what is in it alone is known to happen.
        """
        stretch = Stretch(since, until)
        asked = tuple(condition for _, condition in group.conditions)
        context = Context(self.catalog, until, texts_of(replace(self.plan, conditions=asked), block, self.catalog))
        sources = Sources(block, context, self.statistics, stretch)
        told = _told(block, group.reads)
        found = []
        for number, condition in group.conditions:
            course = condition_course(condition, sources)
            by_event = told.upto(course.people, course.moments) > told.before(course.people, course.moments)
            found.append(
                Flips(
                    course.moments,
                    people[course.people].astype(np.int32),
                    np.full(len(course.people), number, np.int32),
                    course.holds,
                    np.where(by_event, Cause.EVENT, Cause.TIME).astype(np.int8),
                )
            )
        return Flips.joined(found)


def _told(block: Block, reads: Iterable[Subject]) -> Ordered:
    """Return the moments of rows, in the order of people."""
    rows = [
        rows
        for kind, name in reads
        if (rows := (block.events if kind == "events" else block.traits).get(name)) is not None
    ]
    people = np.concatenate([np.zeros(0, np.int32), *(one.people for one in rows)])
    moments = np.concatenate([np.zeros(0, np.int64), *(one.ts for one in rows)])
    order = np.lexsort((moments, people))
    return Ordered(people[order], moments[order])
