"""One writer at a time: a lock on `data/lock`, released by the system if the process dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kohort.errors import LockedError


@contextmanager
def write_lock(path: Path) -> Iterator[None]:
    """Hold the project's write lock; raises LockedError, naming the holder's process, if another holds it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, write_lock(Path(folder) / "lock"):
    ...     (Path(folder) / "lock").exists()
    True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise LockedError(
                f"another command (process {holder}) is writing to {path.parent}; wait until it ends, then try again"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
