"""`/value`: what people will be worth, how it was found, whether it held, and what segments are worth."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Query, Response

from kohort.governance.keys import SEGMENTS_READ
from kohort.learning.value.results import Foreteller
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.values import ValueDocument
from kohort.reports import value_charts
from kohort.reports.figures import Figure
from kohort.reports.theme import AnyChart
from kohort.reports.value import foreteller_name
from kohort.reports.value_charts import ValueWords
from kohort.web.api.models.answer import Answer
from kohort.web.api.models.value import Value, value_of
from kohort.web.studio.drawing import figure, kept, spoken, writing_of
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting

_: Final[Callable[[str], str]] = marked
_COLUMNS: Final = ("decile", "people", "worth", "low", "high", "share")
Named = Annotated[str, Query(max_length=1_000)]


class ValuePage(Answer):
    """The scores of value of a project, the one looked at, and what was found; null where nothing was yet."""

    scores: list[str]
    score: str | None
    found: Value | None


def mount_value_page(pages: Pages) -> None:
    """Add `/value`, of a score of the kind `clv`."""

    @pages.page("/value", SEGMENTS_READ, listed=True)
    def value(visit: Visiting, score: Named = "") -> Response:
        with visit.desk.asking(score="query.score") as project:
            search = project.value(score or None)
        page = ValuePage(scores=list(search.scores), score=search.score, found=value_of(search))
        document = search.document
        drawn = document is not None and visit.form == "html"
        return visit.shows(
            "value",
            page,
            _listed(document),
            document=document,
            spoken=lambda text: spoken(Bilingual(text.en, text.fr), visit.language),
            named=lambda key: spoken(foreteller_name(Foreteller(key)), visit.language),
            amount=lambda units: (
                f"{visit.formats.decimal(units, 0 if abs(units) >= 100 else 2)} {page.found.currency}"  # noqa: PLR2004 - three digits
                if page.found
                else ""
            ),
            figures=_figures(visit, document) if drawn and document else {},
        )


def _listed(document: ValueDocument | None) -> Listed:
    groups = () if document is None else document.study.deciles
    return Listed(_COLUMNS, [[one.group, one.people, one.worth, one.low, one.high, one.share] for one in groups])


def _figures(visit: Visit, document: ValueDocument) -> dict[str, Figure]:
    study, writing = document.study, writing_of(visit.formats)
    words = ValueWords(
        decile=visit.say(_("decile of worth (10: most)")),
        worth=visit.say(_("worth a person")),
        foretold=visit.say(_("decile of what was foretold (10: most)")),
        spent=visit.say(_("spent a person in the held-out time")),
    )

    def drawn(name: str, title: str, caption: str, chart: Callable[[], AnyChart]) -> Figure:
        return kept(name, lambda: figure(name, visit.say(title), visit.say(caption), chart()), visit.formats, study)

    found = {
        "deciles": drawn(
            "deciles",
            _("What tenths of people are worth"),
            _("The mean a person; the line is where it lies in nine worlds of ten that were drawn."),
            lambda: value_charts.deciles(study.deciles, words, writing),
        )
    }
    if study.holdout is not None:
        held = study.holdout
        found["calibration"] = drawn(
            "calibration",
            _("Foretold and happened"),
            _("Dots are what people spent, with intervals of 95 %; the bars across are what was foretold."),
            lambda: value_charts.calibration(held.by_decile, words, writing),
        )
    return found
