"""The charts of clusters: how their number was chosen, and where they lie. Each returns an Altair chart."""

from collections.abc import Sequence
from statistics import median
from typing import Any, Final

import altair as alt

from kohort.reports.chart_words import CurveWords, MapWords, Writing
from kohort.reports.data import ClusterMap, DiscoveryReport, Loading, MapPoint
from kohort.reports.formatting import axis_labels
from kohort.reports.palette import ACCENT, INK, MUTED, PAPER, SECOND, group_colour
from kohort.reports.theme import layers, rows, style
from kohort.stats.logarithms import share_less

_WIDTH: Final = 270
_HEIGHT: Final = 170
_MAP: Final = (370, 360)
_LONGEST_NAME: Final = 60
_LABELS: Final = 480
_LONGEST_TRAIT: Final = 20
_PULLING: Final = 2
_ERRORS: Final = 3
ENGLISH: Final = CurveWords()
MAP_ENGLISH: Final = MapWords()
PLAIN: Final = Writing()
_NUMBER: Final[dict[str, Any]] = {"fontSize": 18, "fontWeight": "bold", "baseline": "middle"}


def inertia_curve(discovery: DiscoveryReport, words: CurveWords = ENGLISH, writing: Writing = PLAIN) -> alt.LayerChart:
    """Return the inertia left by each number of clusters, with the elbow and the chosen number marked."""
    return style(_inertia(discovery, words), writing)


def silhouette_curve(
    discovery: DiscoveryReport, words: CurveWords = ENGLISH, writing: Writing = PLAIN
) -> alt.LayerChart:
    """Return the silhouette of each number of clusters, plus and minus its standard error."""
    return style(_silhouette(discovery, words), writing)


def stability_curve(
    discovery: DiscoveryReport, words: CurveWords = ENGLISH, writing: Writing = PLAIN
) -> alt.LayerChart:
    """Return the stability of the weakest and of the mean cluster, with the least that was required."""
    return style(_stability(discovery, words), writing)


def gap_curve(discovery: DiscoveryReport, words: CurveWords = ENGLISH, writing: Writing = PLAIN) -> alt.LayerChart:
    """Return how much tighter clusters are than those of crowds without any, plus and minus three standard errors."""
    return style(_gap(discovery, words), writing)


def k_selection(discovery: DiscoveryReport) -> alt.HConcatChart:
    """Return elbow, silhouette, stability and gap side by side; the chosen number of clusters is the filled band.

    >>> from kohort.learning.wording import Bilingual
    >>> nothing = DiscoveryReport("no stable clusters", Bilingual("None.", "Aucun."), None, None, False, 0.75, ())
    >>> len(k_selection(nothing).to_dict()["hconcat"])
    4
    """
    return style(
        alt.hconcat(
            _inertia(discovery, ENGLISH),
            _silhouette(discovery, ENGLISH),
            _stability(discovery, ENGLISH),
            _gap(discovery, ENGLISH),
            spacing=28,
        )
    )


def cluster_map(
    clusters: ClusterMap, names: Sequence[str], words: MapWords = MAP_ENGLISH, writing: Writing = PLAIN
) -> alt.LayerChart:
    """Return sampled people on the first two principal components, each cluster numbered at its middle.

    `names[n]` is the name of cluster n; numbers count from 1 and the names stand below, because names as long as
    those of personas would hide the people. The axes say which traits pull most along them.

    >>> chart = cluster_map(ClusterMap((MapPoint(0.0, 1.0, 0),), (0.4, 0.2), ()), ["Loyal"])
    >>> [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]
    ['circle', 'text', 'text']
    """
    across, up = ([(one, one.x) for one in clusters.loadings], [(one, one.y) for one in clusters.loadings])
    x = _axis_title("→", clusters.explained[0], across, words, writing)
    y = _axis_title("↑", clusters.explained[1], up, words, writing)
    return _dotted(clusters.points, names, x, y, writing)


