"""`/discover/methods` and `/discover/preparation`: what was compared, and how features became points."""

from typing import Any, Final

from fastapi import Response

from kohort.governance.keys import SEGMENTS_READ
from kohort.reports.dendrograms import cuts
from kohort.web.studio.discover.method_figures import distance_figure, tree_figures
from kohort.web.studio.discover.method_models import MethodsCompared, Prepared
from kohort.web.studio.discover.search import Score, found_in, search_of
from kohort.web.studio.drawing import spoken
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting

_METHODS: Final = (
    "method", "taken", "k", "outside", "silhouette", "silhouette_error", "weakest", "beyond_chance", "density", "holds",
)  # fmt: skip
_FEATURES: Final = ("feature", "how", "why", "skewness_before", "skewness", "missing")


def mount_methods(pages: Pages) -> None:
    """Add `/discover/methods` and `/discover/preparation`, parts of `/discover`."""

    @pages.page("/discover/methods", SEGMENTS_READ, listed=True)
    def compared(visit: Visiting, score: Score = "") -> Response:
        document = found_in(search_of(visit, score))
        report = document.report
        page = MethodsCompared.model_validate({**vars(report), "score": document.name, "at": document.at})
        more: dict[str, Any] = {}
        if visit.form == "html":
            more = {
                "trees": tree_figures(report, visit.formats),
                "curve": distance_figure(report, visit.formats),
                "cuts": {top.method: cuts(top) for top in report.dendrograms},
                "by_share": () if report.distances is None else report.distances.by_share,
                "spoken": _spoken(visit),
            }
        return shows_part(visit, "discover/methods", page, Listed.of(_METHODS, page.methods), **more)

    @pages.page("/discover/preparation", SEGMENTS_READ, listed=True)
    def prepared(visit: Visiting, score: Score = "") -> Response:
        document = found_in(search_of(visit, score))
        told = document.report.preparation
        page = Prepared.model_validate({"score": document.name, "at": document.at, "preparation": told})
        rows = [
            [one.label.en, one.how.en, one.why and one.why.en, one.skewness_before, one.skewness, one.missing]
            for one in (() if told is None else told.features)
        ]
        return shows_part(visit, "discover/preparation", page, Listed(_FEATURES, rows), spoken=_spoken(visit))


def _spoken(visit: Visit) -> Any:
    return lambda text: spoken(text, visit.language)
