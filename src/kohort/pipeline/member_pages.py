"""The members of a segment, a page at a time: only of those on the page more is looked up."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.pipeline.crowds import recorded_people
from kohort.pipeline.epochs import latest_moment
from kohort.pipeline.people import user_ids_of
from kohort.pipeline.recording import current_memberships
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
    people = recorded_people(workspace, segment)
    left = people.filter(pc.greater(people, pa.scalar(after)))
    shown = left.take(pc.sort_indices(left)[: most + 1]).to_pylist()
    page = shown[:most]
    since = _entered(workspace, segment, page)
    users = user_ids_of(workspace, page)
    return MemberPage(
        segment,
        latest_moment(workspace),
        len(people),
        tuple(PagedMember(one, users.get(one), since.get(one)) for one in page),
        page[-1] if len(shown) > most else None,
    )


def _entered(workspace: Workspace, segment: str, people: list[str]) -> dict[str, Moment | None]:
    stored = current_memberships(workspace.tables)
    wanted = pc.and_(pc.equal(stored.column("segment"), segment), pc.is_null(stored.column("left_at")))
    wanted = pc.and_(wanted, pc.is_in(stored.column("person_id"), value_set=pa.array(people, pa.string())))
    rows = stored.filter(wanted).select(["person_id", "entered_at"]).to_pylist()
    return {row["person_id"]: row["entered_at"] for row in rows}
