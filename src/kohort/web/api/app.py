"""The application: every endpoint of the API on one project, each for who shows a key that may."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import APIRouter, Depends, FastAPI

from kohort.governance.keys import MEMBERSHIPS_READ
from kohort.project import Project
from kohort.web.api.feed import Feed
from kohort.web.api.guard import needs
from kohort.web.api.problems import Problem, mount_problems
from kohort.web.api.segments import mount_segments
from kohort.web.api.stream import mount_stream

_REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    status: {"model": Problem, "description": words}
    for status, words in {
        401: "No secret key, or one that is unknown, expired or revoked.",
        403: "The key has not the scope.",
        404: "There is no such segment.",
        409: "The segment cannot be evaluated yet.",
        422: "A part of the request makes no sense; `where` names it.",
        503: "Come again, after the seconds of the header Retry-After.",
    }.items()
}


def application(project: Project, feed: Feed, failed: Callable[[], None] = lambda: None) -> FastAPI:
    """Return the API of a project, an ASGI application; `/openapi.json` describes it.

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
    memberships = APIRouter(
        prefix="/api/v1", dependencies=[Depends(needs(project.keys, MEMBERSHIPS_READ))], responses=_REFUSALS
    )
    mount_segments(memberships, project)
    mount_stream(memberships, project, feed)
    app.include_router(memberships)
    mount_problems(app)
    return app
