"""The application: every endpoint of the API on one project, each for who shows a key, or is signed in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import APIRouter, Depends, FastAPI, params

from kohort.governance.keys import MEMBERSHIPS_READ, PEOPLE_PSEUDONYMISED, PEOPLE_READ, SEGMENTS_READ, SEGMENTS_WRITE
from kohort.project import Project
from kohort.storage.state import State
from kohort.web.api.asking import Desk
from kohort.web.api.changes import mount_changes
from kohort.web.api.definitions import mount_definitions, mount_editing
from kohort.web.api.exports import mount_exports
from kohort.web.api.feed import Feed
from kohort.web.api.guard import needs
from kohort.web.api.members import mount_members
from kohort.web.api.people import mount_people
from kohort.web.api.problems import Problem, Refusing, mount_problems, refused_in_one_shape
from kohort.web.api.repeats import Repeats
from kohort.web.api.rules import mount_explanations, mount_previews
from kohort.web.api.segments import mount_segment_details, mount_segments
from kohort.web.api.stream import mount_stream
from kohort.web.api.taxonomy import mount_taxonomy, mount_values

_REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    status: {"model": Problem, "description": words}
    for status, words in {
        401: "No secret key or session, or one that is unknown, ended or revoked.",
        403: "The key, or the role, has not the scope; or another page sent what a session should change.",
        404: "There is no such segment.",
        409: "The segment cannot be evaluated yet.",
        412: "What is to be changed was changed since; look at it anew.",
        422: "A part of the request makes no sense; `where` names it.",
        428: "Say with If-Match which version is to be changed.",
        503: "Come again, after the seconds of the header Retry-After.",
    }.items()
}


Mount = Callable[[FastAPI, Desk], Refusing]
"""What adds pages to an application."""


def application(
    project: Project, feed: Feed, failed: Callable[[], None] = lambda: None, studio: Mount | None = None
) -> FastAPI:
    """Return the API of a project, an ASGI application; `/openapi.json` describes it.

    `studio` adds pages for people beside it, and says how they answer what is refused.

    The feed of its membership log runs as long as the application does. `failed` is called if it ends before, so that
    the process can end too, and be started again.
    """

    @asynccontextmanager
    async def following(_app: FastAPI) -> AsyncIterator[None]:
        feed.begin()
        run = asyncio.create_task(feed.run())
        run.add_done_callback(lambda _: failed())
        yield
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run

    app = FastAPI(
        lifespan=following,
        title="Kohort",
        version="1",
        description="Who is in which segment, since when, and who enters and leaves.",
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
        # Nothing leaves this machine, whatever its environment says.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    desk = Desk(project)
    _mount(app, desk, feed)
    mount_problems(app, studio(app, desk) if studio else refused_in_one_shape)
    return app


def _mount(app: FastAPI, desk: Desk, feed: Feed) -> None:
    """Add every endpoint, each behind the scopes of which who asks needs one."""

    def behind(*scopes: str) -> tuple[APIRouter, params.Depends]:
        caller = Depends(needs(desk.project, *scopes))
        return APIRouter(prefix="/api/v1", dependencies=[caller], responses=_REFUSALS), caller

    memberships, caller = behind(MEMBERSHIPS_READ)
    mount_members(memberships, desk, caller)
    mount_exports(memberships, desk, caller)
    mount_stream(memberships, desk.project, feed, caller)
    listed, _ = behind(MEMBERSHIPS_READ, SEGMENTS_READ)
    mount_segments(listed, desk)
    segments, caller = behind(SEGMENTS_READ)
    mount_segment_details(segments, desk)
    mount_definitions(segments, desk, caller)
    mount_previews(segments, desk, caller)
    mount_taxonomy(segments, desk)
    people, caller = behind(PEOPLE_READ, PEOPLE_PSEUDONYMISED)
    mount_explanations(people, desk, caller)
    mount_values(people, desk, caller)
    mount_people(people, desk, caller)
    changing, caller = behind(SEGMENTS_WRITE)
    repeats = Repeats(State(desk.project.folder.state), desk.project.clock)
    mount_changes(changing, desk, caller, repeats)
    mount_editing(changing, desk, caller, repeats)
    for router in (memberships, listed, segments, people, changing):
        app.include_router(router)
