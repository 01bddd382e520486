"""Records of the journal that the tables lack by now, for whoever cannot wait until they are written.

Who holds rows back keeps the records that say them in a file besides. It is no more than a copy of what the journal
has, never forced to disk, begun anew whenever the tables have caught up. It names the record up to which the tables
must be for it to follow on: whoever reads it looks at it first and at the tables after.
"""

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kohort.storage.frames import Record, frame_of, record_at
from kohort.storage.whole import write_whole

_MAGIC: Final = b"KOHORTR1"
_BASE: Final = struct.Struct("<Q")
_START: Final = len(_MAGIC) + _BASE.size


class RecentRecords:
    """Writes the file `path`; the one writer begins by taking away what another one has left there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._base = self._last = 0
        self._records: list[Record] = []
        path.unlink(missing_ok=True)

    def add(self, record: Record, after: int) -> None:
        """Add a record that comes next after the record `after`, up to which the others or the tables have come."""
        if self._last != after or not self._path.exists():
            self._begin(after, [])
        with self._path.open("ab") as file:
            file.write(frame_of(record))
        self._records.append(record)
        self._last = record.seq

    def forget(self, up_to: int) -> None:
        """Take away the records that the tables have by now."""
        left = [one for one in self._records if one.seq > up_to]
        if self._records and len(left) < len(self._records):
            self._begin(up_to, left)

    def _begin(self, base: int, records: Sequence[Record]) -> None:
        write_whole(self._path, _MAGIC + _BASE.pack(base) + b"".join(map(frame_of, records)), forced=False)
        self._base, self._records = base, list(records)
        self._last = records[-1].seq if records else base


class FollowedRecords:
    """Follows what somebody else writes with `RecentRecords`.

    `records` come one after another, and right after what the tables have up to the record `base`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recent, followed = RecentRecords(Path(folder) / "r"), FollowedRecords(Path(folder) / "r")
    ...     recent.add(Record(7, 0, "changes", b"{}"), after=5)
    ...     followed.look(), followed.look(), followed.base, [one.seq for one in followed.records]
    (True, False, 5, [7])
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.base = 0
        self.records: list[Record] = []
        self._inode, self._read = -1, 0

    def look(self) -> bool:
        """Take in what is new; whether anything is."""
        try:
            status = self._path.stat()
            if (status.st_ino, status.st_size) == (self._inode, self._read):
                return False
            with self._path.open("rb") as file:
                inode, head = os.fstat(file.fileno()).st_ino, file.read(_START)
                is_known = inode == self._inode and head == _MAGIC + _BASE.pack(self.base)
                start = self._read if is_known else 0
                file.seek(start)
                content = file.read()
        except FileNotFoundError:
            was = self._inode
            self.base, self.records, self._inode, self._read = 0, [], -1, 0
            return was != -1
        return self._take(content, start, inode)

    def _take(self, content: bytes, start: int, inode: int) -> bool:
        place = 0
        if start == 0:
            if len(content) < _START or not content.startswith(_MAGIC):
                return False
            self.base, self.records = _BASE.unpack_from(content, len(_MAGIC))[0], []
            self._inode, place = inode, _START
        before = len(self.records)
        # A frame that is still being written is taken in once it is whole.
        while (found := record_at(content, place)) is not None:
            record, place = found
            self.records.append(record)
        self._read = start + place
        return start == 0 or len(self.records) > before
