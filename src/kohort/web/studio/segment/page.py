"""The page of a segment: what it means, how many are in as of when; its parts come after it."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from fastapi import Response

from kohort.errors import NotEvaluatedError
from kohort.governance.keys import MEMBERSHIPS_READ, SEGMENTS_READ
from kohort.project import Project
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Pages, Visiting
from kohort.web.studio.segment.asked import PLACES, Name, may_see_people, summary_of
from kohort.web.studio.segment.models import SegmentOverview

_: Final[Callable[[str], str]] = marked
PARTS: Final[Mapping[str, str]] = {
    "sizes": _("Size over time"),
    "moves": _("Who enters and leaves"),
    "apart": _("What sets it apart"),
    "drivers": _("What goes with their chances"),
    "value": _("Value for the business"),
    "overlap": _("Overlap"),
    "flows": _("Flows"),
    "versions": _("Versions"),
    "checks": _("Tests and guard rails"),
    "members": _("Who is in it"),
}
"""The parts of the page, in its order, and what they are called."""


def mount_segment_page(pages: Pages) -> None:
    """Add `/segments/{name}`."""

    @pages.page("/segments/{name}", SEGMENTS_READ)
    def segment(visit: Visiting, name: Name) -> Response:
        with visit.desk.asking(**PLACES) as project:
            page = overview(project, name, people=may_see_people(visit))
        titles = {name: visit.say(title) for name, title in PARTS.items()}
        return visit.shows("segment/page", page, live=visit.visitor.may(MEMBERSHIPS_READ), titles=titles)


def overview(project: Project, name: str, *, people: bool) -> SegmentOverview:
    """Return what stands at the head of a segment's page; raises UnknownNameError."""
    summary, _all = summary_of(project, name)
    words = project.segment_words(name)
    found = {**vars(summary), "description": words.description, "owner": words.owner, "purpose": words.purpose}
    hidden = {*(() if people else ("members",)), *(() if project.predictions() else ("drivers",))}
    parts = {part: f"/segments/{quote(name, safe='')}/{part}" for part in PARTS if part not in hidden}
    try:
        # Size and place in the log are of one look, so that what the stream says can be added.
        snapshot = project.snapshot(name)
    except NotEvaluatedError:
        return SegmentOverview.model_validate({**found, "population": None, "seq": None, "parts": {}})
    now = {
        "size": snapshot.size,
        "share": snapshot.size / snapshot.population if snapshot.population else None,
        "at": snapshot.at,
        "population": snapshot.population,
        "seq": snapshot.seq,
    }
    return SegmentOverview.model_validate({**found, **now, "parts": parts})
