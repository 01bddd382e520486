"""Which generation of the mapped history is of now, and how it is made if it is not there."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from operator import le
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kohort.errors import StorageError
from kohort.pipeline.mapped.generations import STAND, TABLES, WHOLE, Generation
from kohort.pipeline.mapped.layout import Kind, filed_as
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.lock import write_lock
from kohort.storage.mapped import PARTIAL, SCORED, MappedFolder
from kohort.storage.row_index import INDEXES

if TYPE_CHECKING:
    from kohort.pipeline.mapped.mapping import Maker

_PATIENCE: Final = 600
"""For how many seconds a process waits for another one that makes files."""
_KEPT: Final = 3
"""So many generations are kept, and what they rest on: who reads an older one may still ask for more of it."""
_LOCK: Final = "lock"
_OTHERS: Final = frozenset({INDEXES, SCORED})
"""What stands beside generations, and is none."""


class Generations:
    """The generations of a project's mapped history; only one process makes any at a time."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self._workspace, self._catalog = workspace, catalog
        self._root = workspace.folder.mapped

    def current(self, *, whole: bool) -> Generation:
        """Return the generation of the tables as they are, made if it is not there; in one layer if `whole`."""
        key = "-".join(str(self._workspace.tables.watermark(table)) for table in TABLES)
        found = self._found(key, whole=whole)
        if found is None:
            with self._making():
                found = self._found(key, whole=whole) or self._made(key, whole=whole)
        return found

    def rows(self, generation: Generation, kind: Kind, name: str) -> MappedFolder:
        """Return where the rows of an event or trait stand, made if nobody has asked for them before."""
        filed = filed_as(kind, name, self._catalog)
        files = generation.rows(kind, filed)
        if not files.exists():
            with self._making():
                if not files.exists():
                    self._maker.rows(kind, name, filed, generation, files.folder)
        return files

    def _found(self, key: str, *, whole: bool) -> Generation | None:
        for name in (f"{key}-{WHOLE}", *([] if whole else [key])):
            if (self._root / name).is_dir():
                return Generation(self._root, name)
        return None

    def _made(self, key: str, *, whole: bool) -> Generation:
        before = self._latest(key)
        name = None if before is None else self._grown(before, key, whole=whole)
        made = Generation(self._root, name or self._anew(f"{key}-{WHOLE}"))
        self._drop_old(made)
        return made

    def _grown(self, before: Generation, key: str, *, whole: bool) -> str | None:
        """Return the name of the generation made from one before; None where that cannot be."""
        from kohort.pipeline.mapped.growing import Growth  # noqa: PLC0415 - only who makes it pays for what that needs

        growth = Growth.since(before, self._workspace.tables, whole=whole)
        if growth is None:
            return None
        name = f"{key}-{WHOLE}" if growth.is_whole else key
        with self._writing(name) as folder:
            growth.write(folder, name, self._maker)
        return name

    def _anew(self, name: str) -> str:
        """Make a generation from the tables alone."""
        with self._writing(name) as folder:
            self._maker.anew(folder, name)
        return name

    @cached_property
    def _maker(self) -> "Maker":
        # Making the files needs DuckDB, a quarter of a second that a preview on files that are there need not pay.
        from kohort.pipeline.mapped.mapping import Maker  # noqa: PLC0415

        return Maker(self._workspace, self._catalog)

    @contextmanager
    def _making(self) -> Iterator[None]:
        """Be the one who makes files."""
        with write_lock(self._root / _LOCK, _PATIENCE):
            yield

    @contextmanager
    def _writing(self, name: str) -> Iterator[Path]:
        """Give a folder that becomes that of a generation when it is whole; raises StorageError if the disk refuses."""
        try:
            partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=self._root))
            try:
                yield partial
                if not (self._root / name).is_dir():
                    partial.rename(self._root / name)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        except OSError as error:
            raise StorageError(
                f"could not write {self._root / name}: {error.strerror}; free some space and try again"
            ) from error

    def _latest(self, key: str) -> Generation | None:
        """Return the latest generation of tables that had come no further in anything, if there is any."""
        now = _numbers(key)
        found = [path.name for path in self._root.iterdir() if path.is_dir() and not path.name.startswith(PARTIAL)]
        known = {name: _numbers(name.removesuffix(f"-{WHOLE}")) for name in found}
        before = [name for name, its in known.items() if len(its) == len(now) and all(map(le, its, now))]
        latest = max(before, key=lambda name: (sum(known[name]), name), default=None)
        generation = None if latest is None else Generation(self._root, latest)
        return generation if generation is not None and generation.stand.grows else None

    def _drop_old(self, made: Generation) -> None:
        """Delete the generations but the newest, and what interruptions have left; who has mapped files keeps those."""
        generations = [path for path in self._root.iterdir() if path.is_dir() and path.name not in _OTHERS]
        whole = [path for path in generations if (path / STAND).exists()]
        newest = sorted(whole, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:_KEPT]
        kept = made.rests_on().union(*(Generation(self._root, path.name).rests_on() for path in newest))
        for path in generations:
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)


def _numbers(key: str) -> list[int]:
    """Return the watermarks that a generation's name tells, none of another name."""
    parts = key.split("-")
    return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else []
