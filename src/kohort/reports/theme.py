"""How every chart looks: calm lines, direct labels, the palette."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import altair as alt

from kohort.reports.chart_words import Writing
from kohort.reports.formatting import clean
from kohort.reports.palette import INK, LINE, MUTED

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart

Styled = TypeVar("Styled", alt.Chart, alt.LayerChart, alt.FacetChart, alt.HConcatChart)

TEXT_SIZE: Final = 13
SMALL_TEXT: Final = 12
_TEXT: Final = {
    "labelColor": INK,
    "titleColor": MUTED,
    "labelFontSize": TEXT_SIZE,
    "titleFontSize": TEXT_SIZE,
    "titleFontWeight": "normal",
}


def style(chart: Styled, writing: Writing | None = None) -> Styled:
    """Return `chart` with the look of the report; apply it once, to the whole. Axes are written as `writing` says.

    >>> style(alt.Chart(rows([])).mark_bar()).to_dict()["config"]["view"]["stroke"] is None
    True
    """
    styled: Styled = chart.configure(
        aria=False,
        background="transparent",
        # The reader's font may be wider than the one that places the text.
        padding={"left": 14, "right": 22, "top": 6, "bottom": 6},
        locale=dict((writing or Writing()).locale),
        view={"stroke": None},
        text={"color": INK, "fontSize": TEXT_SIZE},
        axis={**_TEXT, "gridColor": LINE, "domainColor": LINE, "tickColor": LINE, "labelLimit": 220, "titlePadding": 8},
        axisY={"domain": False, "ticks": False, "labelPadding": 8, "minExtent": 40},
        header={**_TEXT, "labelFontWeight": "bold", "title": None},
        legend={
            **_TEXT,
            "orient": "top",
            "title": None,
            "symbolType": "square",
            "symbolStrokeWidth": 0,
            "columnPadding": 24,
        },
    )
    return styled


def rows(values: Iterable[Mapping[str, Any]]) -> alt.Data:
    """Return records as the data of a chart; their texts are cleaned.

    >>> rows([{"k": 2}]).to_dict()
    {'values': [{'k': 2}]}
    """
    safe = [{key: clean(one) if isinstance(one, str) else one for key, one in value.items()} for value in values]
    return alt.Data(values=safe)  # type: ignore[no-untyped-call]  # Altair left it untyped


def layers(*charts: alt.Chart) -> alt.LayerChart:
    """Return charts drawn on top of one another, the first at the bottom.

    >>> len(layers(alt.Chart(rows([])).mark_bar(), alt.Chart(rows([])).mark_text()).to_dict()["layer"])
    2
    """
    return alt.LayerChart(layer=list(charts))
