"""Damage in the journal: set aside in a file of its own, its place taken by a record of the kind "lost".

All of this is done under the journal's lock, so nobody is writing: what is no whole frame then never will be one.
"""

import itertools
import os
from pathlib import Path
from typing import Final

from kohort.clock import Moment
from kohort.errors import CorruptionError
from kohort.storage.frames import MAGIC, filler, is_cut_short, is_damaged, next_record, record_at
from kohort.storage.whole import write_whole

TORN: Final = ".torn"
"""What an interrupted write left: nobody was told that it had succeeded."""

DAMAGED: Final = ".damaged"
"""Bytes that cannot be read any more."""


def mend_magic(path: Path, following: int | None) -> bool:
    """Set right the first bytes of a file; return False if nothing but its beginning was ever written: then it goes.

    `following` is the first record of the next file, None for the last file. Raises CorruptionError if nothing in the
    last file is of a journal.
    """
    content = path.read_bytes()
    if content[: len(MAGIC)] == MAGIC:
        return True
    if following is None and len(content) < len(MAGIC):
        _set_aside(path, 0, content, TORN)
        path.unlink()
        return False
    if following is None and next_record(content, 0, 0) is None:
        raise CorruptionError(f"{path} does not begin as a journal file does; restore it from a backup")
    _set_aside(path, 0, content[: len(MAGIC)], DAMAGED)
    _replace(path, MAGIC + content[len(MAGIC) :])
    return True


def mend(path: Path, position: int, seq: int, recorded_at: Moment, following: int | None) -> None:
    """Set aside what stands from `position` on, where the frame of record `seq` should begin, up to the next record.

    `following` is as for `mend_magic`, `recorded_at` that of the record before. What an interrupted write left at the
    end of the last file is cut off, and its number will be used again.
    """
    content = path.read_bytes()
    here = record_at(content, position)
    if position >= len(content) or (here is not None and here[0].first == seq):
        return  # somebody else has mended it
    later = next_record(content, position, seq - 1)
    if later is not None:
        record, end = later
        instead = filler(record.first - 1, record.first - seq, recorded_at, size=end - position)
        _set_aside(path, position, content[position:end], DAMAGED)
        _replace(path, content[:position] + instead + content[end:])
        return
    torn = following is None and is_cut_short(content, position, seq)
    lost = following - seq if following is not None else int(not torn and is_damaged(content, position, seq))
    _set_aside(path, position, content[position:], TORN if torn else DAMAGED)
    if lost:
        _replace(path, content[:position] + filler(seq + lost - 1, lost, recorded_at))
    else:
        _cut(path, position)


def fill_gap(folder: Path, seq: int, following: int, recorded_at: Moment) -> None:
    """Write the file that stands for one that is gone: records `seq` up to before `following`."""
    _replace(folder / f"{seq:020d}.journal", MAGIC + filler(following - 1, following - seq, recorded_at))


def set_aside(folder: Path) -> list[Path]:
    """Return the files of damaged bytes beside the journal's."""
    return sorted(folder.glob(f"*{DAMAGED}"))


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _set_aside(path: Path, position: int, content: bytes, suffix: str) -> None:
    for number in itertools.count(1):
        aside = path.with_suffix(f".{position}-{number}{suffix}")
        if not aside.exists():
            _replace(aside, content)
            return
        if aside.read_bytes() == content:
            return  # by a mending that was interrupted


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, its name forced to disk too."""
    write_whole(path, content, forced=True)
    sync_folder(path.parent)


def _cut(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())
