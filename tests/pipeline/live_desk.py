"""A shop whose memberships are kept up live, one step at a time."""

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from kohort.clock import SECOND
from kohort.pipeline.live.keeping import LiveMemberships
from kohort.pipeline.recording import current_memberships
from kohort.project import Project
from kohort.segments.log import intervals, net_changes
from kohort.segments.membership import Membership
from kohort.storage.journal import Journal
from kohort.storage.received import Received, encode_received
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

SETTLING = 10 * SECOND


class LiveDesk:
    """A project with segments and nothing else to run, and who keeps it live; moments are relative to `NOW`."""

    def __init__(self, folder: Path, **segments: str) -> None:
        self.clock = SettableClock(NOW)
        self.project = Project.create(folder / "shop", clock=self.clock)
        for kind in ("segments", "scores"):
            for path in (self.project.folder.path / kind).iterdir():
                path.unlink()
        self.declare(**segments)
        self._open("m")

    @classmethod
    def again(cls, folder: Path, moment: int, run: str) -> "LiveDesk":
        """Open the shop in `folder` at a moment; `run` tells its messages from those of others."""
        found = cls.__new__(cls)
        found.clock = SettableClock(moment)
        found.project = Project(folder, clock=found.clock)
        found._open(f"{run}-")
        return found

    def _open(self, prefix: str) -> None:
        self.journal = Journal(self.project.folder.journal)
        self.live = LiveMemberships()
        self._sent, self._prefix = 0, prefix

    def declare(self, **segments: str) -> None:
        its = [{"name": name, "where": where} for name, where in segments.items()]
        path = self.project.folder.path / "segments" / "all.yaml"
        path.write_text(json.dumps({"segments": its}), encoding="utf-8")

    def receive(self, *events: Mapping[str, object]) -> None:
        """Let the collector take in events; an event's `at` is when it happened, by default now."""
        told = [msgspec.Raw(json.dumps(self._event(one)).encode()) for one in events]
        received = encode_received(Received("web", self.clock.now(), events=told))
        self.journal.append("received", [received], recorded_at=self.clock.now())

    def _event(self, one: Mapping[str, object]) -> dict[str, object]:
        self._sent += 1
        moment = NOW + int(str(one.get("at", self.clock.now() - NOW)))
        usual = {"type": "track", "messageId": f"{self._prefix}{self._sent}", "timestamp": iso(moment)}
        return usual | {name: value for name, value in one.items() if name != "at"}

    def step(self, *, after: int = 0) -> None:
        """Let so much time pass, and bring everything up to date."""
        self.clock.advance(after)
        self.project.keep_up(self.live)

    def restart(self) -> None:
        """Forget all that is not written."""
        self.project = Project(self.project.folder.path, clock=self.clock)
        self.live = LiveMemberships()

    def run(self, *, apply: bool = False) -> None:
        list(self.project.run(apply=apply))

    def log(self, *segments: str) -> list[str]:
        """Return the log as lines: segment, who, change, second, cause if not the rule, and what it corrects."""
        tables = self.project._workspace().tables
        names = {row["actor_id"]: row["value"] for row in tables.read("identifiers").to_pylist()}
        rows = tables.read("membership_log").sort_by("seq").to_pylist()
        numbers = {row["seq"]: number for number, row in enumerate(rows)}
        return [
            f"{row['segment']} {names[row['person_id']]} {row['change']} {(row['effective_at'] - NOW) / SECOND:g}"
            + ("" if row["cause"] == "rule" else f" {row['cause']}")
            + ("" if row["corrects"] is None else f" corrects {numbers[row['corrects']]}")
            for row in rows
            if not segments or row["segment"] in segments
        ]

    def inside(self, segment: str) -> list[str]:
        """Return the user ids of the recorded members."""
        return sorted(str(one) for one in self.project.members(segment).column("user_id").to_pylist())


def stored(desk: LiveDesk) -> dict[tuple[str, str], list[Membership]]:
    """Return the recorded memberships, by segment and person."""
    found: dict[tuple[str, str], list[Membership]] = {}
    for row in current_memberships(desk.project._workspace().tables).to_pylist():
        found.setdefault((row["segment"], row["person_id"]), []).append(Membership(**row))
    return {key: sorted(rows, key=lambda one: one.entered_at) for key, rows in found.items()}


def logged(desk: LiveDesk) -> dict[tuple[str, str], list[Membership]]:
    """Return the memberships that the log tells of."""
    rows = desk.project._workspace().tables.read("membership_log").sort_by("seq").to_pylist()
    return {key: intervals(its) for key, its in net_changes(rows).items()}
