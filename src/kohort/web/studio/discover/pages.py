"""Discover: the personas that clustering has found, how it chose, where they lie, and the RFM grid."""

from typing import Annotated, Any, Final

from fastapi import Query, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.keys import MEMBERSHIPS_READ, PEOPLE_READ, SEGMENTS_READ
from kohort.pipeline.learning.documents import ClusterSearch, DiscoveryDocument
from kohort.pipeline.learning.rfm import RfmFound
from kohort.reports.data import PersonaCard
from kohort.rules.expressions import RuleExpression
from kohort.rules.print import print_rule
from kohort.rules.python import trait
from kohort.web.disclosure import disclosure_to
from kohort.web.studio.discover.figures import curves, map_figure, rfm_figure
from kohort.web.studio.discover.models import ClusterPlane, Curves, Discoveries, RfmScores
from kohort.web.studio.discover.search import Score, found_in, search_of
from kohort.web.studio.discover.wording import Strengths
from kohort.web.studio.drawing import spoken
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting

_PERSONAS: Final = ("cluster", "name", "people", "share_of_people", "share_of_value", "stability", "rule")
_CANDIDATES: Final = (
    "k", "inertia_share", "silhouette", "silhouette_error", "weakest_stability", "mean_stability", "smallest_share",
)  # fmt: skip
_POINTS: Final = ("x", "y", "cluster")
_COMPONENTS: Final = "pca"
_CELLS: Final = ("key", "name", "size", "share", "revenue_share", "rule")
Map = Annotated[str, Query(alias="map", max_length=20)]


def mount_discover(pages: Pages) -> None:
    """Add `/discover`, and its parts `/discover/curves`, `/discover/map` and `/discover/rfm`."""

    @pages.page("/discover", SEGMENTS_READ, listed=True)
    def discover(visit: Visiting, score: Score = "") -> Response:
        search = search_of(visit, score)
        page = _discoveries(visit, search)
        rows = [
            [
                one.cluster,
                one.name.en,
                one.people,
                one.share_of_people,
                one.share_of_value,
                one.stability.estimate,
                one.rule,
            ]
            for one in page.personas
        ]
        return visit.shows(
            "discover/page", page, Listed(_PERSONAS, rows), strengths=Strengths(visit.say), spoken=_spoken(visit)
        )

    @pages.page("/discover/curves", SEGMENTS_READ, listed=True)
    def how_chosen(visit: Visiting, score: Score = "") -> Response:
        document = found_in(search_of(visit, score))
        report = document.report
        told = {"score": document.name, "at": document.at, "k": report.k_of_candidates}
        page = Curves.model_validate({**vars(report), **told})
        more: dict[str, Any] = {}
        if visit.form == "html":
            other = [one.name for one in report.methods if one.taken and one.method == report.method != "k_means"]
            more = {"figures": curves(report, visit.formats), "other": other, "spoken": _spoken(visit)}
        return shows_part(visit, "discover/curves", page, Listed.of(_CANDIDATES, page.candidates), **more)

    @pages.page("/discover/map", SEGMENTS_READ, listed=True)
    def where_they_lie(visit: Visiting, score: Score = "", drawn: Map = _COMPONENTS) -> Response:
        document = found_in(search_of(visit, score))
        page = _plane(document, drawn)
        more = {"figure": map_figure(document.report, drawn, visit.formats)} if visit.form == "html" else {}
        return shows_part(visit, "discover/map", page, Listed.of(_POINTS, page.points), spoken=_spoken(visit), **more)

    @pages.page("/discover/rfm", SEGMENTS_READ, listed=True)
    def scores(visit: Visiting) -> Response:
        with visit.desk.asking() as project:
            found = project.rfm()
        page = _rfm(visit, found)
        rows = [[one.key, one.name.en, one.size, one.share, one.revenue_share, one.rule] for one in page.cells]
        more = {"figure": rfm_figure(found.grid, visit.formats)} if found is not None and visit.form == "html" else {}
        return shows_part(visit, "discover/rfm", page, Listed(_CELLS, rows), spoken=_spoken(visit), **more)


def _spoken(visit: Visit) -> Any:
    return lambda text: spoken(text, visit.language)


def _plane(document: DiscoveryDocument, drawn: str) -> ClusterPlane:
    """Return one of the maps as data; refuses with 404 what was not drawn."""
    report = document.report
    if report.map is None:
        problem = "there is no map where there are no clusters"
        raise RequestRefusedError(404, "no_clusters", problem, where="query.score")
    pictures = {one.method: one for one in report.pictures}
    maps = [_COMPONENTS, *pictures]
    about = {"score": document.name, "at": document.at, "map": drawn, "maps": maps}
    if drawn == _COMPONENTS:
        return ClusterPlane.model_validate({**vars(report.map), **about})
    if drawn not in pictures:
        problem = f"this map was not drawn; there is: {', '.join(maps)}"
        raise RequestRefusedError(404, "no_map", problem, where="query.map")
    return ClusterPlane.model_validate({"points": pictures[drawn].points, "explained": None, "loadings": [], **about})


def _discoveries(visit: Visit, search: ClusterSearch) -> Discoveries:
    if search.document is None:
        return Discoveries.model_validate(
            {
                **dict.fromkeys(("at", "verdict", "words", "k", "elbow", "required_stability")),
                **vars(search),
                "gradual": False,
                "people": 0,
                "personas": [],
            }
        )
    document, report = search.document, search.document.report
    known = visit.visitor.may(MEMBERSHIPS_READ, PEOPLE_READ)
    told_of = disclosure_to(visit.project, visit.visitor)
    personas = [
        {
            **vars(one),
            "example": told_of.person_id(one.example) if known and one.example else None,
            "rule": _rule(visit, _membership(document, one)),
            "nearest": None if one.rule is None else spoken(one.rule.sentence, visit.language),
        }
        for one in report.personas
    ]
    people = sum(one.people for one in report.personas)
    told = {"scores": search.scores, "score": document.name, "at": document.at, "people": people}
    return Discoveries.model_validate({**vars(report), **told, "personas": personas})


def _membership(document: DiscoveryDocument, one: PersonaCard) -> RuleExpression:
    """Return the rule of a persona's people: by its lasting id, or by its name where it was found before it had one."""
    if document.report.lineage is None:
        return trait(document.name) == one.name.en
    return trait(f"{document.name}_id") == one.identity


def _rfm(visit: Visit, found: RfmFound | None) -> RfmScores:
    if found is None:
        return RfmScores(score=None, at=None, people=[], mean_value=[], cells=[])
    cells = [
        {**vars(one), "rule": _rule(visit, trait(f"{found.name}_cell") == one.key)}
        for one in sorted(found.grid.cells, key=lambda one: -one.size)
    ]
    grid = {"people": found.grid.people, "mean_value": found.grid.mean_value}
    return RfmScores.model_validate({**grid, "score": found.name, "at": found.at, "cells": cells})


def _rule(visit: Visit, expression: RuleExpression) -> str:
    return print_rule(expression.rule, visit.language)
