"""The collector: an ASGI application that takes what SDKs send, and answers once it is on disk.

It speaks the tracking API of Segment, and what RudderStack and the browser's SDKs make of it, so that an SDK needs no
more than another address. Each request takes one way: room, body, key, rate, events, journal, answer.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec

from kohort.clock import Clock
from kohort.collection.acceptance import (
    Acceptance,
    EventError,
    RequestBody,
    RequestRefusedError,
    accept,
    read_batch,
    read_one,
)
from kohort.collection.compressed import MOST_TIMES, unpacked
from kohort.collection.pixel import GIF, pixel_event
from kohort.collection.segment_messages import TYPES
from kohort.definitions.collecting import DEFAULT_LIMITS, CollectLimits
from kohort.errors import OverloadError, StorageError, TopicError, UsageError, did_you_mean, shorten
from kohort.governance.keys import WriteKey, origin_of
from kohort.pipeline.withholding import Withholding
from kohort.storage.committing import GroupCommit
from kohort.storage.messages import MessageType
from kohort.storage.received import encode_received
from kohort.web.http import DisconnectedError, Receive, Request, Response, Routes, Scope, Send, Stream, refusal
from kohort.web.outcomes import Outcome, Outcomes
from kohort.web.rates import PAUSE, Rates, Waiting

_ALWAYS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_PREFLIGHT: Final = Response(
    204,
    b"",
    (
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        # The star does not stand for this one.
        (b"access-control-allow-headers", b"authorization, *"),
        (b"access-control-max-age", b"86400"),
    ),
)
_SUCCESS: Final = Response(200, b'{"success":true}')
_IMAGE: Final = Response(200, GIF, ((b"content-type", b"image/gif"),))
_HOST: Final = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}", re.ASCII)
_DISK_PAUSE: Final = 30


class WriteKeys(Protocol):
    """Finds write keys."""

    def find_write(self, plain: str) -> WriteKey | None:
        """Return what a key allows, None for one that is unknown, expired or revoked."""


@dataclass
class Collector:
    """The application. `ready` tells whether requests can be taken now; `routes` may be added to before it serves.

    `withholding` says of which sources nothing is kept without consent.
    """

    keys: WriteKeys
    commits: GroupCommit
    clock: Clock
    limits: CollectLimits = DEFAULT_LIMITS
    withholding: Withholding = field(default_factory=Withholding)
    outcomes: Outcomes = field(default_factory=Outcomes)
    routes: Routes = field(default_factory=Routes)
    ready: Callable[[], bool] = lambda: True

    def __post_init__(self) -> None:
        self.waiting, self._rates = Waiting(self.limits.waiting), Rates()
        add = self.routes.add
        for kind in TYPES.values():
            for path in (kind, kind[0]):
                add("POST", f"/v1/{path}", partial(self._events, kind=kind))
            if kind in {"track", "page"}:
                add("GET", f"/pixel/v1/{kind}", partial(self._pixel, kind=kind))
        for path in ("/v1/batch", "/v1/b", "/beacon/v1/batch"):
            add("POST", path, partial(self._events, kind=None))
        add("GET", "/v1/projects/", self._settings)
        add("GET", "/health", self._health)
        add("GET", "/ready", self._readiness)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive, self.clock.now())
        try:
            answer = await self._answer(request)
        except DisconnectedError:
            return
        if isinstance(answer, Stream):
            await _stream(answer, send)
        else:
            await _send(answer, send)

    def judge(self, body: RequestBody, key: WriteKey, request: Request) -> Acceptance:
        """Judge a request's events; raises RequestRefusedError if there are more than the key may send."""
        if key.rate is not None:
            self._rates.take(key.key_id, len(body.events), rate=key.rate, at=request.received_at)
        return accept(body, key.source, request.received_at, self.limits)

    async def keep(self, acceptance: Acceptance) -> Acceptance:
        """Write what was judged, and may be kept, to the journal; returns once the journal has it.

        Raises RequestRefusedError if too much is waiting, or the journal refuses.
        """
        acceptance = self.withholding.judge(acceptance)
        received = acceptance.received
        try:
            if received.events or received.refused:
                await self.commits.submit_async("received", encode_received(received))
        except OverloadError as error:
            raise RequestRefusedError(
                503, "overloaded", "too much is waiting; come again", retry_after=PAUSE
            ) from error
        except (StorageError, TopicError) as error:
            problem = "the events could not be written, and are not kept; come again"
            raise RequestRefusedError(503, "not_stored", problem, retry_after=_DISK_PAUSE) from error
        errors, withheld = tuple(acceptance.errors), acceptance.withheld
        why = self.withholding.reason(received.source) if withheld else ""
        self.outcomes.tell(
            Outcome(received.received_at, received.source, "", why, received, errors=errors, withheld=withheld)
        )
        return acceptance

    async def _answer(self, request: Request) -> Response | Stream:
        if request.method == "OPTIONS":
            return _PREFLIGHT
        handler = self.routes.find(request.method, request.path)
        if handler is None:
            return self._unknown(request)
        try:
            return await handler(request)
        except RequestRefusedError as error:
            self.outcomes.tell(Outcome(request.received_at, "", error.code, str(error)))
            return refusal(error)

    async def _events(self, request: Request, kind: MessageType | None) -> Response:
        encoding = request.header(b"content-encoding").strip().lower()
        with self.waiting.room(self._room(request, encoding)):
            given = _key_in_headers(request)
            # A key that nobody knows is refused before its body is read.
            key = self._known(given, request) if given else None
            packed = await request.body(self.limits.batch)
            text = unpacked(packed, encoding, self.limits.batch)
            body = read_batch(text, self.limits) if kind is None else read_one(text, kind, self.limits)
            key = key or self._known(body.write_key or request.query.get("writeKey", ""), request)
            acceptance = self.judge(body, key, request)
            # Thousands of objects, which cost least where they are given back at once, not after the disk has answered.
            del body
            acceptance = await self.keep(acceptance)
        if acceptance.errors:
            return _refused_events(acceptance)
        return _withheld_events(acceptance) if acceptance.withheld else _SUCCESS

    async def _pixel(self, request: Request, kind: MessageType) -> Response:
        try:
            # With an image browsers send no Origin, only the page that shows it.
            origin = request.header(b"origin") or _origin_in(request.header(b"referer"))
            key = self._known(request.query.get("writeKey", ""), request, origin)
            text = pixel_event(request.query, kind)
            await self.keep(self.judge(read_one(text, kind, self.limits), key, request))
        except RequestRefusedError as error:
            # An image is shown whatever happens; what happened is told to who listens.
            self.outcomes.tell(Outcome(request.received_at, "", error.code, str(error)))
        return _IMAGE

    async def _settings(self, request: Request) -> Response:
        """Answer analytics.js, which asks what to do before it does anything: send everything here."""
        given, _, rest = request.path.removeprefix("/v1/projects/").partition("/")
        host = request.header(b"host")
        if rest != "settings" or not _HOST.fullmatch(host):
            return self._unknown(request)
        self._known(given, request)
        collector = {"apiKey": given, "apiHost": f"{host}/v1", "protocol": request.scope.get("scheme", "http")}
        settings = {
            "integrations": {"Segment.io": {**collector, "addBundledMetadata": True, "unbundledIntegrations": []}},
            "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
            "enabledMiddleware": {},
            "metrics": {"sampleRate": 0},
            "remotePlugins": [],
        }
        return Response(200, msgspec.json.encode(settings))

    async def _health(self, request: Request) -> Response:  # noqa: ARG002 - a handler is given its request
        return Response(200, b'{"status":"ok"}')

    async def _readiness(self, request: Request) -> Response:  # noqa: ARG002 - as above
        if not self.ready():
            raise RequestRefusedError(503, "not_ready", "the collector is stopping", retry_after=PAUSE)
        return Response(200, b'{"status":"ready"}')

    def _room(self, request: Request, encoding: str) -> int:
        declared = request.header(b"content-length")
        if not declared.isdecimal():
            return self.limits.batch
        size = int(declared[:20])
        if size > self.limits.batch:
            problem = f"the body has {size:,} bytes, and at most {self.limits.batch:,} are accepted"
            raise RequestRefusedError(413, "request_too_large", problem)
        return size if not encoding else min(size * MOST_TIMES, self.limits.batch)

    def _known(self, plain: str, request: Request, origin: str | None = None) -> WriteKey:
        key = self.keys.find_write(plain) if plain else None
        if key is None:
            problem = "the write key is unknown, expired or revoked" if plain else "the request has no write key"
            raise RequestRefusedError(401, "invalid_write_key", problem)
        origin = request.header(b"origin") if origin is None else origin
        if not key.allows(origin):
            problem = f'the key may not be used from "{shorten(origin)}"'
            raise RequestRefusedError(403, "origin_not_allowed", problem)
        return key

    def _unknown(self, request: Request) -> Response:
        methods = self.routes.methods(request.path)
        if methods:
            answer = refusal(RequestRefusedError(405, "wrong_method", f"this path answers {', '.join(methods)}"))
            return Response(answer.status, answer.body, [*answer.headers, (b"allow", ", ".join(methods).encode())])
        hint = did_you_mean(request.path, {path for _, path in self.routes.exact})
        return refusal(RequestRefusedError(404, "not_found", f'nothing is at "{shorten(request.path)}"; {hint}'))


