"""Requests and responses: the little of HTTP that an endpoint of ours needs, straight on ASGI."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from kohort.collection.acceptance import RequestRefusedError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

SLOWEST_BODY: Final = 30
"""The seconds within which a request must have come."""
_MOST_PARAMETERS: Final = 1_000


class DisconnectedError(Exception):
    """The client has gone before its request was whole: there is nobody to answer."""


@dataclass(frozen=True)
class Response:
    """An answer: its status, its body, its headers beside those that every answer has."""

    status: int
    body: bytes = b""
    headers: Sequence[Header] = ((b"content-type", b"application/json"),)


@dataclass(frozen=True)
class Stream:
    """An answer without end: each part is sent as it comes, until the client goes or the server stops."""

    parts: AsyncIterator[bytes]
    headers: Sequence[Header] = ((b"content-type", b"text/event-stream"),)


class Request:
    """One request; `received_at` is a moment.

    `headers` are by name in small letters; of one that is repeated, the last counts.
    """

    __slots__ = ("_query", "headers", "receive", "received_at", "scope")

    def __init__(self, scope: Scope, receive: Receive, received_at: int) -> None:
        self.scope, self.receive, self.received_at = scope, receive, received_at
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self._query: Mapping[str, str] | None = None

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The path, without the query."""
        return str(self.scope["path"])

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the query; of one that is repeated, the last."""
        if self._query is None:
            self._query = _parameters(self.scope["query_string"])
        return self._query

    def header(self, name: bytes) -> str:
        """Return a header as text, "" where it is missing."""
        value = self.headers.get(name)
        return value.decode("latin-1") if value else ""

    async def body(self, most: int) -> bytes:
        """Return the body as it came; raises RequestRefusedError if it has more bytes or comes too slowly."""
        message = await self.receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            return _bounded(bytes(message.get("body", b"")), most)
        try:
            async with asyncio.timeout(SLOWEST_BODY):
                return await self._rest(message, most)
        except TimeoutError as error:
            raise too_slow() from error

    async def _rest(self, message: MutableMapping[str, Any], most: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while message["type"] == "http.request":
            part = bytes(message.get("body", b""))
            size += len(part)
            if size > most:
                break
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)
            message = await self.receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        return _bounded(b"".join([*parts, part]), most)


Handler = Callable[[Request], Awaitable[Response | Stream]]


@dataclass
class Routes:
    """Which handler answers which method and path; a path that ends in "/" stands for all that begin so.

    >>> async def hello(request: Request) -> Response:
    ...     return Response(200)
    >>> routes = Routes()
    >>> routes.add("GET", "/hello/", hello)
    >>> routes.find("GET", "/hello/world") is hello, routes.methods("/hello/world"), routes.methods("/bye")
    (True, ['GET'], [])
    """

    exact: dict[tuple[str, str], Handler] = field(default_factory=dict)
    prefixes: dict[tuple[str, str], Handler] = field(default_factory=dict)

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Give a method and a path to a handler."""
        (self.prefixes if path.endswith("/") else self.exact)[method, path] = handler

    def find(self, method: str, path: str) -> Handler | None:
        """Return the handler of a request, None if there is none."""
        found = self.exact.get((method, path))
        if found is not None:
            return found
        fitting = [one for one in self.prefixes if one[0] == method and path.startswith(one[1])]
        return self.prefixes[max(fitting, key=lambda one: len(one[1]))] if fitting else None

    def methods(self, path: str) -> list[str]:
        """Return the methods that a path answers, none if nobody knows it."""
        exact = {method for method, known in self.exact if known == path}
        return sorted(exact | {method for method, known in self.prefixes if path.startswith(known)})


def refusal(error: RequestRefusedError) -> Response:
    """Return the answer to a request that is refused as a whole.

    >>> refusal(RequestRefusedError(429, "too_many", "come later", retry_after=2)).headers[-1]
    (b'x-ratelimit-reset', b'2')
    """
    body = msgspec.json.encode({"code": error.code, "message": str(error)})
    headers = [(b"content-type", b"application/json")]
    if error.retry_after is not None:
        seconds = str(error.retry_after).encode()
        headers += [(b"retry-after", seconds), (b"x-ratelimit-reset", seconds)]
    return Response(error.status, body, headers)


def _parameters(query: bytes) -> Mapping[str, str]:
    try:
        text = query.decode("ascii", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
    except ValueError as error:
        raise RequestRefusedError(400, "invalid_query", f"the query has too many parameters: {error}") from error


def too_slow() -> RequestRefusedError:
    """Return the refusal of a request whose body did not come in time."""
    return RequestRefusedError(408, "too_slow", f"the body did not come within {SLOWEST_BODY} s")


def _bounded(body: bytes, most: int) -> bytes:
    if len(body) > most:
        raise RequestRefusedError(413, "request_too_large", f"the body has more than {most:,} bytes")
    return body
