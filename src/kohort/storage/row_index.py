"""Which rows of large files are of which actor: an index of each file, made once, since files of tables never change.

So what single actors did is found without reading who did what in all rows. Small files have none: they are read.
"""

import shutil
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kohort.storage.mapped import MappedFolder
from kohort.storage.tables import Tables
from kohort.storage.text_index import numbers_of

INDEXES: Final = "rows"
"""Where indexes stand, beside what else is mapped."""

_LARGE: Final = 2**16
"""From so many rows on a file has an index."""


class RowIndex:
    """The indexes of the large files of one table, under `data/mapped/rows`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder) / "tables")
    ...     visit = {"event_id": "1", "actor_id": "a", "name": "visit", "ts": 5, "received_at": 5, "source": "web"}
    ...     _ = tables.append("events", pa.Table.from_pylist([visit]), watermark=1)
    ...     RowIndex(tables, "events").large, RowIndex(tables, "events", large=1).rows(["a"])[0][1].tolist()
    ([], [0])
    """

    def __init__(self, tables: Tables, table: str, large: int = _LARGE) -> None:
        self._tables, self._table = tables, table
        self._folder = tables.folder.with_name("mapped") / INDEXES / table
        self.large = [file for file in tables.files(table) if tables.rows_in(file) >= large]
        """The files that have an index, or get one when somebody is looked up."""

    def rows(self, actors: Sequence[str]) -> list[tuple[str, NDArray[np.int64]]]:
        """Return the large files that may have rows of actors, each with the places of those rows, in order.

        A few rows may be of others.
        """
        wanted = np.unique(numbers_of(pa.array(actors, pa.string())))
        found = []
        for file, index in self._indexes():
            numbers = index.array("numbers")
            low, high = (np.searchsorted(numbers, wanted, side=side) for side in ("left", "right"))
            its = [index.array("rows")[first:last] for first, last in zip(low, high, strict=True)]
            places = np.sort(np.concatenate([np.zeros(0, np.int64), *its]))
            if len(places):
                found.append((file, places))
        return found

    def _indexes(self) -> Iterator[tuple[str, MappedFolder]]:
        named = {blake2b(file.encode(), digest_size=12).hexdigest(): file for file in self.large}
        if any(not (self._folder / name).is_dir() for name in named) and self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in named:
                    shutil.rmtree(path, ignore_errors=True)
        for name, file in named.items():
            index = MappedFolder(self._folder / name)
            yield file, index if index.exists() else _made(index.folder, file)


def _made(folder: Path, file: str) -> MappedFolder:
    actors = pq.ParquetFile(file).read(columns=["actor_id"]).column("actor_id").combine_chunks()
    numbers = numbers_of(actors)
    order = np.argsort(numbers)
    return MappedFolder.write(folder, {"numbers": numbers[order], "rows": order.astype(np.int32)}, {})
