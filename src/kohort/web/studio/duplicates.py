"""`/duplicates`: people who may be one, side by side; merged, kept apart, or taken back."""

from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Query, Response
from starlette.responses import RedirectResponse

from kohort.governance.keys import PEOPLE_READ, PEOPLE_WRITE
from kohort.web.api.duplicates import decided, proposed_merges
from kohort.web.api.models.answer import Answer
from kohort.web.api.models.duplicates import ProposedMerges
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visiting
from kohort.web.studio.values import ScoreWords

_: Final[Callable[[str], str]] = marked
_MOST: Final = 20
_COLUMNS: Final = ("left", "right", "probability", "family", "sure")
_OUTCOMES: Final = {
    "merged": _("They are one person now. Segments follow with the next run."),
    "kept apart": _("They stay two people, whatever becomes known."),
    "taken back": _("Taken back: they are who they were."),
    "as they were": _("Nothing had to be changed."),
}


class DuplicatesPage(Answer):
    """What is proposed; null before anybody has looked for duplicates."""

    found: ProposedMerges | None


def mount_duplicates_page(pages: Pages) -> None:
    """Add `/duplicates`, and deciding there."""

    @pages.page("/duplicates", PEOPLE_READ, listed=True)
    def duplicates(
        visit: Visiting,
        cursor: Annotated[str | None, Query(max_length=1_000)] = None,
        outcome: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        with visit.desk.asking() as project:
            found = proposed_merges(project, cursor, _MOST)
            scores = project.score_definitions
        return visit.shows(
            "duplicates",
            DuplicatesPage(found=found),
            Listed.of(_COLUMNS, found.proposals if found else []),
            said=_OUTCOMES.get(outcome, ""),
            words=ScoreWords(scores, visit.formats),
            is_first=cursor is None,
            may_decide=visit.visitor.may(PEOPLE_WRITE),
        )

    @pages.action("/duplicates", PEOPLE_WRITE)
    def decide(visit: Visiting, body: Body) -> Response:
        form = posted(body)
        left, right = form.get("left", ""), form.get("right", "")
        with visit.desk.changing(person="form.left", asked="form.decision") as project:
            outcome = decided(project, left, right, form.get("decision", ""), form.get("reason", ""))
        return RedirectResponse(f"/duplicates?outcome={quote(outcome, safe='')}", 303)
