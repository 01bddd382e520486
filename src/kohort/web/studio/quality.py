"""`/quality`: where each source comes from, how good it is, what its gates say, what rests on it; what checks found."""

from collections.abc import Callable, Sequence
from typing import Final

from fastapi import Response

from kohort.clock import SECOND
from kohort.definitions.gates import DIMENSIONS, Measure, gate_of
from kohort.governance.keys import SEGMENTS_READ
from kohort.pipeline.quality.audit import SourceAudit
from kohort.pipeline.quality.reporting import scores_of
from kohort.reports import quality_charts
from kohort.reports.figures import Figure
from kohort.reports.tables import gravest_first
from kohort.storage.records import GateSaid
from kohort.web.api.models.quality import source_quality_of
from kohort.web.studio.drawing import figure, writing_of
from kohort.web.studio.models.quality import PageFinding, QualityPage
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting

_: Final[Callable[[str], str]] = marked
_MEASURES: Final = {
    Measure.FRESHNESS: _("freshness"),
    Measure.VOLUME: _("volume"),
    Measure.COMPLETENESS: _("completeness"),
    Measure.VALIDITY: _("validity"),
    Measure.UNIQUENESS: _("uniqueness"),
    Measure.CONSISTENCY: _("consistency"),
    Measure.RELIABILITY: _("reliability"),
}
_SEVERITIES: Final = {"error": _("error"), "warning": _("warning"), "info": _("to know")}
_ORDERS: Final = frozenset({"broken order", "impossible order"})
_BEST: Final = 100
_MOST_FINDINGS: Final = 100


def mount_quality(pages: Pages) -> None:
    """Add `/quality`."""

    @pages.page("/quality", SEGMENTS_READ, listed=True)
    def quality(visit: Visiting) -> Response:
        with visit.desk.asking() as project:
            found, findings = project.audits(), gravest_first(project.findings())
        page = QualityPage(
            sources=[source_quality_of(one) for one in found],
            findings=[PageFinding.model_validate(one) for one in findings[:_MOST_FINDINGS]],
            more_findings=max(0, len(findings) - _MOST_FINDINGS),
        )
        measured = [one for one in found if one.report.loads]
        return visit.shows(
            "quality",
            page,
            _listed(found),
            audits=found,
            measures=_MEASURES,
            dimensions=DIMENSIONS,
            severities=_SEVERITIES,
            figures=_figures(visit, measured) if measured and visit.form == "html" else [],
            gate=lambda said: _gate(visit, said),
            measured=lambda measure, value: _value(visit, measure, value),
            check=lambda finding: visit.said(finding.check.replace("_", " ")),
            subject=lambda finding: _subject(visit, finding),
        )


def _listed(found: Sequence[SourceAudit]) -> Listed:
    columns = ["source", "reliability", *map(str, DIMENSIONS), "overdue", "file", "every", "usual", "segments"]
    return Listed(
        columns,
        [
            [
                one.source,
                one.report.reliability,
                *(one.report.scores.get(dimension) for dimension in DIMENSIONS),
                one.report.is_overdue,
                one.file,
                one.every,
                one.usual,
                " ".join(one.segments),
            ]
            for one in found
        ],
    )


def _figures(visit: Visit, found: Sequence[SourceAudit]) -> list[Figure]:
    sources = list(scores_of([one.report for one in found], visit.settings.zone))
    words = quality_charts.QualityWords(
        tuple(visit.say(_MEASURES[one]) for one in DIMENSIONS), visit.say(_MEASURES[Measure.RELIABILITY])
    )
    writing = writing_of(visit.formats)
    scores = quality_charts.source_scores(sources, words, writing)
    loads = quality_charts.reliability_over_loads(sources, writing)
    return [
        figure(
            "source-scores",
            visit.say(_("How good each source is")),
            visit.say(_("From 0 to 100, darker the more is lacking; a dot where nothing could be measured.")),
            scores,
        ),
        figure(
            "reliability",
            visit.say(_("From load to load")),
            visit.say(_("Reliability, 0 to 100, load by load; hollow dots are loads that a gate has stopped.")),
            loads,
        ),
    ]


def _subject(visit: Visit, finding: PageFinding) -> str:
    """Return what a finding is about, in the language of the page."""
    if finding.check == "journal damaged":
        return visit.said(finding.subject)
    if finding.check not in _ORDERS:
        return finding.subject
    event, _between, before = finding.subject.partition(" after ")
    return visit.say(_("%(event)s after %(before)s")) % {"event": event, "before": before}


def _gate(visit: Visit, said: GateSaid) -> str:
    """Return what came of a gate, in the language of the page; the gate itself is as it is written."""
    measure = gate_of(said.gate).measure
    name = visit.say(_MEASURES[measure])
    if said.value is None or said.bound is None:
        return visit.say(_("%(measure)s: not judged, since nothing was measured before")) % {"measure": name}
    values = {"measure": name, "value": _value(visit, measure, said.value), "bound": _value(visit, measure, said.bound)}
    return visit.say(_("%(measure)s is %(value)s, the bound is %(bound)s")) % values


def _value(visit: Visit, measure: Measure, value: float) -> str:
    if measure is Measure.FRESHNESS:
        return visit.formats.lasting(value / SECOND)
    if measure is Measure.VOLUME:
        return visit.formats.count(round(value))
    if measure is Measure.RELIABILITY:
        return visit.formats.decimal(value, 1)
    return visit.formats.decimal(_BEST * value, 1) + "\u202f%"
