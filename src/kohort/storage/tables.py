"""The tables: Delta Lake, so that a commit is atomic and any number of readers may look while one writes.

Each table remembers, in the same commit as its rows, up to which journal record it has been brought
(its *watermark*). A projection that was interrupted therefore goes on where each table stands, and nothing
is applied twice.
"""

import shutil
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from kohort.errors import StorageError
from kohort.storage.schemas import SCHEMAS

APPLICATION: Final = "kohort"
"""Under which name a table remembers its watermark, in each commit."""
_PARTITIONS: Final = {"events": ["name"]}


class Tables:
    """The tables in `folder`; a table that nobody has written yet is empty.

    Each is looked at once, when it is first asked for: what others write later is seen by who opens the tables anew.

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

    def drop_all(self) -> None:
        """Delete every table, all at once for whoever looks; they can be rebuilt from the journal."""
        self._open.clear()
        self._watermarks.clear()
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
        self._open.pop(name, None)
        self._watermarks.pop(name, None)
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
        self._watermarks[name] = watermark
        return True

    def _uri(self, name: str) -> str:
        """Return a table's address; as a URI, so that no character of the folder's name means anything."""
        return (self.folder / name).resolve().as_uri()

    def _table(self, name: str) -> DeltaTable | None:
        if name not in self._open:
            try:
                self._open[name] = DeltaTable(self._uri(name))
            except TableNotFoundError:
                self._open[name] = None
        return self._open[name]


def _empty(schema: pa.Schema) -> pa.Table:
    return pa.table([pa.nulls(0, field.type) for field in schema], schema=schema)
