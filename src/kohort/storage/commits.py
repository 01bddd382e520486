"""Which commit of a Delta table somebody has open, and whether another one follows it."""

import os
from pathlib import Path
from typing import NamedTuple

from deltalake import DeltaTable


class Commit(NamedTuple):
    """A commit's number, and its file on disk: a table that was made anew has others."""

    version: int
    inode: int
    changed: int


def commit_of(folder: Path, table: DeltaTable) -> Commit | None:
    """Return the newest commit that an open table in a folder knows; None if another follows it, or it is gone.

    >>> import tempfile
    >>> from kohort.storage.tables import Tables
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Tables(Path(folder)).append("runs", Tables(Path(folder)).read("runs"), watermark=1)
    ...     table = Tables(Path(folder)).opened("runs")
    ...     known = commit_of(Path(folder) / "runs", table)
    ...     _ = Tables(Path(folder)).append("runs", Tables(Path(folder)).read("runs"), watermark=2)
    ...     known.version, commit_of(Path(folder) / "runs", table)
    (0, None)
    """
    version, log = table.version(), f"{folder}/_delta_log/"
    try:
        status = os.stat(f"{log}{version:020d}.json")  # noqa: PTH116 - asked many times a second
    except FileNotFoundError:
        return None
    if os.path.exists(f"{log}{version + 1:020d}.json"):  # noqa: PTH110 - as above
        return None
    return Commit(version, status.st_ino, status.st_mtime_ns)
