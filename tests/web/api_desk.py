"""The API, listening on this machine, on a project of the tests."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvloop

from kohort.clock import DAY
from kohort.project import Project
from kohort.web.api.app import application
from kohort.web.listening import http_server


@dataclass(frozen=True)
class Counter:
    """Where the API is asked, with a key that may read memberships unless another is shown."""

    url: str
    key: str

    def get(self, path: str, *, key: str | None = None, **headers: str) -> httpx.Response:
        """Ask for a path."""
        shown = self.key if key is None else key
        return httpx.get(self.url + path, headers={"authorization": f"Bearer {shown}", **headers}, timeout=30)


@contextmanager
def answering(project: Project) -> Iterator[Counter]:
    """Serve a project's API in a thread, on a free port."""
    plain, _ = project.keys.create_secret("programs", ["memberships:read"], project.clock.now() + 30 * DAY)
    server = http_server(application(project), grace=5)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server._serve([listening]))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        yield Counter(f"http://127.0.0.1:{listening.getsockname()[1]}", plain)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
