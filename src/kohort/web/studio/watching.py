"""Each event as it is decided, as server-sent events for the page of events, worded as its reader reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from kohort.clock import datetime_of, format_utc
from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.keys import EVENTS_READ
from kohort.storage.watch import Seen
from kohort.web.api.stream import STREAM_HEADERS, EventStream
from kohort.web.studio.languages import translations
from kohort.web.studio.pages import Pages, Visit, Visiting

_PAUSE: Final = 0.25
"""The seconds between two looks."""
_SILENCE: Final = 40
"""The looks after which a comment says that the stream is alive, and it is asked again who looks: ten seconds."""
_MOST_STREAMS: Final = 10
_MOST_AT_ONCE: Final = 200
"""The most events of one look: the page shows no more."""
_RETRY: Final = 2_000
"""The milliseconds after which a browser comes again."""


def mount_event_stream(pages: Pages) -> None:
    """Add `/events/stream`."""
    streams: set[object] = set()

    def stream(visit: Visiting, request: Request) -> EventStream:
        if len(streams) >= _MOST_STREAMS:
            raise RequestRefusedError(503, "too_many_streams", "enough others are watching", retry_after=30)
        is_open: Callable[[], bool] = request.app.state.is_open

        async def allowed() -> bool:
            return is_open() and await run_in_threadpool(pages.may, request, EVENTS_READ)

        return EventStream(_parts(visit, is_open, allowed, streams), headers=STREAM_HEADERS)

    pages.add("/events/stream", "GET", stream, (EVENTS_READ,))


async def _parts(
    visit: Visit, is_open: Callable[[], bool], allowed: Callable[[], Awaitable[bool]], streams: set[object]
) -> AsyncIterator[bytes]:
    one, silent, looks = object(), 0, 0
    streams.add(one)
    try:
        with visit.project.watch().follow() as follower:
            yield f"retry: {_RETRY}\n\n".encode()
            while is_open() and (looks % _SILENCE or await allowed()):
                seen = follower.read()
                silent = 0 if seen else silent + 1
                if seen:
                    yield encoded(visit, seen)
                elif silent % _SILENCE == 0:
                    yield b": nothing new\n\n"
                looks += 1
                await asyncio.sleep(_PAUSE)
    finally:
        streams.discard(one)


def encoded(visit: Visit, seen: list[Seen]) -> bytes:
    """Return events as one server-sent event: a list of what the page shows of each, the oldest first."""
    if len(seen) > _MOST_AT_ONCE:
        note = Seen(seen[0].at, "left out", reason=f"{len(seen) - _MOST_AT_ONCE:,} events before these")
        seen = [note, *seen[-_MOST_AT_ONCE:]]
    return b"data: " + msgspec.json.encode([_told(visit, one) for one in seen]) + b"\n\n"


def _told(visit: Visit, one: Seen) -> dict[str, str]:
    gettext = translations(visit.language).gettext
    words = {
        "accepted": gettext("accepted"),
        "duplicate": gettext("duplicate"),
        "rejected": gettext("rejected"),
        "refused": gettext("refused"),
        "withheld": gettext("withheld"),
        "left out": gettext("left out"),
    }
    return {
        "at": format_utc(one.at),
        "time": f"{datetime_of(one.at, visit.formats.zone):%H:%M:%S}",
        "what": one.what.replace(" ", "-"),
        "word": words[one.what],
        "source": one.source,
        "name": one.name or one.type,
        "type": one.type if one.name else "",
        "who": one.user_id or one.anonymous_id,
        "id": one.message_id,
        "field": one.field,
        "reason": visit.said(one.reason),
    }