def cluster_picture(points: Sequence[MapPoint], names: Sequence[str], writing: Writing = PLAIN) -> alt.LayerChart:
    """Return sampled people as t-SNE or UMAP places them: the same map without axes, which mean nothing there.

    >>> chart = cluster_picture((MapPoint(0.0, 1.0, 0),), ["Loyal"])
    >>> chart.to_dict()["layer"][0]["encoding"]["x"]["title"]
    ''
    """
    return _dotted(points, names, "", "", writing)


def _dotted(points: Sequence[MapPoint], names: Sequence[str], across: str, up: str, writing: Writing) -> alt.LayerChart:
    labels = axis_labels([f"{number}  {name}" for number, name in enumerate(names, start=1)], _LONGEST_NAME)
    # Whoever is drawn last lies on top: a fixed shuffle keeps every cluster in sight without hiding another.
    order = sorted(range(len(points)), key=lambda index: index * 7919 % 10_007)
    values = [
        {"x": round(point.x, 3), "y": round(point.y, 3), "cluster": labels[point.cluster]}
        for point in (points[index] for index in order)
    ]
    x, y = alt.X("x:Q", title=across, axis=_bare()), alt.Y("y:Q", title=up, axis=_bare())
    colours = alt.Scale(domain=labels, range=[group_colour(number) for number in range(len(labels))])
    legend = alt.Legend(orient="bottom", columns=1, symbolType="circle", symbolOpacity=1, labelLimit=_LABELS)
    dots = (
        alt.Chart(rows(values), width=_MAP[0], height=_MAP[1])
        .mark_circle(size=14, opacity=0.55)
        .encode(x, y, alt.Color("cluster:N", scale=colours, legend=legend))
    )
    text = alt.Chart(rows(_middles(points, len(labels)))).encode(x, y, alt.Text("number:N"))
    # The text is drawn twice: its outline in the colour of the paper keeps it readable upon the dots.
    outline = text.mark_text(**_NUMBER, color=PAPER, stroke=PAPER, strokeWidth=6, strokeJoin="round")
    return style(layers(dots, outline, text.mark_text(**_NUMBER, color=INK)), writing)


def _inertia(discovery: DiscoveryReport, words: CurveWords) -> alt.LayerChart:
    values = [
        {"k": one.k, "inertia": one.inertia_share, "note": words.elbow if one.k == discovery.elbow else ""}
        for one in discovery.candidates
    ]
    y = alt.Y("inertia:Q", title=None, axis=alt.Axis(format="~%", tickCount=4), scale=alt.Scale(zero=True))
    base = alt.Chart(rows(values)).encode(_k_axis(words), y)
    note = base.mark_text(align="left", dx=6, dy=-10, color=MUTED).encode(text="note:N")
    return _panel(discovery, words, base.mark_line(color=ACCENT), _dots(base, discovery.k_of_candidates), note)


