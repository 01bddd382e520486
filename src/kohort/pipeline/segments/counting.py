"""Counting members: overlap of segments, flows between two moments, sizes over time."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from kohort.clock import Moment, step_from
from kohort.engines.bits import everyone, size_of
from kohort.engines.plan import Bits
from kohort.errors import NotEvaluatedError, UsageError
from kohort.pipeline.segments.evaluation import evaluator, rules_of
from kohort.pipeline.segments.member_bits import member_bits
from kohort.pipeline.versions import recorded
from kohort.pipeline.workspace import Workspace
from kohort.segments.flows import Flows, flows_between
from kohort.segments.intersections import Intersections, intersections_of

MOST_MOMENTS: Final = 1_000
_USUAL_STEPS: Final = 30


@dataclass(frozen=True)
class SizeAt:
    """The size of a segment at a moment, by its rule of today and all that is known today, out of `population`.

    `recorded` is what the latest run up to then found, at `recorded_at`; both are None before the first run.
    """

    at: Moment
    size: int
    population: int
    recorded: int | None
    recorded_at: Moment | None

    @property
    def share(self) -> float:
        """The share of the population, 0 of nobody."""
        return self.size / self.population if self.population else 0.0


def overlap(workspace: Workspace, names: Sequence[str], at: Moment | None) -> Intersections:
    """Return who is in exactly which segments; members of the last run, or with `at` computed at that moment.

    Without names the segments are all that can be evaluated. Raises what `rules_of` raises, and UsageError for a
    segment that no run has evaluated yet.
    """
    catalog = workspace.catalog()
    rules = rules_of(workspace, names, catalog)
    if at is None:
        return intersections_of(*recorded_members(workspace, list(rules)))
    found = evaluator(workspace, catalog)(rules, at)
    return intersections_of(found.members.bits, found.existing)


def flows(workspace: Workspace, names: Sequence[str], since: Moment, until: Moment) -> Flows:
    """Return where people went between two moments, the rules evaluated at both; raises what `rules_of` raises."""
    catalog = workspace.catalog()
    rules = rules_of(workspace, names, catalog)
    evaluate = evaluator(workspace, catalog)
    return flows_between(evaluate(rules, since), evaluate(rules, until), list(rules))


def sizes(workspace: Workspace, name: str, since: Moment | None, until: Moment, every: int) -> Iterator[SizeAt]:
    """Yield the size of a segment at `since`, and every `every` microseconds after it up to `until`.

    Whole days are those of the project's calendar, so that a midnight stays one. Without `since` the moments are the
    last 31, `until` included. Raises what `rules_of` raises, and UsageError for moments that are none or too many.
    """
    zone = workspace.settings.zone
    first = step_from(until, -_USUAL_STEPS, every, zone) if since is None else since
    if first > until:
        raise UsageError("sizes go from an earlier moment to a later one; exchange or change --from and --to")
    steps = (until - first) // every
    if steps >= MOST_MOMENTS:
        raise UsageError(f"that is {steps + 1:,} moments, more than {MOST_MOMENTS:,}; ask for fewer with --every")
    # A night that is an hour shorter may let one more step in, and a longer one may keep the last out.
    moments = [at for number in range(steps + 2) if (at := step_from(first, number, every, zone)) <= until]
    catalog = workspace.catalog()
    rules = rules_of(workspace, [name], catalog)
    known = _recorded_sizes(workspace, name)
    evaluate = evaluator(workspace, catalog)
    for at in moments:
        found = evaluate(rules, at)
        runs = bisect_right(known, at, key=lambda row: row["at"])
        last = known[runs - 1] if runs else {"size": None, "at": None}
        yield SizeAt(at, found.members.size(name), found.population, last["size"], last["at"])


def size_history(workspace: Workspace, name: str, until: Moment, every: int) -> tuple[SizeAt, ...]:
    """Return the last 31 sizes of a segment up to a moment; raises what `sizes` does."""
    return tuple(sizes(workspace, name, None, until, every))


def nearest(workspace: Workspace, name: str, names: Sequence[str], most: int) -> Intersections:
    """Return how a segment lies in those of `names`, at most `most`, with which it shares the most people.

    Every intersection holds members of it, and every pair is of it; `population` is its size. Raises NotEvaluatedError
    for a segment that no run has evaluated yet.
    """
    members, _ = recorded_members(workspace, [name, *(one for one in names if one != name)])
    shared = {one: size_of(members[name] & bits) for one, bits in members.items() if one != name}
    closest = sorted((one for one, people in shared.items() if people), key=lambda one: -shared[one])[:most]
    found = intersections_of({one: members[one] for one in (name, *closest)}, members[name])
    return replace(found, pairs=tuple(one for one in found.pairs if one.first == name))


def recorded_members(workspace: Workspace, names: Sequence[str]) -> tuple[Mapping[str, Bits], Bits]:
    """Return the members of segments as of the last run, and all people there were, one bit a person.

    Whoever is in none of them has a bit too, after all the others. Raises UsageError for a segment without a run.
    """
    in_force = workspace.in_force().versions
    known = _newest_populations(workspace)
    for name in names:
        if name not in in_force or name not in known:
            raise NotEvaluatedError(name, workspace.why_not_evaluated())
    stored, places = member_bits(workspace.tables)
    population = max(places, *(known[name] for name in names))
    whole = -(-population // 8)
    nobody = np.zeros(0, np.uint8)
    members = {name: _filled(stored.get(name, nobody), whole) for name in names}
    return members, everyone(population)


def _filled(bits: Bits, whole: int) -> Bits:
    return np.concatenate([bits, np.zeros(whole - len(bits), np.uint8)])


def _newest_populations(workspace: Workspace) -> dict[str, int]:
    """Return how many people there were when each segment was last evaluated."""
    rows = recorded(workspace.tables, "segment_sizes").sort_by([("at", "ascending"), ("seq", "ascending")])
    return dict(zip(rows.column("segment").to_pylist(), rows.column("population").to_pylist(), strict=True))


def _recorded_sizes(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """Return what the runs found, in the order of their moments."""
    stored = recorded(workspace.tables, "segment_sizes")
    its = stored.filter(pc.equal(stored.column("segment"), name))
    rows: list[dict[str, Any]] = its.sort_by([("at", "ascending"), ("seq", "ascending")]).to_pylist()
    return rows
