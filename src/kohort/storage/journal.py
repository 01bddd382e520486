"""The journal: append-only files of checksummed records; what it acknowledged is on disk.

Any number of processes may append: each append holds the journal's own lock for as long as it writes. Any number may
read, and follow, meanwhile: they see what was acknowledged, never half of it. What an interrupted write left at the end
is cut off and set aside (`.torn`); its sender was never told that it had succeeded. Damage anywhere is set aside too
(`.damaged`), a record of the kind "lost" takes its place, and everything else goes on. `frames` has the layout of a
file.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kohort.clock import Moment
from kohort.definitions.journal import DEFAULT_LIMITS, JournalLimits
from kohort.errors import DiskFullError, StorageError
from kohort.storage.damage import DAMAGED, fill_gap, mend, mend_magic, set_aside, sync_folder
from kohort.storage.frames import MAGIC, SMALLEST, Record, RecordKind, begins_at, frame_parts, record_at

_LARGEST_FILE: Final = 64 * 2**20
_PIECE: Final = 2**20
"""How many bytes are read at once: few enough that the cache of a processor has them when they are looked at."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
# Not every system can leave out what only a directory needs to know.
_force: Final = getattr(os, "fdatasync", os.fsync)

_APPENDING: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
_ACCESS: Final = 0o666  # less the umask, as for any file

_Lock = Callable[[int], AbstractContextManager[None]]


@dataclass(frozen=True)
class _Place:
    """Where a record ends: its file, the byte after it, its sequence number, when it was recorded."""

    path: Path
    offset: int
    seq: int
    recorded_at: Moment = 0


