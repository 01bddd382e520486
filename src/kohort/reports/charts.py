"""The charts of segments: sizes, history, RFM, overlap, outcomes, quality. Each returns an Altair chart."""

from collections.abc import Sequence
from typing import Final

import altair as alt

from kohort.definitions.values import MICRO
from kohort.reports.chart_words import RfmWords, Writing
from kohort.reports.data import IntersectionTable, OutcomeTable, Overlap, RfmGrid, SegmentRow, SizePoint
from kohort.reports.formatting import axis_labels, count, decimal, percent
from kohort.reports.palette import ACCENT, GRAVE, LINE, MUTED, SECOND
from kohort.reports.theme import SMALL_TEXT, layers, rows, style
from kohort.storage.records import Finding

_ENGLISH: Final = RfmWords()
_PLAIN: Final = Writing()
_WIDTH: Final = 220
_NARROW: Final = 180  # beside long labels
_LONGEST_FINDING: Final = 26
LONGEST_QUALITY: Final = 12
_BAND: Final = 34
_DOT: Final = 26
_FAINT: Final = 0.04
_STRONG: Final = 0.6  # at most: ink stays readable upon it


def segment_sizes(segments: Sequence[SegmentRow]) -> alt.LayerChart:
    """Return bars of each segment's share of people, and of revenue, below one another.

    >>> from kohort.learning.wording import Bilingual
    >>> vip = SegmentRow("vip", Bilingual("VIP", "VIP"), "", "clv in top 5%", 5, 0.05, 10, 0.2)
    >>> len(segment_sizes([vip]).to_dict()["layer"])
    2
    """
    labels = axis_labels([segment.label.en for segment in segments])
    values = [
        {"segment": label, "of": of, "share": share, "text": percent(share)}
        for label, segment in zip(labels, segments, strict=True)
        for of, share in (("share of people", segment.share), ("share of revenue", segment.revenue_share))
    ]
    base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND / 2)).encode(
        alt.Y("segment:N", sort=labels, title=None, scale=alt.Scale(paddingInner=0.25)),
        alt.YOffset("of:N", sort=["share of people", "share of revenue"]),
        alt.X("share:Q", title=None, axis=alt.Axis(format="~%", tickCount=4), scale=alt.Scale(nice=True)),
    )
    colour = alt.Color("of:N", scale=alt.Scale(domain=["share of people", "share of revenue"], range=[ACCENT, SECOND]))
    bars = base.mark_bar(cornerRadiusEnd=2).encode(colour)
    return style(layers(bars, base.mark_text(align="left", dx=4, fontSize=SMALL_TEXT).encode(text="text:N")))


def sizes_over_time(points: Sequence[SizePoint]) -> alt.FacetChart:
    """Return one small curve per segment, each on its own scale that begins at zero, with its last size written.

    >>> from datetime import UTC, datetime
    >>> points = [SizePoint("vip", datetime(2017, 1, day, tzinfo=UTC), day) for day in (1, 2)]
    >>> sizes_over_time(points).to_dict()["columns"]
    2
    """
    names = list(dict.fromkeys(point.segment for point in points))
    labels = dict(zip(names, axis_labels(names), strict=True))
    last = {point.segment: point.at for point in sorted(points, key=lambda point: point.at)}
    values = [
        {
            "segment": labels[point.segment],
            "at": point.at.isoformat(),
            "size": point.size,
            "text": count(point.size) if point.at == last[point.segment] else "",
        }
        for point in points
    ]
    x = alt.X("at:T", title=None, axis=alt.Axis(grid=False, tickCount=3, labelOverlap=True))
    y = alt.Y("size:Q", title=None, axis=alt.Axis(tickCount=2, tickMinStep=1, format=",d"), scale=alt.Scale(zero=True))
    base = alt.Chart(width=140, height=64).encode(x, y)
    curve = layers(
        base.mark_area(color=ACCENT, opacity=0.12),
        base.mark_line(color=ACCENT, strokeWidth=1.8),
        base.mark_text(align="right", dy=-9, fontWeight="bold").encode(text="text:N"),
    ).properties(data=rows(values))
    header = alt.Header(labelAnchor="start", labelPadding=4)
    chart: alt.FacetChart = curve.facet(
        facet=alt.Facet("segment:N", sort=list(labels.values()), header=header),
        columns=2,
        spacing=alt.RowColnumber(row=48, column=58),
        bounds="flush",
    )
    independent: alt.FacetChart = chart.resolve_scale(y="independent")
    return style(independent)


