"""What a journal file is made of: eight bytes of magic, then frames, each holding one record.

    length of body (u32) · crc32 of the rest (u32) · sequence number (u64) · recorded at (i64) · kind (8 bytes) · body

little-endian. A file is named by the sequence number of its first record: `00000000000000000001.journal`. Bodies hold
no zero byte (they are JSON), so no body can be taken for a frame.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from kohort.clock import Moment
from kohort.errors import StorageError

RecordKind = Literal[
    "messages", "received", "plan", "rejects", "findings", "replayed", "scores", "model", "segments", "epoch", "run",
    "lost", "settings", "people", "changes", "term", "file", "load", "study", "value", "note", "clusters", "trained",
    "drift",
]  # fmt: skip

MAGIC: Final = b"KOHORTJ1"
LARGEST_BODY: Final = 2**30
_HEAD: Final = struct.Struct("<II")
_META: Final = struct.Struct("<Qq8s")
SMALLEST: Final = _HEAD.size + _META.size
"""How many bytes a frame without a body has: what stands before any body."""
_FARTHEST: Final = 2**24
_SEARCHED_AT_ONCE: Final = 2**20


@dataclass(frozen=True)
class Record:
    """One acknowledged fact: its sequence number (from 1), when it was recorded, its kind, its body.

    The kind "lost" stands for records that were damaged: as many as `lost` says, up to and with its sequence number.
    `term` is the record by which whoever wrote this one had begun to lead, 0 for none.
    """

    seq: int
    recorded_at: Moment
    kind: RecordKind
    body: bytes
    term: int = 0

    @property
    def lost(self) -> int:
        """How many records this one stands for and does not hold."""
        return int(self.body.strip() or b"1") if self.kind == "lost" else 0

    @property
    def first(self) -> int:
        """The first of the sequence numbers that this record takes up."""
        return self.seq - self.lost + 1 if self.kind == "lost" else self.seq


def frame_of(record: Record) -> bytes:
    """Return a record as it stands in a file; raises StorageError if it is too large.

    >>> record_at(frame_of(Record(1, 0, "run", b"{}")), 0)[0].body
    b'{}'
    """
    return b"".join(frame_parts(record.seq, record.recorded_at, record.kind, record.body))


def frame_parts(seq: int, recorded_at: Moment, kind: RecordKind, body: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what `frame_of` joins, so that many frames are joined at once."""
    if len(body) > LARGEST_BODY:
        raise StorageError(f"a journal record of {len(body)} bytes is too large; write several")
    meta = _META.pack(seq, recorded_at, kind.encode("ascii"))
    return _HEAD.pack(len(body), zlib.crc32(body, zlib.crc32(meta))), meta, body


def record_at(content: bytes, position: int) -> tuple[Record, int] | None:
    """Return the record whose frame begins at `position` and where it ends; None if no whole frame does.

    >>> record_at(b"no frame", 0) is None
    True
    """
    start = position + _HEAD.size
    if start + _META.size > len(content):
        return None
    length, checksum = _HEAD.unpack_from(content, position)
    end = start + _META.size + length
    if length > LARGEST_BODY or end > len(content) or zlib.crc32(memoryview(content)[start:end]) != checksum:
        return None
    seq, recorded_at, kind = _META.unpack_from(content, start)
    return Record(seq, recorded_at, kind.rstrip(b"\0").decode("ascii"), content[start + _META.size : end]), end


def begins_at(content: bytes, seq: int) -> bool:
    """Return whether content begins as the frame of record `seq` does, whole or not.

    >>> begins_at(frame_of(Record(7, 0, "run", b"{}"))[:SMALLEST], 7), begins_at(b"{}", 7)
    (True, False)
    """
    return len(content) >= SMALLEST and bool(_META.unpack_from(content, _HEAD.size)[0] == seq)


def next_record(content: bytes, position: int, above: int) -> tuple[Record, int] | None:
    """Return the next whole record numbered above `above`, and where its frame begins; None if there is none.

    >>> content = b"damage" + frame_of(Record(7, 0, "run", b"{}"))
    >>> record, start = next_record(content, 0, 5)
    >>> record.seq, start
    (7, 6)
    """
    for start in _candidates(content, position, above):
        found = record_at(content, start)
        if found is not None and found[0].first > above:
            return found[0], start
    return None


def is_cut_short(content: bytes, position: int, seq: int) -> bool:
    """Return whether what stands at the end of a file is the beginning of the frame of record `seq`, and no more."""
    start = position + _HEAD.size
    if start + _META.size > len(content):
        return True
    length, checksum = _HEAD.unpack_from(content, position)
    if zlib.crc32(memoryview(content)[start:]) == checksum:
        return False  # a whole frame whose length is wrong
    return bool(seq == _META.unpack_from(content, start)[0] and start + _META.size + length > len(content))


def is_damaged(content: bytes, position: int, seq: int) -> bool:
    """Return whether what stands at the end of a file was the frame of record `seq`, rather than never a frame."""
    start = position + _HEAD.size
    length, checksum = _HEAD.unpack_from(content, position)
    return bool(
        seq == _META.unpack_from(content, start)[0]
        or start + _META.size + length == len(content)
        or zlib.crc32(memoryview(content)[start:]) == checksum
    )


def filler(seq: int, lost: int, recorded_at: Moment, size: int = 0) -> bytes:
    """Return the frame that stands for `lost` records up to `seq`, in `size` bytes if it fits, so that nothing moves.

    >>> frame = filler(9, 3, 0, size=50)
    >>> record, end = record_at(frame, 0)
    >>> record.first, record.seq, end
    (7, 9, 50)
    """
    # One record needs no number, so that the smallest frame can be replaced too.
    number = b"" if lost == 1 else str(lost).encode()
    return frame_of(Record(seq, recorded_at, "lost", number.ljust(size - SMALLEST)))


def _candidates(content: bytes, position: int, above: int) -> Iterator[int]:
    """Yield where a frame could begin, by its sequence number and length."""
    for begin in range(position, len(content) - SMALLEST + 1, _SEARCHED_AT_ONCE):
        size = min(_SEARCHED_AT_ONCE, len(content) - SMALLEST - begin + 1)
        window = np.frombuffer(content, np.uint8, size + 15, begin)
        lengths = _at_every_byte(window, np.uint32)[:size]
        seqs = _at_every_byte(window[_HEAD.size :], np.uint64)[:size]
        ends = np.arange(begin + SMALLEST, begin + SMALLEST + size) + lengths
        near = (seqs > above) & (seqs <= above + _FARTHEST) & (ends <= len(content))
        yield from (begin + int(place) for place in np.flatnonzero(near))


def _at_every_byte(window: np.ndarray, kind: type[np.unsignedinteger]) -> np.ndarray:
    """Return the number that begins at each byte."""
    width = np.dtype(kind).itemsize
    views = np.lib.stride_tricks.sliding_window_view(window, width)
    return np.ascontiguousarray(views).view(np.dtype(kind).newbyteorder("<"))[:, 0]
