"""The journal: append-only files of checksummed records; what it acknowledged is on disk.

Layout of a file (`<first sequence number>.journal`): eight bytes of magic, then records, each

    length of body (u32) · crc32 of body (u32) · sequence number (u64) · recorded at (i64) · kind (8 bytes) · body

little-endian, the checksum covering everything after it. A record cut short at the very end of the last file is
the trace of an interrupted write that nobody was told had succeeded: it is set aside in a file of its own
(`.torn`) when the journal is next opened for writing. Damage anywhere else is a CorruptionError.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from kohort.clock import Moment
from kohort.errors import CorruptionError, StorageError

RecordKind = Literal[
    "messages", "rejects", "findings", "replayed", "scores", "model", "segments", "epoch", "run", "settings", "people"
]

_MAGIC: Final = b"KOHORTJ1"
_HEAD: Final = struct.Struct("<II")
_META: Final = struct.Struct("<Qq8s")
_LARGEST_FILE: Final = 64 * 2**20
_LARGEST_BODY: Final = 2**30


@dataclass(frozen=True)
class Record:
    """One acknowledged fact: its sequence number (from 1, without gaps), when it was recorded, its kind, its body."""

    seq: int
    recorded_at: Moment
    kind: RecordKind
    body: bytes


class Journal:
    """The journal in `folder`.

    Reading needs no lock. Appending is for the one process that holds the project's write lock.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Journal(Path(folder))
    ...     seq = journal.append("messages", [b"one", b"two"], recorded_at=0)
    ...     seq, [record.body for record in journal.read(after=0)]
    (2, [b'one', b'two'])
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next: int | None = None

    def append(self, kind: RecordKind, bodies: Sequence[bytes], *, recorded_at: Moment) -> int:
        """Write records, force them to disk in one go, and return the last sequence number.

        Raises StorageError if the disk refuses: then none of them is acknowledged, and what was written of
        them is taken back.
        """
        first = self._next if self._next is not None else self._repair() + 1
        frames = [_frame(first + index, recorded_at, kind, body) for index, body in enumerate(bodies)]
        try:
            self._write(first, b"".join(frames))
        except OSError as error:
            self._next = None
            raise StorageError(
                f"could not write {len(bodies)} records to {self._folder}: {error.strerror}; nothing of them is kept; "
                "free some space and run the command again"
            ) from error
        self._next = first + len(bodies)
        return self._next - 1

    def read(self, *, after: int) -> Iterator[Record]:
        """Yield the records whose sequence number is above `after`, in order; raises CorruptionError on damage."""
        paths = self._paths()
        for index, path in enumerate(paths):
            following = int(paths[index + 1].stem) if index + 1 < len(paths) else None
            if following is None or following > after + 1:
                for _, record in _records(path, last=following is None):
                    if record.seq > after:
                        yield record

    def last_seq(self) -> int:
        """Return the sequence number of the last acknowledged record, 0 for none."""
        if self._next is not None:
            return self._next - 1
        return self._end()[0]

    def size(self) -> int:
        """Return how many bytes the journal's files hold."""
        return sum(path.stat().st_size for path in self._paths())

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.journal"))

    def _end(self) -> tuple[int, Path | None, int]:
        paths = self._paths()
        if not paths:
            return 0, None, 0
        seq, end = int(paths[-1].stem) - 1, len(_MAGIC)
        for end, record in _records(paths[-1], last=True):  # noqa: B007 - the last one is wanted
            seq = record.seq
        return seq, paths[-1], end

    def _repair(self) -> int:
        seq, path, end = self._end()
        if path is not None and path.stat().st_size > end:
            content = path.read_bytes()
            path.with_suffix(".torn").write_bytes(content[end:])
            with path.open("r+b") as file:
                file.truncate(end)
                os.fsync(file.fileno())
            if end <= len(_MAGIC) and len(content) < len(_MAGIC):
                path.unlink()
        return seq

    def _write(self, first: int, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        paths = self._paths()
        new = not paths or paths[-1].stat().st_size + len(data) > _LARGEST_FILE
        path = self._folder / f"{first:020d}.journal" if new else paths[-1]
        before = 0 if new else path.stat().st_size
        try:
            with path.open("ab") as file:
                file.write(_MAGIC + data if new else data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            _take_back(path, before)
            raise
        if new:
            _sync_folder(self._folder)


def _frame(seq: int, recorded_at: Moment, kind: str, body: bytes) -> bytes:
    if len(body) > _LARGEST_BODY:
        raise StorageError(f"a journal record of {len(body)} bytes is too large; write several")
    rest = _META.pack(seq, recorded_at, kind.encode("ascii")) + body
    return _HEAD.pack(len(body), zlib.crc32(rest)) + rest


def _records(path: Path, *, last: bool) -> Iterator[tuple[int, Record]]:
    """Yield (offset of the record's end, record); stop before a record cut short at the end of the last file."""
    content = path.read_bytes()
    if content[: len(_MAGIC)] != _MAGIC[: len(content)] or (len(content) < len(_MAGIC) and not last):
        raise CorruptionError(f"{path} does not begin as a journal file does; restore it from a backup")
    position, expected = len(_MAGIC), int(path.stem)
    while position < len(content):
        record, end = _record_at(content, position)
        if record is None:
            if last and not _any_record_after(content, position + 1, expected):
                return
            raise CorruptionError(f"{path} is damaged at byte {position}; restore the file from a backup")
        if record.seq != expected:
            raise CorruptionError(f"{path} holds record {record.seq} where {expected} should be, at byte {position}")
        yield end, record
        position, expected = end, expected + 1


def _record_at(content: bytes, position: int) -> tuple[Record | None, int]:
    start = position + _HEAD.size
    if start + _META.size > len(content):
        return None, position
    length, checksum = _HEAD.unpack_from(content, position)
    end = start + _META.size + length
    if length > _LARGEST_BODY or end > len(content) or zlib.crc32(memoryview(content)[start:end]) != checksum:
        return None, position
    seq, recorded_at, kind = _META.unpack_from(content, start)
    return Record(seq, recorded_at, kind.rstrip(b"\0").decode("ascii"), content[start + _META.size : end]), end


def _any_record_after(content: bytes, position: int, expected: int) -> bool:
    """Tell damage in the middle from a torn end: is any later record whole?"""
    for seq in range(expected + 1, expected + 1_000):
        found = content.find(struct.pack("<Q", seq), position)
        while found >= 0:
            record, _ = _record_at(content, max(found - _HEAD.size, 0))
            if record is not None and record.seq == seq:
                return True
            found = content.find(struct.pack("<Q", seq), found + 1)
        if position + _HEAD.size + _META.size > len(content):
            return False
    return False


def _take_back(path: Path, size: int) -> None:
    if path.exists():
        if size == 0:
            path.unlink()
        else:
            os.truncate(path, size)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
