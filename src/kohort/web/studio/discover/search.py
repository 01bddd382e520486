"""The search for clusters that a page of discoveries tells of."""

from typing import Annotated

from fastapi import Query

from kohort.collection.acceptance import RequestRefusedError
from kohort.pipeline.learning.documents import ClusterSearch, DiscoveryDocument
from kohort.web.studio.pages import Visit

Score = Annotated[str, Query(max_length=200)]
"""The clusters score that is asked for, empty for the first that has been searched."""


def search_of(visit: Visit, score: str) -> ClusterSearch:
    """Return the newest search of a score; refuses one that nobody declared."""
    with visit.desk.asking(**{"clusters score": "query.score"}) as project:
        return project.cluster_search(score or None)


def found_in(search: ClusterSearch) -> DiscoveryDocument:
    """Return what was found; refuses with 404 before anybody looked."""
    if search.document is None:
        problem = "nobody has looked for clusters yet; run: kohort discover"
        raise RequestRefusedError(404, "no_discovery", problem, where="query.score")
    return search.document
