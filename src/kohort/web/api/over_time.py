"""Whether clusters hold month by month and what they foretell, as it is kept beside the newest discovery."""

from fastapi import APIRouter, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.pipeline.learning.cluster_studies import ClusterStudies
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.discovery import Named
from kohort.web.api.models.over_time import ClusterForetelling, ClusterPeriods, foretelling_of, periods_of


def mount_over_time(router: APIRouter, desk: Desk) -> None:
    """Add `GET /clusters/periods` and `GET /clusters/foretelling`."""

    @router.get("/clusters/periods", response_model=ClusterPeriods, summary="Whether clusters hold month by month")
    def get_cluster_periods(score: Named = None, if_none_match: Shown = None) -> Response:
        found = _studies(desk, score).periods
        if found is None or found.report is None:
            raise _not_looked("kohort clusters periods", "" if found is None else found.lack)
        return answered_if_new(periods_of(found, found.report), if_none_match)

    @router.get("/clusters/foretelling", response_model=ClusterForetelling, summary="What clusters foretell")
    def get_cluster_foretelling(score: Named = None, if_none_match: Shown = None) -> Response:
        found = _studies(desk, score).conversion
        if found is None or found.lack:
            raise _not_looked("kohort clusters conversion", "" if found is None else found.lack)
        return answered_if_new(foretelling_of(found), if_none_match)


def _studies(desk: Desk, score: str | None) -> ClusterStudies:
    with desk.asking(**{"clusters score": "query.score", "asked": "query.score"}) as project:
        return project.cluster_studies(score)


def _not_looked(command: str, lack: str) -> RequestRefusedError:
    return RequestRefusedError(409, "not_studied", lack or f"nobody asked yet; run: {command}")
