"""The tests and guard rails of a segment, looked at as it stands now: before anybody plans a change."""

from collections.abc import Iterator
from dataclasses import dataclass

from kohort.clock import Moment
from kohort.definitions.guards import Guards
from kohort.engines.bits import size_of
from kohort.pipeline.segments.counting import recorded_members
from kohort.pipeline.segments.moves import Snapshot, snapshot_of
from kohort.pipeline.segments.planning import run_tests
from kohort.pipeline.workspace import Workspace
from kohort.segments.expectations import Verdict


@dataclass(frozen=True)
class GuardState:
    """A limit, and what stands against it: None where that only shows in a change. `other` is the segment meant."""

    guard: str
    limit: float
    found: float | None
    holds: bool | None
    stops: bool
    other: str | None = None


@dataclass(frozen=True)
class SegmentChecks:
    """What became of each test of a segment as of `at`, and how it stands to its guard rails."""

    segment: str
    at: Moment
    verdicts: tuple[Verdict, ...]
    guards: tuple[GuardState, ...]


def checks_of(workspace: Workspace, segment: str) -> SegmentChecks:
    """Return the checks of a segment.

    Raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one that has no members yet.
    """
    snapshot = snapshot_of(workspace, segment)
    declared = workspace.declared.get(segment)
    guards = workspace.settings.guards.refined(declared.guards if declared else Guards())
    verdicts = run_tests(workspace, [segment], snapshot.at) if declared else ()
    return SegmentChecks(segment, snapshot.at, verdicts, tuple(_states(workspace, snapshot, guards)))


def _states(workspace: Workspace, snapshot: Snapshot, guards: Guards) -> Iterator[GuardState]:
    stop = guards.stop or frozenset()
    for guard, limit in guards.limits.items():
        if limit is None:
            continue
        found: float | None = None
        holds: bool | None = None
        other = None
        if guard == "smallest":
            found, holds = snapshot.size, snapshot.size >= limit
        elif guard == "broadest" and snapshot.population:
            found = snapshot.size / snapshot.population
            holds = found <= limit
        elif guard == "alike" and (nearest := _most_alike(workspace, snapshot.segment)) is not None:
            other, found = nearest
            holds = found <= limit
        yield GuardState(guard, limit, found, holds, guard in stop, other)


def _most_alike(workspace: Workspace, segment: str) -> tuple[str, float] | None:
    """Return the segment that has the most people in common with another one, by Jaccard's similarity."""
    versions = workspace.in_force().versions
    members, _ = recorded_members(workspace, [name for name in workspace.segments if name in versions])
    mine = members[segment]
    size = size_of(mine)
    found = []
    for name, bits in members.items():
        shared = size_of(mine & bits)
        if name != segment and shared:
            found.append((shared / (size + size_of(bits) - shared), name))
    alike = max(found, default=None)
    return None if alike is None else (alike[1], alike[0])
