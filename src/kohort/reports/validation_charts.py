"""The chart of one check: what was measured of each group, with its interval, and the bar that was required."""

from typing import Final

import altair as alt

from kohort.reports.chart_words import Writing
from kohort.reports.checks import Check
from kohort.reports.formatting import axis_labels
from kohort.reports.palette import ACCENT, MUTED
from kohort.reports.theme import layers, rows, style

_WIDTH: Final = 420
_BAND: Final = 22
_LONGEST: Final = 36
_PLAIN: Final = Writing()


def check_chart(check: Check, writing: Writing = _PLAIN) -> alt.LayerChart:
    """Return a dot a figure with its interval, and a dashed line at the bar.

    >>> from kohort.learning.wording import Bilingual
    >>> from kohort.reports.checks import Held, Measured
    >>> from kohort.stats.intervals import Interval
    >>> said = Bilingual("", "")
    >>> figures = (Measured(Bilingual("loyal", "fidèles"), Interval(0.9, 0.8, 0.95, 20)),)
    >>> chart = check_chart(Check("stability", said, said, Held.YES, said, said, figures, 0.75))
    >>> [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]
    ['rule', 'rule', 'point']
    """
    labels = axis_labels([writing.spoken(one.of) for one in check.figures], _LONGEST)
    values = [
        {"label": label, "value": one.value.estimate, "low": one.value.low, "high": one.value.high}
        for label, one in zip(labels, check.figures, strict=True)
    ]
    x = alt.X("value:Q", title=None, axis=alt.Axis(tickCount=5, format="%" if check.is_share else ".2f"))
    base = alt.Chart(rows(values), width=_WIDTH, height=alt.Step(_BAND)).encode(
        alt.Y("label:N", sort=labels, title=None), color=alt.value(ACCENT)
    )
    bars = [] if check.required is None else [{"value": check.required}]
    bar = alt.Chart(rows(bars)).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x)
    reach = base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q"))
    return style(layers(bar, reach, base.mark_point(size=60, filled=True, opacity=1).encode(x)), writing)
