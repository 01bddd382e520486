"""A collector that listens on this machine, beside the project whose journal it writes."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvloop

from kohort.definitions.collecting import CollectLimits
from kohort.project import Project
from kohort.storage.committing import GroupCommit
from kohort.storage.journals import open_intake
from kohort.testing.clock import SettableClock
from kohort.web.collecting import server_of
from kohort.web.collector import Collector
from kohort.web.outcomes import Outcome
from kohort.web.pixel.serving import mount_pixel


@dataclass(frozen=True)
class Desk:
    """A running collector: its address, its project, a write key for the source "web", what it told of each request."""

    url: str
    project: Project
    clock: SettableClock
    key: str
    collector: Collector
    told: list[Outcome]

    def send(self, path: str, body: object, **headers: str) -> httpx.Response:
        """Post a body (bytes as they are, anything else as JSON) with the write key."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.post(self.url + path, content=content, headers=headers, auth=(self.key, ""))

    def stored(self) -> int:
        """Return how many events the journal has."""
        self.project.keep_up()
        return sum(self.project.status().events.values())

    def rows(self, statement: str) -> list[Mapping[str, object]]:
        """Bring the tables up, and ask them."""
        self.project.keep_up()
        rows: list[Mapping[str, object]] = self.project.sql(statement).to_pylist()
        return rows


@contextmanager
def serving(
    project: Project, clock: SettableClock, limits: CollectLimits | None = None, key: str = "", **options: object
) -> Iterator[Desk]:
    """Serve a project's collector in a thread, on a free port; without a key for the source "web" one is made.

    `options` are the HTTP server's.
    """
    key = key or project.keys.create_write("web")[0]
    project.keep_up()
    told: list[Outcome] = []
    with GroupCommit(open_intake(project.folder, project.settings, project.open_journal()), clock) as commits:
        collector = Collector(project.keys, commits, clock, limits or CollectLimits(), project.withholding())
        mount_pixel(collector)
        collector.outcomes.listen(told.append)
        server = server_of(collector, **options)
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def run() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(server._serve([listening]))

        thread = threading.Thread(target=run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.001)
            yield Desk(address, project, clock, key, collector, told)
        finally:
            server.should_exit = True
            thread.join()
            listening.close()
