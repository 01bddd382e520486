"""A long journal is read by several processes: the tables are the same, whatever becomes of those who read."""

import json
import os
import subprocess
import sys
from subprocess import Popen
from typing import Any

import msgspec
import pytest

from kohort.definitions.identity import IdentityDefinition
from kohort.pipeline.projecting import projection, reader_processes, reading_ahead, wire
from kohort.pipeline.projecting.projection import Projection
from kohort.pipeline.projecting.reader_processes import ReaderProcesses
from kohort.pipeline.projecting.reading import Said, Terms
from kohort.pipeline.projecting.reading_ahead import Read, read_ahead
from kohort.pipeline.projecting.wire import said_of
from kohort.project import Project
from kohort.storage.messages import Message, Values, encode_messages
from kohort.storage.received import PlanAdopted, Received, encode_received
from small_shop import NOW, order, tables_of


def filled(shop: Project) -> None:
    """Let requests, messages, conflicts, repeats, and what cannot be read come, and settings change between them."""
    journal = shop._workspace().journal
    for number in range(12):
        events = [order(f"p{n % 7}", number * 5 + n, days_ago=n, total=n + 0.5) for n in range(8)]
        wrong: list[Any] = [{"type": "track", "userId": "u"}, {"type": "identify", "userId": "p1", "traits": {"a": 1}}]
        raw = [msgspec.Raw(json.dumps(one).encode()) for one in [*events, *wrong]]
        journal.append("received", [encode_received(Received("web", NOW, NOW, events=raw))], recorded_at=NOW)
        one = Message(f"m{number % 9}", "page", NOW, NOW, "app", "visit", "u", values=Values({"number": number}))
        journal.append("messages", [encode_messages([one])], recorded_at=NOW)
        if number == 6:
            shop.folder.settings.write_text("name: shop\ntime_zone: UTC\nidentity: {blocked: {user_id: p3}}\n")
            shop.folder.tracking.write_text("events: {order_completed: {properties: {total: text}}}\n")
            shop.keep_up()


@pytest.mark.parametrize("executable", [sys.executable, "/bin/true"], ids=["they read", "they die at once"])
def test_whoever_reads_the_tables_are_the_same(shop: Project, monkeypatch: pytest.MonkeyPatch, executable: str) -> None:
    filled(shop)
    shop.rebuild()
    expected, taken = tables_of(shop), list[Said]()

    def noted(parts: list[bytes]) -> Said:
        taken.append(said_of(parts))
        return taken[-1]

    monkeypatch.setattr(projection, "CHUNK", 1_000)
    monkeypatch.setattr(reading_ahead, "READ_HERE", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(wire, "said_of", noted)
    shop.rebuild()
    assert tables_of(shop) == expected
    assert bool(taken) == (executable != "/bin/true")


@pytest.mark.parametrize("limit", ["_SETTLED_AT_ONCE", "_MOST_EVIDENCE"])
def test_however_often_the_people_are_brought_up_the_tables_are_the_same(
    shop: Project, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    filled(shop)
    shop.rebuild()
    expected, settled = tables_of(shop), list[int]()
    settle = Projection._settle

    def noted(self: Projection, seq: int) -> None:
        settled.append(seq)
        settle(self, seq)

    monkeypatch.setattr(Projection, "_settle", noted)
    shop.rebuild()
    seldom = len(settled)
    monkeypatch.setattr(projection, "CHUNK", 1_000)
    monkeypatch.setattr(projection, limit, 5)
    shop.rebuild()
    assert tables_of(shop) == expected
    assert len(settled) - seldom > seldom


def loaded_by(*arguments: str) -> set[bytes]:
    """Return the modules that a program loads, which ends where its input does."""
    command = [sys.executable, "-X", "importtime", *arguments]
    ran = subprocess.run(command, input=b"", capture_output=True, check=True)
    return {line.rpartition(b"|")[2].strip() for line in ran.stderr.splitlines()}


def test_a_reader_loads_no_more_than_it_needs() -> None:
    loaded = loaded_by("-m", "kohort.pipeline.projecting.reader")
    assert b"pyarrow.lib" in loaded
    assert not any(one.startswith((b"pandas.", b"deltalake", b"duckdb")) for one in loaded)


def test_a_rebuild_that_evaluates_no_rule_loads_nothing_that_does(shop: Project) -> None:
    filled(shop)
    loaded = loaded_by("-m", "kohort", "rebuild", "--project", str(shop.folder.path))
    assert b"kohort.pipeline.projecting.projection" in loaded
    assert not any(one.startswith((b"pandas.", b"duckdb", b"lark", b"sqlglot", b"kohort.engines")) for one in loaded)


def test_readers_of_a_long_journal_are_started_before_anything_else_is_loaded(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(shop)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with ReaderProcesses() as readers:
        readers.start_for(shop.folder.path)
        assert not readers.running, "a short journal is read here"
        monkeypatch.setattr(reader_processes, "READ_HERE", 0)
        readers.start_for(shop.folder.path)
        started = [*readers.running]
        expected = shop.rebuild()
        assert (len(started), shop.rebuild(readers=readers)) == (2, expected)
        assert all(one.poll() is not None for one in started)
    assert not {b"numpy", b"pyarrow", b"kohort.project"} & loaded_by(
        "-c", "import kohort.pipeline.projecting.reader_processes"
    )


def test_who_stops_taking_leaves_no_process_behind(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(shop)
    monkeypatch.setattr(reading_ahead, "READ_HERE", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    started: list[subprocess.Popen[bytes]] = []

    def noted(*given: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(Popen(*given, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    records = [one for one in shop._workspace().journal.read(after=0) if one.kind == "received"]
    taken = read_ahead(([one] for one in records), lambda _: Terms(PlanAdopted("{}", "UTC"), IdentityDefinition()))
    assert isinstance(next(taken), Read)
    taken.close()
    assert len(started) == 2
    assert all(one.poll() is not None for one in started)
