"""The charts of clusters over time: who came when and is still active, how far groups moved, what they foretell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import altair as alt

from kohort.learning.clustering.period_results import Shift
from kohort.reports.chart_words import Writing
from kohort.reports.formatting import axis_labels
from kohort.reports.palette import ACCENT, MUTED, SECOND, group_colour
from kohort.reports.periods_data import ClusterConversion, PeriodsReport
from kohort.reports.theme import SMALL_TEXT, layers, rows, style

_PLAIN: Final = Writing()
_CELL: Final = 46
_WIDTH: Final = 420
_SMALL: Final = (190, 90)
_FAINT: Final = 0.04
_STRONG: Final = 0.6
_MOST_FEATURES: Final = 2
_LONGEST: Final = 34
_CHANCE: Final = ({"depth": 0.0, "captured": 0.0}, {"depth": 1.0, "captured": 1.0})


@dataclass(frozen=True)
class PeriodWords:
    """The words of these charts, in one language."""

    since: str = "months since they came"
    came: str = "came in"
    rate: str = "share who did it"
    taken: str = "share of people taken"
    captured: str = "share of those who did it"
    groups: str = "the groups"
    rule: str = "how lately people came"


_WORDS: Final = PeriodWords()


def cohort_heat(report: PeriodsReport, words: PeriodWords = _WORDS, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return a cell for each month in which people came and each since: darker the more of them are active.

    >>> from kohort.learning.wording import Bilingual
    >>> empty = PeriodsReport("persona", "2026-01", (), {}, (), (), (), Bilingual("", ""))
    >>> [layer["mark"]["type"] for layer in cohort_heat(empty).to_dict()["layer"]]
    ['rect', 'text']
    """
    values = [
        {
            "came": report.months[cell.cohort],
            "since": cell.since,
            "active": cell.active.estimate,
            "text": writing.percent(cell.active.estimate),
        }
        for cell in report.cohorts
    ]
    base = alt.Chart(rows(values), width=alt.Step(_CELL), height=alt.Step(_CELL * 0.7)).encode(
        alt.X("since:O", title=words.since, axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False)),
        alt.Y("came:O", title=words.came),
    )
    opacity = alt.Opacity("active:Q", scale=alt.Scale(domain=[0, 1], range=[_FAINT, _STRONG]), legend=None)
    cells = base.mark_rect(color=ACCENT, cornerRadius=3).encode(opacity)
    return style(layers(cells, base.mark_text(fontSize=SMALL_TEXT).encode(text="text:N")), writing)


def drift(report: PeriodsReport, writing: Writing = _PLAIN) -> alt.FacetChart:
    """Return a small chart a group: how far its centre has moved since the first month, in the features that move most.

    Bars are intervals of 95 %, the line at 0 is the first month.

    >>> from kohort.learning.wording import Bilingual
    >>> drift(PeriodsReport("persona", "2026-01", (), {}, (), (), (), Bilingual("", ""))).to_dict()["columns"]
    2
    """
    labels = axis_labels([f"{place}  {writing.spoken(one)}" for place, one in enumerate(report.names, start=1)], 60)
    called = axis_labels([writing.spoken(one) for one in report.features.values()], _LONGEST)
    names = dict(zip(report.features, called, strict=True))
    values = [
        {
            "group": labels[cluster],
            "month": month,
            "feature": names[shift.feature],
            "change": shift.change.estimate,
            "low": shift.change.low,
            "high": shift.change.high,
        }
        for cluster in range(len(labels))
        for month, shift in _farthest(report, cluster)
    ]
    shown = list(dict.fromkeys(str(one["feature"]) for one in values))
    colour = alt.Color(
        "feature:N",
        scale=alt.Scale(domain=shown, range=[group_colour(number) for number in range(len(shown))]),
        legend=alt.Legend(orient="bottom", columns=2, symbolType="circle", symbolOpacity=1),
    )
    x = alt.X(
        "month:O", title=None, axis=alt.Axis(labelAngle=-45, grid=False), scale=alt.Scale(domain=report.months[1:])
    )
    y = alt.Y("change:Q", title=None, axis=alt.Axis(tickCount=4))
    offset = alt.XOffset("feature:N")
    base = alt.Chart(width=_SMALL[0], height=_SMALL[1]).encode(x, colour, offset)
    still = alt.Chart().mark_rule(color=MUTED, strokeDash=[4, 3]).encode(alt.YDatum(0))
    reach = base.mark_rule(strokeWidth=2).encode(alt.Y("low:Q", title=None), alt.Y2("high:Q"))
    dots = base.mark_point(size=40, filled=True, opacity=1).encode(y)
    panel = layers(still, reach, dots).properties(data=rows(values))
    header = alt.Header(labelAnchor="start", labelPadding=4)
    chart: alt.FacetChart = panel.facet(
        facet=alt.Facet("group:N", sort=labels, header=header), columns=2, spacing=alt.RowColnumber(row=44, column=40)
    )
    return style(chart, writing)


