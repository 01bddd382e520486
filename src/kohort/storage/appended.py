"""What rows a table has got since it was last looked at: told by its log, however its files were joined meanwhile."""

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

import msgspec
import pyarrow as pa

from kohort.storage.amended import Amendment, Amendments
from kohort.storage.kinds import WHOSE
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import APPLICATION, KEPT, Tables

_MOST_COMMITS: Final = 2_000
"""Beyond so many commits, to read all that they added costs more than it saves."""


class Version(NamedTuple):
    """A state of a table: the id that it was made with, "" where nobody has written it, and its commit's number."""

    table: str
    number: int


class _Marked(msgspec.Struct, rename="camel"):
    app_id: str
    version: int


class _File(msgspec.Struct, rename="camel"):
    path: str
    data_change: bool = True


class _Action(msgspec.Struct):
    """One line of a commit, of which only these say what rows came and went."""

    add: _File | None = None
    remove: _File | None = None
    txn: _Marked | None = None


_ACTION: Final = msgspec.json.Decoder(_Action)


def version_of(tables: Tables, name: str) -> Version:
    """Return which state of a table this is, rows apart that wait to be written."""
    table = tables.opened(name)
    return Version("", -1) if table is None else Version(str(table.metadata().id), table.version())


def amended_since(tables: Tables, name: str, watermark: int, moment: float) -> Amendment | None:
    """Return what amended a table of people after a watermark, whether it was written whole since or not.

    Of what was amended before, and of rows that were appended since, it may tell besides, as they are now. None if
    it is not known any more to whoever last looked at `moment`, in seconds since 1970 by the clock of the files.
    """
    its = Amendments(tables.folder / name, WHOSE, SCHEMAS[name])
    spans, newest = its.after(watermark, tables.watermark_on_disk(name))
    if newest - moment > KEPT * 3_600 / 2:
        return None
    return its.joined(spans) if spans else Amendment(pa.array([], pa.string()), SCHEMAS[name].empty_table())


def files_appended(tables: Tables, name: str, since: Version, folds_at: int | None = None) -> list[str] | None:
    """Return the files with which rows were added to a table after `since`; None if they alone do not say what is new.

    So it is where rows went, where the table was made anew, and where files or commits are gone by now. A table that
    may be written whole to take in what amends it was at the watermark `folds_at` then.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     before = version_of(tables, "actors")
    ...     one = pa.table({"actor_id": ["a"], "person_id": ["a"], "first_seen": [1]})
    ...     _, added = tables.append("actors", one, watermark=3), files_appended(tables, "actors", before)
    ...     between = version_of(tables, "actors")
    ...     _ = tables.replace("actors", one, watermark=4)
    ...     added == tables.files("actors"), len(added), files_appended(tables, "actors", between)
    (False, 1, None)
    """
    now = version_of(tables, name)
    if now == since:
        return []
    if now.number < since.number or (since.number >= 0 and since.table != now.table):
        return None
    if now.number - since.number > _MOST_COMMITS:
        return None
    found: list[str] = []
    for number in range(since.number + 1, now.number + 1):
        commit = _commit(tables.folder / name, number)
        if commit is None:
            return None
        if any(one.remove is not None and one.remove.data_change for one in commit):
            if folds_at is None or _watermark(commit, -1) != folds_at:
                return None
            continue
        folds_at = None if folds_at is None else _watermark(commit, folds_at)
        added = [one.add for one in commit if one.add is not None]
        found += [str(tables.folder / name / unquote(one.path)) for one in added if one.data_change]
    return found if all(Path(file).exists() for file in found) else None


def files_after(tables: Tables, name: str, other: str) -> list[str]:
    """Return the files of a table that were written after, or when, the newest file of another one was."""
    newest = max(_written(tables, other).values(), default=0)
    written = _written(tables, name)
    return [file for file in tables.files(name) if written.get(file, newest) >= newest]


def _written(tables: Tables, name: str) -> dict[str, int]:
    """Return when each file of a table was written, in milliseconds since 1970 UTC, as its log tells."""
    table = tables.opened(name)
    if table is None:
        return {}
    actions = pa.table(table.get_add_actions(flatten=True))
    files = [str(tables.folder / name / unquote(one)) for one in actions.column("path").to_pylist()]
    return dict(zip(files, actions.column("modification_time").cast(pa.int64()).to_pylist(), strict=True))


def _commit(folder: Path, number: int) -> list[_Action] | None:
    try:
        commit = (folder / "_delta_log" / f"{number:020}.json").read_bytes()
    except FileNotFoundError:
        return None
    return [_ACTION.decode(line) for line in commit.splitlines()]


def _watermark(commit: list[_Action], before: int) -> int:
    """Return the watermark that a table has by a commit."""
    marks = [one.txn.version for one in commit if one.txn is not None and one.txn.app_id == APPLICATION]
    return marks[-1] if marks else before
