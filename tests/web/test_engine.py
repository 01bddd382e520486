"""The engine: tables that follow the journal, plans of their time, runs on schedule."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import msgspec
import pytest

from kohort.clock import HOUR, MINUTE
from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.storage.lock import write_lock
from kohort.storage.received import Received, encode_received
from kohort.testing.clock import SettableClock
from kohort.web.engine import Engine
from kohort.web.logs import Log
from small_shop import NOW, tables_of


class Bench:
    """An engine on a project, one step at a time."""

    def __init__(self, folder: Path) -> None:
        self.clock = SettableClock(NOW)
        self.project = Project.create(folder / "shop", clock=self.clock)
        self.journal = Journal(self.project.folder.journal)
        self._lines = StringIO()
        self.engine = Engine(self.project, self.journal, self.clock, Log("engine", self.clock, self._lines))

    def receive(self, *events: dict[str, object]) -> None:
        texts = [msgspec.Raw(json.dumps({"userId": "u", "type": "track", **one}).encode()) for one in events]
        received = encode_received(Received("web", self.clock.now(), events=texts))
        self.journal.append("received", [received], recorded_at=self.clock.now())

    def said(self, event: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self._lines.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_each_event_is_read_by_the_plan_of_its_time_for_ever(bench: Bench) -> None:
    tracking = bench.project.folder.tracking
    bench.engine.step()
    bench.receive({"event": "Paid"}, {"event": "Purchase", "properties": {"total": "12"}})
    bench.engine.step()
    tracking.write_text(
        "events: {order_completed: {aliases: [Purchase], properties: {total: {type: number, required: true}}}}"
    )
    bench.engine.step()
    bench.receive({"event": "Purchase"}, {"event": "Purchase", "properties": {"total": 5}})
    bench.engine.step()
    tracking.write_text("events: {")
    bench.receive({"event": "Purchase"})
    bench.engine.step()
    bench.engine.step()
    assert [line["error"] for line in bench.said("failed")] == ["DefinitionError"], "told once"
    tracking.write_text("{}")
    assert bench.project.status().events == {"order_completed": 1, "paid": 1, "purchase": 1}
    assert bench.project.dead_letters().column("field").to_pylist() == ["/properties/total"] * 2
    tables = tables_of(bench.project)
    bench.project.rebuild()
    assert tables_of(bench.project) == tables, "whatever tracking.yaml says now"


def test_what_values_are_not_as_declared_is_found_once(bench: Bench) -> None:
    bench.project.folder.tracking.write_text("events: {seen: {properties: {total: number}}}")
    bench.engine.step()
    seen: dict[str, object] = {"event": "Seen", "properties": {"total": "many"}}
    bench.receive(seen, seen, seen)
    bench.engine.step()
    bench.engine.step()
    (finding,) = bench.project.findings()
    assert (finding.check, finding.source, finding.subject, finding.count) == ("declared_type", "web", "http: total", 3)
    tables = tables_of(bench.project)
    bench.project.rebuild()
    assert tables_of(bench.project) == tables


def test_runs_come_on_schedule(bench: Bench) -> None:
    settings = bench.project.folder.settings
    settings.write_text(settings.read_text() + "schedule: {every: 1 hour, after: 5 minutes}\n")
    bench.engine.step()
    assert len(bench.said("ran")) == 1, "nothing has ever run"
    bench.clock.advance(59 * MINUTE)
    bench.engine.step()
    assert len(bench.said("ran")) == 1
    bench.clock.advance(MINUTE)
    bench.engine.step()
    assert len(bench.said("ran")) == 2
    bench.clock.advance(MINUTE)
    bench.receive({"event": "Seen"})
    bench.engine.step()
    bench.clock.advance(4 * MINUTE)
    bench.engine.step()
    assert len(bench.said("ran")) == 2, "data may still be coming"
    bench.clock.advance(MINUTE)
    bench.engine.step()
    assert len(bench.said("ran")) == 3
    bench.clock.advance(HOUR // 4)
    bench.engine.step()
    assert len(bench.said("ran")) == 3


def test_a_run_that_waits_for_quiet_comes_though_the_clock_was_set_back(bench: Bench) -> None:
    settings = bench.project.folder.settings
    settings.write_text(settings.read_text() + "schedule: {after: 5 minutes}\n")
    bench.clock.advance(2 * HOUR)
    bench.receive({"event": "Seen"})
    bench.engine.step()
    bench.clock.advance(-2 * HOUR)
    bench.engine.step()
    assert not bench.said("ran")
    bench.clock.advance(5 * MINUTE)
    bench.engine.step()
    assert len(bench.said("ran")) == 1


def test_a_command_that_writes_makes_the_engine_wait(bench: Bench) -> None:
    bench.receive({"event": "Seen"})
    with write_lock(bench.project.folder.lock):
        bench.engine.step()
        assert bench.project.status().people == 0
    bench.engine.step()
    assert bench.project.status().people == 1
    assert bench.said("failed") == []


def test_a_segment_that_no_run_evaluates_is_told_once_and_again_after_it_was_mended(bench: Bench) -> None:
    settings = bench.project.folder.settings
    settings.write_text(settings.read_text() + "\nschedule: {stalled_after: 1 hour}\nlive: {enabled: false}\n")
    bench.receive({"event": "Order Completed", "properties": {"total": 5}})
    bench.engine.step()
    list(bench.project.run())
    bench.clock.advance(HOUR)
    bench.engine.step()
    assert bench.said("stalled") == []
    for _ in range(2):
        bench.clock.advance(MINUTE)
        bench.engine.step()
    told = [line["segment"] for line in bench.said("stalled")]
    assert told
    assert len(told) == len(set(told))
    list(bench.project.run())
    bench.clock.advance(MINUTE)
    bench.engine.step()
    bench.clock.advance(2 * HOUR)
    bench.engine.step()
    assert [line["segment"] for line in bench.said("stalled")] == [*told, *told]


@pytest.mark.slow
def test_an_engine_that_is_told_to_end_before_it_has_begun_applies_what_was_received(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    event = msgspec.Raw(b'{"type":"track","event":"Seen","messageId":"m1","userId":"ada"}')
    body = encode_received(Received("web", NOW, events=[event]))
    Journal(project.folder.journal).append("received", [body], recorded_at=NOW)
    end, held = os.pipe()
    os.close(held)
    command = [sys.executable, "-m", "kohort.web.engine", "--project", str(project.folder.path), "--lifeline", str(end)]
    done = subprocess.run(command, pass_fds=[end], capture_output=True, text=True, check=False)
    os.close(end)
    assert done.returncode == 0, done.stderr
    assert project.sql("SELECT event_id FROM events").column("event_id").to_pylist() == ["m1"]
