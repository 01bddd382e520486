"""The charts of a model, in the reader's words."""

from collections.abc import Callable
from typing import Final

from kohort.learning.models.explanation.weights import Group
from kohort.pipeline.learning.prediction_documents import PredictionDocument
from kohort.reports import prediction_charts
from kohort.reports.figures import Figure
from kohort.reports.prediction_charts import DriftBar, MonthDot, PredictionWords
from kohort.reports.theme import AnyChart
from kohort.web.api.models.registry import Drift
from kohort.web.studio.drawing import figure, kept, writing_of
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Visit
from kohort.web.studio.values import ScoreWords

_: Final[Callable[[str], str]] = marked


def quality_figures(visit: Visit, found: PredictionDocument, words: ScoreWords) -> dict[str, Figure]:
    """Draw whether chances are kept, who comes first, and what goes with chances."""
    said, writing, study = _words(visit, words), writing_of(visit.formats), found.study
    drawn = _drawing(visit, found)
    figures = {
        "calibration": drawn(
            "calibration",
            _("Are chances kept?"),
            _("People of neighbouring chances: what they were told, and what happened, with intervals of 95 %."),
            lambda: prediction_charts.calibration(study.curve, said, writing),
        )
    }
    if study.lift:
        figures["lift"] = drawn(
            "lift",
            _("Who comes first"),
            _("How many times as often the first reach the goal as all, with intervals of 95 %; dashed: by lot."),
            lambda: prediction_charts.lift(study.lift, said, writing),
        )
    if found.weights:
        figures["contributions"] = drawn(
            "contributions",
            _("What goes with chances"),
            _("The points that each group of features brings, up or down, on average over people; intervals of 95 %."),
            lambda: prediction_charts.contributions(found.weights, said, writing),
        )
    return figures


def drift_figures(visit: Visit, look: Drift, words: ScoreWords) -> dict[str, Figure]:
    """Draw how far each feature has moved, and how good the chances of each judged month were."""
    said, writing = _words(visit, words), writing_of(visit.formats)
    drawn = _drawing(visit, look)
    bars = [DriftBar(words.name(one.feature), one.index, one.usual, one.found) for one in look.features]
    dots = [
        MonthDot(one.month, float(area.estimate), float(area.low), float(area.high))
        for one in look.judged_months
        if (area := one.found.auc) is not None
        and area.estimate is not None
        and area.low is not None
        and area.high is not None
    ]
    figures = {
        "drift": drawn(
            "drift",
            _("What has moved"),
            _("How far each feature is from what it was; the other colour: drift. Left of the line nothing is tested."),
            lambda: prediction_charts.drift(bars, said, writing),
        )
    }
    if dots:
        figures["judged"] = drawn(
            "judged",
            _("How good it was since"),
            _("The AUC of each month whose people’s time is over, with intervals of 95 %."),
            lambda: prediction_charts.judged(dots, said, writing),
        )
    return figures


def _drawing(visit: Visit, shown: object) -> Callable[[str, str, str, Callable[[], AnyChart]], Figure]:
    def drawn(name: str, title: str, caption: str, chart: Callable[[], AnyChart]) -> Figure:
        said = visit.say(title), visit.say(caption)
        return kept(f"model-{name}", lambda: figure(name, *said, chart()), visit.formats, shown)

    return drawn


def _words(visit: Visit, words: ScoreWords) -> PredictionWords:
    def named(group: Group) -> str:
        return ", ".join(words.name(one) for one in group)

    return PredictionWords(
        told=visit.say(_("chance told")),
        observed=visit.say(_("share that reached the goal")),
        first=visit.say(_("first so many of people, by falling chance")),
        lift=visit.say(_("times as often as all")),
        brought=visit.say(_("points more or less, on average")),
        index=visit.say(_("population stability index")),
        month=visit.say(_("month")),
        auc=visit.say(_("AUC of people whose time is over")),
        name=named,
    )
