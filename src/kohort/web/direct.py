"""Requests for events in their usual form, answered by the HTTP protocol itself: no task, no messages of ASGI.

What a request means is said in `collector`, which is asked here step by step: what stands before the body, what the
body holds and, once the journal has it, what is answered. A request in any other form, or one that is refused before
its body, goes the way of all requests, through the application.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from kohort.collection.acceptance import Acceptance, RequestRefusedError
from kohort.errors import OverloadError, StorageError, TopicError
from kohort.storage.messages import MessageType
from kohort.web.answers import SUCCESS, answer_of, headers_of
from kohort.web.collector import EVENTS, Collector, Opened, not_kept
from kohort.web.heads import BoundedHeads
from kohort.web.http import SLOWEST_BODY, Request, Response, too_slow

_KINDS: Final = {path.encode(): kind for path, kind in EVENTS.items()}
_UNKNOWN: Final = object()
_FAILED: Final = Response(500, b"Internal Server Error", ((b"content-type", b"text/plain; charset=utf-8"),))


def text_of(answer: Response) -> bytes:
    """Return an answer as it is written, but for its first line and the headers of the server."""
    lines = [b"%b: %b\r\n" % one for one in headers_of(answer)]
    return b"".join((*lines, b"\r\n", answer.body))


_SUCCESS: Final = text_of(SUCCESS)


class DirectProtocol(BoundedHeads):
    """The protocol of a collector's connections."""

    # Of uvicorn, or an exchange, in which uvicorn finds what it looks for in one of its own.
    cycle: Any
    _whole: "_Exchange | None" = None
    _idle_since: float | None = None

    def __init__(self, collector: Collector, **options: Any) -> None:
        super().__init__(**options)
        self.collector = collector

    def on_message_begin(self) -> None:
        """Begin a request; what the application is told of it is made once it is known to be asked."""
        self._head, self.url, self.headers, self.expect_100_continue = 0, b"", [], False

    def on_headers_complete(self) -> None:
        """Take a request whose head is usual; leave any other to the application."""
        exchange = self._usual()
        if exchange is not None:
            self._head, self.cycle = None, exchange
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Gather the body."""
        if type(self.cycle) is not _Exchange:
            super().on_body(body)
        elif not self.cycle.response_complete:
            self.cycle.parts.append(body)

    def on_message_complete(self) -> None:
        """Note that a request is whole: it is judged once the parser has returned."""
        if type(self.cycle) is not _Exchange:
            super().on_message_complete()
        elif not self.cycle.response_complete:
            self._whole = self.cycle

    def data_received(self, data: bytes) -> None:
        """Read on, and take the request that is whole by now."""
        super().data_received(data)
        whole = self._whole
        if whole is not None:
            self._whole = None
            whole.take()
        elif type(self.cycle) is _Exchange:
            self.cycle.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up a request whose rest will not come; one that waits for the journal is still told of."""
        if type(self.cycle) is _Exchange:
            self.cycle.abandon()
            self.cycle = None
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def respond(self, answer: Response, *, keep_alive: bool) -> None:
        """Write an answer in one go, and go on with the connection."""
        if self.transport.is_closing():
            return
        text = _SUCCESS if answer is SUCCESS else text_of(answer)
        usual = b"".join([b"%b: %b\r\n" % one for one in self.server_state.default_headers])
        closing = b"" if keep_alive else b"connection: close\r\n"
        self.transport.write(b"".join((STATUS_LINE[answer.status], usual, closing, text)))
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """Begin with the request that waits on the connection, or begin to wait for one.

        One timer a connection: to set one a request, and take it back, would cost as much as reading the request.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_again(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it has been idle for long enough."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # the end of the request under way begins the next wait
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_again(left)
        else:
            super().timeout_keep_alive_handler()

    def _look_again(self, after: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(after, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def _usual(self) -> "_Exchange | None":
        """Return the exchange that a request's head begins, None if it is left to the application."""
        kind, parser = _KINDS.get(self.url, _UNKNOWN), self.parser
        if (
            kind is _UNKNOWN
            or parser.get_method() != b"POST"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
            or self.expect_100_continue
            or self.flow.write_paused
            or not (self.cycle is None or self.cycle.response_complete)
        ):
            return None
        scope = {"method": "POST", "path": self.url.decode(), "query_string": b"", "headers": self.headers}
        request = Request(scope, _nothing, self.collector.clock.now())
        if b"content-length" not in request.headers:
            return None
        try:
            opened = self.collector.open(request)
        except RequestRefusedError:
            return None  # the application will find the same, and say so
        return _Exchange(self, request, opened, kind)  # type: ignore[arg-type]  # it is no longer unknown


