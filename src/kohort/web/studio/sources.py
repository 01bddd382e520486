"""`/sources`: what has come in from where, and files that are sent."""

from typing import Final

from fastapi import Response

from kohort.collection.segment_lines import SEGMENT
from kohort.governance.keys import SEGMENTS_READ
from kohort.web.api.models.sources import Source, Sources
from kohort.web.studio.navigation import marked as _
from kohort.web.studio.pages import Listed, Pages, Visiting

_COLUMNS: Final = (
    "name",
    "kind",
    "received",
    "accepted",
    "duplicates",
    "events",
    "traits",
    "first_event",
    "last_event",
    "last_received",
    "rejected",
    "dead_letters",
)
_KINDS: Final = {
    "file": _("files"),
    "table": _("a table"),
    "webhook": _("webhooks"),
    "messages": _("messages"),
    "score": _("scores"),
}


def mount_sources(pages: Pages) -> None:
    """Add `/sources`."""

    @pages.page("/sources", SEGMENTS_READ, listed=True)
    def sources(visit: Visiting) -> Response:
        with visit.desk.asking() as project:
            found = [Source.model_validate(one) for one in project.sources()]
        sent = [*(one.name for one in found if one.kind == "file"), SEGMENT]
        return visit.shows("sources", Sources(sources=found), Listed.of(_COLUMNS, found), kinds=_KINDS, sent=sent)
