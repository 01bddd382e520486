"""Who is in a segment, by page, and where all of them can be fetched."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Query, Response

from kohort.governance.keys import MEMBERSHIPS_READ, PEOPLE_READ
from kohort.web.api.cursors import read_cursor, written_cursor
from kohort.web.disclosure import disclosure_to
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.pages import Listed, Pages, Visiting
from kohort.web.studio.segment.asked import PLACES, Name, summary_of
from kohort.web.studio.segment.models import SegmentMembers

_ON_A_PAGE: Final = 25
_COLUMNS: Final = ("person_id", "user_id", "entered_at")


def mount_member_pages(pages: Pages) -> None:
    """Add `/segments/{name}/members`."""

    @pages.page("/segments/{name}/members", MEMBERSHIPS_READ, PEOPLE_READ, listed=True)
    def members(visit: Visiting, name: Name, cursor: Annotated[str, Query(max_length=2_000)] = "") -> Response:
        told = disclosure_to(visit.project, visit.visitor)
        after = told.place(read_cursor(cursor)) if cursor else ""
        with visit.desk.asking(**PLACES) as project:
            summary, _all = summary_of(project, name)
            found = project.member_page(name, after, _ON_A_PAGE)
        following = None if found.following is None else written_cursor(told.cursor(found.following))
        people = [
            replace(one, person_id=told.person_id(one.person_id), user_id=told.user_id(one.user_id))
            for one in found.members
        ]
        page = SegmentMembers.model_validate({**vars(found), "members": people, "next_cursor": following})
        label = summary.labels[visit.language.value]
        return shows_part(
            visit, "segment/members", page, Listed.of(_COLUMNS, page.members), label=label, first=not cursor
        )
