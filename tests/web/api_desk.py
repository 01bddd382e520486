"""The API, listening on this machine, on a project of the tests."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvloop
from fastapi import FastAPI

from kohort.clock import DAY
from kohort.errors import StorageError
from kohort.project import Project
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from kohort.web.listening import http_server

STREAM = "/api/v1/memberships/stream"


@dataclass(frozen=True)
class Heard:
    """One block of a stream of events."""

    id: int
    event: str
    data: Any
    comment: str = ""
    retry: str = ""


@dataclass(frozen=True)
class Counter:
    """Where the API is asked, with a key that may read memberships unless another is shown."""

    url: str
    key: str

    def get(self, path: str, *, key: str | None = None, **headers: str) -> httpx.Response:
        """Ask for a path."""
        shown = self.key if key is None else key
        return httpx.get(self.url + path, headers={"authorization": f"Bearer {shown}", **headers}, timeout=30)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """Send a body as JSON."""
        shown = {"authorization": f"Bearer {self.key}", **headers}
        return httpx.post(self.url + path, json=body, headers=shown, timeout=30)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Ask with any method; a body is sent as JSON."""
        shown = {"authorization": f"Bearer {self.key}", **headers}
        return httpx.request(method, self.url + path, json=body, headers=shown, timeout=30)

    @contextmanager
    def follow(self, query: str = "", **headers: str) -> Iterator[Iterator[Heard]]:
        """Follow memberships; leaving the block cuts the connection."""
        asked = {"authorization": f"Bearer {self.key}", **headers}
        with httpx.stream("GET", f"{self.url}{STREAM}{query}", headers=asked, timeout=60) as answer:
            assert answer.status_code == 200, answer.read()
            yield heard(answer.iter_lines())


def heard(lines: Iterator[str]) -> Iterator[Heard]:
    """Read server-sent events as browsers do, comments and empty ones too."""
    block: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ") if line[:1] != ":" else ("comment", "", line[2:])
        if line:
            block[name] = value
        else:
            data = json.loads(block["data"]) if "data" in block else None
            yield Heard(
                int(block["id"]), block.get("event", ""), data, block.get("comment", ""), block.get("retry", "")
            )
            block = {}


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Return what a refusal says, having seen that it has the one shape."""
    body = answer.json()
    assert set(body) == {"code", "message", "where"}
    assert body["message"]
    return answer.status_code, body["code"], body["where"]


@contextmanager
def serving(app: FastAPI, feed: Feed) -> Iterator[str]:
    """Serve an application in a thread, on a free port; give its address."""
    server = http_server(app, grace=5)
    feed.running = lambda: not server.should_exit
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server._serve([listening]))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.001)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def answering(project: Project, *scopes: str) -> Iterator[Counter]:
    """Serve a project's API in a thread, on a free port; without scopes its key may read memberships."""
    plain, _ = project.keys.create_secret("programs", scopes or ["memberships:read"], project.clock.now() + 30 * DAY)
    troubles: list[StorageError] = []
    feed = Feed(project.membership_log(), troubles.append)
    with serving(application(project, feed), feed) as url:
        yield Counter(url, plain)
    assert troubles == []
