"""Sending requests: with the key, again where that may help and does no harm, and never for longer than allowed."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from kohort.client.errors import ComeAgainError, error_of

T = TypeVar("T")
Parameters = Mapping[str, "str | int | bool | Sequence[str] | None"]

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_PIECE: Final = 2**20


class Transport:
    """Sends requests to the API at `address`, such as "http://127.0.0.1:8001", with a secret key.

    A request that the server is too busy for, or that is lost, is sent again after a pause, until the pauses would
    come to more than `patience` seconds. `timeout` is how many seconds to wait for a part of an answer; `sleep` waits.
    """

    def __init__(
        self,
        address: str,
        key: str,
        *,
        timeout: float = 60,
        patience: float = 60,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._patience, self._sleep, self._timeout = patience, sleep, timeout
        # Redirects are not followed: a key is shown to nobody else.
        self._http = httpx.Client(
            base_url=f"{address.rstrip('/')}/api/v1",
            headers={"authorization": f"Bearer {key}"},
            timeout=timeout,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, kind: type[T], parameters: Parameters | None = None) -> T:
        """Ask for what `path` answers."""
        return self._decoded(self._sent("GET", path, parameters), kind)

    def send(self, method: str, path: str, kind: type[T], body: object = None, tag: str | None = None) -> T:
        """Change something, once however often it is sent; `tag` is that of what is to be changed."""
        headers = {"idempotency-key": secrets.token_urlsafe(16)} | _if_match(tag)
        content = None if body is None else msgspec.json.encode(body)
        return self._decoded(self._sent(method, path, None, content, headers), kind)

    def ask(self, path: str, kind: type[T], body: object) -> T:
        """Ask with a body: nothing is changed."""
        return self._decoded(self._sent("POST", path, None, msgspec.json.encode(body)), kind)

    def send_once(self, path: str, kind: type[T], body: object) -> T:
        """Change something that is not to be sent again where it is not known whether it was done."""
        answer = self._sent("POST", path, None, msgspec.json.encode(body), {}, again=False)
        return self._decoded(answer, kind)

    def upload(self, path: str, kind: type[T], file: BinaryIO, parameters: Parameters | None = None) -> T:
        """Send a file, piece by piece: the same content again changes nothing."""
        start = file.tell()

        def pieces() -> Iterator[bytes]:
            file.seek(start)
            while piece := file.read(_PIECE):
                yield piece

        headers = {"content-type": "application/octet-stream"}
        return self._decoded(self._sent("POST", path, parameters, pieces, headers), kind)

    @contextmanager
    def stream(
        self, path: str, parameters: Parameters | None = None, *, timeout: float | None = None
    ) -> Iterator[httpx.Response]:
        """Give an answer to be read as it comes; raises what the server refuses it with."""
        try:
            with self._http.stream("GET", path, params=_said(parameters), timeout=timeout or self._timeout) as answer:
                if not answer.is_success:
                    raise error_of(answer.status_code, answer.read(), answer.headers.get("retry-after", ""))
                yield answer
        except httpx.TransportError as error:
            raise _unanswered(error) from error

    def paused(self, tried: int, error: ComeAgainError, waited: float) -> float:
        """Wait before the next try, and return how long was waited in all; raises `error` if that would be too long."""
        pause = error.retry_after if error.retry_after is not None else min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tried)
        if waited + pause > self._patience:
            raise error
        self._sleep(pause)
        return waited + pause

    def _sent(
        self,
        method: str,
        path: str,
        parameters: Parameters | None,
        content: bytes | Callable[[], Iterator[bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        again: bool = True,
    ) -> bytes:
        waited, tried = 0.0, 0
        typed = {"content-type": "application/json"} if isinstance(content, bytes) else {}
        while True:
            body = content() if callable(content) else content
            try:
                return self._answered(method, path, parameters, body, {**typed, **(headers or {})})
            except ComeAgainError as error:
                # What the server said it was too busy for it has not done.
                if not again and error.status is None:
                    raise
                waited = self.paused(tried, error, waited)
                tried += 1

    def _answered(
        self,
        method: str,
        path: str,
        parameters: Parameters | None,
        body: bytes | Iterator[bytes] | None,
        headers: Mapping[str, str],
    ) -> bytes:
        try:
            answer = self._http.request(method, path, params=_said(parameters), content=body, headers=headers)
        except httpx.TransportError as error:
            raise _unanswered(error) from error
        if not answer.is_success:
            raise error_of(answer.status_code, answer.content, answer.headers.get("retry-after", ""))
        return answer.content

    @staticmethod
    def _decoded(body: bytes, kind: type[T]) -> T:
        return msgspec.json.decode(body, type=kind)


def at(*parts: str) -> str:
    """Return a path: each part is one step of it, whatever letters it has.

    >>> at("segments", "a/b", "members")
    '/segments/a%2Fb/members'
    """
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _said(parameters: Parameters | None) -> dict[str, Any]:
    """Return parameters without those that say nothing."""
    return {name: value for name, value in (parameters or {}).items() if value is not None}


def _if_match(tag: str | None) -> dict[str, str]:
    return {} if tag is None else {"if-match": "*" if tag == "*" else f'"{tag}"'}


def _unanswered(error: httpx.TransportError) -> ComeAgainError:
    return ComeAgainError(f"the server does not answer: {error or type(error).__name__}; see that it runs")
