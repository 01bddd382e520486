"""Several processes that collect for one server: they share keys' rates, what may wait, and what they count."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from server_desk import PATIENCE, Running, running

from kohort.clock import DAY
from kohort.definitions.collecting import CollectLimits
from kohort.errors import StorageError
from kohort.project import Project
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.storage.received import Received
from kohort.web.collector import Collector
from kohort.web.measurements import SharedCounts, mount_metrics
from kohort.web.outcomes import Outcome
from small_shop import NOW

EVENTS = 400
ANEW = httpx.Limits(max_keepalive_connections=0)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "shop")
    made.folder.settings.write_text(made.folder.settings.read_text() + "collect: {processes: 2}\n")
    return made


def event(number: int) -> dict[str, object]:
    return {"userId": f"u{number}", "event": "Seen", "messageId": f"m{number}"}


def send(url: str, key: str, numbers: range) -> list[int]:
    """Send each event over a connection of its own, so that the processes share them."""
    with httpx.Client(auth=(key, ""), limits=ANEW) as client:
        return [client.post(f"{url}/v1/track", json=event(one)).status_code for one in numbers]


def collectors(server: Running) -> list[int]:
    """Return the ids of the processes that collect."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(one) for one in children if b"kohort.web.collecting" in Path(f"/proc/{one}/cmdline").read_bytes()]


def counted(url: str, secret: str) -> set[int]:
    """Ask often, so that each process answers, and return what was told of received events."""
    with httpx.Client(headers={"authorization": f"Bearer {secret}"}, limits=ANEW) as client:
        lines = [line for _ in range(12) for line in client.get(f"{url}/metrics").text.splitlines()]
    return {int(line.split()[-1]) for line in lines if line.startswith("kohort_events_received_total{")}


@pytest.mark.slow
def test_two_share_the_work_a_key_s_rate_and_their_counts_though_one_is_killed(project: Project) -> None:
    key, _ = project.keys.create_write("web")
    slow, _ = project.keys.create_write("slow", rate=5)
    secret, _ = project.keys.create_secret("prometheus", ["metrics:read"], project.clock.now() + DAY)
    with running(project) as server:
        server.wait_for("started", "collector 1")
        server.wait_for("started", "collector 2")
        assert send(server.url, key, range(EVENTS // 2)) == [200] * (EVENTS // 2)
        deadline = time.monotonic() + PATIENCE
        while counted(server.url, secret) != {EVENTS // 2}:
            assert time.monotonic() < deadline
        shares = [path.read_text().count('["web"]') for path in project.folder.collectors.glob("*.counts.json")]
        assert shares == [1, 1], "both took some"
        first, second = collectors(server)
        os.kill(first, signal.SIGKILL)
        server.wait_for("died")
        server.wait_for("started", "collector 1", times=2)
        assert send(server.url, key, range(EVENTS // 2, EVENTS)) == [200] * (EVENTS // 2)
        while counted(server.url, secret) != {EVENTS}:
            assert time.monotonic() < deadline
        assert second in collectors(server)
        begun = time.monotonic()
        answered = send(server.url, slow, range(60))
        assert 429 in answered
        assert answered.count(200) <= 5 + 5 * (time.monotonic() - begun) + 1
    stored = project.sql("SELECT event_id FROM events WHERE source = 'web'").column("event_id").to_pylist()
    assert sorted(stored) == sorted(f"m{number}" for number in range(EVENTS))


@contextmanager
def counting(
    project: Project, folder: Path, number: int, troubles: list[StorageError]
) -> Iterator[tuple[Collector, SharedCounts]]:
    with GroupCommit(Journal(project.folder.journal), project.clock) as commits:
        collector = Collector(project.keys, commits, project.clock, CollectLimits(processes=2))
        yield (
            collector,
            mount_metrics(collector, project.keys, shared=folder, number=number, trouble=troubles.append),
        )


def received(counts: SharedCounts) -> float:
    return sum(
        value
        for family in counts.families()
        if family.name == "kohort_events_received_total"
        for _, value in family.values
    )


def test_sums_go_on_where_a_process_before_had_ended(project: Project, tmp_path: Path) -> None:
    told = Outcome(NOW, "web", received=Received("web", NOW, events=[b"{}"] * 3))  # type: ignore[list-item]
    folder, troubles = tmp_path / "collectors", list[StorageError]()
    folder.mkdir()
    with (
        counting(project, folder, 1, troubles) as (one, first),
        counting(project, folder, 2, troubles) as (two, second),
    ):
        assert one.limits.share.waiting == CollectLimits().waiting // 2
        with first, second:
            one.outcomes.tell(told)
            two.outcomes.tell(told)
            assert received(first) == 3  # the other has not written yet
            assert received(second) == received(first) == 6
    with counting(project, folder, 1, troubles) as (one, again):
        assert received(again) == 6
        one.outcomes.tell(told)
        assert received(again) == 9
        folder.rename(tmp_path / "gone")
        one.outcomes.tell(told)
        assert received(again) == 0
        assert "could not write" in str(troubles[-1])
