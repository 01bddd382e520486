"""Files that come over HTTP: taken in a folder of ours, under a name of ours, read, and removed."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from kohort.collection.segment_lines import SEGMENT
from kohort.errors import InputError, StoppedError, StorageError, TooLargeError, UnknownNameError
from kohort.pipeline.collection.ingest import ingest
from kohort.pipeline.results import IngestResult
from kohort.pipeline.workspace import Workspace

_GZIP: Final = b"\x1f\x8b"
_PIECE: Final = 2**20


@dataclass
class Upload:
    """A file that is being received: written piece by piece, at most `most` bytes, packed or not."""

    path: Path
    most: int
    _file: BinaryIO = field(repr=False)
    size: int = 0

    def __post_init__(self) -> None:
        self._hash = sha256()

    def write(self, piece: bytes) -> None:
        """Add a piece; raises TooLargeError, StorageError if the disk refuses."""
        self.size += len(piece)
        if self.size > self.most:
            raise TooLargeError(self.most)
        self._hash.update(piece)
        try:
            self._file.write(piece)
        except OSError as error:
            raise StorageError(f"could not keep the file: {error.strerror}; free some space and try again") from error

    def finish(self) -> str:
        """Return what the file is called, by its content; raises TooLargeError for one that unpacks to more."""
        self._file.flush()
        with self.path.open("rb") as packed:
            if packed.read(2) == _GZIP:
                self._check_unpacked()
        return f"upload {self._hash.hexdigest()[:16]}"

    def _check_unpacked(self) -> None:
        size = 0
        try:
            with gzip.open(self.path, "rb") as unpacked:
                while piece := unpacked.read(_PIECE):
                    size += len(piece)
                    if size > self.most:
                        raise TooLargeError(self.most)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError(f"the gzip file is damaged or cut short ({error}); send it again") from error


@contextmanager
def receiving(folder: Path, name: str, most: int) -> Iterator[Upload]:
    """Give a file in `folder` to write to, which is gone at the end of the block; `name` is ours, and new."""
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("xb")
    except OSError as error:
        raise StorageError(f"could not keep the file: {error.strerror}; mend data/, then try again") from error
    try:
        with file:
            yield Upload(path, most, file)
    finally:
        path.unlink(missing_ok=True)


def check_source(workspace: Workspace, source: str) -> None:
    """Raise UnknownNameError unless files of a source can be read."""
    known = [one.name for one in workspace.file_sources]
    if source not in {*known, SEGMENT}:
        raise UnknownNameError("source", source, [*known, SEGMENT], hint=_hint(known))


def _hint(known: list[str]) -> str:
    names = ", ".join(f'"{one}"' for one in [*known, SEGMENT])
    return f"known: {names}; declare in sources/ which columns are the time, the person and the values"


def ingest_upload(
    workspace: Workspace,
    upload: Upload,
    source: str,
    catch_up: Callable[[], int],
    shown: str,
    *,
    despite_gates: bool = False,
) -> IngestResult:
    """Read a file that was received, as `ingest`; raises InputError, which does not say where it was kept."""
    try:
        return ingest(workspace, upload.path, source, catch_up, shown=shown, despite_gates=despite_gates)
    except StoppedError:
        raise
    except InputError as error:
        raise InputError(str(error).replace(str(upload.path), "the file")) from error
