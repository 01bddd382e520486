"""The list of segments."""

from typing import Final

from fastapi import Response

from kohort.governance.keys import SEGMENTS_READ
from kohort.web.api.models.answer import Answer
from kohort.web.api.models.segments import SegmentDetail
from kohort.web.studio.pages import Listed, Pages, Visiting

_COLUMNS: Final = ("name", "label", "size", "share", "at", "evaluated_at", "sentence", "note")


class SegmentList(Answer):
    """Every segment that is declared or in force."""

    segments: list[SegmentDetail]


def mount_segment_list(pages: Pages) -> None:
    """Add `/segments`."""

    @pages.page("/segments", SEGMENTS_READ, listed=True)
    def segments(visit: Visiting) -> Response:
        with visit.desk.asking() as project:
            found = [SegmentDetail.model_validate(one) for one in project.segments()]
        return visit.shows("segments", SegmentList(segments=found), Listed.of(_COLUMNS, found))