class _Exchange:
    """A request that a protocol takes itself, and its answer; the journal's writer is told to tell it, as a future."""

    __slots__ = (
        *("_protocol", "_request", "_opened", "_kind", "_acceptance", "_timer", "_is_whole"),
        *("parts", "keep_alive", "response_complete"),
    )

    def __init__(self, protocol: DirectProtocol, request: Request, opened: Opened, kind: MessageType | None) -> None:
        self._protocol, self._request, self._opened, self._kind = protocol, request, opened, kind
        self._acceptance: Acceptance | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.parts: list[bytes] = []
        self.keep_alive, self.response_complete, self._is_whole = True, False, False
        opened.room.__enter__()

    def wait(self) -> None:
        """Wait for the rest of the body, but not for ever."""
        if self._timer is None and not self._is_whole and not self.response_complete:
            self._timer = self._protocol.loop.call_later(SLOWEST_BODY, self._try, self._refuse_slow)

    def take(self) -> None:
        """Judge the request, which is whole, and hand it to the journal."""
        self._is_whole = True
        if self._timer is not None:
            self._timer.cancel()
        # An error that nobody foresaw is then the loop's to report, and does not cut off the answer.
        self._protocol.loop.call_soon(self._try, self._hand_over)

    def abandon(self) -> None:
        """Let go of the request unless it came whole: who sends and leaves at once is heard."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._is_whole:
            self._end()

    def done(self) -> bool:
        """Tell the writer that whoever listens wants to know even if the client has gone."""
        return False

    def set_result(self, _seq: int) -> None:
        """Be told that the journal has the request."""
        self._protocol.loop.call_soon(self._try, self._stored)

    def set_exception(self, error: Exception) -> None:
        """Be told that the journal has refused it."""

        def fail() -> Response | None:
            raise error

        self._protocol.loop.call_soon(self._try, fail)

    def _hand_over(self) -> Response | None:
        collector, parts = self._protocol.collector, self.parts
        packed = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        judged = collector.read(self._request, self._opened, packed, self._kind)
        self._acceptance, record = collector.kept_of(judged)
        if record is None:
            return self._stored()
        collector.commits.submit_for(self, self._protocol.loop, "received", record)
        return None

    def _stored(self) -> Response | None:
        acceptance = self._acceptance
        if acceptance is None:
            return None
        self._protocol.collector.tell(acceptance)
        return answer_of(acceptance)

    def _refuse_slow(self) -> Response | None:
        raise too_slow()

    def _try(self, step: Callable[[], Response | None]) -> None:
        """Take a step, which returns the answer if it is the last; the client is told of whatever hinders it."""
        collector = self._protocol.collector
        answer: Response | None = _FAILED
        try:
            answer = step()
        except RequestRefusedError as error:
            answer = collector.refuse(self._request, error)
        except (OverloadError, StorageError, TopicError) as error:
            answer = collector.refuse(self._request, not_kept(error))
        finally:
            if answer is not None:
                self._answer(answer)

    def _answer(self, answer: Response) -> None:
        if not self.response_complete:
            self._end()
            self._protocol.respond(answer, keep_alive=self.keep_alive)

    def _end(self) -> None:
        if not self.response_complete:
            self.response_complete = True
            self._opened.room.__exit__()


async def _nothing() -> MutableMapping[str, Any]:
    """Stand for what brings the body of a request to an application: here it comes of itself."""
    return {"type": "http.disconnect"}
