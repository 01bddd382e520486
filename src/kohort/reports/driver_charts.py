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


@dataclass(frozen=True)
class MeanMark:
    """What a driver brings on average to the people of a `side`, as a part of the chance, with its interval."""

    label: str
    side: str
    points: float
    low: float
    high: float


def means(marks: Sequence[MeanMark], sides: tuple[str, str], title: str, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return a row a driver with a dot and an interval for each of two sides, in points of the chance.

    >>> mark = MeanMark("orders", "members", 0.1, 0.08, 0.12)
    >>> [one["mark"]["type"] for one in means([mark], ("members", "everybody"), "points").to_dict()["layer"]]
    ['rule', 'rule', 'point']
    """
    names = list(dict.fromkeys(one.label for one in marks))
    labels = dict(zip(names, axis_labels(names, _LONGEST), strict=True))
    values = [
        {"label": labels[one.label], "side": one.side, **{
            name: 100 * value for name, value in (("points", one.points), ("low", one.low), ("high", one.high))
        }}
        for one in marks
    ]  # fmt: skip
    x = alt.X("points:Q", title=title, axis=alt.Axis(tickCount=5, gridColor=LINE), scale=alt.Scale(nice=True))
    base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND)).encode(
        alt.Y("label:N", sort=list(labels.values()), title=None),
        alt.YOffset("side:N", sort=list(sides)),
        alt.Color("side:N", title=None, sort=list(sides), scale=alt.Scale(domain=list(sides), range=[ACCENT, MUTED])),
    )
    return style(
        layers(
            alt.Chart(rows([{"points": 0}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x),
            base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q")),
            base.mark_point(size=50, filled=True, opacity=1).encode(x),
        ),
        writing,
    )
