"""Whose an actor is, and which actors somebody has: looked up file by file of the table of actors, without a statement.

A file never changes, so each has an index of its two columns of ids, made once; that of a large one stands beside what
else is mapped. What amends the table is asked before it, the later before the earlier.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kohort.storage.amended import STANDS
from kohort.storage.lookups import Standing
from kohort.storage.mapped import MappedFolder
from kohort.storage.row_index import INDEXES
from kohort.storage.tables import Tables
from kohort.storage.text_index import TextIndex

_LARGE: Final = 2**21
"""From so many bytes on the index of a file is mapped, and else held."""
_TABLE: Final = "actors"


def people_of(standing: Standing, actors: Sequence[str]) -> dict[str, str]:
    """Return the person of each actor that is known, by the actor; `standing` is of the table of actors.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables, ada = Tables(Path(folder)), {"actor_id": ["a", "b"], "person_id": ["a", "a"], "first_seen": [2, 3]}
    ...     _ = tables.append("actors", pa.table(ada), watermark=3)
    ...     people_of(Standing(tables, "actors"), ["b", "c"]), actors_of(Standing(tables, "actors"), "a")
    ({'b': 'a'}, ['a', 'b'])
    """
    return {actor: person for actor in actors if (person := _person(standing, actor)) is not None}


def actors_of(standing: Standing, person: str) -> list[str]:
    """Return the actors of a person, in order."""
    if _is_held(standing.tables):
        rows = standing.tables.indexed(_TABLE).of(("person_id",), pa.array([person]))
        return sorted(rows.column("actor_id").to_pylist())
    ever = {actor for layer in _layers(standing) for actor in layer.actors_of(person)}
    # Somebody else may have them since, by what was amended.
    return sorted(actor for actor in ever if _person(standing, actor) == person)


def _person(standing: Standing, actor: str) -> str | None:
    """Return the person of an actor, None for one who has none."""
    if _is_held(standing.tables):
        rows = standing.tables.indexed(_TABLE).of(("actor_id",), pa.array([actor]))
        return next(iter(rows.column("person_id").to_pylist()), None)
    told = (layer.person_of(actor) for layer in _layers(standing))
    return next((person for person in told if person is not None), None) or None


def _is_held(tables: Tables) -> bool:
    """Return whether rows wait to be written: then the table is in memory, and has an index there."""
    return bool(tables.unwritten(_TABLE)) or not tables.files(_TABLE)


@dataclass(frozen=True)
class _Layer:
    """The actors of one file, and whose they are: nobody's, "", where an amendment says so."""

    actors: TextIndex
    people: TextIndex

    @classmethod
    def read(cls, file: str) -> Self:
        """Return what a file holds, its index made now."""
        stored = pq.ParquetFile(file)
        names = [one for one in ("actor_id", "person_id", STANDS) if one in stored.schema_arrow.names]
        rows = stored.read(columns=names)
        people = rows.column("person_id")
        if STANDS in names:
            people = pc.if_else(rows.column(STANDS), people, "")
        return cls(*(TextIndex.of(column.combine_chunks()) for column in (rows.column("actor_id"), people)))

    @classmethod
    def mapped(cls, folder: MappedFolder) -> Self:
        """Return what `written` has written."""
        names = ("actor", "person")
        return cls(*(TextIndex(folder.texts(one), folder.array(f"{one}_numbers"), folder.array(one)) for one in names))

    def written(self, folder: Path) -> "_Layer":
        """Return the same, mapped from a folder that is written now."""
        columns = {"actor": self.actors, "person": self.people}
        arrays: dict[str, NDArray[Any]] = {f"{name}_numbers": its.numbers for name, its in columns.items()}
        arrays.update((name, its.rows) for name, its in columns.items())
        return _Layer.mapped(MappedFolder.write(folder, arrays, {name: its.texts for name, its in columns.items()}))

    def person_of(self, actor: str) -> str | None:
        """Return the person of an actor, "" for nobody, and None where the file tells nothing of the actor."""
        row = next(self.actors.holding(actor), None)
        return None if row is None else str(self.people.texts[row].as_py())

    def actors_of(self, person: str) -> Iterator[str]:
        """Yield the actors that the file says are a person's."""
        return (str(self.actors.texts[row].as_py()) for row in self.people.holding(person))


@lru_cache(maxsize=8)
def _layers(standing: Standing) -> tuple[_Layer, ...]:
    """Return what files tell, that which counts first in front."""
    tables = standing.tables
    amended = [str(span.path) for span in reversed(tables.amended(_TABLE))]
    files = [*amended, *tables.files(_TABLE)]
    folder = tables.folder.resolve().with_name("mapped") / INDEXES / _TABLE
    stats = {file: os.stat(file) for file in files}  # noqa: PTH116 - of many files
    named = {file: _named(file, one.st_mtime_ns, one.st_ino) for file, one in stats.items()}
    large = {named[file] for file, one in stats.items() if one.st_size >= _LARGE}
    if folder.is_dir() and any(not (folder / name).is_dir() for name in large):
        for path in folder.iterdir():
            if path.name not in large:
                shutil.rmtree(path, ignore_errors=True)
    return tuple(_layer(file, folder / named[file], is_mapped=named[file] in large) for file in files)


def _named(file: str, moment: int, number: int) -> str:
    """Return what the index of a file is called: an amendment that was interrupted is written anew by the same name."""
    return blake2b(f"{file} {moment} {number}".encode(), digest_size=12).hexdigest()


@lru_cache(maxsize=128)
def _layer(file: str, folder: Path, *, is_mapped: bool) -> _Layer:
    if not is_mapped:
        return _Layer.read(file)
    index = MappedFolder(folder)
    return _Layer.mapped(index) if index.exists() else _Layer.read(file).written(folder)