def rfm_grid(grid: RfmGrid, words: RfmWords = _ENGLISH, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return people by recency and frequency score: darker where more are, with their mean value below the count.

    >>> len(rfm_grid(RfmGrid(((3, 0), (1, 2)), ((5_000_000, None), (1, 1)), ())).to_dict()["layer"])
    3
    """
    values = [
        {
            "recency": recency + 1,
            "frequency": frequency + 1,
            "people": people,
            "count": writing.count(people) if people else "·",
            "value": ""
            if (mean := grid.mean_value[recency][frequency]) is None
            else f"{words.mean} {writing.decimal(mean / MICRO, 0)}",
        }
        for recency, row in enumerate(grid.people)
        for frequency, people in enumerate(row)
    ]
    axis = alt.Axis(labelAngle=0, domain=False, ticks=False)
    base = alt.Chart(rows(values), width=330, height=290).encode(
        alt.X("recency:O", title=words.recency, axis=axis),
        alt.Y("frequency:O", title=words.frequency, sort="descending", axis=axis),
    )
    opacity = alt.Opacity("people:Q", scale=alt.Scale(range=[_FAINT, _STRONG], domainMin=0), legend=None)
    return style(
        layers(
            base.mark_rect(color=ACCENT, cornerRadius=3).encode(opacity),
            base.mark_text(dy=-7, fontWeight="bold").encode(text="count:N"),
            base.mark_text(dy=9, fontSize=SMALL_TEXT).encode(text="value:N"),
        ),
        writing,
    )


def overlap(segments: Overlap) -> alt.LayerChart:
    """Return the share of each row's people who are in the column's segment too.

    >>> len(overlap(Overlap(("VIP", "Upsell"), ((10, 5), (5, 20)))).to_dict()["layer"])
    2
    """
    labels = axis_labels(segments.names)
    values = [
        {
            "row": row,
            "column": column,
            "share": 0.0 if one == other else segments.row_share(one, other),
            "text": "" if one == other else decimal(100 * segments.row_share(one, other), 0),
        }
        for one, row in enumerate(labels)
        for other, column in enumerate(labels)
    ]
    base = alt.Chart(rows(values), width=alt.Step(_BAND), height=alt.Step(_BAND)).encode(
        alt.X(
            "column:N", sort=labels, title=None, axis=alt.Axis(orient="top", labelAngle=-45, domain=False, ticks=False)
        ),
        alt.Y("row:N", sort=labels, title=None),
    )
    opacity = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[_FAINT, _STRONG]), legend=None)
    cells = base.mark_rect(color=ACCENT, cornerRadius=3).encode(opacity)
    return style(layers(cells, base.mark_text(fontSize=SMALL_TEXT).encode(text="text:N")))


def intersections(found: IntersectionTable, people: str = "people", writing: Writing = _PLAIN) -> alt.HConcatChart:
    """Return an UpSet plot (Lex et al. 2014): a row for each intersection, dots for its segments, a bar for its people.

    >>> from kohort.reports.data import IntersectionRow
    >>> both = IntersectionTable(("VIP", "New"), (IntersectionRow((0, 1), 3), IntersectionRow((), 2)), 5)
    >>> len(intersections(both).to_dict()["hconcat"])
    2
    """
    columns = axis_labels(found.names)
    places = [
        {"row": place, "segment": label, "inside": number in row.segments}
        for place, row in enumerate(found.rows)
        for number, label in enumerate(columns)
    ]
    spans = [
        {"row": place, "first": columns[min(row.segments)], "last": columns[max(row.segments)]}
        for place, row in enumerate(found.rows)
        if row.segments
    ]
    bars = [
        {"row": place, "people": row.people, "text": writing.count(row.people)} for place, row in enumerate(found.rows)
    ]
    y = alt.Y("row:O", title=None, axis=None)
    head = alt.Axis(orient="top", labelAngle=-45, domain=False, ticks=False, grid=False)
    scale = alt.Scale(domain=columns)
    x = alt.X("segment:N", scale=scale, title=None, axis=head)
    matrix = layers(
        alt.Chart(rows(places)).mark_circle(size=110, color=LINE, opacity=1).encode(x, y),
        alt.Chart(rows(spans))
        .mark_rule(color=ACCENT, strokeWidth=2)
        .encode(alt.X("first:N", scale=scale), alt.X2("last:N"), y),
        alt.Chart(rows([one for one in places if one["inside"]]))
        .mark_circle(size=110, color=ACCENT, opacity=1)
        .encode(x, y),
    ).properties(width=alt.Step(_DOT), height=alt.Step(_DOT))
    length = alt.X("people:Q", title=people, axis=alt.Axis(tickCount=4, format=",d"))
    base = alt.Chart(rows(bars)).encode(length, y)
    drawn = layers(
        base.mark_bar(color=ACCENT, cornerRadiusEnd=2),
        base.mark_text(align="left", dx=4, fontSize=SMALL_TEXT).encode(text="text:N"),
    ).properties(width=_WIDTH, height=alt.Step(_DOT))
    return style(alt.hconcat(matrix, drawn, spacing=18), writing)


def outcomes(table: OutcomeTable) -> alt.LayerChart:
    """Return each group's rate as a dot with its interval, against a line for everybody's rate.

    >>> from datetime import UTC, datetime
    >>> from kohort.learning.wording import Bilingual
    >>> from kohort.stats.intervals import Interval
    >>> empty = OutcomeTable(Bilingual("ordered", "ont commandé"), Bilingual("8 weeks", "8 semaines"),
    ...                      datetime(2017, 11, 1, tzinfo=UTC), Interval(0.8, 0.78, 0.82, 1000), ())
    >>> len(outcomes(empty).to_dict()["layer"])
    4
    """
    labels = axis_labels([row.label.en for row in table.rows])
    values = [
        {
            "group": label,
            "kind": row.kind,
            "rate": members.estimate,
            "low": members.low,
            "high": members.high,
            "text": percent(members.estimate),
        }
        for label, row in zip(labels, table.rows, strict=True)
        if (members := row.outcome.members)
    ]
    x = alt.X(
        "rate:Q",
        title=f"share who {axis_labels([table.did.en])[0]}",
        axis=alt.Axis(format="~%", tickCount=5),
        scale=alt.Scale(zero=False, nice=True),
    )
    base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND)).encode(
        alt.Y("group:N", sort=labels, title=None)
    )
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["segment", "persona"], range=[ACCENT, SECOND]))
    everybody = alt.Chart(rows([{"rate": table.base.estimate}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x)
    return style(
        layers(
            everybody,
            base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q"), colour),
            base.mark_point(size=60, filled=True, opacity=1).encode(x, colour),
            base.mark_text(dy=-10, fontSize=SMALL_TEXT).encode(x, text="text:N"),
        )
    )


def quality(findings: Sequence[Finding]) -> alt.LayerChart:
    """Return the share affected by each finding of a known share, the largest first, at most twelve.

    >>> found = Finding("zero amount", "events", "order_completed.total", "warning", 3, 0.03, "3 of 100")
    >>> quality([found]).to_dict()["layer"][0]["mark"]["type"]
    'bar'
    """
    known = [(finding, finding.share) for finding in findings if finding.share is not None]
    shown = sorted(known, key=lambda one: -one[1])[:LONGEST_QUALITY]
    labels = axis_labels([f"{finding.check}: {finding.subject}" for finding, _ in shown], _LONGEST_FINDING)
    values = [
        {"finding": label, "share": share, "severity": finding.severity, "text": percent(share)}
        for label, (finding, share) in zip(labels, shown, strict=True)
    ]
    base = alt.Chart(rows(values), width=_NARROW, height=alt.Step(26)).encode(
        alt.Y("finding:N", sort=labels, title=None),
        alt.X("share:Q", title="share affected", axis=alt.Axis(format="~%", tickCount=4)),
    )
    colour = alt.Color(
        "severity:N", scale=alt.Scale(domain=["info", "warning", "error"], range=[ACCENT, SECOND, GRAVE])
    )
    bars = base.mark_bar(cornerRadiusEnd=2, height=12).encode(colour)
    return style(layers(bars, base.mark_text(align="left", dx=4, fontSize=SMALL_TEXT).encode(text="text:N")))
