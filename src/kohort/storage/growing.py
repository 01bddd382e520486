"""A file of a table that is written a part at a time, and takes the place of all its others once it is whole."""

from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.transaction import AddAction

from kohort.storage.parquet_files import GROUP, writer_of
from kohort.storage.schemas import SCHEMAS

_PARTIAL: Final = ".partial"


class GrowingFile:
    """What will be all that the table in `folder` has, as of the record `watermark`.

    What an interruption left of another one is deleted.
    """

    def __init__(self, folder: Path, table: str, watermark: int) -> None:
        for leftover in folder.glob(f"*{_PARTIAL}"):
            leftover.unlink()
        self._path, self._table, self._rows = folder / f"whole-{watermark:016d}.parquet", table, 0
        self._partial = self._path.with_suffix(_PARTIAL)
        self._file = self._partial.open("wb")
        self._writer = writer_of(self._file, table)

    def add(self, part: pa.Table) -> None:
        """Write rows that come next."""
        if part.num_rows:
            self._writer.write_table(part, row_group_size=GROUP)
            self._rows += part.num_rows

    def commit(self, table: DeltaTable, properties: CommitProperties) -> None:
        """Let the file take the place of all that the table has, in one commit."""
        self._writer.close()
        self._file.close()
        self._partial.replace(self._path)
        status = self._path.stat()
        numbers = msgspec.json.encode({"numRecords": self._rows}).decode()
        added = AddAction(self._path.name, status.st_size, {}, status.st_mtime_ns // 1_000_000, True, numbers)
        table.create_write_transaction([added], "overwrite", SCHEMAS[self._table], commit_properties=properties)
        table.update_incremental()

    def abandon(self) -> None:
        """Delete the file: nothing of it is kept."""
        self._writer.close()
        self._file.close()
        self._partial.unlink(missing_ok=True)
