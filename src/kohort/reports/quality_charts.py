"""The charts of sources: how good each is by its dimensions, and how that went from load to load."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import altair as alt

from kohort.definitions.gates import DIMENSIONS
from kohort.reports.chart_words import Writing
from kohort.reports.data import SourceScores
from kohort.reports.formatting import axis_labels
from kohort.reports.palette import ACCENT, GRAVE
from kohort.reports.theme import SMALL_TEXT, layers, rows, style

_PLAIN: Final = Writing()
_CELL: Final = 62
_FAINT: Final = 0.0
_STRONG: Final = 0.6  # ink stays readable upon it
_BEST: Final = 100


@dataclass(frozen=True)
class QualityWords:
    """The words of these charts, in one language."""

    dimensions: tuple[str, ...] = tuple(map(str, DIMENSIONS))
    reliability: str = "reliability"


ENGLISH: Final = QualityWords()


def source_scores(
    sources: Sequence[SourceScores], words: QualityWords = ENGLISH, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return a cell for each source and dimension, darker the more it lacks; a dot where nothing was measured.

    >>> chart = source_scores([SourceScores("crm", 90, {"validity": 0.9})])
    >>> len(chart.to_dict()["layer"])
    2
    """
    labels = axis_labels([one.source for one in sources])
    values = [
        {
            "source": label,
            "dimension": word,
            "lack": 0.0 if score is None else 1 - score,
            "text": "·" if score is None else writing.decimal(_BEST * score, 0),
        }
        for label, one in zip(labels, sources, strict=True)
        for word, score in [
            *((word, one.scores.get(str(name))) for word, name in zip(words.dimensions, DIMENSIONS, strict=True)),
            (words.reliability, None if one.reliability is None else one.reliability / _BEST),
        ]
    ]
    order = [*words.dimensions, words.reliability]
    base = alt.Chart(rows(values), width=alt.Step(_CELL), height=alt.Step(34)).encode(
        alt.X("dimension:N", sort=order, title=None, axis=alt.Axis(labelAngle=-25, domain=False, ticks=False)),
        alt.Y("source:N", sort=labels, title=None, axis=alt.Axis(domain=False, ticks=False)),
    )
    opacity = alt.Opacity("lack:Q", scale=alt.Scale(range=[_FAINT, _STRONG], domain=[0, 1]), legend=None)
    cells = base.mark_rect(color=GRAVE, cornerRadius=3, stroke="white", strokeWidth=2).encode(opacity)
    return style(layers(cells, base.mark_text(fontSize=SMALL_TEXT).encode(text="text:N")), writing)


def reliability_over_loads(sources: Sequence[SourceScores], writing: Writing = _PLAIN) -> alt.FacetChart:
    """Return one small curve a source: its reliability from load to load, those that were stopped hollow.

    >>> from datetime import UTC, datetime
    >>> from kohort.reports.data import LoadPoint
    >>> point = LoadPoint("crm.csv", datetime(2026, 3, 1, tzinfo=UTC), 90.0)
    >>> reliability_over_loads([SourceScores("crm", 90, {}, (point, point))]).to_dict()["columns"]
    2
    """
    labels = axis_labels([one.source for one in sources])
    values = [
        {
            "source": label,
            "load": number,
            "reliability": point.reliability,
            "stopped": point.stopped,
            "text": writing.decimal(point.reliability, 0) if number == len(one.loads) else "",
        }
        for label, one in zip(labels, sources, strict=True)
        for number, point in enumerate(one.loads, start=1)
        if point.reliability is not None
    ]
    base = alt.Chart(width=140, height=64).encode(
        alt.X("load:Q", title=None, axis=alt.Axis(grid=False, tickMinStep=1, tickCount=3, format="d")),
        alt.Y("reliability:Q", title=None, axis=alt.Axis(tickCount=3), scale=alt.Scale(domain=[0, _BEST])),
    )
    filled = alt.FillOpacity("stopped:N", scale=alt.Scale(domain=[False, True], range=[1, 0]), legend=None)
    curve = layers(
        base.mark_line(color=ACCENT, strokeWidth=1.8),
        base.mark_point(color=ACCENT, fill=ACCENT, opacity=1, size=28).encode(filled),
        base.mark_text(align="right", dy=-9, fontWeight="bold").encode(text="text:N"),
    ).properties(data=rows(values))
    header = alt.Header(labelAnchor="start", labelPadding=4)
    chart: alt.FacetChart = curve.facet(
        facet=alt.Facet("source:N", sort=labels, header=header),
        columns=2,
        spacing=alt.RowColnumber(row=48, column=58),
        bounds="flush",
    )
    return style(chart, writing)
