"""The charts of what matters for a goal: importances, priorities, what goes together, how the goal moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import altair as alt

from kohort.learning.importance.results import AVAILABLE, Priority, Step, VariableFound
from kohort.reports.chart_words import Writing
from kohort.reports.formatting import axis_labels
from kohort.reports.importance import priority_words
from kohort.reports.palette import ACCENT, INK, LINE, MUTED, SECOND
from kohort.reports.theme import SMALL_TEXT, layers, rows, style

_WIDTH: Final = 480
_BAND: Final = 24
_LONGEST: Final = 27
_PLAIN: Final = Writing()
_COLOURS: Final[Mapping[Priority, str]] = {
    Priority.STRATEGIC: ACCENT,
    Priority.COLLECT: SECOND,
    Priority.ACCESSORY: MUTED,
    Priority.ASIDE: LINE,
}
_NEAR: Final = 0.05
_BESIDE: Final = 0.3
_MOST_PAIRED: Final = 40
_SAID: Final = 0.3
"""Weaker associations are left to the colour."""
MOST_DRAWN: Final = 20
"""The variables that a chart has room for."""


@dataclass(frozen=True)
class ImportanceWords:
    """The words of these charts, in one language; `names` are what variables are called, where it is known."""

    priorities: Mapping[Priority, str] = field(
        default_factory=lambda: {one: priority_words(one).en for one in Priority}
    )
    lost: str = "share of the goal that is no longer told without it"
    known: str = "share of people of whom it is known"
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, variable: str) -> str:
        """Return what a variable is called."""
        return self.names.get(variable, variable)


_WORDS: Final = ImportanceWords()


def importances(
    found: Sequence[VariableFound], words: ImportanceWords = _WORDS, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return a dot a variable that leads, with its interval: what is lost without it and those that say the same.

    How many say the same stands behind its name.

    >>> len(importances([]).to_dict()["layer"])
    3
    """
    shown = [one for one in found if one.is_leading][:MOST_DRAWN]
    labels = axis_labels([_counted(words.name(one.name), len(one.same)) for one in shown], _LONGEST)
    values = [
        {
            "label": label,
            "priority": words.priorities[one.priority],
            "impact": one.importance_together.estimate,
            "low": one.importance_together.low,
            "high": one.importance_together.high,
        }
        for label, one in zip(labels, shown, strict=True)
    ]
    x = alt.X("impact:Q", title=words.lost, axis=alt.Axis(tickCount=5, format="%"))
    base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND)).encode(
        alt.Y("label:N", sort=labels, title=None), _colour(shown, words)
    )
    zero = alt.Chart(rows([{"impact": 0}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x)
    reach = base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q"))
    return style(layers(zero, reach, base.mark_point(size=60, filled=True, opacity=1).encode(x)), writing)


def priorities(
    found: Sequence[VariableFound], words: ImportanceWords = _WORDS, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return variables by how many people have them (across) and by what they mean for the goal (upwards).

    Those of clusters stand where the one that leads stands.

    >>> [layer["mark"]["type"] for layer in priorities([]).to_dict()["layer"]]
    ['rule', 'rule', 'point', 'text']
    """
    shown = [one for one in found if one.is_leading][:MOST_DRAWN]
    labels = axis_labels([words.name(one.name) for one in shown], _LONGEST)
    named = _named(shown)
    values = [
        {
            "label": label if one.name in named else "",
            "priority": words.priorities[one.priority],
            "impact": one.importance_together.estimate,
            "low": one.importance_together.low,
            "high": one.importance_together.high,
            "known": one.availability,
        }
        for label, one in zip(labels, shown, strict=True)
    ]
    x = alt.X(
        "known:Q",
        title=words.known,
        scale=alt.Scale(domain=[0, 1.05]),
        axis=alt.Axis(tickCount=5, format="%", grid=False),
    )
    y = alt.Y("impact:Q", title=words.lost, axis=alt.Axis(tickCount=5, format="%"))
    base = alt.Chart(rows(values), width=_WIDTH, height=320).encode(x, _colour(shown, words))
    border = alt.Chart(rows([{"known": AVAILABLE}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x)
    return style(
        layers(
            border,
            base.mark_rule(strokeWidth=1.5, opacity=0.5).encode(alt.Y("low:Q"), alt.Y2("high:Q")),
            base.mark_point(size=80, filled=True, opacity=1).encode(y),
            base.mark_text(align="right", dx=-9, color=INK, fontSize=SMALL_TEXT).encode(
                y, alt.Text("label:N"), color=alt.value(INK)
            ),
        ),
        writing,
    )


def associations(
    names: Sequence[str],
    strengths: Sequence[Sequence[float]],
    words: ImportanceWords = _WORDS,
    writing: Writing = _PLAIN,
) -> alt.LayerChart:
    """Return a cell for each pair of variables, darker the more they go together, in another colour against each other.

    >>> chart = associations(["a", "b"], [[1.0, -0.8], [-0.8, 1.0]])
    >>> [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]
    ['rect', 'text']
    """
    labels = axis_labels([words.name(one) for one in names], _LONGEST)[:_MOST_PAIRED]
    values = [
        {"one": one, "other": other, "strength": abs(found), "against": found < 0, "text": _written(found, writing)}
        for one, row in zip(labels, strengths, strict=False)
        for other, found in zip(labels, row, strict=False)
    ]
    base = alt.Chart(rows(values), width=alt.Step(30), height=alt.Step(_BAND)).encode(
        alt.X("other:N", sort=labels, title=None, axis=alt.Axis(labelAngle=-45, domain=False, ticks=False)),
        alt.Y("one:N", sort=labels, title=None, axis=alt.Axis(domain=False, ticks=False)),
    )
    colour = alt.Color("against:N", scale=alt.Scale(domain=[False, True], range=[ACCENT, SECOND]), legend=None)
    opacity = alt.Opacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, 0.6]), legend=None)
    return style(
        layers(
            base.mark_rect(stroke="white", strokeWidth=1).encode(colour, opacity),
            base.mark_text(fontSize=10).encode(text="text:N"),
        ),
        writing,
    )


def movement(
    steps: Sequence[Step], axis: str, goal: str, *, is_share: bool, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return how the expected goal moves as one variable moves, with its interval; `axis` and `goal` name both.

    `is_share` tells whether the goal is written as points of a percentage.

    >>> from kohort.stats.intervals import Interval
    >>> steps = [Step(Interval(0.1, 0.0, 0.2, 9), value=1.0), Step(Interval(0.2, 0.1, 0.3, 9), value=2.0)]
    >>> [layer["mark"]["type"] for layer in movement(steps, "visits", "share", is_share=True).to_dict()["layer"]]
    ['rule', 'area', 'line']
    """
    labels = axis_labels([one.category or "" for one in steps], _LONGEST)
    values = [
        {
            "at": label if one.value is None else one.value,
            "goal": one.goal.estimate,
            "low": one.goal.low,
            "high": one.goal.high,
        }
        for label, one in zip(labels, steps, strict=True)
    ]
    scale = alt.Axis(tickCount=5, format="+.0%" if is_share else "+.2f")
    zero = alt.Chart(rows([{"goal": 0}])).mark_rule(color=MUTED, strokeDash=[4, 3])
    if any(one.category is not None for one in steps):
        x = alt.X("goal:Q", title=goal, axis=scale)
        base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND)).encode(
            alt.Y("at:N", sort=labels, title=axis)
        )
        dots = base.mark_point(size=60, filled=True, opacity=1, color=ACCENT).encode(x)
        reach = base.mark_rule(strokeWidth=2, color=ACCENT).encode(alt.X("low:Q"), alt.X2("high:Q"))
        return style(layers(zero.encode(x), reach, dots), writing)
    y = alt.Y("goal:Q", title=goal, axis=scale)
    base = alt.Chart(rows(values), width=_WIDTH, height=190).encode(
        alt.X("at:Q", title=axis, axis=alt.Axis(grid=False, tickCount=6), scale=alt.Scale(zero=False, nice=False))
    )
    band = base.mark_area(color=ACCENT, opacity=0.15).encode(alt.Y("low:Q"), alt.Y2("high:Q"))
    return style(layers(zero.encode(y), band, base.mark_line(color=ACCENT, strokeWidth=2).encode(y)), writing)


def _named(shown: Sequence[VariableFound]) -> set[str]:
    """Return the variables that are named beside their dots: those that matter, where nothing named is too near."""
    named: list[VariableFound] = []
    span = max((one.importance_together.estimate for one in shown), default=0.0)
    for one in shown:
        far = all(
            abs(one.importance_together.estimate - other.importance_together.estimate) > _NEAR * span
            or abs(one.availability - other.availability) > _BESIDE
            for other in named
        )
        if far and one.priority in (Priority.STRATEGIC, Priority.COLLECT):
            named.append(one)
    return {one.name for one in named}


def _counted(name: str, others: int) -> str:
    return f"{name} (+{others})" if others else name


def _colour(shown: Sequence[VariableFound], words: ImportanceWords) -> alt.Color:
    there = [one for one in Priority if any(each.priority is one for each in shown)]
    domain = [words.priorities[one] for one in there]
    legend = alt.Legend(symbolType="circle", symbolOpacity=1)
    return alt.Color(
        "priority:N", scale=alt.Scale(domain=domain, range=[_COLOURS[one] for one in there]), legend=legend
    )


def _written(strength: float, writing: Writing) -> str:
    return writing.decimal(strength, 1) if abs(strength) >= _SAID else ""
