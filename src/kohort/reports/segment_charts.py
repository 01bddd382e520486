"""The charts of one segment: its size over time, who came and went, what sets it apart. Each is an Altair chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import altair as alt

from kohort.reports.chart_words import EffectWords, MoveWords, SizeWords, Writing
from kohort.reports.formatting import axis_labels
from kohort.reports.palette import ACCENT, LINE, MUTED, SECOND
from kohort.reports.theme import SMALL_TEXT, layers, rows, style

_WIDTH: Final = 480
_HEIGHT: Final = 190
_BAND: Final = 26
_LONGEST: Final = 27
_PLAIN: Final = Writing()
_SIZES: Final = SizeWords()
_MOVES: Final = MoveWords()
_EFFECTS: Final = EffectWords()


@dataclass(frozen=True)
class SizeMark:
    """The size of a segment at a local time, ISO 8601 without an offset; `recorded` where something else was found."""

    at: str
    size: int
    recorded: int | None = None


@dataclass(frozen=True)
class MoveBar:
    """How many entered and left on a day, ISO 8601."""

    day: str
    entered: int
    left: int


@dataclass(frozen=True)
class EffectMark:
    """A label, an effect with its interval."""

    label: str
    effect: float
    low: float
    high: float


def size_history(marks: Sequence[SizeMark], words: SizeWords = _SIZES, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return a segment's size by its rule of today as a line, and dots where something else was recorded.

    >>> chart = size_history([SizeMark("2026-01-01T00:00", 3), SizeMark("2026-01-02T00:00", 5, 4)])
    >>> [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]
    ['area', 'line', 'point', 'text']
    """
    values = [
        {"at": f"{one.at}Z", "size": one.size, "of": words.computed, "text": writing.count(one.size) if last else ""}
        for one, last in zip(marks, [*[False] * (len(marks) - 1), True], strict=True)
    ]
    noted = [
        {"at": f"{one.at}Z", "size": one.recorded, "of": words.recorded} for one in marks if one.recorded is not None
    ]
    domain = [words.computed, words.recorded] if noted else [words.computed]
    legend = alt.Legend(symbolType="circle", symbolOpacity=1) if noted else None
    colour = alt.Color("of:N", scale=alt.Scale(domain=domain, range=[ACCENT, SECOND][: len(domain)]), legend=legend)
    x = alt.X(
        "at:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(grid=False, tickCount=5, format="%-d %b", labelOverlap=True),
    )
    y = alt.Y(
        "size:Q",
        title=words.people,
        axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d"),
        scale=alt.Scale(zero=True, nice=True),
    )
    base = alt.Chart(rows(values), width=_WIDTH, height=_HEIGHT).encode(x, y)
    return style(
        layers(
            base.mark_area(color=ACCENT, opacity=0.12),
            base.mark_line(strokeWidth=2).encode(colour),
            alt.Chart(rows(noted)).mark_point(filled=True, size=34, opacity=1).encode(x, y, colour),
            base.mark_text(align="right", dy=-10, fontWeight="bold").encode(text="text:N"),
        ),
        writing,
    )


def moves(bars: Sequence[MoveBar], words: MoveWords = _MOVES, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return bars of those who entered, upwards, and of those who left, downwards, a pair a day.

    >>> len(moves([MoveBar("2026-01-01", 3, 1)]).to_dict()["layer"])
    2
    """
    values = [
        {"day": f"{one.day}T00:00:00Z", "of": of, "people": people}
        for one in bars
        for of, people in ((words.entered, one.entered), (words.left, -one.left))
    ]
    colour = alt.Color("of:N", scale=alt.Scale(domain=[words.entered, words.left], range=[ACCENT, SECOND]))
    drawn = (
        alt.Chart(rows(values), width=_WIDTH, height=_HEIGHT)
        .mark_bar(size=max(3, int(0.7 * _WIDTH / max(1, len(bars)))))
        .encode(
            alt.X(
                "day:T",
                title=None,
                scale=alt.Scale(type="utc", padding=8),
                axis=alt.Axis(grid=False, tickCount=5, format="%-d %b", labelOverlap=True, offset=4),
            ),
            alt.Y(
                "people:Q",
                title=words.people,
                stack=None,
                axis=alt.Axis(
                    tickCount=5,
                    tickMinStep=1,
                    # How many left is a number of people too.
                    labelExpr="format(abs(datum.value), ',d')",
                ),
            ),
            colour,
        )
    )
    zero = alt.Chart(rows([{"people": 0}])).mark_rule(color=MUTED).encode(alt.Y("people:Q"))
    return style(layers(drawn, zero), writing)


def flows(bars: Sequence[tuple[str, int]], colour: str, people: str, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return bars of people by where they came from, or went: `colour` is one of the palette.

    >>> len(flows([("VIP", 3)], ACCENT, "people").to_dict()["layer"])
    2
    """
    labels = axis_labels([label for label, _ in bars], _LONGEST)
    values = [
        {"label": label, "people": number, "text": writing.count(number)}
        for label, (_, number) in zip(labels, bars, strict=True)
    ]
    base = alt.Chart(rows(values), width=260, height=alt.Step(_BAND)).encode(
        alt.Y("label:N", sort=labels, title=None),
        alt.X("people:Q", title=people, axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d")),
    )
    text = base.mark_text(align="left", dx=4, fontSize=SMALL_TEXT).encode(text="text:N")
    return style(layers(base.mark_bar(color=colour, cornerRadiusEnd=2), text), writing)


def effects(marks: Sequence[EffectMark], words: EffectWords = _EFFECTS, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return effects as dots with their intervals, beside a line for none.

    >>> len(effects([EffectMark("orders", 0.5, 0.3, 0.7)]).to_dict()["layer"])
    3
    """
    labels = axis_labels([one.label for one in marks], _LONGEST)
    values = [
        {"label": label, "effect": one.effect, "low": one.low, "high": one.high, "of": str(one.effect > 0)}
        for label, one in zip(labels, marks, strict=True)
    ]
    x = alt.X(
        "effect:Q",
        title=f"{words.less} · {words.more}",
        axis=alt.Axis(tickCount=5, gridColor=LINE),
        scale=alt.Scale(nice=True),
    )
    base = alt.Chart(rows(values), width=300, height=alt.Step(_BAND)).encode(
        alt.Y("label:N", sort=labels, title=None),
        alt.Color("of:N", scale=alt.Scale(domain=["True", "False"], range=[ACCENT, SECOND]), legend=None),
    )
    return style(
        layers(
            alt.Chart(rows([{"effect": 0}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x),
            base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q")),
            base.mark_point(size=60, filled=True, opacity=1).encode(x),
        ),
        writing,
    )
