"""An interrupted switch leaves the old state or the new one, for readers at once, and the next command goes on."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.storage.tables import Tables
from kohort.testing.clock import SettableClock
from small_shop import KILL_CYCLES, NOW, order, tables_of

SEGMENTS = """\
segments:
  - {name: recent, where: did order_completed in last 7 days}
  - {name: lapsed, where: not in segment "recent"}
  - {name: big, where: sum of order_completed.total > mean}
"""
SHORTER = SEGMENTS.replace("in last 7 days", "in last 5 days") + "  - {name: everybody, where: did order_completed}\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with three segments in force and the files of another state, with forty people."""
    folder = tmp_path_factory.mktemp("switched")
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    files(shop).write_text(SEGMENTS)
    lines = [order(f"p{n}", n, days_ago=n / 4, total=n + 1) for n in range(40)]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shop.ingest(folder / "events.jsonl")
    list(shop.run(NOW))
    files(shop).write_text(SHORTER)
    return shop.folder.path


def files(shop: Project) -> Path:
    return shop.folder.path / "segments" / "reference.yaml"


def state_of(shop: Project) -> dict[str, tuple[str, int]]:
    """What readers see without any repair; asserted to be whole: the stored members are those of the rule in force."""
    force = shop._workspace().in_force().sentences
    sizes = {one.name: one.size for one in shop.segments()}
    for name in force:
        stored = shop.members(name).column("person_id").to_pylist()
        assert stored == shop.members(name, NOW).column("person_id").to_pylist()
        assert len(stored) == sizes[name]
    assert {name for name, size in sizes.items() if size is not None} == set(force)
    return {name: (sentence, sizes[name] or 0) for name, sentence in force.items()}


def settled(shop: Project) -> None:
    """After the next writing command the tables are those of the journal."""
    list(shop.run(NOW))
    assert shop.status().behind == 0
    tables = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == tables


class Interrupted(Exception):  # noqa: N818 - it stands for a power cut, not for an error
    """The process ends here."""


@pytest.mark.slow
def test_readers_see_the_old_state_or_the_new_one_after_any_write(
    ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = state_of(Project(ran, clock=SettableClock(NOW)))
    whole = Project(shutil.copytree(ran, tmp_path / "whole"), clock=SettableClock(NOW))
    whole.apply(whole.plan(NOW))
    new = state_of(whole)
    assert {name: size for name, (_, size) in old.items()} == {"recent": 28, "lapsed": 12, "big": 20}
    assert {name: size for name, (_, size) in new.items()} == {"recent": 20, "lapsed": 20, "big": 20, "everybody": 40}
    real, seen = Tables._write, []
    for stop in range(1, 100):
        shop = Project(shutil.copytree(ran, tmp_path / str(stop)), clock=SettableClock(NOW))
        count = 0

        def failing(self: Tables, *args: object, stop: int = stop, **options: object) -> bool:
            nonlocal count
            count += 1
            if count == stop:
                raise Interrupted
            return real(self, *args, **options)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(Tables, "_write", failing)
            try:
                shop.apply(shop.plan(NOW))
            except Interrupted:
                pass
            else:
                break
        seen.append(state_of(shop))
        assert seen[-1] in (old, new)
        settled(shop)
        assert state_of(shop) == new, "the journal has it, so the next command completes it"
    assert (seen[0], seen[-1]) == (old, new)
    assert len(seen) > 5


def test_a_journal_record_cut_short_never_was(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Project(shutil.copytree(ran, tmp_path / "shop"), clock=SettableClock(NOW))
    old, real = state_of(shop), Journal._write

    def torn(self: Journal, data: bytes) -> None:
        real(self, data[: len(data) // 2])
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_write", torn)
        with pytest.raises(Interrupted):
            shop.apply(shop.plan(NOW))
    assert state_of(shop) == old
    settled(shop)
    assert state_of(shop) == old


SWITCHING = """
import os, sys
from itertools import cycle
from pathlib import Path
from kohort.project import Project
shop, texts = Project(sys.argv[1]), sys.argv[2:]
path = Path(sys.argv[1]) / "segments" / "reference.yaml"
print("ready", flush=True)
for text in cycle(texts):
    path.with_suffix(".new").write_text(text)
    os.replace(path.with_suffix(".new"), path)
    shop.apply(shop.plan("2026-03-01"))
    shop.apply(shop.plan_rollback("recent", at="2026-03-01"))
"""


@pytest.mark.slow
def test_kill_9_while_applying_and_rolling_back_leaves_a_whole_state(ran: Path, tmp_path: Path) -> None:
    shop = Project(shutil.copytree(ran, tmp_path / "shop"), clock=SettableClock(NOW))
    pauses = random.Random(1 if KILL_CYCLES == 3 else None)  # noqa: S311 - no secret
    applied = 0
    for _ in range(KILL_CYCLES):
        command = [sys.executable, "-c", SWITCHING, str(shop.folder.path), SHORTER, SEGMENTS]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
            assert running.stdout is not None
            running.stdout.readline()
            time.sleep(pauses.uniform(0.3, 3.0))
            os.killpg(running.pid, signal.SIGKILL)
        sizes = {name: size for name, (_, size) in state_of(shop).items()}
        assert sizes["recent"] in {20, 28}
        assert sizes["lapsed"] == 40 - sizes["recent"]
        assert sizes["big"] == 20
        settled(shop)
        state_of(shop)
        applied = max(applied, shop._workspace().in_force().seq)
    assert applied > Project(ran, clock=SettableClock(NOW))._workspace().in_force().seq, "something was switched"
