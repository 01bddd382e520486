"""A table that is looked at again and again while others write it: what each commit has added, and nothing else.

Opening a Delta table reads its whole state, which takes longer the more files it has. Whoever wants to know ten times a
second whether there is something new asks for the file of the next commit instead, and reads that.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from kohort.errors import StorageError
from kohort.storage.tables import APPLICATION

_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1
_ATTEMPTS: Final = 3


@dataclass(frozen=True)
class TableFile:
    """One Parquet file of a table: where it is, how many rows it has, the least and the greatest `seq` in it."""

    path: Path
    rows: int
    first: int
    last: int


class _Numbers(msgspec.Struct, rename="camel"):
    num_records: int = 0
    min_values: dict[str, Any] = {}
    max_values: dict[str, Any] = {}


class _Added(msgspec.Struct):
    path: str
    stats: str | None = None


class _Removed(msgspec.Struct):
    path: str


class _Marked(msgspec.Struct, rename="camel"):
    app_id: str
    version: int


class _Action(msgspec.Struct):
    """One line of a commit, of which only these say what files there are, and up to where they have been brought."""

    add: _Added | None = None
    remove: _Removed | None = None
    txn: _Marked | None = None


_ACTION: Final = msgspec.json.Decoder(_Action)
_NUMBERS: Final = msgspec.json.Decoder(_Numbers)
_Sign = tuple[int, int, int]


class FollowedTable:
    """The files and the watermark of the table in `folder`, as of the last look; none while nobody has written it.

    A table that was dropped and made anew is noticed too.

    >>> import tempfile
    >>> from kohort.storage.tables import Tables
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables, followed = Tables(Path(folder)), FollowedTable(Path(folder) / "actors")
    ...     actors = pa.table({"actor_id": ["a"], "person_id": ["a"], "first_seen": [1]})
    ...     followed.look(), tables.append("actors", actors, watermark=3), followed.look(), followed.look()
    ...     followed.watermark, [one.rows for one in followed.files.values()]
    (False, True, True, False)
    (3, [1])
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._log = folder, folder / "_delta_log"
        self.files: dict[str, TableFile] = {}
        self.watermark = 0
        self._version = -1
        self._sign: _Sign | None = None

    def look(self) -> bool:
        """Take in what was committed since the last look; tell whether anything was.

        Raises StorageError for a table that cannot be read.
        """
        if not self.stands():
            return self._open()
        version = self._version
        while (commit := self._read(version + 1)) is not None:
            self._take(commit)
            version += 1
        if version == self._version:
            return False
        if not self.stands():
            return self._open()  # it was dropped while this was read
        self._version, self._sign = version, self._sign_of(version)
        return True

    def stands(self) -> bool:
        """Tell whether the table is there and still the one that was looked at, not one made anew since."""
        return self._sign is not None and self._sign == self._sign_of(self._version)

    def _open(self) -> bool:
        known = self._sign is not None
        self.files, self.watermark, self._version, self._sign = {}, 0, -1, None
        if not self._log.exists():
            return known
        for attempt in range(_ATTEMPTS):
            try:
                self._read_whole(DeltaTable(self._folder.resolve().as_uri()))
            except TableNotFoundError:
                return known
            except (DeltaError, OSError) as error:
                # It may have been dropped while it was read.
                if attempt == _ATTEMPTS - 1:
                    raise StorageError(f"could not read the table in {self._folder}: {error}; try again") from error
            else:
                return True
        return known

    def _read_whole(self, table: DeltaTable) -> None:
        version, watermark = table.version(), table.transaction_version(APPLICATION) or 0
        rows, sign = pa.table(table.get_add_actions(flatten=True)).to_pylist(), self._sign_of(version)
        self.files, self.watermark, self._version, self._sign = {}, watermark, version, sign
        for row in rows:
            self._add(row["path"], row["num_records"], row.get("min.seq"), row.get("max.seq"))

    def _take(self, commit: bytes) -> None:
        for line in commit.splitlines():
            action = _ACTION.decode(line)
            if action.add is not None:
                stats = _NUMBERS.decode(action.add.stats or "{}")
                first, last = stats.min_values.get("seq"), stats.max_values.get("seq")
                self._add(unquote(action.add.path), stats.num_records, first, last)
            elif action.remove is not None:
                self.files.pop(unquote(action.remove.path), None)
            elif action.txn is not None and action.txn.app_id == APPLICATION:
                self.watermark = action.txn.version

    def _add(self, path: str, rows: int | None, first: int | None, last: int | None) -> None:
        # Of a file without statistics nothing is known, so that it may hold anything.
        least, most = (_LEAST, _MOST) if first is None or last is None else (first, last)
        self.files[path] = TableFile(self._folder / path, rows or 0, least, most)

    def _read(self, version: int) -> bytes | None:
        try:
            return self._commit(version).read_bytes()
        except FileNotFoundError:
            return None

    def _sign_of(self, version: int) -> _Sign | None:
        try:
            status = self._commit(version).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _commit(self, version: int) -> Path:
        return self._log / f"{version:020}.json"
