"""Clusters and personas, as the newest discovery found them."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.keys import PEOPLE_PSEUDONYMISED, PEOPLE_READ
from kohort.pipeline.learning.personas import CataloguedPersona
from kohort.reports.data import DiscoveryReport
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.models.clusters import Clusters
from kohort.web.api.models.discovery import CataloguedPersona as CataloguedAnswer
from kohort.web.api.models.discovery import Persona, Personas
from kohort.web.callers import Caller
from kohort.web.disclosure import disclosure_to

Named = Annotated[str | None, Query(max_length=1_000, description="The clusters score; the only one without.")]


def mount_discovery(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `GET /clusters` and `GET /personas`; `caller` is the dependency that gives who asks."""

    @router.get("/clusters", response_model=Clusters, summary="What the search for clusters found")
    def get_clusters(score: Named = None, if_none_match: Shown = None) -> Response:
        return answered_if_new(Clusters.model_validate(_discovery(desk, score)), if_none_match)

    @router.get("/personas", response_model=Personas, summary="The personas that the clusters are")
    def get_personas(
        asker: Annotated[Caller, caller],
        score: Named = None,
        if_none_match: Shown = None,
    ) -> Response:
        cards = _discovery(desk, score).personas
        told = disclosure_to(desk.project, asker)
        named = asker.scopes & {PEOPLE_READ, PEOPLE_PSEUDONYMISED}
        cards = tuple(
            replace(one, example=told.person_id(one.example) if named and one.example else "") for one in cards
        )
        with desk.asking(**{"clusters score": "query.score"}) as project:
            known = project.personas()
        catalogue = [_catalogued(one) for one in known if score is None or one.score == score]
        personas = [Persona.model_validate(one) for one in cards]
        return answered_if_new(Personas(personas=personas, catalogue=catalogue), if_none_match)


def _catalogued(one: CataloguedPersona) -> CataloguedAnswer:
    rule = one.card.rule if one.card else None
    surveys = [{**vars(told.finding), "share": told.share} for told in one.surveys]
    return CataloguedAnswer.model_validate({**vars(one), "rule": rule, "surveys": surveys})


def _discovery(desk: Desk, score: str | None) -> DiscoveryReport:
    with desk.asking(**{"clusters score": "query.score", "asked": "query.score"}) as project:
        found = project.discovery(score=score)
    if found is None:
        raise RequestRefusedError(409, "not_discovered", "no clusters were looked for yet; run: kohort discover")
    return found
