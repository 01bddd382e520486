"""What rows a table has got since it was last looked at: told by its log, however its files were joined meanwhile."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec

from kohort.storage.tables import Tables, Version

_MOST_COMMITS: Final = 2_000
"""Beyond so many commits, to read all that they added costs more than it saves."""


class _File(msgspec.Struct, rename="camel"):
    path: str
    data_change: bool = True


class _Action(msgspec.Struct):
    """One line of a commit, of which only these say what rows came and went."""

    add: _File | None = None
    remove: _File | None = None


_ACTION: Final = msgspec.json.Decoder(_Action)


def files_appended(tables: Tables, name: str, since: Version) -> list[str] | None:
    """Return the files with which rows were added to a table after `since`; None if they alone do not say what is new.

    So it is where rows went, where the table was made anew, and where files or commits are gone by now.

    >>> import tempfile
    >>> import pyarrow as pa
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     before = tables.version("actors")
    ...     one = pa.table({"actor_id": ["a"], "person_id": ["a"], "first_seen": [1]})
    ...     _, added = tables.append("actors", one, watermark=3), files_appended(tables, "actors", before)
    ...     between = tables.version("actors")
    ...     _ = tables.replace("actors", one, watermark=4)
    ...     added == tables.files("actors"), len(added), files_appended(tables, "actors", between)
    (False, 1, None)
    """
    now = tables.version(name)
    if now == since:
        return []
    if now.number < since.number or (since.number >= 0 and since.table != now.table):
        return None
    if now.number - since.number > _MOST_COMMITS:
        return None
    found: list[str] = []
    for number in range(since.number + 1, now.number + 1):
        added = _added(tables.folder / name, number)
        if added is None:
            return None
        found += added
    return found if all(Path(file).exists() for file in found) else None


def files_after(tables: Tables, name: str, other: str) -> list[str]:
    """Return the files of a table that were written after, or when, the newest file of another one was."""
    newest = max(tables.added_at(other).values(), default=0)
    written = tables.added_at(name)
    return [file for file in tables.files(name) if written.get(file, newest) >= newest]


def _added(folder: Path, number: int) -> list[str] | None:
    try:
        commit = (folder / "_delta_log" / f"{number:020}.json").read_bytes()
    except FileNotFoundError:
        return None
    actions = [_ACTION.decode(line) for line in commit.splitlines()]
    if any(one.remove is not None and one.remove.data_change for one in actions):
        return None
    added = [one.add for one in actions if one.add is not None]
    return [str(folder / unquote(one.path)) for one in added if one.data_change]
