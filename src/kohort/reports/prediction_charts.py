"""The charts of a prediction: whether chances are kept, who comes first, what goes with them, and drift."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import altair as alt

from kohort.learning.drift.alarm import Sensitivity
from kohort.learning.models.explanation.weights import Group, Weight
from kohort.learning.prediction.ranking import LiftRow
from kohort.learning.prediction.reliability import ReliabilityRow
from kohort.reports.chart_words import Writing
from kohort.reports.formatting import axis_labels
from kohort.reports.palette import ACCENT, MUTED, SECOND
from kohort.reports.theme import layers, rows, style

_WIDTH: Final = 480
_HEIGHT: Final = 240
_BAND: Final = 24
_LONGEST: Final = 32
_MOST: Final = 20
_PLAIN: Final = Writing()


def _joined(group: Group) -> str:
    return ", ".join(group)


@dataclass(frozen=True)
class PredictionWords:
    """The words of these charts, in one language; `name` says what a group of features is called."""

    told: str = "chance told"
    observed: str = "share that reached the goal"
    first: str = "first so many of people, by falling chance"
    lift: str = "times as often as all"
    brought: str = "points more or less, on average"
    index: str = "population stability index"
    month: str = "month"
    auc: str = "AUC of people whose time is over"
    name: Callable[[Group], str] = _joined


@dataclass(frozen=True)
class DriftBar:
    """How far one feature has moved; `usual` is what nineteen of twenty quiet months stay below, None if untested."""

    name: str
    index: float
    usual: float | None
    found: bool


@dataclass(frozen=True)
class MonthDot:
    """The AUC of one judged month, with its interval."""

    month: str
    auc: float
    low: float
    high: float


_WORDS: Final = PredictionWords()


def calibration(
    curve: Sequence[ReliabilityRow], words: PredictionWords = _WORDS, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return a dot for people of neighbouring chances: what they were told, across, and what happened, with intervals.

    On the dashed line chances are kept.

    >>> [layer["mark"]["type"] for layer in calibration([]).to_dict()["layer"]]
    ['line', 'rule', 'point']
    """
    values = [
        {"told": one.chance, "observed": one.observed.estimate, "low": one.observed.low, "high": one.observed.high}
        for one in curve
    ]
    percent = alt.Axis(format="%", tickCount=5)
    x = alt.X("told:Q", title=words.told, axis=percent, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("observed:Q", title=words.observed, axis=percent, scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart(rows(values), width=_WIDTH, height=_HEIGHT).encode(x)
    right = alt.Chart(rows([{"told": 0, "observed": 0}, {"told": 1, "observed": 1}]))
    line = right.mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1).encode(x, y)
    reach = base.mark_rule(strokeWidth=2, color=ACCENT).encode(alt.Y("low:Q", title=words.observed), alt.Y2("high:Q"))
    dots = base.mark_point(size=60, filled=True, opacity=1, color=ACCENT).encode(y)
    return style(layers(line, reach, dots), writing)


def lift(curve: Sequence[LiftRow], words: PredictionWords = _WORDS, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return how many times as often the first people reach the goal as all, by how many are taken, with a band.

    >>> [layer["mark"]["type"] for layer in lift([]).to_dict()["layer"]]
    ['rule', 'area', 'line']
    """
    values = [
        {"share": one.share, "lift": one.lift.estimate, "low": one.lift.low, "high": one.lift.high} for one in curve
    ]
    x = alt.X("share:Q", title=words.first, axis=alt.Axis(format="%", tickCount=5))
    base = alt.Chart(rows(values), width=_WIDTH, height=_HEIGHT).encode(x)
    by_chance = alt.Chart(rows([{"lift": 1}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(alt.Y("lift:Q"))
    band = base.mark_area(color=ACCENT, opacity=0.2).encode(alt.Y("low:Q", title=words.lift), alt.Y2("high:Q"))
    line = base.mark_line(color=ACCENT, strokeWidth=2, point=True).encode(alt.Y("lift:Q", title=words.lift))
    return style(layers(by_chance, band, line), writing)


def contributions(
    weights: Sequence[Weight], words: PredictionWords = _WORDS, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return a dot a group of features, with its interval: the points that it brings, up or down, on average.

    >>> [layer["mark"]["type"] for layer in contributions([]).to_dict()["layer"]]
    ['rule', 'point']
    """
    shown = weights[:_MOST]
    labels = axis_labels([words.name(one.group) for one in shown], _LONGEST)
    values = [
        {
            "label": label,
            "brought": 100 * one.brought.estimate,
            "low": 100 * one.brought.low,
            "high": 100 * one.brought.high,
        }
        for label, one in zip(labels, shown, strict=True)
    ]
    base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND)).encode(
        alt.Y("label:N", sort=labels, title=None)
    )
    reach = base.mark_rule(strokeWidth=2, color=ACCENT).encode(
        alt.X("low:Q", title=words.brought, scale=alt.Scale(zero=True)), alt.X2("high:Q")
    )
    dots = base.mark_point(size=60, filled=True, opacity=1, color=ACCENT).encode(alt.X("brought:Q"))
    return style(layers(reach, dots), writing)


def drift(bars: Sequence[DriftBar], words: PredictionWords = _WORDS, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return a bar a feature: its population stability index, in the other colour where it has drifted.

    A tick is what nineteen of twenty quiet months stay below; left of the dashed line nothing is tested.

    >>> [layer["mark"]["type"] for layer in drift([]).to_dict()["layer"]]
    ['bar', 'tick', 'rule']
    """
    shown = sorted(bars, key=lambda one: -one.index)[:_MOST]
    labels = axis_labels([one.name for one in shown], _LONGEST)
    values = [
        {"label": label, "index": one.index, "usual": one.usual, "colour": SECOND if one.found else ACCENT}
        for label, one in zip(labels, shown, strict=True)
    ]
    base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND)).encode(
        alt.Y("label:N", sort=labels, title=None)
    )
    drawn = base.mark_bar(opacity=0.75, height=14).encode(
        alt.X("index:Q", title=words.index), alt.Color("colour:N", scale=None, legend=None)
    )
    usual = base.mark_tick(color=MUTED, thickness=3, size=18).encode(alt.X("usual:Q"))
    bar = (
        alt.Chart(rows([{"index": Sensitivity().smallest}]))
        .mark_rule(color=MUTED, strokeDash=[4, 3])
        .encode(alt.X("index:Q"))
    )
    return style(layers(drawn, usual, bar), writing)


def judged(months: Sequence[MonthDot], words: PredictionWords = _WORDS, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return a dot a month whose people's time is over: the AUC of the chances that they had, with its interval.

    >>> [layer["mark"]["type"] for layer in judged([]).to_dict()["layer"]]
    ['rule', 'point']
    """
    values = [{"month": one.month, "auc": one.auc, "low": one.low, "high": one.high} for one in months]
    base = alt.Chart(rows(values), width=_WIDTH, height=_HEIGHT).encode(
        alt.X("month:O", title=words.month, axis=alt.Axis(labelAngle=0))
    )
    y = alt.Scale(zero=False)
    reach = base.mark_rule(strokeWidth=2, color=ACCENT).encode(
        alt.Y("low:Q", title=words.auc, scale=y), alt.Y2("high:Q")
    )
    dots = base.mark_point(size=60, filled=True, opacity=1, color=ACCENT).encode(alt.Y("auc:Q", scale=y))
    return style(layers(reach, dots), writing)
