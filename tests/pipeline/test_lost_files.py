"""Files that vanish or rot are noticed, said, and mended by what the journal still holds."""

import shutil
from pathlib import Path

import pytest

from kohort.errors import CorruptionError
from kohort.project import Project
from small_shop import NOW, WriteLines, made_once, order, tables_of


@made_once
def ran(shop: Project, write_lines: WriteLines) -> Project:
    for number in range(4):
        shop.ingest(write_lines(f"{number}.jsonl", [order(f"p{n}", 10 * number + n) for n in range(5)]))
    list(shop.run(NOW))
    return shop


def next_file(write_lines: WriteLines) -> Path:
    return write_lines("next.jsonl", [order("fay", 100)])


@pytest.mark.parametrize("table", ["events", "identifiers", "memberships"])
def test_a_table_that_is_gone_is_named_and_a_rebuild_brings_it_back(
    ran: Project, write_lines: WriteLines, table: str
) -> None:
    before = tables_of(ran)
    shutil.rmtree(ran.folder.tables / table)
    with pytest.raises(CorruptionError, match=rf'"{table}".*kohort rebuild'):
        ran.ingest(next_file(write_lines))
    ran.rebuild()
    assert tables_of(ran) == before


def test_the_end_of_the_journal_that_is_gone_is_noticed_before_anything_is_lost(
    ran: Project, write_lines: WriteLines
) -> None:
    (path,) = ran.folder.journal.glob("*.journal")
    path.unlink()
    with pytest.raises(CorruptionError, match="restore the journal from a backup"):
        ran.ingest(next_file(write_lines))


def test_a_damaged_record_costs_itself_and_is_reported(ran: Project, write_lines: WriteLines) -> None:
    (path,) = ran.folder.journal.glob("*.journal")
    content = bytearray(path.read_bytes())
    content[content.index(b"order-12") + 3] ^= 4
    path.write_bytes(content)
    assert ran.rebuild() == ran.status().journal_records
    assert sorted(row["event_id"] for row in ran.sql("SELECT event_id FROM events").to_pylist()) == sorted(
        f"order-{number}" for number in [*range(5), *range(20, 25), *range(30, 35)]
    )
    (found,) = [one for one in ran.findings() if one.check == "journal damaged"]
    assert (found.severity, found.count) == ("error", 1)
    assert "send it again" in found.detail
    assert ran.status().journal_damage == 1
    # Sent again, it comes in.
    lines = [order(f"p{n}", 10 + n) for n in range(5)]
    assert ran.ingest(write_lines("again.jsonl", lines)).accepted == 5
    before = tables_of(ran)
    ran.rebuild()
    assert tables_of(ran) == before


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_rebuild_that_was_interrupted_is_continued(ran: Project, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    """While what was seen goes, while the tables go, and while what the engine made goes."""
    before, real, count = tables_of(ran), shutil.rmtree, 0

    def cut(path: Path, *, ignore_errors: bool = False) -> None:
        nonlocal count
        count += 1
        if count == stop:
            raise KeyboardInterrupt
        real(path, ignore_errors=ignore_errors)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", cut)
        with pytest.raises(KeyboardInterrupt):
            ran.rebuild()
    with ran._writing():
        assert tables_of(ran) == before
    ran.rebuild()
    assert tables_of(ran) == before
