"""Parts of `/discover`: groups month by month, and what they foretell."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import Response

from kohort.governance.keys import SEGMENTS_READ
from kohort.learning.clustering.period_results import Fate
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.cluster_studies import ClusterStudies
from kohort.reports import period_charts
from kohort.reports.figures import Figure
from kohort.reports.period_charts import PeriodWords
from kohort.reports.period_rows import FATES, OUTCOMES, fate_rows, outcome_rows
from kohort.reports.periods_data import ClusterConversion, PeriodsReport
from kohort.reports.validation_periods import FATE_WORDS, shift_words
from kohort.web.api.models.answer import Answer, Said
from kohort.web.api.models.over_time import ClusterForetelling, ClusterPeriods, foretelling_of, periods_of
from kohort.web.studio.discover.search import Score, search_of
from kohort.web.studio.drawing import figure, kept, spoken, writing_of
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting

_: Final[Callable[[str], str]] = marked


class PeriodsPart(Answer):
    """Groups month by month; where nobody followed them it is null, and `lack` says why if it could not be done."""

    found: ClusterPeriods | None
    lack: Said


class ForetellingPart(Answer):
    """What groups foretell; where nobody looked it is null, and `lack` says why if it could not be done."""

    found: ClusterForetelling | None
    lack: Said


def mount_over_time_parts(pages: Pages) -> None:
    """Add `/discover/periods` and `/discover/conversion`."""

    @pages.page("/discover/periods", SEGMENTS_READ, listed=True)
    def month_by_month(visit: Visiting, score: Score = "") -> Response:
        document = _studies(visit, score).periods
        report = None if document is None else document.report
        page = PeriodsPart(
            found=None if document is None or report is None else periods_of(document, report),
            lack="" if document is None else document.lack,
        )
        drawn = report is not None and visit.form == "html"
        return shows_part(
            visit,
            "discover/periods",
            page,
            _listed(FATES, [] if report is None else fate_rows(report)),
            figures=_period_figures(visit, report) if drawn and report else {},
            moved=lambda period, cluster: _moved(visit, report, period, cluster),
            became=lambda fate: spoken(FATE_WORDS[Fate(fate)], visit.language),
            **_spoken(visit),
        )

    @pages.page("/discover/conversion", SEGMENTS_READ, listed=True)
    def what_they_foretell(visit: Visiting, score: Score = "") -> Response:
        document = _studies(visit, score).conversion
        known = document is not None and not document.lack
        page = ForetellingPart(
            found=foretelling_of(document) if document is not None and known else None,
            lack="" if document is None else document.lack,
        )
        conversions = document.conversions if document is not None else ()
        drawn = [_conversion_figures(visit, *one) for one in enumerate(conversions, 1)] if visit.form == "html" else []
        return shows_part(
            visit,
            "discover/conversion",
            page,
            _listed(OUTCOMES, outcome_rows(conversions)),
            figures=drawn,
            **_spoken(visit),
        )


def _studies(visit: Visit, score: str) -> ClusterStudies:
    searched = search_of(visit, score).score
    if searched is None:
        return ClusterStudies()
    with visit.desk.asking() as project:
        return project.cluster_studies(searched)


def _spoken(visit: Visit) -> dict[str, Any]:
    return {"spoken": lambda text: spoken(Bilingual(text.en, text.fr), visit.language)}


def _moved(visit: Visit, report: PeriodsReport | None, period: int, cluster: int) -> list[str]:
    """Return what of a group has moved beyond chance by a month, in words."""
    if report is None:
        return []
    shifts = [one for one in report.periods[period].shifts if one.found and one.cluster == cluster]
    return [spoken(shift_words(one, report), visit.language) for one in shifts]


def _words(visit: Visit) -> PeriodWords:
    return PeriodWords(
        since=visit.say(_("months since they came")),
        came=visit.say(_("came in")),
        rate=visit.say(_("share who did it")),
        taken=visit.say(_("share of people taken, the likeliest first")),
        captured=visit.say(_("share of those who did it")),
        groups=visit.say(_("the groups")),
        rule=visit.say(_("how lately people came")),
    )


def _period_figures(visit: Visit, report: PeriodsReport) -> dict[str, Figure]:
    words, writing = _words(visit), writing_of(visit.formats)

    def drawn(name: str, title: str, caption: str, draw: Callable[[], Any]) -> Figure:
        return kept(name, lambda: figure(name, visit.say(title), visit.say(caption), draw()), visit.formats, report)

    return {
        "cohorts": drawn(
            "cohorts",
            _("By the month in which people came"),
            _(
                "The share who did anything in that month; darker where more did. The first row also holds "
                "earlier people."
            ),
            lambda: period_charts.cohort_heat(report, words, writing),
        ),
        "drift": drawn(
            "drift",
            _("How far each group has moved"),
            _("In standard deviations since the first month, with intervals of 95 %, in the traits that moved most."),
            lambda: period_charts.drift(report, writing),
        ),
    }


def _conversion_figures(visit: Visit, place: int, found: ClusterConversion) -> dict[str, Figure | None]:
    words, writing = _words(visit), writing_of(visit.formats)
    did = spoken(found.did, visit.language)

    def drawn(name: str, title: str, caption: str, draw: Callable[[], Any]) -> Figure:
        named = f"{name}-{place}"
        return kept(named, lambda: figure(named, title, visit.say(caption), draw()), visit.formats, found)

    rates = drawn(
        "rates",
        visit.say(_("Who %(did)s, by group")) % {"did": did},
        _("Dots are rates, bars their intervals of 95 %; the dashed line is everybody."),
        lambda: period_charts.conversion_rates(found, words, writing),
    )
    if found.power is None:
        return {"rates": rates, "lift": None}
    lift = drawn(
        "lift",
        visit.say(_("How many of those who %(did)s are reached first")) % {"did": did},
        _(
            "Taking the likeliest people first, the share of all who did it that is among them; the dashed line "
            "is chance."
        ),
        lambda: period_charts.lift_curves(found, words, writing),
    )
    return {"rates": rates, "lift": lift}


def _listed(columns: tuple[str, ...], rows: list[dict[str, object]]) -> Listed:
    return Listed(columns, [[row[column] for column in columns] for row in rows])
