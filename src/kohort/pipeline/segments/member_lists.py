"""The members of a segment with what it takes to trust them: which rule, as of when, and where the log goes on."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.pipeline.freshness import evaluated_at
from kohort.pipeline.moving import last_of_record
from kohort.pipeline.segments.people import members
from kohort.pipeline.versions import newest_versions, readable, recorded
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True)
class MemberList:
    """Who is in a segment as of the moment `at`; `members` is what `Project.members` returns.

    Of recorded members `evaluated_at` is when that was found, `seq` the place in the membership log up to which they
    count; both are None where the rule was evaluated for the asking.
    """

    segment: str
    version: int | None
    at: Moment
    members: pa.Table
    evaluated_at: Moment | None = None
    seq: int | None = None


def member_list(workspace: Workspace, segment: str, at: Moment | None) -> MemberList:
    """Return the members of a segment: those recorded, or, with `at`, those whom its rule finds at that moment.

    Raises UnknownNameError for a segment that nobody declared, UsageError for one that cannot be evaluated yet.
    """
    table, version = members(workspace, segment, at), workspace.in_force().versions.get(segment)
    if at is not None:
        return MemberList(segment, version, at, table)
    sizes = recorded(workspace.tables, "segment_sizes")
    newest = sizes.filter(pc.equal(sizes.column("segment"), segment)).sort_by("seq").column("at")[-1].as_py()
    return MemberList(
        segment,
        version,
        newest,
        table,
        evaluated_at(workspace)[segment],
        last_of_record(readable(workspace.tables)),
    )


def known_segments(workspace: Workspace) -> frozenset[str]:
    """Return the names of all segments that are declared, or were in force at any time."""
    return frozenset(workspace.segments) | frozenset(newest_versions(workspace.tables))
