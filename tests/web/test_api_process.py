"""The API under `kohort serve`: a process of its own that streams, dies, comes again, and ends when told."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx
import pytest
from api_desk import Counter
from server_desk import PATIENCE, Running, running, serve_command

from kohort.clock import DAY, SystemClock
from kohort.project import Project
from small_shop import order

pytestmark = pytest.mark.slow
SEGMENT = "segments: [{name: buyers, label: {en: Buyers}, where: count of order_completed >= 1}]\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project.create(tmp_path / "shop", clock=SystemClock())
    for file in (found.folder.path / "segments").iterdir():
        file.unlink()
    (found.folder.path / "segments" / "ours.yaml").write_text(SEGMENT)
    found.keys.create_write("web")
    return Project(found.folder.path, patience=60)


@pytest.fixture
def server(project: Project) -> Iterator[Running]:
    with running(project) as found:
        yield found


class Buyers:
    """People who buy for the first time, so that a run finds that they have entered."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.file, self.number = project, folder / "orders.jsonl", 0

    def come(self, count: int) -> None:
        names = [f"buyer {self.number + place}" for place in range(count)]
        orders = [order(name, self.number + place, days_ago=2) for place, name in enumerate(names)]
        self.file.write_text("".join(json.dumps(one) + "\n" for one in orders))
        self.number += count
        self.project.ingest(self.file)
        list(self.project.run())

    def ids(self) -> list[int]:
        return sorted(self.project.sql("select seq from membership_log").column("seq").to_pylist())


def counter_of(server: Running) -> Counter:
    plain, _ = server.project.keys.create_secret("crm", ["memberships:read"], SystemClock().now() + DAY)
    server.wait_for("started", "web")
    return Counter(server.api, plain)


def test_the_server_loads_neither_pandas_nor_what_learns() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "kohort.web", "kohort.web.answering", "--help"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert {"pyarrow.lib", "kohort.web.api.app"} <= loaded
    assert not {"pandas.core", "scipy", "sklearn", "numba"} & loaded


def test_a_stream_outlives_the_process_and_a_rebuild(server: Running, project: Project, tmp_path: Path) -> None:
    counter, buyers = counter_of(server), Buyers(project, tmp_path)
    buyers.come(3)
    read: list[int] = []
    with counter.follow("?since=0") as blocks:
        read += [one.id for one in islice((one for one in blocks if one.event), 2)]
        os.kill(server.child("kohort.web.answering"), signal.SIGKILL)
        with pytest.raises(httpx.RemoteProtocolError):
            list(blocks)
    buyers.come(2)
    server.wait_for("started", "web", times=2)
    with counter.follow(**{"last-event-id": str(read[-1])}) as blocks:
        events = (one for one in blocks if one.event)
        read += [one.id for one in islice(events, 3)]
        project.rebuild()
        buyers.come(2)
        read += [one.id for one in islice(events, 2)]
    assert read == buyers.ids()
    assert len(read) == 7


def test_the_end_of_the_server_is_the_end_of_the_stream(server: Running) -> None:
    counter = counter_of(server)
    with counter.follow() as blocks:
        next(blocks)
        server.process.terminate()
        assert list(blocks) == [], "the stream is closed as streams are, not cut"
    server.wait_for("stopped", "web")
    assert server.heard("server", "web") == [], "nothing to complain of"


def test_a_port_that_is_taken_is_told(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*serve_command(project)[:-1], port], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 2
    assert "choose another with --api-port" in done.stderr.replace("\n", " ")


def test_members_and_segments_are_answered_beside_the_collector(
    server: Running, project: Project, tmp_path: Path
) -> None:
    counter, buyers = counter_of(server), Buyers(project, tmp_path)
    buyers.come(2)
    assert counter.get("/api/v1/segments/buyers/members").json()["size"] == 2
    assert [one["size"] for one in counter.get("/api/v1/segments").json()["segments"]] == [2]
    assert httpx.get(f"{server.url}/api/v1/segments").status_code == 404, "the collector answers for itself alone"
