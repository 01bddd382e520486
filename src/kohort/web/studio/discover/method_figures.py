"""The charts of compared methods, in the reader's words. What was found does not change, so that drawings are kept."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from kohort.reports import method_charts
from kohort.reports.chart_words import DendrogramWords, DistanceWords
from kohort.reports.data import DiscoveryReport
from kohort.reports.figures import Figure
from kohort.web.studio.drawing import figure, spoken, writing_of
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import translations
from kohort.web.studio.navigation import marked

_: Final[Callable[[str], str]] = marked
_KEPT: Final = 16
_TREE: Final = _(
    "The highest %(merges)s merges of %(people)s people: the higher two branches meet, the less alike they are. Below "
    "stands how many people each group of the cut holds."
)
_CURVE: Final = _(
    "How far people are from their neighbour number %(neighbour)s, in ascending order. DBSCAN takes the distance at "
    "the bend as its radius: past it people live alone."
)


@lru_cache(_KEPT)
def tree_figures(report: DiscoveryReport, formats: Formats) -> dict[str, Figure]:
    """Draw each tree that was grown, by its method, with the cut that was chosen."""
    say = translations(formats.language)
    rows = {one.method: one for one in report.methods}
    drawn = {}
    for top in report.dendrograms:
        row = rows[top.method]
        cut = say.gettext(_("cut into %(groups)s")) % {"groups": formats.count(row.k)}
        words = DendrogramWords(say.gettext(_("height at which branches meet")), say.gettext(_("people")), cut)
        caption = say.gettext(_TREE) % {
            "merges": formats.count(len(top.merges)),
            "people": formats.count(top.people),
        }
        chart = method_charts.dendrogram(top, row.k, words, writing_of(formats))
        drawn[top.method] = figure(f"tree-{top.method}", spoken(row.name, formats.language), caption, chart)
    return drawn


@lru_cache(_KEPT)
def distance_figure(report: DiscoveryReport, formats: Formats) -> Figure | None:
    """Draw the curve from which DBSCAN reads its radius; None where it was not asked for."""
    if report.distances is None:
        return None
    say = translations(formats.language).gettext
    words = DistanceWords(say(_("share of people")), say(_("distance to the neighbour")), say(_("radius")))
    caption = say(_CURVE) % {"neighbour": formats.count(report.distances.neighbours)}
    chart = method_charts.neighbour_distances(report.distances, words, writing_of(formats))
    return figure("distances", say(_("How DBSCAN finds its radius")), caption, chart)
