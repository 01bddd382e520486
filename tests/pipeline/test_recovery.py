"""An interrupted command leaves a project that the next one continues; tables can always be made anew."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kohort.clock import DAY
from kohort.errors import LockedError, StorageError
from kohort.project import Project
from kohort.storage.lock import write_lock
from kohort.storage.tables import Tables
from small_shop import NOW, WriteLines, order, tables_of


def filled(shop: Project, write_lines: WriteLines) -> None:
    people = ["ada", "bob", "cid", "dan", "eve"]
    first = [order(people[n % 5], n, days_ago=3 * n, total=n + 0.01) for n in range(30)]
    names = [
        {
            "type": "identify",
            "userId": one,
            "messageId": f"i-{one}",
            "timestamp": "2025-11-01",
            "traits": {"vip": one == "ada"},
        }
        for one in people
    ]
    shop.ingest(write_lines("first.jsonl", [*first, *names, "{broken"]))
    assert {one.state for one in shop.run(NOW)} == {"done", "skipped"}
    link = {
        "type": "identify",
        "userId": "eve",
        "anonymousId": "tablet",
        "messageId": "link",
        "timestamp": "2026-02-01",
    }
    tablet = {**order("", 100), "userId": None, "anonymousId": "tablet"}
    shop.ingest(write_lines("second.jsonl", [tablet, link]))
    list(shop.run(NOW + DAY))


def test_a_rebuild_gives_the_same_tables(shop: Project, write_lines: WriteLines) -> None:
    filled(shop, write_lines)
    before = tables_of(shop)
    assert len(before["membership_log"]) > len(before["memberships"]) > 0
    assert shop.rebuild() == shop.status().journal_records
    assert tables_of(shop) == before


class Interrupted(Exception):  # noqa: N818 - it stands for a power cut, not for an error
    """The process ends here."""


@pytest.mark.parametrize("write", [5, 22, *(pytest.param(one, marks=pytest.mark.slow) for one in (2, 9, 14, 31))])
def test_an_interruption_at_any_write_is_continued_by_the_next_command(
    shop: Project, write_lines: WriteLines, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    real, count = Tables._write, 0

    def failing(self: Tables, *args: object, **options: object) -> bool:
        nonlocal count
        count += 1
        if count == write:
            raise Interrupted
        return real(self, *args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Tables, "_write", failing)
        with pytest.raises(Interrupted):
            filled(shop, write_lines)
    assert shop.status().behind > 0
    shop.ingest(write_lines("next.jsonl", [order("fay", 200)]))
    assert shop.status().behind == 0
    continued = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == continued


KILLED = """
import sys
from kohort.project import Project
project = Project(sys.argv[1])
print("ready", flush=True)
project.ingest(sys.argv[2])
list(project.run("2026-03-01"))
"""


@pytest.mark.slow
def test_kill_9_in_the_middle_loses_nothing_and_doubles_nothing(tmp_path: Path, write_lines: WriteLines) -> None:
    file = write_lines("many.jsonl", [order(f"p{n % 500}", n, days_ago=n % 90, total=1) for n in range(20_000)])
    Project.create(tmp_path / "shop")
    for pause in (0.2, 0.6, 1.2):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "shop"), str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
            assert running.stdout is not None
            running.stdout.readline()
            time.sleep(pause)
            os.killpg(running.pid, signal.SIGKILL)
    project = Project(tmp_path / "shop")
    project.ingest(file)
    list(project.run("2026-03-01"))
    assert project.status().events == {"order_completed": 20_000}
    assert project.status().people == 500
    assert project.preview("sum of order_completed.total = 40", at="2026-03-01").size == 500


def test_a_second_writer_is_told_to_wait_and_readers_are_not(shop: Project, write_lines: WriteLines) -> None:
    file = write_lines("events.jsonl", [order("ada", 1)])
    shop.ingest(file)
    with write_lock(shop.folder.lock):
        with pytest.raises(LockedError, match=f"process {os.getpid()}"):
            shop.ingest(file)
        assert shop.preview("did order_completed").size == 1


def test_a_full_disk_says_so_and_the_next_command_goes_on(
    shop: Project, write_lines: WriteLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_lines("events.jsonl", [order("ada", 1)])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("kohort.storage.tables.write_deltalake", full)
        with pytest.raises(StorageError, match="No space left"):
            shop.ingest(file)
    assert shop.status().behind > 0
    shop.ingest(file)
    assert (shop.status().behind, shop.status().events) == (0, {"order_completed": 1})
