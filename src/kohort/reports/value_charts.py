"""The charts of value: what deciles are worth, and what was foretold against what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import altair as alt

from kohort.learning.value.results import CalibrationRow, WorthGroup
from kohort.reports.chart_words import Writing
from kohort.reports.palette import ACCENT, SECOND
from kohort.reports.theme import layers, rows, style

_WIDTH: Final = 480
_HEIGHT: Final = 220
_PLAIN: Final = Writing()


@dataclass(frozen=True)
class ValueWords:
    """The words of these charts, in one language."""

    decile: str = "decile of worth (10: most)"
    worth: str = "worth a person"
    foretold: str = "foretold"
    spent: str = "spent a person in the held-out time"


_WORDS: Final = ValueWords()


def deciles(groups: Sequence[WorthGroup], words: ValueWords = _WORDS, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return a bar a decile: what its people are worth on average, and between what it is in nine worlds of ten.

    >>> [layer["mark"]["type"] for layer in deciles([]).to_dict()["layer"]]
    ['bar', 'rule']
    """
    values = [{"decile": one.group, "worth": one.worth, "low": one.low, "high": one.high} for one in groups]
    base = alt.Chart(rows(values), width=_WIDTH, height=_HEIGHT).encode(
        alt.X("decile:O", title=words.decile, axis=alt.Axis(labelAngle=0))
    )
    bars = base.mark_bar(color=ACCENT, opacity=0.6).encode(alt.Y("worth:Q", title=words.worth))
    return style(layers(bars, base.mark_rule(strokeWidth=2).encode(alt.Y("low:Q"), alt.Y2("high:Q"))), writing)


def calibration(
    found: Sequence[CalibrationRow], words: ValueWords = _WORDS, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return a dot a decile of what was foretold, with the interval of what happened; a tick is what was foretold.

    >>> [layer["mark"]["type"] for layer in calibration([]).to_dict()["layer"]]
    ['rule', 'point', 'tick']
    """
    values = [
        {
            "decile": one.first,
            "foretold": one.spent,
            "spent": one.spent_made.estimate,
            "low": max(0.0, one.spent_made.low),
            "high": one.spent_made.high,
        }
        for one in found
    ]
    base = alt.Chart(rows(values), width=_WIDTH, height=_HEIGHT).encode(
        alt.X("decile:O", title=words.foretold, axis=alt.Axis(labelAngle=0))
    )
    reach = base.mark_rule(strokeWidth=2, color=ACCENT).encode(alt.Y("low:Q", title=words.spent), alt.Y2("high:Q"))
    dots = base.mark_point(size=60, filled=True, opacity=1, color=ACCENT).encode(alt.Y("spent:Q"))
    ticks = base.mark_tick(color=SECOND, thickness=3, size=18).encode(alt.Y("foretold:Q"))
    return style(layers(reach, dots, ticks), writing)
