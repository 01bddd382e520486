"""Arrays in files that are mapped into memory: what engines read, made anew from the tables whenever those change."""

import mmap
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.errors import StorageError

Array = NDArray[Any]

PARTIAL: Final = "partial-"
"""How a folder's name begins that is still being written."""
SCORED: Final = "scored"
"""The folder of what models read of people, beside what is mapped of histories."""
_NUMBERS: Final = ".npy"
_TEXTS: Final = ".arrow"


class MappedFolder:
    """Named arrays in a folder: numpy's as they are, texts and lists as Arrow's. They are written whole or not at all.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = MappedFolder.write(Path(folder) / "visit", {"ts": np.array([3, 4])}, {"city": pa.array(["Lyon"])})
    ...     made.names(), made.array("ts").tolist(), made.texts("city").to_pylist()
    (['ts'], [3, 4], ['Lyon'])
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def write(folder: Path, arrays: Mapping[str, Array], texts: Mapping[str, pa.Array]) -> "MappedFolder":
        """Write arrays into a new folder, unless it is there by then; raises StorageError if the disk refuses."""
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=folder.parent))
            for name, array in arrays.items():
                np.save(partial / f"{name}{_NUMBERS}", array, allow_pickle=False)
            for name, column in texts.items():
                table = pa.table({"values": column})
                with (
                    pa.OSFile(str(partial / f"{name}{_TEXTS}"), "wb") as sink,
                    pa.ipc.new_file(sink, table.schema) as file,
                ):
                    file.write_table(table)
            _rename(partial, folder)
        except OSError as error:
            raise StorageError(f"could not write {folder}: {error.strerror}; free some space and try again") from error
        return MappedFolder(folder)

    def exists(self) -> bool:
        """Return whether the arrays have been written."""
        return self.folder.is_dir()

    def names(self) -> list[str]:
        """Return the names of the numpy arrays, sorted."""
        return sorted(path.stem for path in self.folder.glob(f"*{_NUMBERS}"))

    def array(self, name: str) -> Array:
        """Return a numpy array, mapped, which cannot be written to."""
        with open(f"{self.folder}/{name}{_NUMBERS}", "rb") as file:  # noqa: PTH123 - some hundred for a size
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, kind = read(file)
            if not all(shape):
                return np.zeros(shape, kind)  # an empty file cannot be mapped
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return np.frombuffer(mapped, kind, offset=file.tell()).reshape(shape)

    def texts(self, name: str) -> pa.Array:
        """Return an Arrow array, mapped; an empty one of texts if there is none of that name."""
        found = self.texts_of(name)
        return pa.array([], pa.string()) if found is None else found

    def texts_of(self, name: str) -> pa.Array | None:
        """Return an Arrow array, mapped; None if there is none of that name."""
        path = self.folder / f"{name}{_TEXTS}"
        if not path.exists():
            return None
        found = pa.ipc.open_file(pa.memory_map(str(path))).read_all().column("values")
        return found.combine_chunks() if found.num_chunks != 1 else found.chunk(0)


def drop_others(folder: Path, kept: str) -> None:
    """Delete what is beside `kept` in a folder of generations; whoever has mapped it keeps what they mapped.

    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = [(Path(place) / name).mkdir() for name in ("1", "2")]
    ...     drop_others(Path(place), "2")
    ...     [path.name for path in Path(place).iterdir()]
    ['2']
    """
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name != kept:
                shutil.rmtree(path, ignore_errors=True)


def _rename(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        # Somebody else wrote the same arrays meanwhile.
        shutil.rmtree(partial, ignore_errors=True)
        if not folder.is_dir():
            raise
