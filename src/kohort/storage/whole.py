"""Files that are written whole or not at all: a reader finds what was there before, or all of what is new."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from kohort.errors import StorageError


@contextmanager
def writing_whole(path: Path, *, forced: bool, makes_folder: bool = True) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path` in one step once the block ends, and never if the block fails.

    Its folder is made where it is missing, unless not to (`makes_folder`). `forced` brings the content to the disk
    first: a power cut would otherwise leave the new name with nothing in it. One writer at a time: whoever calls this
    holds what keeps others out.

    Raises StorageError if the disk refuses.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder) / "made" / "today.txt"
    ...     with writing_whole(place, forced=True) as file:
    ...         _ = file.write(b"all of it")
    ...     place.read_text(), [one.name for one in place.parent.iterdir()]
    ('all of it', ['today.txt'])
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        if makes_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as left_over:
            left_over.callback(partial.unlink, missing_ok=True)
            with partial.open("wb") as file:
                yield file
                if forced:
                    file.flush()
                    os.fsync(file.fileno())
            partial.replace(path)
            # Another writer of the same content may have begun by now.
            left_over.pop_all()
    except OSError as error:
        raise StorageError(f"could not write {path}: {error.strerror}; free some space and try again") from error


def write_whole(path: Path, content: bytes, *, forced: bool, makes_folder: bool = True) -> None:
    """Write a file whole or not at all, as `writing_whole` does; raises StorageError if the disk refuses."""
    with writing_whole(path, forced=forced, makes_folder=makes_folder) as file:
        file.write(content)


def drop_whole(folder: Path) -> None:
    """Delete a folder with all that is in it, at one moment for whoever looks.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "tables" / "runs").mkdir(parents=True)
    ...     drop_whole(Path(folder) / "tables")
    ...     list(Path(folder).iterdir())
    []
    """
    leftover = folder.with_name(folder.name + ".dropped")
    for _ in range(2):
        # One that an interruption left behind goes first.
        if leftover.exists():
            shutil.rmtree(leftover)
        if folder.exists():
            folder.rename(leftover)
