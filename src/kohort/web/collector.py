"""The collector: an ASGI application that takes what SDKs send, and answers once it is on disk.

It speaks the tracking API of Segment, and what RudderStack and the browser's SDKs make of it, so that an SDK needs no
more than another address. Each request takes one way: room, body, key, rate, events, journal, answer.
"""

import re
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import msgspec

from kohort.clock import Clock
from kohort.collection.acceptance import (
    Acceptance,
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
from kohort.pipeline.collection.withholding import Withholding
from kohort.storage.committing import GroupCommit
from kohort.storage.messages import MessageType
from kohort.storage.received import encode_received
from kohort.web.answers import ALWAYS, SUCCESS, answer_of, headers_of
from kohort.web.http import DisconnectedError, Receive, Request, Response, Routes, Scope, Send, Stream, refusal
from kohort.web.outcomes import Outcome, Outcomes
from kohort.web.rates import PAUSE, Rates, Room, Waiting

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
EVENTS: Final[Mapping[str, MessageType | None]] = {
    **{f"/v1/{path}": kind for kind in TYPES.values() for path in (kind, kind[0])},
    **dict.fromkeys(("/v1/batch", "/v1/b", "/beacon/v1/batch")),
}
"""The paths that take events, and of which type they are, None for a batch."""
_IMAGE: Final = Response(200, GIF, ((b"content-type", b"image/gif"),))
_HOST: Final = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}", re.ASCII)
_DISK_PAUSE: Final = 30


class Opened(NamedTuple):
    """What a request for events says before its body: room for it, how it is packed, the key if it stands there."""

    room: Room
    encoding: str
    key: WriteKey | None


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
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        self.waiting = Waiting(self.limits.share.waiting)
        add = self.routes.add
        for path, kind in EVENTS.items():
            add("POST", path, partial(self._events, kind=kind))
        for image in ("track", "page"):
            add("GET", f"/pixel/v1/{image}", partial(self._pixel, kind=TYPES[image]))
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

    def open(self, request: Request) -> Opened:
        """Return what a request for events says before its body; raises RequestRefusedError where that is enough."""
        encoding = request.header(b"content-encoding").strip().lower()
        room = self.waiting.room(self._room(request, encoding))
        given = _key_in_headers(request)
        # A key that nobody knows is refused before its body is read.
        return Opened(room, encoding, self._known(given, request) if given else None)

    def read(self, request: Request, opened: Opened, packed: bytes, kind: MessageType | None) -> Acceptance:
        """Judge the events in the body of a request, each of a kind, or a batch for None.

        Raises RequestRefusedError if the request as a whole is wrong.
        """
        text = unpacked(packed, opened.encoding, self.limits.batch)
        body = read_batch(text, self.limits) if kind is None else read_one(text, kind, self.limits)
        key = opened.key or self._known(body.write_key or request.query.get("writeKey", ""), request)
        return self.judge(body, key, request)

    def judge(self, body: RequestBody, key: WriteKey, request: Request) -> Acceptance:
        """Judge a request's events; raises RequestRefusedError if there are more than the key may send."""
        if key.rate is not None:
            self.rates.take(key.key_id, len(body.events), rate=key.rate, at=request.received_at)
        return accept(body, key.source, request.received_at, self.limits)

    async def keep(self, acceptance: Acceptance) -> Acceptance:
        """Write what was judged, and may be kept, to the journal; returns once the journal has it.

        Raises RequestRefusedError if too much is waiting, or the journal refuses.
        """
        acceptance, record = self.kept_of(acceptance)
        try:
            if record is not None:
                await self.commits.submit_async("received", record)
        except (OverloadError, StorageError, TopicError) as error:
            raise not_kept(error) from error
        self.tell(acceptance)
        return acceptance

    def kept_of(self, acceptance: Acceptance) -> tuple[Acceptance, bytes | None]:
        """Return what may be kept of what was judged, and its journal record, None if it is nothing."""
        acceptance = self.withholding.judge(acceptance)
        received = acceptance.received
        return acceptance, encode_received(received) if received.events or received.refused else None

    def tell(self, acceptance: Acceptance) -> None:
        """Tell whoever listens what became of a request that is on disk."""
        received, withheld = acceptance.received, acceptance.withheld
        why = self.withholding.reason(received.source) if withheld else ""
        errors = tuple(acceptance.errors)
        self.outcomes.tell(
            Outcome(received.received_at, received.source, "", why, received, errors=errors, withheld=withheld)
        )

    def refuse(self, request: Request, error: RequestRefusedError) -> Response:
        """Return the answer to a request that is refused as a whole, and tell whoever listens."""
        self.outcomes.tell(Outcome(request.received_at, "", error.code, str(error)))
        return refusal(error)

    async def _answer(self, request: Request) -> Response | Stream:
        if request.method == "OPTIONS":
            return _PREFLIGHT
        handler = self.routes.find(request.method, request.path)
        if handler is None:
            return self._unknown(request)
        try:
            return await handler(request)
        except RequestRefusedError as error:
            return self.refuse(request, error)

    async def _events(self, request: Request, kind: MessageType | None) -> Response:
        opened = self.open(request)
        with opened.room:
            packed = await request.body(self.limits.batch)
            acceptance = await self.keep(self.read(request, opened, packed, kind))
        return answer_of(acceptance)

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


def not_kept(error: OverloadError | StorageError | TopicError) -> RequestRefusedError:
    """Return the refusal of a request that the journal did not take."""
    if isinstance(error, OverloadError):
        return RequestRefusedError(503, "overloaded", "too much is waiting; come again", retry_after=PAUSE)
    problem = "the events could not be written, and are not kept; come again"
    return RequestRefusedError(503, "not_stored", problem, retry_after=_DISK_PAUSE)


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
        return a2b_base64(value.strip(), strict_mode=True).decode().partition(":")[0]
    except ValueError as error:
        raise RequestRefusedError(
            401, "invalid_write_key", "the header Authorization is no Basic credential"
        ) from error


_SUCCESS_HEADERS: Final = headers_of(SUCCESS)


async def _send(answer: Response, send: Send) -> None:
    headers = _SUCCESS_HEADERS if answer is SUCCESS else headers_of(answer)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _stream(answer: Stream, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [*ALWAYS, *answer.headers]})
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
