"""The studio on an application: its pages, its scripts and styles, and what it says where something goes wrong."""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.responses import RedirectResponse

from kohort.collection.acceptance import RequestRefusedError
from kohort.web.api.asking import Desk
from kohort.web.api.problems import Refusing, problem_answer
from kohort.web.studio.builder.pages import mount_builder
from kohort.web.studio.changes import mount_changes
from kohort.web.studio.discover.methods import mount_methods
from kohort.web.studio.discover.over_time import mount_over_time_parts
from kohort.web.studio.discover.pages import mount_discover
from kohort.web.studio.discover.validation import mount_validation
from kohort.web.studio.duplicates import mount_duplicates_page
from kohort.web.studio.events import mount_events
from kohort.web.studio.home import mount_home
from kohort.web.studio.importance import mount_importance_page
from kohort.web.studio.pages import Pages, Visit
from kohort.web.studio.people import mount_people
from kohort.web.studio.personas.pages import mount_personas
from kohort.web.studio.quality import mount_quality
from kohort.web.studio.registry.pages import mount_model_pages
from kohort.web.studio.registry.training import mount_training_pages
from kohort.web.studio.security import Protected
from kohort.web.studio.segment.mounting import mount_segment
from kohort.web.studio.segments import mount_segment_list
from kohort.web.studio.sources import mount_sources
from kohort.web.studio.value import mount_value_page
from kohort.web.studio.visiting import Doorkeeper

_UNKNOWN_VISITOR: Final = 401


def mount_studio(
    app: FastAPI, desk: Desk, doorkeeper: Doorkeeper, more: Sequence[Callable[[Pages], None]] = ()
) -> Refusing:
    """Add every page, and `more`, to an application; return what answers a refused request: a page, for a browser."""
    pages = Pages(app.router.routes, desk, doorkeeper)
    for mount in (
        mount_home,
        mount_segment_list,
        mount_segment,
        mount_builder,
        mount_changes,
        mount_people,
        mount_discover,
        mount_methods,
        mount_personas,
        mount_over_time_parts,
        mount_validation,
        mount_importance_page,
        mount_value_page,
        mount_model_pages,
        mount_training_pages,
        mount_duplicates_page,
        mount_events,
        mount_sources,
        mount_quality,
        *more,
    ):
        mount(pages)
    app.mount("/static", StaticFiles(packages=[("kohort.web.studio", "static")]))
    app.add_middleware(Protected)

    def refusing(request: Request, error: RequestRefusedError) -> Response:
        if not _wants_a_page(request):
            return problem_answer(error)
        if error.status == _UNKNOWN_VISITOR:
            # What was to be sent is not sent again by going there.
            path = f"{request.url.path}?{request.url.query}".rstrip("?") if request.method == "GET" else "/"
            return RedirectResponse(f"/sign-in?next={quote(path, safe='')}", 303)
        try:
            visit = Visit(request, doorkeeper(request), desk)
        except RequestRefusedError:
            return problem_answer(error)
        return visit.draws("problem", error.status, problem=error)

    return refusing


def _wants_a_page(request: Request) -> bool:
    if request.url.path.startswith("/api/") or request.url.path.endswith((".json", ".csv")):
        return False
    return "text/html" in request.headers.get("accept", "")
