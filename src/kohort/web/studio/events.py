"""Events live: each as it is decided, the tracking plan beside, what was rejected, and a form to try one."""

from typing import Any, Final

from fastapi import Request, Response

from kohort.governance.keys import EVENTS_READ, IMPORTS_WRITE
from kohort.pipeline.collection.tracking_health import TrackingHealth
from kohort.pipeline.collection.trying import TriedEvent
from kohort.project import Project
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.models import events as models
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.said import TYPES
from kohort.web.studio.values import shown
from kohort.web.studio.visiting import check_scopes
from kohort.web.studio.watching import mount_event_stream

_COLUMNS: Final = ("event", "declared", "count", "rejected", "property", "type", "required", "seen")
_TEST_SOURCE: Final = "test"
_EXAMPLE: Final = """{
  "type": "track",
  "event": "Order Completed",
  "userId": "ada",
  "properties": {"total": 42}
}"""


def mount_events(pages: Pages) -> None:
    """Add `/events`, its stream, and what tries an event or sends it."""
    mount_event_stream(pages)

    @pages.page("/events", EVENTS_READ, listed=True)
    def events(visit: Visiting) -> Response:
        with visit.desk.asking() as project:
            health, sources = project.tracking_health(), _sources(project)
        return visit.shows("events", models.EventsPage.model_validate(health), _listed(health), **_more(sources))

    @pages.action("/events/try", EVENTS_READ)
    def try_event(visit: Visiting, request: Request, body: Body) -> Response:
        event, source = _posted(body)
        with visit.desk.asking() as project:
            tried = project.try_event(event, _known(source, project))
        return _answer(visit, request, tried, event, source, sent=False)

    @pages.action("/events/send", IMPORTS_WRITE)
    def send_event(visit: Visiting, request: Request, body: Body) -> Response:
        check_scopes(visit.visitor, (EVENTS_READ,))  # the answer tells what has come
        event, source = _posted(body)
        with visit.desk.changing() as project:
            tried = project.send_event(event, _known(source, project))
        sent = tried.fate in {"accepted", "duplicate"}
        return _answer(visit, request, tried, event, source, sent=sent)


def _posted(body: bytes) -> tuple[str, str]:
    form = posted(body)
    return form.get("event", ""), form.get("source", _TEST_SOURCE)


def _answer(visit: Visit, request: Request, tried: TriedEvent, event: str, source: str, *, sent: bool) -> Response:
    """Return what became of an event: alone, for the page that asked by a script, or on the page."""
    page = models.TriedEvent.model_validate(tried)
    page.sent = sent
    if "application/json" in request.headers.get("accept", ""):
        return Response(page.model_dump_json(), media_type="application/json")
    more: dict[str, Any] = {
        "tried": tried,
        "sent": sent,
        "types": TYPES,
        "value": lambda one: shown(one, visit.formats),
    }
    if request.headers.get("x-fragment"):
        return Response(visit.fragment("tried", **more), media_type="text/html")
    with visit.desk.asking() as project:
        health, sources = project.tracking_health(), _sources(project)
    found = models.EventsPage.model_validate(health)
    return visit.draws("events", page=found, **_more(sources) | {"event": event, "source": source} | more)


def _more(sources: list[str]) -> dict[str, Any]:
    return {"sources": sources, "event": _EXAMPLE, "source": _TEST_SOURCE, "tried": None, "types": TYPES}


def _sources(project: Project) -> list[str]:
    """Return the sources that an event can be tried as: those of write keys, and one that is there for tests."""
    now = project.clock.now()
    keyed = {one.name for one in project.keys.list() if one.kind == "write" and one.state(now) == "active"}
    return [_TEST_SOURCE, *sorted(keyed - {_TEST_SOURCE})]


def _known(source: str, project: Project) -> str:
    return source if source in _sources(project) else _TEST_SOURCE


def _listed(health: TrackingHealth) -> Listed:
    rows: list[list[object]] = []
    for event in health.events:
        first: list[object] = [event.name, event.declared, event.count, event.rejected]
        rows += [[*first, one.name, one.declared, one.required, ", ".join(one.seen)] for one in event.properties] or [
            [*first, "", "", "", ""]
        ]
    return Listed(_COLUMNS, rows)
