"""Who is in a segment: as recorded, or as of any moment, by page."""

from typing import Annotated, Final

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query, Response

from kohort.clock import SECOND, Moment, format_utc
from kohort.pipeline.segments.member_lists import MemberList
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.cursors import read_cursor, written_cursor
from kohort.web.api.models.answer import written
from kohort.web.api.models.memberships import Member, Members
from kohort.web.callers import Caller
from kohort.web.disclosure import Disclosure, disclosure_to

_USUAL: Final = 1_000
_MOST: Final = 10_000


def mount_members(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `GET /segments/{name}/members`; `caller` is the dependency that gives who asks."""

    @router.get("/segments/{name}/members", response_model=Members, summary="Who is in a segment")
    def segment_members(
        name: str,
        asker: Annotated[Caller, caller],
        at: Annotated[str | None, Query(description="A moment, ISO 8601; without it, the recorded members.")] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST, description="The most members a page.")] = _USUAL,
        cursor: Annotated[str | None, Query(description="next_cursor of the page before.")] = None,
        if_none_match: Shown = None,
    ) -> Response:
        told = disclosure_to(desk.project, asker)
        after = None if cursor is None else told.place(read_cursor(cursor))
        moment = desk.moment(at, "query.at")
        with desk.asking(segment="path.name") as project:
            found = project.member_list(name, moment)
        page = _page(found, after, limit, desk.project.clock.now(), told)
        return answered_if_new(page, if_none_match, aside={"lag_seconds"})


def _page(found: MemberList, after: str | None, limit: int, now: Moment, told: Disclosure) -> Members:
    table = found.members
    rest = table if after is None else table.filter(pc.greater(table.column("person_id"), after))
    shown = rest.slice(0, limit)
    people, users = shown.column("person_id").to_pylist(), shown.column("user_id").to_pylist()
    rows = zip(people, users, shown.column("entered_at").cast(pa.int64()).to_pylist(), strict=True)
    members = [
        Member(person_id=told.person_id(person), user_id=told.user_id(user), entered_at=written(since))
        for person, user, since in rows
    ]
    return Members(
        segment=found.segment,
        version=found.version,
        at=format_utc(found.at),
        evaluated_at=written(found.evaluated_at),
        lag_seconds=lag_seconds(found.evaluated_at, now),
        seq=found.seq,
        size=table.num_rows,
        members=members,
        next_cursor=written_cursor(told.cursor(people[-1])) if rest.num_rows > limit else None,
    )


def lag_seconds(evaluated_at: Moment | None, now: Moment) -> float | None:
    """Return how long ago something was evaluated, in seconds, None for never."""
    # A clock that was set back makes nothing fresher than fresh.
    return None if evaluated_at is None else max(0, now - evaluated_at) / SECOND
