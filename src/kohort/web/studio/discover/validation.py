"""`/validation`: what was checked of the clusters, of predictions and of segments from labels, and whether it holds."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from fastapi import Response
from pydantic import Field

from kohort.governance.keys import SEGMENTS_READ
from kohort.reports.checks import Check, Detail, Held
from kohort.reports.figures import Figure
from kohort.reports.periods_data import ClustersOverTime
from kohort.reports.validation import validation_of
from kohort.reports.validation_charts import check_chart
from kohort.reports.validation_lookalikes import lookalike_checks
from kohort.reports.validation_predictions import prediction_checks
from kohort.web.api.models.answer import Answer, IsoMoment, Said
from kohort.web.studio.discover.models import Text
from kohort.web.studio.discover.search import Score
from kohort.web.studio.drawing import figure, kept, spoken, writing_of
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.segment.models import Estimate

_: Final[Callable[[str], str]] = marked
_COLUMNS: Final = ("check", "held", "of", "estimate", "low", "high", "n", "required")
_HELD: Final = {Held.YES: _("it holds"), Held.NO: _("it does not hold"), Held.GUIDE: _("to read beside")}
_DETAILS: Final = {
    Detail.PERSONAS: ("/discover#personas-heading", _("Personas")),
    Detail.CURVES: ("/discover#curves-heading", _("How the number of clusters was chosen")),
    Detail.METHODS: ("/discover#methods-heading", _("Methods compared")),
    Detail.PREPARATION: ("/discover#preparation-heading", _("How traits were brought onto one scale")),
    Detail.PERIODS: ("/discover#periods-heading", _("Month by month")),
    Detail.CONVERSION: ("/discover#conversion-heading", _("What the groups foretell")),
    Detail.VALUE: ("/value#held-out", _("The held-out time")),
}


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
    details: Detail | None = Field(description="Where more stands.")
    figures: list[CheckedFigure]


class PredictionValidation(Answer):
    """What was checked of the model in force of a prediction, of look-alikes or of a supervised segment."""

    score: str
    number: int
    checks: list[ValidationCheck]


class Validation(Answer):
    """What was checked of the newest clusters of a score, and of other models; null and empty before there are any."""

    scores: list[str]
    score: str | None
    at: IsoMoment | None
    verdict: str | None
    words: Text | None
    checks: list[ValidationCheck]
    lacks: list[Said] = Field(
        description="Why clusters could not be followed, or what they foretell could not be seen."
    )
    unasked: list[str] = Field(description="The commands that check what nobody has looked at yet.")
    predictions: list[PredictionValidation]


def mount_validation(pages: Pages) -> None:
    """Add `/validation`."""

    @pages.page("/validation", SEGMENTS_READ, listed=True)
    def validation(visit: Visiting, score: Score = "") -> Response:
        with visit.desk.asking(**{"clusters score": "query.score"}) as project:
            found = project.cluster_validation(score or None)
            shown, alike = project.predictions_shown(), project.lookalikes_shown()
            supervised = project.supervised_shown()
        search, over_time = found.search, found.over_time
        document = search.document
        checks = () if document is None else validation_of(document.report, over_time, found.value)
        of_models = [
            *((one.score, one.number, prediction_checks(one)) for one in shown),
            *((one.score, one.number, lookalike_checks(one)) for one in alike),
            *((one.score, one.number, prediction_checks(one)) for one in supervised),
        ]
        every = (*checks, *(check for _score, _number, its in of_models for check in its))
        page = Validation.model_validate(
            {
                "scores": search.scores,
                "score": search.score,
                "at": None if document is None else document.at,
                "verdict": None if document is None else document.report.verdict,
                "words": None if document is None else document.report.words,
                "checks": checks,
                "lacks": [one for one in (over_time.periods_lack, over_time.conversion_lack) if one],
                "unasked": _unasked(over_time) if checks else [],
                "predictions": [{"score": score, "number": number, "checks": its} for score, number, its in of_models],
            }
        )
        return visit.shows(
            "discover/validation",
            page,
            _listed(every),
            figures=_figures(visit, every) if visit.form == "html" else {},
            held=lambda one: visit.say(_HELD[one]),
            more=lambda one: _more(visit, one, page),
            spoken=lambda text: spoken(text, visit.language),
        )


def _unasked(over_time: ClustersOverTime) -> list[str]:
    asked = {
        "kohort clusters periods": over_time.periods or over_time.periods_lack,
        "kohort clusters conversion": over_time.conversions or over_time.conversion_lack,
    }
    return [command for command, answer in asked.items() if not answer]


def _more(visit: Visit, check: ValidationCheck, page: Validation) -> tuple[str, str] | None:
    """Return where more stands of a check, and what that is called."""
    if check.details is None:
        return None
    path, title = _DETAILS[check.details]
    base, _sharp, anchor = path.partition("#")
    # Clusters of several scores have a page each; value is of its own score.
    asked = f"?{urlencode({'score': page.score})}" if base == "/discover" and page.score else ""
    return f"{base}{asked}#{anchor}", visit.say(title)


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
