"""Immutable files named by the hash of their content: score runs and models."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kohort.errors import CorruptionError, StorageError
from kohort.storage.whole import write_whole

_NAME: Final = re.compile(r"[0-9a-f]{64}\.[a-z]{1,10}", re.ASCII)
_PART: Final = 4 * 2**20


def keep(folder: Path, content: bytes, suffix: str) -> str:
    """Write `content` under its hash, forced to disk, and return the file's name; the same content again is free.

    Raises StorageError if the disk refuses.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     name = keep(Path(folder), b"{}", ".json")
    ...     name, fetch(Path(folder), name)
    ('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.json', b'{}')
    """
    name = hashlib.sha256(content).hexdigest() + suffix
    if not (folder / name).exists():
        write_whole(folder / name, content, forced=True)
    return name


def fetch(folder: Path, name: str) -> bytes:
    """Return the content of an immutable file; raises CorruptionError if it is gone or not what its name says."""
    path = folder / name
    if not path.exists():
        raise CorruptionError(f"{path} is missing, and the journal speaks of it; restore it from a backup")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != path.stem:
        raise CorruptionError(f"{path} is not what its name says; restore it from a backup")
    return content


def parts_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the parts in which a file is told to others, each with the byte that it begins at; one at least."""
    yield from ((start, content[start : start + _PART]) for start in range(0, max(len(content), 1), _PART))


def put_part(folder: Path, name: str, start: int, size: int, part: bytes) -> None:
    """Take in a part of a file of `size` bytes that was kept elsewhere; with the last part the file is there.

    Parts come in order, and may come again. A file of which a part is missing or wrong is not kept, nor one whose name
    is no hash: who asks for it is told. Raises StorageError if the disk refuses.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
    ...     name = keep(Path(one), b"{}", ".json")
    ...     put_part(Path(other), name, 0, 2, b"{")
    ...     put_part(Path(other), name, 1, 2, b"}")
    ...     fetch(Path(other), name)
    b'{}'
    """
    path, partial = folder / name, folder / f"{name}.part"
    if not _NAME.fullmatch(name) or path.exists():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("r+b" if start and partial.exists() else "wb") as file:
            file.seek(start)
            file.write(part)
            file.truncate()
        if start + len(part) < size:
            return
        content = partial.read_bytes()
        if hashlib.sha256(content).hexdigest() == path.stem:
            keep(folder, content, path.suffix)
        partial.unlink()
    except OSError as error:
        raise StorageError(f"could not write {path}: {error.strerror}; free some space and try again") from error
