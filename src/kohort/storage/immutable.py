"""Immutable files named by the hash of their content: score runs and models."""

import hashlib
import os
from pathlib import Path

from kohort.errors import CorruptionError, StorageError


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
    path, partial = folder / name, folder / f"{name}.partial"
    if path.exists():
        return name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(f"could not write {path}: {error.strerror}; free some space and try again") from error
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
