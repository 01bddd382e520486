"""Who enters and leaves, as server-sent events that can be taken up again where they broke off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import did_you_mean, shorten
from kohort.governance.keys import MEMBERSHIPS_READ
from kohort.project import Project
from kohort.web.access import check_key
from kohort.web.api.feed import Feed
from kohort.web.api.problems import ALWAYS, steady_tables
from kohort.web.callers import Caller, caller_of
from kohort.web.disclosure import Disclosure, disclosure_to

PATH: Final = "/memberships/stream"
SILENCE: Final = 15
"""The seconds without news after which a comment says that the stream is alive."""
_MOST_STREAMS: Final = 100
_MOST_SEGMENTS: Final = 100
_RETRY: Final = 1_000
"""The milliseconds after which a browser comes again."""
_GREATEST: Final = 2**63 - 1
STREAM_HEADERS: Final = {**ALWAYS, "cache-control": "no-store", "x-accel-buffering": "no"}
"""The headers of an answer without end: nothing between may keep it, or hold it back."""
_DESCRIPTION: Final = """Each row of the membership log is an event: `entered`, `left`, or `retracted` where it says
that an earlier one never was. Its `id` is its place in the log. Whoever comes again with the last id that they saw, in
the header Last-Event-ID (as browsers do) or as `since`, misses nothing and gets nothing twice; without either they get
what is new.
"""


class EventStream(StreamingResponse):
    """An answer without end, whose source is closed as soon as the client goes or the server stops."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Any) -> None:
        """Send part by part."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().stream_response(send)


def mount_stream(router: APIRouter, project: Project, feed: Feed, caller: object) -> None:
    """Add `GET /memberships/stream`; `caller` is the dependency that gives who asks."""
    streams: set[object] = set()

    @router.get(
        PATH,
        response_class=EventStream,
        summary="Who enters and leaves, as it happens",
        description=_DESCRIPTION,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    )
    def memberships_stream(
        request: Request,
        asker: Annotated[Caller, caller],
        segment: Annotated[list[str], Query(max_length=_MOST_SEGMENTS, description="Of all, if none is named.")] = [],  # noqa: B006 - FastAPI copies it
        since: Annotated[int | None, Query(ge=0, le=_GREATEST, description="What follows this place.")] = None,
        last_event_id: Annotated[int | None, Header(ge=0, le=_GREATEST, description="As since, and before it.")] = None,
    ) -> EventStream:
        _check_segments(segment, project)
        if len(streams) >= _MOST_STREAMS:
            raise RequestRefusedError(503, "too_many_streams", "enough others are following", retry_after=30)
        asked = since if last_event_id is None else last_event_id
        start = feed.head if asked is None else asked
        told = disclosure_to(project, asker)
        parts = _parts(feed, start, frozenset(segment), _still_allowed(project, request, asker), told)
        return EventStream(_counted(parts, streams), headers=STREAM_HEADERS)


def _check_segments(segments: Collection[str], project: Project) -> None:
    if not segments:
        return
    with steady_tables():
        known = project.known_segments()
    for one in segments:
        if one not in known:
            problem = f'unknown segment "{shorten(one)}"; {did_you_mean(one, known)}'
            raise RequestRefusedError(404, "unknown_segment", problem, where="query.segment")


def _still_allowed(project: Project, request: Request, asker: Caller) -> Callable[[], Awaitable[bool]]:
    """Return what tells whether who asked still may, and as much: a stream outlives many a key and session."""

    def allowed() -> bool:
        try:
            now = caller_of(project, request, active=False)
            check_key(now, MEMBERSHIPS_READ)
        except RequestRefusedError:
            return False
        return now.scopes == asker.scopes

    async def still() -> bool:
        return await run_in_threadpool(allowed)

    return still


async def _counted(parts: AsyncIterator[bytes], streams: set[object]) -> AsyncIterator[bytes]:
    one = object()
    streams.add(one)
    try:
        async for part in parts:
            yield part
    finally:
        streams.discard(one)


async def _parts(
    feed: Feed, start: int, segments: Collection[str], allowed: Callable[[], Awaitable[bool]], told: Disclosure
) -> AsyncIterator[bytes]:
    at, loop = start, asyncio.get_running_loop()
    # An id by itself is remembered too: whoever is cut off before the first event comes again to the same place.
    yield f"retry: {_RETRY}\nid: {at}\n\n".encode()
    due = loop.time() + SILENCE
    while feed.is_open() and await allowed():
        for piece in await feed.pieces(at, segments):
            if piece.text:
                yield told.log_events(piece.text)
                due = loop.time() + SILENCE
            at = piece.up_to
            if not feed.is_open():
                return
        await feed.wait(at, max(0, due - loop.time()))
        if loop.time() >= due:
            yield f": nothing new\nid: {at}\n\n".encode()
            due = loop.time() + SILENCE
