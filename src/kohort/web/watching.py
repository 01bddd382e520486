"""The debug view over HTTP: each event as it is accepted, recognised or rejected, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from kohort.collection.acceptance import RequestRefusedError
from kohort.storage.watch import Follower, Seen, Watch
from kohort.web.access import SecretKeys, check_scope
from kohort.web.collector import Collector
from kohort.web.http import Request, Stream
from kohort.web.outcomes import Outcome

PATH: Final = "/v1/debug/events"
_PAUSE: Final = 0.25
"""The seconds between two looks."""
_SILENCE: Final = 60
"""The looks without news after which a comment says that the stream is alive: 15 seconds."""
_MOST_STREAMS: Final = 10


def mount_watch(collector: Collector, keys: SecretKeys, watch: Watch) -> None:
    """Answer `GET /v1/debug/events` to who shows a secret key with the scope events:read; tell what is refused."""
    collector.outcomes.listen(lambda outcome: _note(watch, outcome))
    streams: set[Follower] = set()

    async def answer(request: Request) -> Stream:
        check_scope(keys, request, "events:read")
        if len(streams) >= _MOST_STREAMS:
            raise RequestRefusedError(503, "too_many_streams", "enough others are watching", retry_after=30)
        return Stream(_parts(collector, request, watch, streams))

    collector.routes.add("GET", PATH, answer)


def _note(watch: Watch, outcome: Outcome) -> None:
    if outcome.code and watch.watched():
        reason = f"{outcome.code}: {outcome.message}"
        watch.write("collector", [Seen(outcome.at, "refused", outcome.source, reason=reason)])
    if outcome.withheld and watch.watched():
        reason = f"{outcome.withheld:,} {'event' if outcome.withheld == 1 else 'events'} {outcome.message}"
        watch.write("collector", [Seen(outcome.at, "withheld", outcome.source, reason=reason)])


async def _parts(collector: Collector, request: Request, watch: Watch, streams: set[Follower]) -> AsyncIterator[bytes]:
    gone = asyncio.ensure_future(_disconnected(request))
    silent = 0
    with watch.follow() as follower:
        streams.add(follower)
        try:
            yield b": watching\n\n"
            while collector.ready() and not gone.done():
                seen = follower.read()
                silent = 0 if seen else silent + 1
                if seen:
                    yield b"".join(b"data: " + msgspec.json.encode(one) + b"\n\n" for one in seen)
                elif silent % _SILENCE == 0:
                    yield b": nothing new\n\n"
                await asyncio.wait([gone], timeout=_PAUSE)
        finally:
            streams.discard(follower)
            gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
