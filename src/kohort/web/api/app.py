"""The application: every endpoint of the API on one project, each for who shows a key that may."""

from typing import Final

from fastapi import APIRouter, Depends, FastAPI

from kohort.project import Project
from kohort.web.api.guard import needs
from kohort.web.api.problems import Problem, mount_problems
from kohort.web.api.segments import mount_segments

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


def application(project: Project) -> FastAPI:
    """Return the API of a project, an ASGI application; `/openapi.json` describes it."""
    app = FastAPI(
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
        prefix="/api/v1", dependencies=[Depends(needs(project.keys, "memberships:read"))], responses=_REFUSALS
    )
    mount_segments(memberships, project)
    app.include_router(memberships)
    mount_problems(app)
    return app
