"""The charts of discoveries, in the reader's words. What was found does not change, so that drawings are kept."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from kohort.reports import charts, cluster_charts
from kohort.reports.chart_words import CurveWords, MapWords, RfmWords
from kohort.reports.data import ClusterMap, DiscoveryReport, RfmGrid
from kohort.reports.figures import Figure
from kohort.web.studio.drawing import figure, spoken, writing_of
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import translations
from kohort.web.studio.navigation import marked

_: Final[Callable[[str], str]] = marked
_DOTS: Final = 700
"""How many people the map shows at most: more make it heavy, and no clearer."""
_KEPT: Final = 16
_ELBOW: Final = _(
    "The variance left inside clusters, as a share of all. It always falls; at the elbow it stops paying."
)
_SILHOUETTE: Final = _(
    "Whether people are nearer to their own cluster than to the next; bars are one standard error. It never decides."
)
_STABILITY: Final = _(
    "Whether clusters come back when people are drawn again (Jaccard); %(required)s was required of the weakest."
)
_MAP: Final = _(
    "Each dot is one of %(people)s sampled people; people alike lie close together. The plane keeps %(seen)s of the "
    "variance, so that groups that touch here may be apart in what it hides."
)


@lru_cache(_KEPT)
def curves(report: DiscoveryReport, formats: Formats) -> list[Figure]:
    """Draw elbow, silhouette and stability."""
    say = translations(formats.language).gettext
    words = CurveWords(say(_("number of clusters")), say(_("elbow")), say(_("mean cluster")), say(_("weakest cluster")))
    writing = writing_of(formats)
    required = formats.decimal(report.required_stability)
    return [
        figure(
            "inertia",
            say(_("Elbow")),
            say(_ELBOW),
            cluster_charts.inertia_curve(report, words, writing),
        ),
        figure(
            "silhouette",
            say(_("Silhouette")),
            say(_SILHOUETTE),
            cluster_charts.silhouette_curve(report, words, writing),
        ),
        figure(
            "stability",
            say(_("Stability")),
            say(_STABILITY) % {"required": required},
            cluster_charts.stability_curve(report, words, writing),
        ),
    ]


@lru_cache(_KEPT)
def map_figure(report: DiscoveryReport, formats: Formats) -> Figure | None:
    """Draw sampled people on a plane; None without clusters."""
    if report.map is None:
        return None
    say, whole = translations(formats.language).gettext, report.map
    step = -(-len(whole.points) // _DOTS)
    shown = ClusterMap(whole.points[:: max(1, step)], whole.explained, whole.loadings)
    words = MapWords(say(_("more")), say(_("less")), "")
    caption = say(_MAP) % {"people": formats.count(len(shown.points)), "seen": formats.percent(sum(whole.explained))}
    names = [spoken(one.name, formats.language) for one in report.personas]
    chart = cluster_charts.cluster_map(shown, names, words, writing_of(formats))
    return figure("cluster-map", say(_("Where the personas lie")), caption, chart)


@lru_cache(_KEPT)
def rfm_figure(grid: RfmGrid, formats: Formats) -> Figure:
    """Draw people by recency and frequency."""
    say = translations(formats.language).gettext
    words = RfmWords(say(_("recency: 1 long ago → 5 just now")), say(_("frequency: 1 rarely → 5 often")), say(_("ø")))
    caption = say(_("The number of people, and below it what each has spent on average, in %(currency)s.")) % {
        "currency": formats.currency
    }
    return figure(
        "rfm-grid", say(_("Recency and frequency")), caption, charts.rfm_grid(grid, words, writing_of(formats))
    )
