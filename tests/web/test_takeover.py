"""Engines as processes, of one folder or several: another goes on where one is killed or stands still."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from brokers import tansu
from kohort.pipeline.live.keeping import LiveMemberships
from kohort.pipeline.recording import current_memberships
from kohort.project import Project
from kohort.segments.log import intervals, net_changes
from kohort.storage.journals import Appender, open_intake
from kohort.storage.received import Received, encode_received
from small_shop import KILL_CYCLES, tables_of

PATIENCE = 240
SEGMENTS = [
    {"name": "lately", "where": "did seen in last 5 seconds"},
    {"name": "often", "where": "count of seen >= 3"},
    {"name": "ahead", "where": "count of seen > mean"},
]


class Running:
    """An engine as a process, and what it has said."""

    def __init__(self, project: Project) -> None:
        self.project = project
        end, self._held = os.pipe()
        command = [sys.executable, "-m", "kohort.web.engine", "--project", str(project.folder.path)]
        self.process = subprocess.Popen(
            [*command, "--lifeline", str(end)], pass_fds=[end], stderr=subprocess.PIPE, text=True
        )
        os.close(end)
        self.said: list[dict[str, object]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(json.loads(line) for line in self.process.stderr)

    def times(self, event: str) -> int:
        return sum(one["event"] == event for one in self.said)

    def wait_for(self, event: str, times: int = 1) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.times(event) < times:
            assert time.monotonic() < deadline, f"{event} was not said: {self.said}"
            time.sleep(0.05)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        os.close(self._held)


@contextmanager
def ended(engines: list[Running]) -> Iterator[None]:
    """End, in the end, whichever engines are in the list by then."""
    try:
        yield
    finally:
        for one in engines:
            one.process.send_signal(signal.SIGCONT)
            one.end()


class Shop:
    """A project in one folder or several, and who sends to it."""

    def __init__(self, folders: Sequence[Path], kafka: object = None) -> None:
        self.projects = [Project.create(one) for one in folders]
        for one in self.projects:
            for kind in ("segments", "scores"):
                for path in (one.folder.path / kind).iterdir():
                    path.unlink()
            (one.folder.path / "segments" / "all.yaml").write_text(json.dumps({"segments": SEGMENTS}))
            settings = {"name": "shop", "live": {"settling": "1 second"}, **({"kafka": kafka} if kafka else {})}
            one.folder.settings.write_text(json.dumps(settings))
        first = self.projects[0]
        self.intake: Appender = open_intake(first.folder, first.settings, first.open_journal())
        self.sent: list[str] = []
        self.nameless: list[str] = []

    def receive(self, number: int) -> None:
        """Let a collector take in so many events, and one that has no id, of somebody who does nothing else."""
        self.nameless.append(f"v{len(self.nameless)}")
        self._send({"userId": self.nameless[-1]})
        for _ in range(number):
            self.sent.append(f"m{len(self.sent)}")
            self._send({"userId": f"u{len(self.sent) % 5}", "messageId": self.sent[-1]})

    def _send(self, event: Mapping[str, str]) -> None:
        now = self.projects[0].clock.now()
        text = json.dumps({"type": "track", "event": "Seen", **event}).encode()
        body = encode_received(Received("web", now, events=[msgspec.Raw(text)]))
        self.intake.append_all([("received", body)], recorded_at=now)

    def check(self, leader: Project) -> None:
        """All that was sent is there once, and the memberships are what a run finds, in every folder."""
        live, deadline = LiveMemberships(), time.monotonic() + PATIENCE
        # As an engine does: whoever begins a term has read all before it, however late the broker says how far it goes.
        with leader.engine() as standing:
            leader.keep_up(live, standing)
            while leader.members("lately").num_rows:
                assert time.monotonic() < deadline
                leader.keep_up(live, standing)
                time.sleep(0.2)
        held = _held(leader)
        for one in self.projects:
            one.keep_up()
            found = one.sql("SELECT event_id FROM events").column("event_id").to_pylist()
            assert len(found) == len(set(found)) == len(self.sent) + len(self.nameless)
            assert set(found) >= set(self.sent)
            known = one.sql("SELECT value FROM identifiers").column("value").to_pylist()
            assert set(known) >= set(self.nameless)
            assert _held(one) == held
            one.rebuild()
            assert _held(one) == held
        now = leader.clock.now()
        for segment in ("lately", "often", "ahead"):
            kept, anew = (sorted(leader.members(segment, at).column("person_id").to_pylist()) for at in (None, now))
            assert kept == anew, segment
        log = leader._workspace().tables.read("membership_log").sort_by("seq").to_pylist()
        told = {key: intervals(rows) for key, rows in net_changes(log).items()}
        assert {key: rows for key, rows in told.items() if rows} == _stored(leader)


def _held(project: Project) -> object:
    # That one is written now and then; what it says by now stands for it.
    tables = {name: rows for name, rows in tables_of(project).items() if name != "memberships"}
    return tables, _stored(project)


def _stored(project: Project) -> object:
    found: dict[tuple[str, str], list[object]] = {}
    rows = current_memberships(project._workspace().tables).sort_by("entered_at").to_pylist()
    for row in rows:
        found.setdefault((row["segment"], row["person_id"]), []).append(row)
    return {key: [_membership(row) for row in its] for key, its in found.items()}


def _membership(row: object) -> object:
    from kohort.segments.membership import Membership  # noqa: PLC0415

    assert isinstance(row, dict)
    return Membership(**row)


@pytest.mark.slow
def test_of_two_engines_of_one_folder_the_second_goes_on_when_the_first_is_killed(tmp_path: Path) -> None:
    shop = Shop([tmp_path / "shop"])
    shop.receive(4)
    list(shop.projects[0].run())
    engines = [Running(shop.projects[0])]
    with ended(engines):
        engines[0].wait_for("started")
        engines.append(Running(shop.projects[0]))
        engines[1].wait_for("waiting")
        shop.receive(20)
        engines[0].wait_for("applied")
        assert engines[1].times("started") == 0
        engines.pop(0).end(signal.SIGKILL)
        shop.receive(20)
        engines[0].wait_for("applied")
    shop.check(shop.projects[0])


@pytest.mark.slow
def test_engines_of_one_topic_take_over_where_one_is_killed_and_whoever_wakes_up_too_late_follows(
    tmp_path: Path,
) -> None:
    chosen = random.Random(3 if KILL_CYCLES == 3 else None)  # noqa: S311 - no secret
    with tansu() as broker:
        topic = {"topic": "shop", "create": True, "replication": 1}
        events = {"topic": "events", "create": True, "replication": 1, "partitions": 3}
        kafka = {
            "brokers": [broker.address],
            "journal": topic,
            "events": events,
            "takeover": "6 seconds",
            "patience": "1 minute",
        }
        shop = Shop([tmp_path / name for name in ("one", "other")], kafka)
        engines = [Running(shop.projects[0])]
        with ended(engines):
            engines[0].wait_for("leads")
            shop.receive(4)
            engines[0].wait_for("applied")
            list(Project(shop.projects[0].folder.path, patience=PATIENCE).run())
            engines.append(Running(shop.projects[1]))
            engines[1].wait_for("follows")
            for _ in range(KILL_CYCLES):
                shop.receive(chosen.randrange(2, 8))
                time.sleep(chosen.random())
                leader, follower = engines
                is_killed = chosen.random() < 0.5
                leader.process.send_signal(signal.SIGSTOP)
                shop.receive(chosen.randrange(2, 8))
                before = follower.times("leads")
                follower.wait_for("leads", before + 1)
                shop.receive(chosen.randrange(2, 8))
                if is_killed:
                    leader.end(signal.SIGKILL)
                    leader = Running(leader.project)
                    leader.wait_for("follows")
                else:
                    before = leader.times("follows")
                    leader.process.send_signal(signal.SIGCONT)
                    leader.wait_for("follows", before + 1)
                engines[:] = [follower, leader]
        shop.check(engines[0].project)
        holders = engines[0].project.sql("SELECT count(*) AS number FROM terms").column("number").to_pylist()
        assert holders[0] > KILL_CYCLES
