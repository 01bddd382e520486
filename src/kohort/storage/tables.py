"""The tables: Delta Lake, so that a commit is atomic and any number of readers may look while one writes.

Each table remembers, in the same commit as its rows, up to which journal record it has been brought
(its *watermark*). A projection that was interrupted therefore goes on where each table stands, and nothing
is applied twice.
"""

import shutil
from collections import Counter
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from kohort.errors import StorageError
from kohort.storage.schemas import SCHEMAS

APPLICATION: Final = "kohort"
"""Under which name a table remembers its watermark, in each commit."""
_PARTITIONS: Final = {"events": ["name"]}

KEPT: Final = 1
"""For how many hours files are kept that a table no longer consists of."""
_MOST_FILES: Final = 64
"""How many files a table, or a part of one, may consist of before they are joined."""
_JOINED: Final = 16 * 2**20
"""The bytes from which on a file is large enough to be left alone."""


class _Commit(NamedTuple):
    """A commit's number, and its file on disk: a table that was made anew has others."""

    version: int
    inode: int
    changed: int


class Tables:
    """The tables in `folder`; a table that nobody has written yet is empty.

    Each is looked at once, when it is first asked for: what others write later is seen by who opens the tables anew, or
    says `look_again`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     actors = pa.table({"actor_id": ["a"], "person_id": ["a"], "first_seen": [1]})
    ...     _ = tables.append("actors", actors, watermark=3)
    ...     tables.watermark("actors"), tables.read("actors").num_rows, tables.read("links").num_rows
    (3, 1, 0)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, DeltaTable | None] = {}
        self._watermarks: dict[str, int] = {}
        self._commits: dict[str, _Commit | None] = {}

    def look_again(self) -> None:
        """Forget what is known of tables that others have written since; a few looks at files, where nobody has."""
        for name in {*self._open, *self._watermarks}:
            table = self._open.get(name)
            if table is None or self._commits.get(name) is None or self._commit_of(name, table) != self._commits[name]:
                self._forget(name)

    def _forget(self, name: str) -> None:
        self._open.pop(name, None)
        self._watermarks.pop(name, None)
        self._commits.pop(name, None)

    def _commit_of(self, name: str, table: DeltaTable) -> "_Commit | None":
        """Return the file of a table's newest commit; None if another one follows it, or it is gone."""
        version = table.version()
        log = self.folder / name / "_delta_log"
        try:
            status = (log / f"{version:020d}.json").stat()
        except FileNotFoundError:
            return None
        if (log / f"{version + 1:020d}.json").exists():
            return None
        return _Commit(version, status.st_ino, status.st_mtime_ns)

    def append(self, name: str, rows: pa.Table, *, watermark: int) -> bool:
        """Add rows and move the watermark in one commit; does nothing, and says False, if it is there already."""
        return self._write(name, rows, watermark, mode="append")

    def replace(self, name: str, rows: pa.Table, *, watermark: int) -> bool:
        """Replace all rows and move the watermark in one commit; as `append` otherwise."""
        return self._write(name, rows, watermark, mode="overwrite")

    def watermark(self, name: str) -> int:
        """Return the journal sequence number up to which a table has been brought, 0 for a new one."""
        if name not in self._watermarks:
            table = self._table(name)
            self._watermarks[name] = (table.transaction_version(APPLICATION) or 0) if table else 0
        return self._watermarks[name]

    def read(self, name: str) -> pa.Table:
        """Return a whole table; not for `events`, which engines read through views."""
        parts = [pq.ParquetFile(file).read() for file in self.files(name)]
        schema = SCHEMAS[name]
        return pa.concat_tables([part.select(schema.names).cast(schema) for part in parts] or [_empty(schema)])

    def read_after(self, name: str, seq: int) -> pa.Table:
        """Return the rows of a table whose `seq` is above a number; files that hold none of them are not read."""
        schema = SCHEMAS[name]
        column = schema.get_field_index("seq")
        parts = [_empty(schema)]
        for one in map(pq.ParquetFile, self.files(name)):
            groups = [one.metadata.row_group(number) for number in range(one.num_row_groups)]
            tops = [group.column(column).statistics for group in groups if group.num_rows]
            if any(top is None or not top.has_min_max or top.max > seq for top in tops):
                part = one.read().select(schema.names).cast(schema)
                parts.append(part.filter(pc.greater(part.column("seq"), pa.scalar(seq))))
        return pa.concat_tables(parts)

    def count(self, name: str) -> int:
        """Return how many rows a table has."""
        return sum(pq.ParquetFile(file).metadata.num_rows for file in self.files(name))

    def files(self, name: str) -> list[str]:
        """Return the Parquet files that make up a table now."""
        table = self._table(name)
        # The addresses come with the folder percent-encoded; what follows the table's name is as it stands on disk.
        inside = [uri.rpartition(f"/{name}/")[2] for uri in table.file_uris()] if table else []
        return sorted(str(self.folder / name / one) for one in inside)

    def columns(self, name: str) -> list[str]:
        """Return the names of a table's columns, those met in the data included."""
        table = self._table(name)
        return [field.name for field in table.schema().fields] if table else SCHEMAS[name].names

    def tidy(self) -> bool:
        """Join small files where there are many, and delete what no table holds any more; whether there was anything.

        Who opened a table longer than `KEPT` hours ago may find files gone.
        """
        joined = [name for name in SCHEMAS if self._join(name)]
        for name in SCHEMAS:
            table = self._table(name)
            if table is not None:
                table.vacuum(retention_hours=KEPT, dry_run=False, enforce_retention_duration=False)
        return bool(joined)

    def _join(self, name: str) -> bool:
        table = self._table(name)
        parts = Counter(Path(file).parent.name for file in self.files(name))
        crowded = [part for part, count in parts.items() if count > _MOST_FILES]
        if table is None or not crowded:
            return False
        self._forget(name)
        for part in crowded:
            column, is_part, value = part.partition("=")
            filters = [(column, "=", unquote(value))] if is_part and name in _PARTITIONS else None
            table.optimize.compact(partition_filters=filters, target_size=_JOINED)
        return True

    def drop_all(self) -> None:
        """Delete every table, all at once for whoever looks; they can be rebuilt from the journal."""
        self._open.clear()
        self._watermarks.clear()
        self._commits.clear()
        leftover = self.folder.with_name(self.folder.name + ".dropped")
        for _ in range(2):
            # One that an interruption left behind goes first.
            if leftover.exists():
                shutil.rmtree(leftover)
            if self.folder.exists():
                self.folder.rename(leftover)

    def _write(self, name: str, rows: pa.Table, watermark: int, *, mode: Literal["append", "overwrite"]) -> bool:
        if watermark <= self.watermark(name):
            return False
        known = self._table(name)
        # Until it is written, nothing is known of it: a write that fails may have changed what is open.
        self._forget(name)
        properties = CommitProperties(app_transactions=[Transaction(APPLICATION, watermark)])
        try:
            write_deltalake(
                self._uri(name) if known is None else known,
                rows,
                mode=mode,
                schema_mode="merge" if mode == "append" else "overwrite",
                partition_by=_PARTITIONS.get(name),
                commit_properties=properties,
            )
        except (DeltaError, OSError) as error:
            raise StorageError(
                f'could not write the table "{name}" in {self.folder}: {error}; '
                "nothing of this write is kept; free some space and run the command again"
            ) from error
        if known is not None:
            self._open[name] = known
            self._commits[name] = self._commit_of(name, known)
        self._watermarks[name] = watermark
        return True

    def _uri(self, name: str) -> str:
        """Return a table's address; as a URI, so that no character of the folder's name means anything."""
        return (self.folder / name).resolve().as_uri()

    def _table(self, name: str) -> DeltaTable | None:
        if name not in self._open:
            try:
                self._open[name] = table = DeltaTable(self._uri(name))
                self._commits[name] = self._commit_of(name, table)
            except TableNotFoundError:
                self._open[name] = None
        return self._open[name]


def _empty(schema: pa.Schema) -> pa.Table:
    return pa.table([pa.nulls(0, field.type) for field in schema], schema=schema)
