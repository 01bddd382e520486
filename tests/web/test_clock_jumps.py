"""The clock jumping two hours, either way, between requests and within them: nothing is lost, nothing is doubled."""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from collector_desk import Desk, serving

from kohort.clock import HOUR, MINUTE, SECOND, moment_of
from kohort.project import Project
from kohort.storage.committing import GroupCommit
from kohort.storage.received import Received
from kohort.testing.clock import SettableClock
from kohort.web.collecting import Summary
from kohort.web.logs import Log
from kohort.web.outcomes import Outcome
from kohort.web.serving import ServeOptions, _Process, _Server
from small_shop import NOW, iso, tables_of

JUMPS = (2 * HOUR, -2 * HOUR, -2 * HOUR, 2 * HOUR, SECOND)


def events(clock: SettableClock, number: int) -> list[dict[str, object]]:
    """Three visits: without a time, at the sender's time, and by a sender's clock that tells when it sent them."""
    visit = {"type": "track", "event": "Visit", "userId": "ada"}
    said = {"timestamp": iso(NOW - HOUR), "sentAt": iso(NOW)}
    return [
        {**visit, "messageId": f"untimed-{number}"},
        {**visit, "messageId": f"timed-{number}", "timestamp": iso(NOW - HOUR)},
        {**visit, "messageId": f"skewed-{number}", **said},
    ]


def times(desk: Desk) -> dict[str, int]:
    rows = desk.rows("select event_id, ts from events")
    found: dict[str, int] = {str(row["event_id"]): moment_of(row["ts"]) for row in rows}  # type: ignore[arg-type]
    assert len(found) == len(rows), "each once"
    return found


@pytest.mark.parametrize("within", [False, True])
def test_what_the_collector_takes_is_kept_once_with_its_documented_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, within: bool
) -> None:
    clock = SettableClock(NOW)
    waiting: list[int] = []
    commit = GroupCommit._commit

    def jumping(*args: Any) -> None:
        if waiting:
            clock.advance(waiting.pop())
        commit(*args)
        if within:
            clock.advance(SECOND)

    monkeypatch.setattr(GroupCommit, "_commit", jumping)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock) as desk:
        rated, _ = desk.project.keys.create_write("app", rate=10)
        expected: dict[str, int] = {}
        batches = []
        for number, jump in enumerate(JUMPS):
            batch = events(clock, number)
            received_at = clock.now()
            if within:
                waiting.append(jump)
            assert desk.send("/v1/batch", {"batch": batch}).status_code == 200
            if not within:
                clock.advance(jump)
            batches.append(batch)
            expected[f"untimed-{number}"] = received_at
            expected[f"timed-{number}"] = NOW - HOUR
            expected[f"skewed-{number}"] = received_at - HOUR
            if number % 2:
                desk.project.keep_up()
            limited = httpx.post(f"{desk.url}/v1/page", json={"userId": "u"}, auth=(rated, ""))
            assert limited.status_code == 200, "no debt comes of a clock that was set back"
            clock.advance(SECOND)
        for batch in reversed(batches):
            assert desk.send("/v1/batch", {"batch": batch}).status_code == 200
        found = times(desk)
        assert {name: moment for name, moment in found.items() if name in expected} == expected
        assert len(found) == len(expected) + len(JUMPS)
        assert desk.project.dead_letters().num_rows == 0, "sent again under another clock it is the same message"
        before = tables_of(desk.project)
        desk.project.rebuild()
        assert tables_of(desk.project) == before


def test_a_revoked_key_is_noticed_whatever_the_clock_does(tmp_path: Path) -> None:
    clock = SettableClock(NOW)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock) as desk:
        for jump in (2 * HOUR, -2 * HOUR):
            key, made = Project(desk.project.folder.path, clock=clock).keys.create_write("web")
            clock.advance(jump)
            assert httpx.post(f"{desk.url}/v1/page", json={"userId": "u"}, auth=(key, "")).status_code == 200
            Project(desk.project.folder.path, clock=clock).keys.revoke(made.key_id)
            clock.advance(jump)
            assert httpx.post(f"{desk.url}/v1/page", json={"userId": "u"}, auth=(key, "")).status_code == 401


def test_a_process_that_died_before_the_clock_went_back_is_started_again(tmp_path: Path) -> None:
    clock = SettableClock(NOW)
    project, log = Project.create(tmp_path / "shop", clock=clock), Log("server", clock)
    server = _Server(project, ServeOptions(), clock, log, lambda _: None)
    process = _Process("engine", [sys.executable, "-c", ""], [])
    for jump in (0, -2 * HOUR, 2 * HOUR, -2 * HOUR):
        starts = process.starts
        clock.advance(jump)
        server._look_after(process)
        assert process.starts == starts + 1
        assert process.running is not None
        process.running.wait()
        server._look_after(process)  # finds it dead
        server._look_after(process)
        assert process.starts == starts + 1, "not before its pause is over"
    clock.advance(process.pause)
    server._look_after(process)
    assert process.running is not None
    process.running.wait()


def test_the_log_goes_on_when_the_clock_goes_back() -> None:
    clock, lines = SettableClock(NOW), StringIO()
    summary = Summary(Log("collector", clock, lines), clock)
    outcome = Outcome(NOW, "web", received=Received("web", NOW, events=[msgspec.Raw(b"{}")]))
    for jump in (0, -2 * HOUR, 0, MINUTE):
        clock.advance(jump)
        summary.note(outcome)
    assert [json.loads(line)["stored"]["web"] for line in lines.getvalue().splitlines()] == [2, 2]
