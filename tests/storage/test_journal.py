"""The journal: what it acknowledged is on disk, and damage is never taken for data."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.errors import CorruptionError, StorageError
from kohort.storage.journal import Journal


def bodies(journal: Journal, after: int = 0) -> list[bytes]:
    return [record.body for record in journal.read(after=after)]


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.journal")
    return path


def test_records_come_back_in_order_with_what_was_said(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.append("messages", [b"one", b"two"], recorded_at=7) == 2
    assert journal.append("epoch", [b"three"], recorded_at=8) == 3
    again = Journal(tmp_path)
    assert [(one.seq, one.recorded_at, one.kind, one.body) for one in again.read(after=1)] == [
        (2, 7, "messages", b"two"),
        (3, 8, "epoch", b"three"),
    ]
    assert again.last_seq() == 3


def test_an_empty_journal_has_nothing(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none").last_seq() == 0
    assert bodies(Journal(tmp_path / "none")) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.data())
def test_a_record_cut_short_at_the_end_is_set_aside_and_the_rest_stays(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    ends = []
    for body in said:
        Journal(folder).append("messages", [body], recorded_at=0)
        ends.append(only_file(folder).stat().st_size)
    kept = data.draw(st.integers(0, len(said) - 1))
    start = ends[kept - 1] if kept else 8
    cut = data.draw(st.integers(start, ends[kept] - 1))
    os.truncate(only_file(folder), cut)
    assert bodies(Journal(folder)) == said[:kept]
    Journal(folder).append("messages", [b"next"], recorded_at=0)
    assert bodies(Journal(folder)) == [*said[:kept], b"next"]
    torn = [path.read_bytes() for path in folder.glob("*.torn")]
    assert torn == ([] if cut == start else [b"".join(torn)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=2, max_size=5), st.data())
def test_a_flipped_bit_before_the_last_record_is_reported_not_read(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    Journal(folder).append("messages", said[:-1], recorded_at=0)
    damaged_end = only_file(folder).stat().st_size
    Journal(folder).append("messages", said[-1:], recorded_at=0)
    content = bytearray(only_file(folder).read_bytes())
    content[data.draw(st.integers(0, damaged_end - 1))] ^= 1 << data.draw(st.integers(0, 7))
    only_file(folder).write_bytes(content)
    with pytest.raises(CorruptionError, match=r"byte|begin"):
        bodies(Journal(folder))
    with pytest.raises(CorruptionError, match=r"byte|begin"):
        Journal(folder).append("messages", [b"more"], recorded_at=0)


def test_files_rotate_and_reading_skips_what_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kohort.storage.journal._LARGEST_FILE", 200)
    journal = Journal(tmp_path)
    for number in range(20):
        journal.append("messages", [bytes([number]) * 50], recorded_at=0)
    assert len(list(tmp_path.glob("*.journal"))) > 5
    assert bodies(Journal(tmp_path), after=18) == [bytes([18]) * 50, bytes([19]) * 50]
    first = min(tmp_path.glob("*.journal"))
    first.write_bytes(b"damaged")
    assert bodies(Journal(tmp_path), after=18) == [bytes([18]) * 50, bytes([19]) * 50]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The disk is full for whoever writes a file beyond `size`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_acknowledges_nothing_and_keeps_what_was(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append("messages", [b"before"], recorded_at=0)
    with largest_file(1_000), pytest.raises(StorageError, match="free some space"):
        journal.append("messages", [b"x" * 5_000], recorded_at=0)
    assert bodies(journal) == [b"before"]
    journal.append("messages", [b"after"], recorded_at=0)
    assert bodies(Journal(tmp_path)) == [b"before", b"after"]


KILLED = """
import sys
from pathlib import Path
from kohort.storage.journal import Journal
journal = Journal(Path(sys.argv[1]))
number = 0
while True:
    number = journal.append("messages", [b"x" * 3000] * 5, recorded_at=0)
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            acknowledged = [int(writer.stdout.readline()) for _ in range(20)][-1]
            writer.kill()
            rest = [int(line) for line in writer.stdout if line.endswith("\n")]
        survived = Journal(tmp_path).last_seq()
        assert survived >= max([acknowledged, *rest])
        assert [record.seq for record in Journal(tmp_path).read(after=0)] == list(range(1, survived + 1))
