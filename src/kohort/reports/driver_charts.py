"""The chart of what goes with scores: bars to both sides of where the model begins. An Altair chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import altair as alt

from kohort.reports.chart_words import Writing
from kohort.reports.formatting import axis_labels
from kohort.reports.palette import ACCENT, LINE, MUTED, SECOND
from kohort.reports.theme import layers, rows, style

_WIDTH: Final = 260
_BAND: Final = 24
_LONGEST: Final = 27
_PLAIN: Final = Writing()


@dataclass(frozen=True)
class DriverBar:
    """What a driver is called, and its part of the chance: 0.1 is ten points."""

    label: str
    points: float


def drivers(bars: Sequence[DriverBar], title: str, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return a bar a driver, in points of the chance: to the right what goes with more, to the left with less.

    >>> [layer["mark"]["type"] for layer in drivers([DriverBar("orders", 0.1)], "points").to_dict()["layer"]]
    ['bar', 'rule']
    """
    labels = axis_labels([one.label for one in bars], _LONGEST)
    values = [
        {"label": label, "points": 100 * one.points, "more": str(one.points > 0)}
        for label, one in zip(labels, bars, strict=True)
    ]
    x = alt.X("points:Q", title=title, axis=alt.Axis(tickCount=5, gridColor=LINE), scale=alt.Scale(nice=True))
    shown = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND)).mark_bar(size=12)
    colour = alt.Color("more:N", scale=alt.Scale(domain=["True", "False"], range=[SECOND, ACCENT]), legend=None)
    return style(
        layers(
            shown.encode(alt.Y("label:N", sort=labels, title=None), x, colour),
            alt.Chart(rows([{"points": 0}])).mark_rule(color=MUTED).encode(x),
        ),
        writing,
    )
