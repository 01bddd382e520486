"""`/validation`: what was checked of the clusters, and whether it holds."""

from collections.abc import Callable
from typing import Final

from fastapi import Response

from kohort.governance.keys import SEGMENTS_READ
from kohort.reports.figures import Figure
from kohort.reports.validation import Check, Held, validation_of
from kohort.reports.validation_charts import check_chart
from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.studio.discover.models import Text
from kohort.web.studio.discover.search import Score, search_of
from kohort.web.studio.drawing import figure, kept, spoken, writing_of
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.segment.models import Estimate

_: Final[Callable[[str], str]] = marked
_COLUMNS: Final = ("check", "held", "of", "estimate", "low", "high", "n", "required")
_HELD: Final = {Held.YES: _("it holds"), Held.NO: _("it does not hold"), Held.GUIDE: _("to read beside")}


class CheckedFigure(Answer):
    """A figure behind an answer, and what it is of."""

    of: Text
    value: Estimate


class ValidationCheck(Answer):
    """One check; see `kohort.reports.validation.Check`."""

    key: str
    question: Text
    answer: Text
    held: Held
    bar: Text
    method: Text
    required: float | None
    is_share: bool
    figures: list[CheckedFigure]


class Validation(Answer):
    """What was checked of the newest clusters of a score; null and empty before anybody looked for any."""

    scores: list[str]
    score: str | None
    at: IsoMoment | None
    verdict: str | None
    words: Text | None
    checks: list[ValidationCheck]


def mount_validation(pages: Pages) -> None:
    """Add `/validation`."""

    @pages.page("/validation", SEGMENTS_READ, listed=True)
    def validation(visit: Visiting, score: Score = "") -> Response:
        search = search_of(visit, score)
        document = search.document
        checks = () if document is None else validation_of(document.report)
        page = Validation.model_validate(
            {
                "scores": search.scores,
                "score": search.score,
                "at": None if document is None else document.at,
                "verdict": None if document is None else document.report.verdict,
                "words": None if document is None else document.report.words,
                "checks": checks,
            }
        )
        return visit.shows(
            "discover/validation",
            page,
            _listed(checks),
            figures=_figures(visit, checks) if visit.form == "html" else {},
            held=lambda one: visit.say(_HELD[one]),
            spoken=lambda text: spoken(text, visit.language),
        )


def _listed(checks: tuple[Check, ...]) -> Listed:
    rows = [
        [one.key, str(one.held), said.of.en, said.value.estimate, said.value.low, said.value.high, said.value.n,
         one.required]
        for one in checks
        for said in one.figures
    ]  # fmt: skip
    return Listed(_COLUMNS, rows)


def _figures(visit: Visit, checks: tuple[Check, ...]) -> dict[str, Figure]:
    """Draw the checks that have a figure a group: a single number needs no chart."""
    caption = _("With intervals; the dashed line is what was required.")

    def drawn(one: Check) -> Figure:
        return figure(
            one.key,
            spoken(one.question, visit.language),
            visit.say(caption),
            check_chart(one, writing_of(visit.formats)),
        )

    return {
        one.key: kept(f"check-{one.key}", lambda one=one: drawn(one), visit.formats, one)  # type: ignore[misc]
        for one in checks
        if len(one.figures) > 1
    }
