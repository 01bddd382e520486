"""The server's processes killed under load: what was acknowledged is stored, once, and service comes back by itself."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from server_desk import PATIENCE, Running, running, serve_command

from kohort.project import Project
from small_shop import KILL_CYCLES, tables_of


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "shop")


class Sender:
    """Sends events without a pause, as an SDK does: the same event again until it is acknowledged."""

    def __init__(self, url: str, key: str, name: str) -> None:
        self.acknowledged: list[str] = []
        self.again = 0
        self._url, self._key, self._name = url, key, name
        self._done = threading.Event()
        # Nobody waits for who still sends when a test has failed.
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        number = 0
        with httpx.Client(auth=(self._key, ""), timeout=PATIENCE) as client:
            while not self._done.is_set():
                ids = [f"{self._name}-{number}-{place}" for place in range(10)]
                batch = [{"type": "track", "event": "Seen", "userId": self._name, "messageId": one} for one in ids]
                try:
                    answer = client.post(f"{self._url}/v1/batch", json={"batch": batch})
                except httpx.HTTPError:
                    self.again += 1
                    continue
                assert answer.status_code == 200, answer.text
                self.acknowledged += ids
                number += 1

    def stop(self) -> list[str]:
        self._done.set()
        self._thread.join()
        return self.acknowledged


def test_kill_9_of_the_collector_loses_nothing_that_was_acknowledged(project: Project) -> None:
    key, _ = project.keys.create_write("web")
    pauses = random.Random(1 if KILL_CYCLES == 3 else None)  # noqa: S311 - no canary
    with running(project) as server:
        server.wait_for("started", "collector")
        senders = [Sender(server.url, key, f"s{number}") for number in range(4)]
        for cycle in range(KILL_CYCLES):
            time.sleep(pauses.uniform(0.2, 1.5))
            os.kill(server.child("kohort.web.collecting"), signal.SIGKILL)
            server.wait_for("started", "collector", times=cycle + 2)
        time.sleep(0.5)
        acknowledged = [one for sender in senders for one in sender.stop()]
    assert len(server.heard("died")) == KILL_CYCLES
    assert sum(sender.again for sender in senders) > 0, "somebody was cut off"
    stored = [str(row["event_id"]) for row in project.sql("select event_id from events").to_pylist()]
    assert set(acknowledged) <= set(stored), "acknowledged, therefore stored"
    assert len(stored) == len(set(stored)), "and once, though senders repeat"
    assert len(acknowledged) > 100
    assert project.status().behind == 0, "the engine ended with everything applied"
    tables = tables_of(project)
    project.rebuild()
    assert tables_of(project) == tables


@pytest.mark.slow
def test_kill_9_of_the_engine_repeats_nothing(project: Project) -> None:
    key, _ = project.keys.create_write("web")
    with running(project) as server:
        sender = Sender(server.url, key, "s")
        for cycle in range(KILL_CYCLES):
            server.wait_for("applied", "engine", times=len(server.heard("applied")) + 1)
            os.kill(server.child("kohort.web.engine"), signal.SIGKILL)
            server.wait_for("started", "engine", times=cycle + 2)
        acknowledged = sender.stop()
    stored = [str(row["event_id"]) for row in project.sql("select event_id from events").to_pylist()]
    assert sorted(stored) == sorted(set(stored) | set(acknowledged))
    assert project.status().behind == 0


def test_a_killed_server_takes_its_processes_along(project: Project) -> None:
    project.keys.create_write("web")
    with subprocess.Popen(serve_command(project), stderr=subprocess.PIPE, text=True) as process:
        server = Running(project, process)
        for name in ("collector", "engine", "web"):
            server.wait_for("started", name)
        process.kill()
        for name in ("collector", "engine", "web"):
            server.wait_for("stopped", name)


CANARY = "canary-7f3a"


class Ended(NamedTuple):
    """A server that was sent right and wrong events with a canary in them, then one more, and told to end."""

    server: Running
    key: str
    answered: int


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    project = Project.create(tmp_path_factory.mktemp("ended") / "shop")
    key, _ = project.keys.create_write("web")
    with running(project) as server:
        server.wait_for("started", "collector")
        server.wait_for("started", "web")
        for body in ({"userId": CANARY}, {"userId": "u", "event": CANARY, "timestamp": CANARY}, {"email": CANARY}):
            for path in ("page", "track", "batch"):
                httpx.post(f"{server.url}/v1/{path}", json=body, auth=(key, ""), timeout=30)
        httpx.post(f"{server.url}/v1/page?email={CANARY}", content=CANARY, auth=(CANARY, ""), timeout=30)
        httpx.get(f"{server.url}/{CANARY}", timeout=30)
        last = {"userId": "u", "messageId": "the last"}
        answer = httpx.post(f"{server.url}/v1/page", json=last, auth=(key, ""), timeout=30)
    return Ended(server, key, answer.status_code)


@pytest.mark.slow
def test_what_came_last_is_answered_and_applied_before_the_end(ended: Ended) -> None:
    project = ended.server.project
    assert ended.answered == 200
    assert "the last" in project.sql("select event_id from events").column("event_id").to_pylist()
    assert project.status().behind == 0
    stopped = [one["process"] for one in ended.server.heard("stopped")]
    assert stopped == ["collector", "engine", "web", "server"]


def test_nobody_is_named_in_the_log(ended: Ended) -> None:
    assert ended.server.heard("received")
    assert CANARY not in json.dumps(ended.server.said)
    assert ended.key not in json.dumps(ended.server.said)
