"""The whole course of memberships of some people, under the statistics of each epoch: what corrections are made of."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Block, Moments
from kohort.engines.live.changes import Changes
from kohort.engines.live.epochs import Epochs
from kohort.engines.live.flips import Cause
from kohort.engines.plan import Plan
from kohort.engines.timelines.courses import Ordered, Stretch
from kohort.engines.timelines.timeline import timelines
from kohort.rules.catalog import Catalog


def membership_changes(
    plan: Plan, people: NDArray[np.int64], block: Block, epochs: Epochs, stretch: Stretch, catalog: Catalog
) -> Changes:
    """Return when people, whose history is `block`, entered and left each rule of `plan` within a stretch."""
    told = _told(block)
    inside: dict[str, NDArray[np.bool_]] = {}
    parts = []
    for part, statistics in epochs.between(stretch.since, stretch.until):
        courses = timelines(plan, block, part, catalog, statistics)
        for number, (name, course) in enumerate(courses.items()):
            first = course.moments == part.since
            before = inside.get(name, course.holds[first])
            changes = ~first
            changes[first] = course.holds[first] != before
            by_event = told.upto(course.people, course.moments) > told.before(course.people, course.moments)
            causes = np.where(by_event, Cause.EVENT, np.where(first, Cause.EPOCH, Cause.TIME)).astype(np.int8)
            inside[name] = course.holds[np.append(course.people[1:] != course.people[:-1], [True])]
            parts.append(
                Changes(
                    people[course.people].astype(np.int32),
                    np.full(len(first), number, np.int32),
                    course.moments,
                    course.holds,
                    causes,
                    np.zeros(len(first), np.bool_),
                ).of(changes)
            )
    return Changes.joined(parts).in_order()


def _told(block: Block) -> Ordered:
    """Return the moments at which anything is told, in the order of people."""
    tables: list[Mapping[str, object]] = [block.events, block.traits]
    names = [(kind, name) for kind in tables for name in kind]
    rows = [block.events[name] if kind is block.events else block.traits[name] for kind, name in names]
    people = np.concatenate([np.arange(block.size), *(one.people for one in rows)])
    moments: Moments = np.concatenate([block.first_seen, *(one.ts for one in rows)])
    order = np.lexsort((moments, people))
    return Ordered(people[order], moments[order])
