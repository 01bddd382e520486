"""The members of a segment, a page at a time: only of those on the page more is looked up."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.pipeline.segments.crowds import recorded_members_of
from kohort.pipeline.segments.epochs import latest_moment
from kohort.pipeline.segments.people import user_ids_of
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True)
class PagedMember:
    """A member: `user_id` None where none is known, `entered_at` None where that is unknown."""

    person_id: str
    user_id: str | None
    entered_at: Moment | None


@dataclass(frozen=True)
class MemberPage:
    """Members as of `at`, of `size` in all; `following` is after whom the next page begins, None on the last."""

    segment: str
    at: Moment | None
    size: int
    members: tuple[PagedMember, ...]
    following: str | None


def member_page(workspace: Workspace, segment: str, after: str, most: int) -> MemberPage:
    """Return recorded members in the order of their person ids, those after an id, at most `most`.

    Raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one that has no members yet.
    """
    members = recorded_members_of(workspace, segment).select(["person_id", "entered_at"])
    left = members.filter(pc.greater(members.column("person_id"), pa.scalar(after)))
    first = pc.select_k_unstable(left, k=most + 1, sort_keys=[("person_id", "ascending")])
    rows = left.take(first).to_pylist()
    page = rows[:most]
    users = user_ids_of(workspace, [row["person_id"] for row in page])
    return MemberPage(
        segment,
        latest_moment(workspace),
        members.num_rows,
        tuple(PagedMember(row["person_id"], users.get(row["person_id"]), row["entered_at"]) for row in page),
        page[-1]["person_id"] if len(rows) > most else None,
    )
