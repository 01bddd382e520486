"""The journal: what it acknowledged is on disk, and damage is never taken for data."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.definitions.journal import JournalLimits
from kohort.errors import DiskFullError, StorageError
from kohort.storage.frames import Record, record_at
from kohort.storage.journal import Journal


def bodies(journal: Journal, after: int = 0) -> list[bytes]:
    return [record.body for record in journal.read(after=after)]


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.journal")
    return path


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


def test_no_more_is_accepted_than_the_quota_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kohort.storage.journal._LARGEST_FILE", 500)
    journal = Journal(tmp_path, JournalLimits(quota=2_000))
    body = b"x" * (200 - 32)
    kept = [journal.append("messages", [body], recorded_at=0) for _ in range(9)]
    with pytest.raises(DiskFullError, match=r"kohort\.yaml allows 2,000"):
        journal.append("messages", [body], recorded_at=0)
    assert 1_800 < journal.size() <= 2_000
    assert [record.seq for record in journal.read(after=0)] == kept
    assert Journal(tmp_path, JournalLimits(quota=3_000)).append("messages", [b"more"], recorded_at=0) == kept[-1] + 1


def test_the_reserve_of_the_disk_is_left_free(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match="in reserve"):
        Journal(tmp_path, JournalLimits(reserve=10**15)).append("messages", [b"one"], recorded_at=0)
    assert Journal(tmp_path).last_seq() == 0


def test_a_reader_follows_and_reads_each_record_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kohort.storage.journal._LARGEST_FILE", 300)
    reader, writers = Journal(tmp_path), [Journal(tmp_path), Journal(tmp_path)]
    seen, read = 0, []
    for number in range(30):
        writers[number % 2].append("messages", [bytes([number])] * (number % 3), recorded_at=0)
        for record in reader.read(after=seen):
            read.append((record.seq, record.body[0]))
            seen = record.seq
    expected = [number for number in range(30) for _ in range(number % 3)]
    assert read == list(enumerate(expected, 1))
    assert len(list(tmp_path.glob("*.journal"))) > 3


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=12), st.lists(st.integers(0, 13), max_size=6))
def test_whoever_reads_from_elsewhere_reads_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], places: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("kohort.storage.journal._LARGEST_FILE", 300)
        patched.setattr("kohort.storage.journal._PIECE", 70)
        reader = Journal(folder)
        for number, body in enumerate(said, 1):
            Journal(folder).append("messages", [body], recorded_at=0)
            for after in places:
                assert bodies(reader, after) == said[after:number]


def test_whoever_reads_from_elsewhere_begins_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kohort.storage.journal._PIECE", 1_000)
    journal = Journal(tmp_path)
    journal.append("messages", [bytes([number]) * 50 for number in range(100)], recorded_at=0)
    whole = bodies(journal)
    looked_at: list[int] = []

    def noted(content: bytes, position: int) -> tuple[Record, int] | None:
        looked_at.append(position)
        return record_at(content, position)

    monkeypatch.setattr("kohort.storage.journal.record_at", noted)
    assert bodies(journal, 90) == whole[90:]
    assert len(looked_at) < 40


def test_a_place_that_was_come_by_and_is_no_more_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kohort.storage.journal._PIECE", 70)
    reader, other = Journal(tmp_path / "one"), Journal(tmp_path / "other")
    reader.append("messages", [b"x" * 30] * 9, recorded_at=0)
    other.append("messages", [bytes([number]) * (number + 1) for number in range(9)], recorded_at=0)
    assert len(bodies(reader)) == 9
    only_file(tmp_path / "one").write_bytes(only_file(tmp_path / "other").read_bytes())
    assert bodies(reader, 5) == bodies(other, 5)
    assert not Journal(tmp_path / "one").damaged()
