"""One writer at a time: a lock on `data/lock`, released by the system if the process dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from kohort.errors import LockedError

_PAUSE: Final = 0.02


@contextmanager
def write_lock(path: Path, patience: float = 0) -> Iterator[None]:
    """Hold the project's write lock; raises LockedError, naming the holder's process, if another holds it.

    It is tried again for as many seconds as there is `patience`: a server holds it often, and briefly.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, write_lock(Path(folder) / "lock"):
    ...     (Path(folder) / "lock").exists()
    True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            _lock(file, patience)
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


def is_held(path: Path) -> bool:
    """Tell whether a process holds a lock; one that died holds none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "lock"
    ...     with write_lock(path):
    ...         held = is_held(path)
    ...     held, is_held(path), is_held(Path(folder) / "none")
    (True, False, False)
    """
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _lock(file: IO[str], patience: float) -> None:
    for _ in range(int(patience / _PAUSE)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_PAUSE)
        else:
            return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