def _silhouette(discovery: DiscoveryReport, words: CurveWords) -> alt.LayerChart:
    values = [
        {
            "k": one.k,
            "silhouette": one.silhouette,
            "low": one.silhouette - one.silhouette_error,
            "high": one.silhouette + one.silhouette_error,
        }
        for one in discovery.candidates
    ]
    y = alt.Y("silhouette:Q", title=None, axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    base = alt.Chart(rows(values)).encode(_k_axis(words), y)
    errors = alt.Chart(rows(values)).mark_rule(color=ACCENT).encode(_k_axis(words), alt.Y("low:Q"), alt.Y2("high:Q"))
    return _panel(discovery, words, errors, base.mark_line(color=ACCENT), _dots(base, discovery.k_of_candidates))


def _stability(discovery: DiscoveryReport, words: CurveWords) -> alt.LayerChart:
    names = [words.mean_cluster, words.weakest_cluster]
    values = [
        {"k": one.k, "cluster": name, "stability": stability}
        for one in discovery.candidates
        for name, stability in zip(names, (one.mean_stability, one.weakest_stability), strict=True)
    ]
    axis = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2f")
    y = alt.Y("stability:Q", title=None, axis=axis, scale=alt.Scale(domain=[0, 1]))
    # Few clusters are nearly always stable: the lower left corner is free.
    legend = alt.Legend(orient="bottom-left", direction="vertical", symbolType="circle", symbolOpacity=1)
    colour = alt.Color("cluster:N", scale=alt.Scale(domain=names, range=[SECOND, ACCENT]), legend=legend)
    required = alt.Chart(rows([{"stability": discovery.required_stability}])).encode(y)
    base = alt.Chart(rows(values)).encode(_k_axis(words), y, colour)
    return _panel(
        discovery,
        words,
        required.mark_rule(color=MUTED, strokeDash=[4, 3]),
        base.mark_line(),
        base.mark_point(filled=True, size=36, opacity=1),
    )


def _gap(discovery: DiscoveryReport, words: CurveWords) -> alt.LayerChart:
    names = [words.ellipse, words.chance]
    values = [
        {
            "k": one.k,
            "crowd": name,
            "tighter": share_less(gap),
            "low": share_less(gap - _ERRORS * (error or 0.0)),
            "high": share_less(gap + _ERRORS * (error or 0.0)),
        }
        for one in discovery.candidates
        for name, gap, error in (
            (words.ellipse, one.ellipse_gap, one.ellipse_gap_error),
            (words.chance, one.copula_gap, one.copula_gap_error),
        )
    ]
    y = alt.Y("tighter:Q", title=None, axis=alt.Axis(format="~%", tickCount=4), scale=alt.Scale(zero=True))
    legend = alt.Legend(orient="top", direction="horizontal", symbolType="circle", symbolOpacity=1)
    colour = alt.Color("crowd:N", scale=alt.Scale(domain=names, range=[ACCENT, SECOND]), legend=legend)
    base = alt.Chart(rows(values)).encode(_k_axis(words), y, colour)
    errors = alt.Chart(rows(values)).mark_rule().encode(_k_axis(words), alt.Y("low:Q"), alt.Y2("high:Q"), colour)
    zero = alt.Chart(rows([{"tighter": 0.0}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y)
    return _panel(discovery, words, zero, errors, base.mark_line(), base.mark_point(filled=True, size=36, opacity=1))


def _panel(discovery: DiscoveryReport, words: CurveWords, *curves: alt.Chart) -> alt.LayerChart:
    taken = discovery.k_of_candidates
    chosen = [] if taken is None else [{"k": taken}]
    band = alt.Chart(rows(chosen)).mark_rule(color=SECOND, opacity=0.22, strokeWidth=16).encode(_k_axis(words))
    panel: alt.LayerChart = layers(band, *curves).properties(width=_WIDTH, height=_HEIGHT)
    return panel


def _dots(base: alt.Chart, chosen: int | None) -> alt.Chart:
    size = alt.when(alt.datum.k == (chosen or 0)).then(alt.value(90)).otherwise(alt.value(36))
    dots: alt.Chart = base.mark_point(filled=True, opacity=1, color=ACCENT).encode(size=size)
    return dots


def _k_axis(words: CurveWords) -> alt.X:
    axis = alt.Axis(labelAngle=0, grid=False)
    return alt.X("k:O", title=words.clusters, axis=axis)


def _bare() -> alt.Axis:
    return alt.Axis(labels=False, ticks=False, grid=False, domain=True, minExtent=0, titleLimit=_MAP[0])


def _axis_title(
    arrow: str, explained: float, pulls: Sequence[tuple[Loading, float]], words: MapWords, writing: Writing
) -> str:
    strongest = sorted(pulls, key=lambda pull: -abs(pull[1]))[:_PULLING]
    traits = axis_labels(
        [f"{words.more if pull > 0 else words.less} {writing.spoken(loading.trait)}" for loading, pull in strongest],
        _LONGEST_TRAIT,
    )
    variance = [f"{writing.percent(explained)} {words.of_variance}"] if words.of_variance else []
    return f"{arrow} {', '.join([*traits, *variance])}"


def _middles(points: Sequence[MapPoint], count: int) -> list[dict[str, object]]:
    """Return the median position of each cluster that is on the map, with its number from 1."""
    middles: list[dict[str, object]] = []
    for number in range(count):
        members = [point for point in points if point.cluster == number]
        if members:
            x, y = median(one.x for one in members), median(one.y for one in members)
            middles.append({"x": x, "y": y, "number": str(number + 1)})
    return middles
