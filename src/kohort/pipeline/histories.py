"""The history that the kernel engine reads: arrays mapped from files, made from the tables when somebody asks for them.

Files stand under the watermarks of the tables they were made from, so they are never stale: a table that moves on
gets new ones, and those of one event or trait are made when the first rule speaks of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from kohort.definitions.consent import consent_trait
from kohort.engines.columns import BLOCK, Block, Column, History, Rows
from kohort.pipeline.layout import COLUMN, PEOPLE, STARTS, TIMES, Kind
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.mapped import MappedFolder, drop_others

if TYPE_CHECKING:
    from kohort.pipeline.mapping import Maker

_TABLES: Final = {
    "people": ("actors",),
    "events": ("actors", "events"),
    "traits": ("actors", "trait_values", "consent_choices"),
}


def open_history(workspace: Workspace, catalog: Catalog) -> History:
    """Return everybody's history as of now, its arrays mapped as they are asked for."""
    files = _Files(workspace, catalog)
    people = files.people
    seen = people.array("first_seen")
    traits = [*catalog.traits, *map(consent_trait, catalog.purposes)]
    blocks = [
        Block(
            seen[start : start + BLOCK],
            _Mapped(number, list(catalog.events), files.events),
            _Mapped(number, traits, files.traits),
        )
        for number, start in enumerate(range(0, len(seen), BLOCK))
    ]
    return History(people.texts("people"), blocks)


def people_of(history: History, chosen: Sequence[str]) -> Iterator[tuple[list[str], Block]]:
    """Yield the history of chosen people, block by block, with their ids; whoever is not known is left out.

    >>> one = Block(np.array([5]), {}, {})
    >>> [(ids, block.size) for ids, block in people_of(History(pa.array(["ada"]), [one]), ["ada", "bob"])]
    [(['ada'], 1)]
    """
    # A twentieth of a second that only who asks for single people should pay.
    import pyarrow.compute as pc  # noqa: PLC0415

    found = pc.index_in(pa.array(chosen, pa.string()), value_set=history.people)
    places = np.sort(np.from_dlpack(found.drop_null()))
    for start, block in zip(history.starts(), history.blocks, strict=True):
        its = places[(places >= start) & (places < start + block.size)]
        if len(its):
            ids = history.people.take(pa.array(its.tolist(), pa.int64())).to_pylist()
            yield ids, block.of_people((its - start).astype(np.int32))


class _Files:
    """The mapped files of a project, and how they are made."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self._workspace, self._catalog = workspace, catalog
        self._known: dict[tuple[str, str], _Parts] = {}
        self._generations = {
            kind: "-".join(str(workspace.tables.watermark(table)) for table in tables)
            for kind, tables in _TABLES.items()
        }
        meant = repr(sorted(catalog.purposes.items())).encode()
        self._generations["traits"] += f"-{blake2b(meant, digest_size=4).hexdigest()}"

    @cached_property
    def people(self) -> MappedFolder:
        return self._made("people", "", lambda folder: self._maker.people(folder))  # noqa: PLW0108 - made only then

    def events(self, name: str) -> "_Parts":
        return self._parts("events", name)

    def traits(self, name: str) -> "_Parts":
        return self._parts("traits", name)

    def _parts(self, kind: Kind, name: str) -> "_Parts":
        if (kind, name) not in self._known:
            people = len(self.people.array("first_seen"))
            made = self._made(kind, name, lambda folder: self._maker.rows(kind, name, people, folder))
            self._known[kind, name] = _Parts(made)
        return self._known[kind, name]

    def _made(self, kind: str, name: str, make: Callable[[Path], MappedFolder]) -> MappedFolder:
        """Return the folder of an event's or trait's arrays, made if it is not there; older generations go."""
        generation = self._generations[kind]
        place = self._workspace.folder.mapped / kind / generation
        folder = place / (blake2b(name.encode(), digest_size=12).hexdigest() if name else "all")
        if not folder.exists():
            drop_others(place.parent, generation)
            return make(folder)
        return MappedFolder(folder)

    @cached_property
    def _maker(self) -> "Maker":
        # Making the files needs DuckDB, a quarter of a second that a preview on files that are there need not pay.
        from kohort.pipeline.mapping import Maker  # noqa: PLC0415

        return Maker(self._workspace, self._catalog)


class _Parts:
    """The arrays of one event or trait, and the rows of each block in them."""

    def __init__(self, files: MappedFolder) -> None:
        self._starts = files.array(STARTS)
        self._people, self._times = files.array(PEOPLE), files.array(TIMES)
        self._columns = {
            name.removeprefix(COLUMN): Column(files.array(name), Dictionary(files.texts(name)))
            for name in files.names()
            if name.startswith(COLUMN)
        }

    def rows(self, block: int) -> Rows:
        low, high = int(self._starts[block]), int(self._starts[block + 1])
        columns = {name: Column(one.values[low:high], one.dictionary) for name, one in self._columns.items()}
        return Rows(self._people[low:high], self._times[low:high], columns)


class _Mapped(Mapping[str, Rows]):
    """The rows of one block, by event or trait, each found when it is asked for."""

    def __init__(self, block: int, names: Sequence[str], parts: Callable[[str], _Parts]) -> None:
        self._block, self._names, self._parts = block, names, parts
        self._known: dict[str, Rows] = {}

    def __getitem__(self, name: str) -> Rows:
        if name not in self._known:
            if name not in self._names:
                raise KeyError(name)
            self._known[name] = self._parts(name).rows(self._block)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Dictionary(Sequence[Any]):
    """The distinct texts of a column, or lists of text as tuples, in order; made Python's only where looked at.

    >>> Dictionary(pa.array([["a", "b"]]))[0], len(Dictionary(pa.array(["a"])))
    (('a', 'b'), 1)
    """

    def __init__(self, texts: pa.Array) -> None:
        self._texts = texts

    def __getitem__(self, place: Any) -> Any:
        return _plain(self._texts[place].as_py())

    def __iter__(self) -> Iterator[Any]:
        return map(_plain, self._texts.to_pylist())

    def __len__(self) -> int:
        return len(self._texts)


def _plain(value: str | list[str]) -> str | tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else value
