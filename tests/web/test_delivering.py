"""The deliverer of the server: what it says and measures, and what kill -9 at any moment costs: nothing but time."""

import json
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from server_desk import running

from kohort.clock import HOUR, MINUTE, SystemClock
from kohort.errors import ProjectError
from kohort.pipeline.projecting.leading import Lead
from kohort.project import Project
from kohort.testing.clock import SettableClock
from kohort.web.delivering import Delivering, DeliveryMeasurements
from kohort.web.logs import Log
from kohort.web.metrics import Family
from kohort.web.serving import ServeOptions, serve_project
from small_shop import KILL_CYCLES, iso
from webhook_receiver import SECRET, Received, Receiver, receiving

JOURNEY = """\
version: 1
name: welcome
when: {{enters: visitors}}
webhook: {{url: "{url}", secret: {{env: OFFER_SECRET}}, allow_private: true}}
"""
PEOPLE = 40


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("OFFER_SECRET", SECRET)
    with receiving() as found:
        yield found


def visited(project: Project, people: list[str]) -> None:
    """Have people visit now, and evaluate who is a visitor."""
    lines = [
        {"type": "track", "event": "Visited", "userId": one, "messageId": one, "timestamp": iso(project.clock.now())}
        for one in people
    ]
    path = project.folder.path / "events.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    project.ingest(path)
    list(project.run())


def declared(project: Project, url: str) -> Project:
    """Declare the segment of visitors and a journey for them, which begins now."""
    path = project.folder.path
    (path / "tracking.yaml").write_text("events: {visited: {}}")
    (path / "segments" / "reference.yaml").write_text("segments: [{name: visitors, where: did visited}]")
    (path / "journeys").mkdir()
    (path / "journeys" / "welcome.yaml").write_text(JOURNEY.format(url=url))
    list(project.run())
    project.deliver()
    return project


def test_what_came_of_deliveries_is_said_and_measured_in_numbers(
    shop: Project, clock: SettableClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, lines = declared(shop, receiver.url), StringIO()
    measurements = DeliveryMeasurements(project, clock)
    receiver.answer(204, 204, 410)
    with project.delivering(measurements.note) as deliverer:
        delivering = Delivering(deliverer, measurements, Lead(project.folder), Log("deliverer", clock, lines))
        for one in ("ada", "bob", "cid"):
            clock.advance(HOUR)
            visited(project, [one])
            delivering.step()
            deliverer.wait()
        clock.advance(MINUTE)
        delivering.step()
        monkeypatch.setenv("OFFER_SECRET", "hush")
        path = project.folder.path / "journeys" / "welcome.yaml"
        path.write_text(path.read_text() + "\n")
        delivering.step()
        delivering.step()
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(one["event"], one.get("deliveries")) for one in said] == [
        ("delivered", {"delivered": 1}),
        ("delivered", {"delivered": 1}),
        ("undeliverable", {"dead": 1}),
        ("failed", None),
    ], "what fails is told once"
    assert all(one not in lines.getvalue() for one in ("ada", "bob", "cid", "hush"))
    families = msgspec.json.decode(project.folder.delivery_measurements.read_bytes(), type=list[Family])
    values: Mapping[str, object] = {one.name: dict(one.values) for one in families}
    counts = {("welcome", "delivered"): 2.0, ("welcome", "dead"): 1.0}
    assert values["kohort_deliveries_total"] == counts
    assert values["kohort_deliveries"] == counts


def test_a_server_does_not_start_without_the_secret_of_a_journey(
    shop: Project, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared(shop, receiver.url).keys.create_write("web")
    monkeypatch.delenv("OFFER_SECRET")
    with pytest.raises(ProjectError, match="OFFER_SECRET is not set"):
        serve_project(shop, ServeOptions(), print)


@pytest.mark.slow
def test_a_journey_that_is_declared_while_a_server_runs_is_delivered(tmp_path: Path, receiver: Receiver) -> None:
    project = Project.create(tmp_path / "shop")
    project.keys.create_write("web")
    with running(project) as server:
        server.wait_for("started", "engine")
        assert server.heard("started", "deliverer") == []
        (project.folder.path / "journeys").mkdir()
        journey = JOURNEY.format(url=receiver.url).replace("visitors", "vip")
        (project.folder.path / "journeys" / "welcome.yaml").write_text(journey)
        server.wait_for("started", "deliverer")
    assert server.heard("failed") == []


@pytest.mark.slow
def test_kill_9_of_the_deliverer_loses_nothing_and_gives_nothing_a_second_id(
    tmp_path: Path, receiver: Receiver
) -> None:
    project = declared(Project.create(tmp_path / "shop", clock=SystemClock()), receiver.url)
    project = Project(project.folder.path, patience=60)
    project.keys.create_write("web")
    pauses = random.Random(1 if KILL_CYCLES == 3 else None)  # noqa: S311 - no secret

    def slowly(_: Received) -> tuple[int, Mapping[str, str]]:
        time.sleep(pauses.uniform(0, 0.1))
        return 204, {}

    receiver.answering = slowly
    people: list[str] = []
    with running(project) as server:
        server.wait_for("started", "deliverer")
        for cycle in range(KILL_CYCLES):
            new = [f"p{cycle}-{number}" for number in range(PEOPLE)]
            people += new
            visited(project, new)
            some, deadline = len(receiver.received) + pauses.randrange(PEOPLE // 2), time.monotonic() + 60
            while len(receiver.received) < some and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(pauses.uniform(0, 0.2))
            os.kill(server.child("kohort.web.delivering"), signal.SIGKILL)
            server.wait_for("started", "deliverer", times=cycle + 2)
        deadline = time.monotonic() + 60
        while {one.state for one in project.deliveries()} != {"delivered"} or len(project.deliveries()) < len(people):
            assert time.monotonic() < deadline, [vars(one) for one in project.deliveries() if one.state != "delivered"]
            time.sleep(0.1)
        assert len(server.heard("died")) == KILL_CYCLES
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for one in receiver.received:
        ids[str(one.data["user_id"])].add(one.webhook_id)
    assert len(receiver.received) > len(people), "somebody was cut off"
    assert sorted(ids) == sorted(people), "each change was delivered"
    assert all(len(its) == 1 for its in ids.values()), "always under the same id"
    assert {one.delivery_id for one in project.deliveries()} == set(receiver.ids)
    assert [one["process"] for one in server.heard("stopped")] == ["collector", "engine", "web", "deliverer", "server"]
    assert not any(person in json.dumps(server.said) for person in people)
