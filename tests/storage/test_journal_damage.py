"""Damage in the journal takes what it hit and nothing else: it is set aside, counted, and reported."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.errors import CorruptionError
from kohort.storage.frames import Record
from kohort.storage.journal import Journal


@pytest.fixture(scope="module", params=[70, 2**20], autouse=True)
def _pieces(request: pytest.FixtureRequest) -> Iterator[None]:
    """Files are read in pieces that hold no more than one record, and whole."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("kohort.storage.journal._PIECE", request.param)
        yield


BODIES = st.lists(st.binary(min_size=2, max_size=40), min_size=1, max_size=6)


def filled(folder: Path, said: list[bytes], largest: int = 150) -> list[Record]:
    """A journal of some records in files of a few each, so that damage also hits files that are closed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("kohort.storage.journal._LARGEST_FILE", largest)
        journal = Journal(folder)
        for number, body in enumerate(said):
            journal.append("messages", [body], recorded_at=number)
    return list(Journal(folder).read(after=0))


def checked(folder: Path, before: list[Record]) -> tuple[list[int], int]:
    """Return the numbers of what can still be read, and how many records are reported lost; all of it is consistent."""
    after = list(Journal(folder).read(after=0))
    kept = [record for record in after if record.kind != "lost"]
    assert all(record == before[record.seq - 1] for record in kept)
    lost = [number for record in after if record.kind == "lost" for number in range(record.first, record.seq + 1)]
    assert [*sorted([*(record.seq for record in kept), *lost])] == list(range(1, len(kept) + len(lost) + 1))
    journal = Journal(folder)
    assert journal.last_seq() == len(kept) + len(lost)
    assert journal.append("messages", [b"next"], recorded_at=0) == len(kept) + len(lost) + 1
    again = list(Journal(folder).read(after=0))
    assert again[:-1] == after
    assert again[-1].body == b"next"
    return [record.seq for record in kept], len(lost)


@settings(max_examples=150)
@given(BODIES, st.data())
def test_a_flipped_bit_costs_one_record_at_most_and_is_never_silent(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    before = filled(folder, said)
    path = data.draw(st.sampled_from(sorted(folder.glob("*.journal"))))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    kept, lost = checked(folder, before)
    assert len(kept) + lost == len(before)
    assert lost <= 1
    assert len(Journal(folder).damaged()) == 1


@settings(max_examples=100)
@given(BODIES, st.data())
def test_a_file_cut_short_costs_what_was_cut(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    before = filled(folder, said)
    paths = sorted(folder.glob("*.journal"))
    path = data.draw(st.sampled_from(paths))
    os.truncate(path, data.draw(st.integers(0, path.stat().st_size - 1)))
    kept, lost = checked(folder, before)
    others = [record.seq for record in before if not in_file(record.seq, path, paths)]
    assert set(others) <= set(kept)
    if path != paths[-1]:
        assert len(kept) + lost == len(before)


def in_file(seq: int, path: Path, paths: list[Path]) -> bool:
    following = [int(one.stem) for one in paths if one > path]
    return seq >= int(path.stem) and (not following or seq < following[0])


@settings(max_examples=60)
@given(BODIES, st.binary(min_size=1, max_size=100))
def test_garbage_at_the_end_costs_nothing_but_its_place(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], garbage: bytes
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    before = filled(folder, said)
    with max(folder.glob("*.journal")).open("ab") as file:
        file.write(garbage)
    kept, _ = checked(folder, before)
    assert kept == [record.seq for record in before]
    aside = [path.read_bytes() for path in folder.iterdir() if path.suffix in {".torn", ".damaged"}]
    assert aside == [garbage]


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_file_that_is_gone_is_counted(tmp_path: Path, gone: int) -> None:
    before = filled(tmp_path, [bytes([65 + number]) * 30 for number in range(10)])
    path = sorted(tmp_path.glob("*.journal"))[gone]
    its = [record.seq for record in before if in_file(record.seq, path, sorted(tmp_path.glob("*.journal")))]
    path.unlink()
    after = list(Journal(tmp_path).read(after=0))
    if gone:
        assert [(one.first, one.seq) for one in after if one.kind == "lost"] == [(its[0], its[-1])]
    assert [one for one in after if one.kind != "lost"] == [one for one in before if one.seq not in its]


def test_a_whole_file_of_noise_is_counted(tmp_path: Path) -> None:
    before = filled(tmp_path, [bytes([65 + number]) * 30 for number in range(10)])
    path = sorted(tmp_path.glob("*.journal"))[1]
    path.write_bytes(os.urandom(path.stat().st_size))
    kept, lost = checked(tmp_path, before)
    assert len(kept) + lost == 10
    assert lost == sum(in_file(number, path, sorted(tmp_path.glob("*.journal"))) for number in range(1, 11))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001.journal").write_bytes(b"what is this doing here?")
    with pytest.raises(CorruptionError, match="restore it from a backup"):
        Journal(tmp_path).append("messages", [b"more"], recorded_at=0)


def test_mending_that_is_interrupted_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = filled(tmp_path, [bytes([65 + number]) * 30 for number in range(6)], largest=10_000)
    path = tmp_path / "00000000000000000001.journal"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    real = os.fsync
    for stop in range(1, 10):
        count = 0

        def failing(handle: int, stop: int = stop) -> None:
            nonlocal count
            count += 1
            if count == stop:
                raise KeyboardInterrupt
            real(handle)

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", failing)
            try:
                read = list(Journal(tmp_path).read(after=0))
            except KeyboardInterrupt:
                continue
            break
    assert stop == 3, "it was interrupted before the copy was whole, and before the journal was"
    assert [one.seq for one in read if one.kind == "lost"] == [2]
    assert [one for one in read if one.kind != "lost"] == [one for one in before if one.seq != 2]
    assert [one.read_bytes() for one in Journal(tmp_path).damaged()] == [bytes(content[70:132])]


def test_a_length_that_reaches_beyond_the_next_frames_does_not_hide_them(tmp_path: Path) -> None:
    before = filled(tmp_path, [b"{}", b"[]", b'""'], largest=10_000)
    path = tmp_path / "00000000000000000001.journal"
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 8, 2 + 34)
    path.write_bytes(content)
    assert checked(tmp_path, before) == ([2, 3], 1)
