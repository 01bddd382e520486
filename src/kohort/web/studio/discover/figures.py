"""The charts of discoveries, in the reader's words. What was found does not change, so that drawings are kept."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from kohort.reports import charts, cluster_charts
from kohort.reports.chart_words import CurveWords, MapWords, RfmWords
from kohort.reports.data import ClusterMap, DiscoveryReport, MapPoint, RfmGrid
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
_GAP: Final = _(
    "How much less variance is left than in crowds without groups: one ellipse, and chance combinations of the same "
    "traits. Bars are three standard errors; at zero people are no tighter than chance."
)
_PICTURE: Final = _(
    "The same %(people)s people by %(name)s, which keeps neighbours together and nothing else: do not read how far "
    "apart groups lie, how large they look, or how many there seem to be."
)
_PICTURES: Final = {"tsne": "t-SNE", "umap": "UMAP"}
_MAP: Final = _(
    "Each dot is one of %(people)s sampled people; people alike lie close together. The plane keeps %(seen)s of the "
    "variance, so that groups that touch here may be apart in what it hides."
)


@lru_cache(_KEPT)
def curves(report: DiscoveryReport, formats: Formats) -> list[Figure]:
    """Draw elbow, silhouette, stability and gap."""
    say = translations(formats.language).gettext
    words = CurveWords(
        say(_("number of clusters")),
        say(_("elbow")),
        say(_("mean cluster")),
        say(_("weakest cluster")),
        say(_("than one ellipse")),
        say(_("than chance")),
    )
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
        figure("gap", say(_("Tighter (gap)")), say(_GAP), cluster_charts.gap_curve(report, words, writing)),
    ]


@lru_cache(_KEPT)
def map_figure(report: DiscoveryReport, drawn: str, formats: Formats) -> Figure | None:
    """Draw sampled people on a plane, by principal components or as a picture that was `drawn`; None without it."""
    if report.map is None:
        return None
    say = translations(formats.language).gettext
    names = [spoken(one.name, formats.language) for one in report.personas]
    if drawn == "pca":
        shown = ClusterMap(_some(report.map.points), report.map.explained, report.map.loadings)
        words, title = MapWords(say(_("more")), say(_("less")), ""), say(_("Where the personas lie"))
        chart = cluster_charts.cluster_map(shown, names, words, writing_of(formats))
        seen = formats.percent(sum(report.map.explained))
        caption = say(_MAP) % {"people": formats.count(len(shown.points)), "seen": seen}
        return figure("cluster-map", title, caption, chart)
    for picture in report.pictures:
        if picture.method == drawn:
            points = _some(picture.points)
            chart = cluster_charts.cluster_picture(points, names, writing_of(formats))
            caption = say(_PICTURE) % {"people": formats.count(len(points)), "name": _PICTURES[drawn]}
            return figure(f"cluster-{drawn}", f"{say(_('Where the personas lie'))}, {_PICTURES[drawn]}", caption, chart)
    return None


def _some(points: tuple[MapPoint, ...]) -> tuple[MapPoint, ...]:
    return points[:: max(1, -(-len(points) // _DOTS))]


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