class Journal:
    """The journal in `folder`, which grows no further than `limits` allow.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Journal(Path(folder))
    ...     seq = journal.append("messages", [b"one", b"two"], recorded_at=0)
    ...     seq, [record.body for record in journal.read(after=0)]
    (2, [b'one', b'two'])
    """

    def __init__(self, folder: Path, limits: JournalLimits = DEFAULT_LIMITS) -> None:
        self._folder, self.limits = folder, limits
        self.term, self.holds_files = 0, False
        self._lock = folder / "lock"
        self._end: _Place | None = None
        self._seen: _Place | None = None
        self._marks: dict[Path, dict[int, _Place]] = {}
        self._closed: tuple[Path, int] | None = None

    @property
    def place(self) -> str:
        """Where the journal is, in words."""
        return f"the folder {self._folder}"

    @property
    def remains(self) -> str:
        """Where what cannot be read is kept, in words."""
        return f"what could not be read any more is kept in {self._folder.name}/*{DAMAGED}"

    def append(self, kind: RecordKind, bodies: Sequence[bytes], *, recorded_at: Moment) -> int:
        """Write records, force them to disk in one go, and return the last sequence number.

        Raises DiskFullError if the journal's quota or the disk has no room left, StorageError if the disk refuses
        otherwise: then none of them is acknowledged, and what was written of them is taken back.
        """
        numbers = self.append_all([(kind, body) for body in bodies], recorded_at=recorded_at)
        return numbers[-1] if numbers else self.last_seq()

    def append_all(self, records: Sequence[tuple[RecordKind, bytes]], *, recorded_at: Moment) -> Sequence[int]:
        """Append records of any kinds, in their order, and return their sequence numbers; as `append` otherwise."""
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True, exist_ok=True)
            with self._locked(fcntl.LOCK_EX):
                self._look()
                seq = self._end.seq if self._end else 0
                parts: list[bytes] = []
                for number, (kind, body) in enumerate(records, seq + 1):
                    parts += frame_parts(number, recorded_at, kind, body)
                path, size = self._write(b"".join(parts))
                self._end = _Place(path, size, seq + len(records), recorded_at)
        except OSError as error:
            self._end = None
            raise (DiskFullError if error.errno in _NO_ROOM else StorageError)(
                f"could not write {len(records)} records to {self._folder}: {error.strerror}; nothing of them is kept; "
                "free some space and try again"
            ) from error
        return range(seq + 1, seq + len(records) + 1)

    def read(self, *, after: int) -> Iterator[Record]:
        """Yield the records whose sequence number is above `after`, in order, up to the last one acknowledged.

        To follow the journal, call it again with the last number seen: it goes on at that place. Whoever reads from
        elsewhere meanwhile begins near, at a place that was come by. Raises CorruptionError for a file that is none of
        a journal's.
        """
        place = self._seen if self._seen is not None and self._seen.seq == after else self._place_before(after)
        while place is not None:
            for record, reached in self._records(place, self._locked):
                place = self._seen = reached
                self._marks.setdefault(place.path, {}).setdefault(place.offset // _PIECE, place)
                if record.seq > after and (record.kind != "lost" or record.lost):
                    yield record
            place = self._next_file(place)

    def last_seq(self) -> int:
        """Return the sequence number of the last acknowledged record, 0 for none."""
        if not self._folder.exists():
            return 0
        with self._locked(fcntl.LOCK_EX):
            self._look()
            return self._end.seq if self._end else 0

    def size(self) -> int:
        """Return how many bytes the journal's files hold."""
        return sum(path.stat().st_size for path in self._paths())

    def damaged(self) -> list[Path]:
        """Return the files of damaged bytes that were set aside."""
        return set_aside(self._folder)

    @contextmanager
    def _locked(self, mode: int) -> Iterator[None]:
        # A file of its own for each holder, so that threads exclude each other as processes do.
        descriptor = os.open(self._lock, _APPENDING, _ACCESS)
        try:
            fcntl.flock(descriptor, mode)
            yield
        finally:
            os.close(descriptor)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.journal"))

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:020d}.journal"

    def _file_of(self, seq: int) -> _Place | None:
        """Return the start of the file that should hold record `seq`; None for an empty journal."""
        paths = self._paths()
        path = max((one for one in paths if int(one.stem) <= seq), default=paths[0] if paths else None)
        return _Place(path, 0, int(path.stem) - 1) if path else None

    def _place_before(self, after: int) -> _Place | None:
        """Return a place from which on the records above `after` stand; None for an empty journal.

        That is the start of the file, or the nearest place that was come by, if a record still begins there: somebody
        may have mended the file since, or put another in its place.
        """
        start = self._file_of(after + 1)
        known = self._marks.get(start.path, {}).values() if start else ()
        nearest = max((place for place in known if place.seq < after), key=lambda place: place.seq, default=start)
        if nearest is None or nearest is start:
            return start
        begins = _bytes_of(nearest.path, nearest.offset, nearest.offset + SMALLEST)
        return nearest if begins_at(begins, nearest.seq + 1) else start

    def _following(self, path: Path) -> int | None:
        """Return the first sequence number of the file after `path`; None after the last."""
        return min((int(one.stem) for one in self._paths() if one.name > path.name), default=None)

    def _next_file(self, place: _Place) -> _Place | None:
        """Return the start of the next file, which is made if a file is gone; None after the last."""
        following = self._following(place.path)
        if following is None:
            return None
        if following > place.seq + 1:
            with self._locked(fcntl.LOCK_EX):
                fill_gap(self._folder, place.seq + 1, following, place.recorded_at)
        return _Place(self._path(place.seq + 1), 0, place.seq, place.recorded_at)

    def _records(self, place: _Place, lock: _Lock) -> Iterator[tuple[Record, _Place]]:
        """Yield the records of a file after a place, each with its own; what is damaged is mended on the way.

        The lock is shared for the moment of looking how far the file goes, so that nobody is writing there.
        """
        piece = _PIECE
        while True:
            with lock(fcntl.LOCK_SH):
                if not place.path.exists():
                    return
                size = place.path.stat().st_size
            end = min(size, place.offset + piece)
            content, position = _bytes_of(place.path, place.offset, end), 0
            if place.offset == 0:
                if content[: len(MAGIC)] != MAGIC:
                    with lock(fcntl.LOCK_EX):
                        mend_magic(place.path, self._following(place.path))
                    continue
                position = len(MAGIC)
            start = place.offset
            while (found := record_at(content, position)) is not None and found[0].first == place.seq + 1:
                record, position = found
                place = _Place(place.path, start + position, record.seq, record.recorded_at)
                yield record, place
            if start + position >= size:
                return
            if end < size:
                # The piece ends within a record, or, where it has none, the record is larger or damaged.
                piece = _PIECE if place.offset > start else 8 * piece
                continue
            with lock(fcntl.LOCK_EX):
                following = self._following(place.path)
                mend(place.path, start + position, place.seq + 1, place.recorded_at, following)
            place = _Place(place.path, start + position, place.seq, place.recorded_at)

    def _look(self) -> None:
        """Find the journal's end, where others may have appended; the caller holds the lock."""
        if self._end is not None and self._is_still(self._end):
            return
        place = self._end or self._start_of_last_file()
        while place is not None:
            for _, reached in self._records(place, _held):
                place = reached
            if not place.path.exists() or place.path.stat().st_size < place.offset:
                # An interrupted write had only just begun it; or somebody put another journal in its place.
                self._end, place = None, self._start_of_last_file()
                continue
            self._end = _Place(place.path, place.offset or len(MAGIC), place.seq, place.recorded_at)
            following = self._path(place.seq + 1)
            more = following != place.path and following.exists()
            place = _Place(following, 0, place.seq, place.recorded_at) if more else None

    def _is_still(self, end: _Place) -> bool:
        """Tell, as is usual, that nobody has appended since: neither to the file, nor one after it."""
        following = self._path(end.seq + 1)
        return _size_of(end.path) == end.offset and (following == end.path or not following.exists())

    def _start_of_last_file(self) -> _Place | None:
        paths = self._paths()
        if not paths:
            return None
        # Whoever wrote the last record may have died before it was forced to disk.
        _force_file(paths[-1])
        return _Place(paths[-1], 0, int(paths[-1].stem) - 1)

    def _write(self, data: bytes) -> tuple[Path, int]:
        """Write frames at the end that `_look` found; return the file and its size. The caller holds the lock."""
        self._check_room(len(data))
        end = self._end
        if end is not None and end.offset + len(data) <= _LARGEST_FILE:
            path, before = end.path, end.offset
        else:
            if end is not None:
                _force_file(end.path)
            path, before = self._path(end.seq + 1 if end else 1), 0
            data = MAGIC + data
        try:
            _append(path, data)
        except OSError:
            _take_back(path, before)
            raise
        if before == 0:
            sync_folder(self._folder)
        return path, before + len(data)

    def _check_room(self, wanted: int) -> None:
        quota, reserve = self.limits.quota, self.limits.reserve
        held = self._size_before() + (self._end.offset if self._end else 0)
        if quota is not None and held + wanted > quota:
            raise DiskFullError(
                f"the journal in {self._folder} holds {held:,} bytes, and kohort.yaml allows {quota:,}; "
                "give it more under journal, quota, then try again"
            )
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        if free - wanted < reserve:
            raise DiskFullError(
                f"{free:,} bytes are free on the disk of {self._folder}, and kohort.yaml keeps {reserve:,} in reserve; "
                "free some space, then try again"
            )

    def _size_before(self) -> int:
        """Return how many bytes the files before the last one hold."""
        last = self._end.path if self._end else None
        if last is None:
            return 0
        if self._closed is None or self._closed[0] != last:
            self._closed = last, sum(path.stat().st_size for path in self._paths() if path.name < last.name)
        return self._closed[1]


@contextmanager
def _held(_mode: int) -> Iterator[None]:
    """Stand for the lock where the caller holds it."""
    yield


def _bytes_of(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _append(path: Path, data: bytes) -> None:
    """Write at the end of a file, and force it to disk; what a buffered file costs, each group of records would pay."""
    descriptor = os.open(path, _APPENDING, _ACCESS)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        _force(descriptor)
    finally:
        os.close(descriptor)


def _force_file(path: Path) -> None:
    with path.open("rb") as file:
        _force(file.fileno())


def _take_back(path: Path, size: int) -> None:
    if path.exists():
        if size == 0:
            path.unlink()
        else:
            os.truncate(path, size)