def conversion_rates(
    found: ClusterConversion, words: PeriodWords = _WORDS, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return the rate of each group as a dot with its interval; the dashed line is everybody's.

    >>> from datetime import UTC, datetime
    >>> from kohort.learning.wording import Bilingual
    >>> none = ClusterConversion(Bilingual("", ""), Bilingual("", ""), datetime(2026, 1, 1, tzinfo=UTC), (), (), None)
    >>> [layer["mark"]["type"] for layer in conversion_rates(none).to_dict()["layer"]]
    ['rule', 'rule', 'point', 'text']
    """
    labels = axis_labels([writing.spoken(one) for one in found.names], _LONGEST)
    values = [
        {
            "group": label,
            "rate": one.members.estimate,
            "low": one.members.low,
            "high": one.members.high,
            "text": writing.percent(one.members.estimate),
        }
        for label, one in zip(labels, found.outcomes, strict=True)
        if one.members
    ]
    base_rate = [{"rate": one.base.estimate} for one in found.outcomes[:1]]
    x = alt.X(
        "rate:Q", title=words.rate, axis=alt.Axis(format="~%", tickCount=5), scale=alt.Scale(zero=False, nice=True)
    )
    base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(34)).encode(
        alt.Y("group:N", sort=labels, title=None), color=alt.value(ACCENT)
    )
    everybody = alt.Chart(rows(base_rate)).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x)
    reach = base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q"))
    dots = base.mark_point(size=60, filled=True, opacity=1).encode(x)
    return style(
        layers(everybody, reach, dots, base.mark_text(dy=-10, fontSize=SMALL_TEXT).encode(x, text="text:N")), writing
    )


def lift_curves(found: ClusterConversion, words: PeriodWords = _WORDS, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return of all who did it the share among those ranked first, by the groups and by the plain rule.

    The dashed line is chance.

    >>> from datetime import UTC, datetime
    >>> from kohort.learning.wording import Bilingual
    >>> none = ClusterConversion(Bilingual("", ""), Bilingual("", ""), datetime(2026, 1, 1, tzinfo=UTC), (), (), None)
    >>> [layer["mark"]["type"] for layer in lift_curves(none).to_dict()["layer"]]
    ['line', 'line', 'rule', 'point']
    """
    curves = () if found.power is None else ((words.groups, found.power.groups), (words.rule, found.power.rule))
    values = [
        {"of": name, "depth": at, "captured": captured, "low": low, "high": high}
        for name, power in curves
        for at, captured, low, high in (
            (0.0, 0.0, 0.0, 0.0),
            *((one.depth, one.captured.estimate, one.captured.low, one.captured.high) for one in power.lift),
        )
    ]
    x = alt.X("depth:Q", title=words.taken, axis=alt.Axis(format="~%", tickCount=5))
    y = alt.Y("captured:Q", title=words.captured, axis=alt.Axis(format="~%", tickCount=5))
    names = [words.groups, words.rule]
    legend = alt.Legend(orient="bottom-right", direction="vertical", symbolType="circle", symbolOpacity=1)
    colour = alt.Color("of:N", scale=alt.Scale(domain=names, range=[ACCENT, SECOND]), legend=legend)
    base = alt.Chart(rows(values), width=_WIDTH, height=260).encode(x, colour)
    chance = alt.Chart(rows(_CHANCE)).mark_line(color=MUTED, strokeDash=[4, 3]).encode(x, y)
    reach = base.mark_rule(strokeWidth=2).encode(alt.Y("low:Q"), alt.Y2("high:Q"))
    return style(
        layers(chance, base.mark_line().encode(y), reach, base.mark_point(size=36, filled=True, opacity=1).encode(y)),
        writing,
    )


def _farthest(report: PeriodsReport, cluster: int) -> Sequence[tuple[str, Shift]]:
    """Return, month by month, the shifts of a group's centre in the features that have moved farthest in any month."""
    shifts = [
        (period.name, one)
        for period in report.periods
        for one in period.shifts
        if one.cluster == cluster and one.kind == "centre"
    ]
    order = sorted(shifts, key=lambda pair: -abs(pair[1].change.estimate))
    kept = list(dict.fromkeys(one.feature for _, one in order))[:_MOST_FEATURES]
    return [pair for pair in shifts if pair[1].feature in kept]
