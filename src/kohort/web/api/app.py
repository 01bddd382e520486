"""The application: every endpoint of the API on one project, each for who shows a key, or is signed in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from fastapi import APIRouter, Depends, FastAPI, params

from kohort.governance.keys import (
    EVENTS_READ,
    IMPORTS_WRITE,
    KEYS_WRITE,
    MEMBERSHIPS_READ,
    PEOPLE_PSEUDONYMISED,
    PEOPLE_READ,
    PEOPLE_WRITE,
    SEGMENTS_READ,
    SEGMENTS_WRITE,
)
from kohort.project import Project
from kohort.storage.state import State
from kohort.web.api.asking import Desk
from kohort.web.api.bodies import Bodies
from kohort.web.api.changes import mount_changes
from kohort.web.api.definitions import mount_definitions, mount_editing
from kohort.web.api.description import described, operation_name
from kohort.web.api.discovery import mount_discovery
from kohort.web.api.duplicates import mount_decisions, mount_duplicates
from kohort.web.api.exports import mount_exports
from kohort.web.api.feed import Feed
from kohort.web.api.guard import needs
from kohort.web.api.importance import mount_importance
from kohort.web.api.keys import mount_keys
from kohort.web.api.members import mount_members
from kohort.web.api.over_time import mount_over_time
from kohort.web.api.people import mount_people
from kohort.web.api.problems import Refusing, mount_problems, refused_in_one_shape
from kohort.web.api.quotas import Quotas
from kohort.web.api.records import mount_records
from kohort.web.api.registry import mount_registry
from kohort.web.api.repeats import Repeats
from kohort.web.api.rules import mount_explanations, mount_previews
from kohort.web.api.segments import mount_segment_details, mount_segments
from kohort.web.api.sources import mount_dead_letters, mount_files, mount_sources
from kohort.web.api.stream import mount_stream
from kohort.web.api.taxonomy import mount_taxonomy, mount_values
from kohort.web.api.training import mount_training, mount_trainings
from kohort.web.api.value import mount_value
from kohort.web.slashes import Slashes, read_names

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
        generate_unique_id_function=operation_name,
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
    app.openapi = partial(described, app)  # type: ignore[method-assign] # FastAPI's own way to say more
    app.state.is_open = feed.is_open  # what tells streams of pages to end
    desk = Desk(project)
    _mount(app, desk, feed)
    app.add_middleware(Bodies)
    # What the pages add comes before the quotas: what these refuse is protected as pages are.
    app.add_middleware(Quotas, project=project, limits=project.settings.api)
    app.state.refusing = studio(app, desk) if studio else refused_in_one_shape
    mount_problems(app, app.state.refusing)
    app.add_middleware(Slashes)
    return app


def _mount(app: FastAPI, desk: Desk, feed: Feed) -> None:
    """Add every endpoint, each behind the scopes of which who asks needs one."""

    def behind(*scopes: str) -> tuple[APIRouter, params.Depends]:
        caller = Depends(needs(desk.project, *scopes))
        first = [Depends(read_names), caller]
        router = APIRouter(prefix="/api/v1", dependencies=first, generate_unique_id_function=operation_name)
        return router, caller

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
    mount_sources(segments, desk)
    mount_records(segments, desk)
    mount_discovery(segments, desk, caller)
    mount_over_time(segments, desk)
    mount_importance(segments, desk)
    mount_value(segments, desk)
    mount_registry(segments, desk)
    mount_trainings(segments, desk)
    people, caller = behind(PEOPLE_READ, PEOPLE_PSEUDONYMISED)
    mount_explanations(people, desk, caller)
    mount_values(people, desk, caller)
    mount_people(people, desk, caller)
    changing, caller = behind(SEGMENTS_WRITE)
    repeats = Repeats(State(desk.project.folder.state), desk.project.clock)
    mount_changes(changing, desk, caller, repeats)
    mount_editing(changing, desk, caller, repeats)
    mount_training(changing, desk, caller, repeats)
    named, _ = behind(PEOPLE_READ)
    mount_duplicates(named, desk)
    deciding, caller = behind(PEOPLE_WRITE)
    mount_decisions(deciding, desk, caller, repeats)
    events, caller = behind(EVENTS_READ)
    mount_dead_letters(events, desk, caller)
    imports, _ = behind(IMPORTS_WRITE)
    mount_files(imports, desk)
    keys, caller = behind(KEYS_WRITE)
    mount_keys(keys, desk, caller)
    for router in (memberships, listed, segments, people, changing, named, deciding, events, imports, keys):
        # As they stand: FastAPI would read all of a router that is included once more, while the first who asks waits.
        app.router.routes += router.routes
