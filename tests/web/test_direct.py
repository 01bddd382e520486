"""Usual requests are answered by the protocol itself: held to the application, and to clients that behave badly."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector_desk import Desk, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from test_requests import GOOD, PAGE, WRONG

from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.testing.clock import SettableClock
from kohort.web.collector import Collector
from kohort.web.direct import DirectProtocol
from small_shop import NOW

page = json.dumps(PAGE).encode()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    clock = SettableClock(NOW)
    project = Project.create(tmp_path_factory.mktemp("direct") / "shop", clock=clock)
    with serving(project, clock, timeout_keep_alive=1) as one:
        yield one


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that the application was asked."""
    paths: list[str] = []
    real = Collector.__call__

    async def call(self: Collector, scope: Any, receive: Any, send: Any) -> None:
        paths.append(str(scope.get("path", scope["type"])))
        await real(self, scope, receive, send)

    monkeypatch.setattr(Collector, "__call__", call)
    return paths


def connected(desk: Desk) -> socket.socket:
    port = httpx.URL(desk.url).port
    assert port is not None
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def request(desk: Desk, path: str, body: bytes, *headers: str) -> bytes:
    """A request as it goes over the line."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {desk.key}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def answers(connection: socket.socket, number: int) -> list[tuple[int, bytes]]:
    """Read so many answers: status and body."""
    found: list[tuple[int, bytes]] = []
    text = b""
    while len(found) < number:
        head, end, rest = text.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) if end else 0
        if end and len(rest) >= length:
            found.append((int(head.split()[1]), rest[:length]))
            text = rest[length:]
        else:
            more = connection.recv(2**16)
            assert more, f"closed after {found} and {text!r}"
            text += more
    assert text == b""
    return found


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_the_protocol_and_the_application_answer_alike(desk: Desk, asked: list[str]) -> None:
    """What a query follows goes to the application."""
    cases = [*GOOD.values(), *((path, body, headers) for path, body, headers, _, _ in WRONG.values())]
    direct = 0
    with httpx.Client(base_url=desk.url, auth=(desk.key, "")) as client:
        for path, body, headers in cases:
            asked.clear()
            one, other = (client.post(path + query, content=body, headers=headers) for query in ("", "?x=1"))
            direct += len(asked) == 1
            assert (one.status_code, one.content) == (other.status_code, other.content)
            first, second = (dict(answer.headers) | {"date": ""} for answer in (one, other))
            assert first == second
            assert desk.told[-1:] == desk.told[-2:-1] or one.status_code in {200, 404}
    assert direct > len(cases) * 0.9
    assert desk.collector.waiting.bytes == 0


SENT: dict[str, tuple[Callable[[Desk], bytes], int]] = {
    "a page": (lambda desk: request(desk, "/v1/page", page), 200),
    "a batch": (lambda desk: request(desk, "/v1/batch", b'{"batch":[' + page + b"," + page + b"]}"), 200),
    "no event": (lambda desk: request(desk, "/v1/page", b"{}"), 400),
    "no body": (lambda desk: request(desk, "/v1/page", b""), 400),
    "an unknown key": (lambda desk: request(desk, "/v1/page", page).replace(desk.key.encode(), b"wk_none"), 401),
    "to the application": (lambda desk: request(desk, "/v1/page?x=1", page), 200),
    "in chunks": (
        lambda desk: request(desk, "/v1/page", b"%x\r\n%b\r\n0\r\n\r\n" % (len(page), page)).replace(
            b"Content-Length", b"Transfer-Encoding: chunked\r\nX-Length"
        ),
        200,
    ),
    "a look": (lambda _: b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 200),
}


@settings(max_examples=15)
@given(st.lists(st.sampled_from(list(SENT)), min_size=1, max_size=6), st.lists(st.integers(0, 3_000), max_size=5))
def test_requests_in_any_pieces_are_answered_in_their_order(
    desk: Desk, names: Sequence[str], cuts: Sequence[int]
) -> None:
    text = b"".join(SENT[name][0](desk) for name in names)
    with connected(desk) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(text)], strict=True):
            connection.sendall(text[begin:end])
        assert [status for status, _ in answers(connection, len(names))] == [SENT[name][1] for name in names]
    wait_until(lambda: desk.collector.waiting.bytes == 0)


def test_a_client_that_leaves_in_the_middle_takes_no_room(desk: Desk) -> None:
    with connected(desk) as connection:
        connection.sendall(request(desk, "/v1/page", page)[:-5])
        wait_until(lambda: desk.collector.waiting.bytes == len(page))
    wait_until(lambda: desk.collector.waiting.bytes == 0)


def test_a_client_that_leaves_before_the_answer_is_told_of_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, gone = Journal.append_all, False

    def slow(journal: Journal, *args: Any, **options: Any) -> Sequence[int]:
        wait_until(lambda: gone)
        return real(journal, *args, **options)

    monkeypatch.setattr(Journal, "append_all", slow)
    desk.told.clear()
    with connected(desk) as connection:
        connection.sendall(request(desk, "/v1/page", page))
        wait_until(lambda: desk.collector.commits.waiting > 0)
    gone = True
    wait_until(lambda: bool(desk.told) and desk.collector.waiting.bytes == 0)
    assert desk.told[0].received is not None


def test_clients_that_send_and_leave_at_once_are_heard(desk: Desk) -> None:
    desk.told.clear()
    for _ in range(20):
        with connected(desk) as connection:
            connection.sendall(request(desk, "/v1/page", page))
    wait_until(lambda: len(desk.told) == 20 and desk.collector.waiting.bytes == 0)


def test_a_body_that_does_not_come_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kohort.web.direct.SLOWEST_BODY", 0.05)
    with connected(desk) as connection:
        connection.sendall(request(desk, "/v1/page", page)[:-5])
        ((status, body),) = answers(connection, 1)
        assert (status, json.loads(body)["code"]) == (408, "too_slow")
        connection.sendall(page[-5:] + request(desk, "/v1/page", page))
        assert answers(connection, 1) == [(200, b'{"success":true}')]
    assert desk.collector.waiting.bytes == 0


def test_what_nobody_foresaw_is_answered_and_logged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR, "asyncio"):
        patched.setattr(Collector, "read", fail)
        assert desk.send("/v1/page", PAGE).status_code == 500
        wait_until(lambda: bool(caplog.records))
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]
    assert desk.send("/v1/page", PAGE).status_code == 200
    assert desk.collector.waiting.bytes == 0


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(desk: Desk) -> None:
    with connected(desk) as connection:
        for _ in range(4):
            connection.sendall(request(desk, "/v1/page", page))
            assert answers(connection, 1) == [(200, b'{"success":true}')]
            time.sleep(0.4)  # four of which are longer than a connection may be idle
        assert connection.recv(1) == b""


def test_a_server_that_stops_answers_what_it_has_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, clock, told = Journal.append_all, SettableClock(NOW), threading.Event()
    shutdown = DirectProtocol.shutdown

    def shut_down(protocol: DirectProtocol) -> None:
        shutdown(protocol)
        told.set()

    monkeypatch.setattr(DirectProtocol, "shutdown", shut_down)
    with ThreadPoolExecutor() as threads:
        with serving(Project.create(tmp_path / "shop", clock=clock), clock) as desk:

            def slow(journal: Journal, *args: Any, **options: Any) -> Sequence[int]:
                assert told.wait(60)
                return real(journal, *args, **options)

            monkeypatch.setattr(Journal, "append_all", slow)
            sent = threads.submit(desk.send, "/v1/page", PAGE)
            wait_until(lambda: desk.collector.commits.waiting > 0)
        answer = sent.result()
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