def _origin_in(address: str) -> str:
    """Return the origin of a page's address, "" if it has none."""
    try:
        parts = urlsplit(address)
        return origin_of(f"{parts.scheme}://{parts.netloc}")
    except (ValueError, UsageError):
        return ""


def _key_in_headers(request: Request) -> str:
    scheme, _, value = request.header(b"authorization").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except ValueError as error:
        raise RequestRefusedError(
            401, "invalid_write_key", "the header Authorization is no Basic credential"
        ) from error


def _refused_events(acceptance: Acceptance) -> Response:
    accepted, withheld, refused = acceptance.stored, acceptance.withheld, len(acceptance.errors)
    first = acceptance.errors[0]
    message = f"{refused:,} of {accepted + withheld + refused:,} events refused, {accepted:,} stored: {first.message}"
    answer: dict[str, object] = {
        "code": first.code,
        "message": message,
        "stored": accepted,
        "errors": [_shown(one) for one in acceptance.errors],
    }
    if withheld:
        answer["withheld"] = withheld
    return Response(400, msgspec.json.encode(answer))


def _withheld_events(acceptance: Acceptance) -> Response:
    answer = {"success": True, "code": "consent_required", "stored": acceptance.stored, "withheld": acceptance.withheld}
    return Response(200, msgspec.json.encode(answer))


def _shown(error: EventError) -> Mapping[str, object]:
    return {"event": error.place, "code": error.code, "pointer": error.pointer, "message": error.message}


def _start_of(answer: Response) -> MutableMapping[str, Any]:
    length = (b"content-length", str(len(answer.body)).encode())
    # What an answer says itself takes the place of what is usual.
    headers = dict(_ALWAYS) | dict(answer.headers) | dict([length] if answer.status != _PREFLIGHT.status else [])
    return {"type": "http.response.start", "status": answer.status, "headers": list(headers.items())}


_SUCCESS_START: Final = _start_of(_SUCCESS)


async def _send(answer: Response, send: Send) -> None:
    await send(_SUCCESS_START if answer is _SUCCESS else _start_of(answer))
    await send({"type": "http.response.body", "body": answer.body})


async def _stream(answer: Stream, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [*_ALWAYS, *answer.headers]})
    async for part in answer.parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
