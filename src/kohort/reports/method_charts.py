"""The charts of compared methods: trees of merges, and the curve from which DBSCAN reads its radius."""

from typing import Any, Final

import altair as alt

from kohort.reports.chart_words import DendrogramWords, DistanceWords, Writing
from kohort.reports.dendrograms import branches, cut_height, parts
from kohort.reports.method_data import DendrogramTop, NeighbourDistances
from kohort.reports.palette import ACCENT, INK, MUTED, PAPER, SECOND
from kohort.reports.theme import SMALL_TEXT, layers, rows, style

_WIDTH: Final = 460
_HEIGHT: Final = 240
_DASHED: Final = [4, 3]
_OUTLINE: Final[dict[str, Any]] = {"color": PAPER, "stroke": PAPER, "strokeWidth": 5, "strokeJoin": "round"}
_TREE: Final = DendrogramWords()
_CURVE: Final = DistanceWords()
_PLAIN: Final = Writing()


def dendrogram(
    top: DendrogramTop, groups: int, words: DendrogramWords = _TREE, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return the top of a tree cut into `groups`: a dashed line at the cut, below it the people of each group.

    >>> from kohort.reports.method_data import DendrogramMerge
    >>> merges = (DendrogramMerge(1, 2, 5.0, 4), DendrogramMerge(0, 3, 17.0, 5))
    >>> chart = dendrogram(DendrogramTop("average", (1, 2, 2), merges, 5, 0.9, 5), 2)
    >>> [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]
    ['line', 'text', 'rule', 'text', 'text']
    """
    height = cut_height(top, groups)
    corners = [
        {"branch": number, "step": step, "place": place, "height": at, "side": _side(one.height, height)}
        for number, one in enumerate(branches(top))
        for step, (place, at) in enumerate(
            ((one.left, one.left_foot), (one.left, one.height), (one.right, one.height), (one.right, one.right_foot))
        )
    ]
    x = alt.X("place:Q", title=None, axis=None, scale=alt.Scale(domain=[-0.5, len(top.leaves) - 0.5], nice=False))
    y = alt.Y("height:Q", title=words.height, axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    colour = alt.Color("side:N", scale=alt.Scale(domain=["below", "above"], range=[ACCENT, MUTED]), legend=None)
    lines = (
        alt.Chart(rows(corners), width=_WIDTH, height=_HEIGHT)
        .mark_line(strokeWidth=1.6, strokeJoin="round", strokeCap="round")
        .encode(x, y, colour, alt.Detail("branch:N"), alt.Order("step:Q"))
    )
    cut = [] if height is None else [{"height": height, "place": len(top.leaves) - 0.5, "said": words.cut}]
    sizes = [
        {"place": one.place, "people": writing.count(one.people)}
        for one in (() if height is None else parts(top, groups))
    ]
    below = alt.Chart(rows(sizes)).mark_text(baseline="top", dy=6, color=INK, fontSize=SMALL_TEXT)
    rule = alt.Chart(rows(cut)).mark_rule(color=SECOND, strokeDash=_DASHED, strokeWidth=1.5).encode(y)
    said = alt.Chart(rows(cut)).encode(x, y, alt.Text("said:N"))
    place: dict[str, Any] = {"align": "right", "baseline": "bottom", "dy": -4, "fontSize": SMALL_TEXT}
    return style(
        layers(
            lines,
            below.encode(x, alt.Text("people:N"), y=alt.value(_HEIGHT)),
            rule,
            said.mark_text(**place, **_OUTLINE),
            said.mark_text(**place, color=SECOND),
        ),
        writing,
    )


def neighbour_distances(
    curve: NeighbourDistances, words: DistanceWords = _CURVE, writing: Writing = _PLAIN
) -> alt.LayerChart:
    """Return the ascending distances to the k-th neighbour, with a dashed line at the radius chosen.

    >>> chart = neighbour_distances(NeighbourDistances(5, (0.1, 0.2, 0.9), 0.2))
    >>> [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]
    ['line', 'rule', 'text', 'text']
    """
    last = max(len(curve.distances) - 1, 1)
    values = [{"share": rank / last, "distance": distance} for rank, distance in enumerate(curve.distances)]
    shares = alt.Axis(format="~%", tickCount=5, grid=False)
    x = alt.X("share:Q", title=words.people, axis=shares, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("distance:Q", title=words.distance, axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    line = alt.Chart(rows(values), width=_WIDTH, height=_HEIGHT).mark_line(color=ACCENT, strokeWidth=2).encode(x, y)
    chosen = rows([{"distance": curve.eps, "share": 0.0, "said": f"{words.radius} {writing.decimal(curve.eps, 2)}"}])
    rule = alt.Chart(chosen).mark_rule(color=SECOND, strokeDash=_DASHED, strokeWidth=1.5).encode(y)
    said = alt.Chart(chosen).encode(x, y, alt.Text("said:N"))
    place: dict[str, Any] = {"align": "left", "baseline": "bottom", "dx": 6, "dy": -4, "fontSize": SMALL_TEXT}
    return style(
        layers(line, rule, said.mark_text(**place, **_OUTLINE), said.mark_text(**place, color=SECOND)), writing
    )


def _side(height: float, cut: float | None) -> str:
    return "below" if cut is None or height < cut else "above"
