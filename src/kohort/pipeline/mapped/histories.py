"""The history that the kernel engine reads: arrays mapped from files, made from the tables when somebody asks for them.

Files stand under the watermarks of the tables they were made from, so they are never stale: a table that moves on
gets new ones, which share with those before whatever has no news. Those of one event or trait are made when the first
rule speaks of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from kohort.definitions.consent import consent_trait
from kohort.engines.bits import packed
from kohort.engines.columns import BLOCK, Block, Column, History, Moments, Rows
from kohort.pipeline.mapped.generating import Generations
from kohort.pipeline.mapped.generations import NEVER, Generation
from kohort.pipeline.mapped.layout import COLUMN, FIRSTS, MAKERS, PEOPLE, STARTS, TIMES, Kind
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.mapped import MappedFolder


def open_history(workspace: Workspace, catalog: Catalog, *, whole: bool = False) -> History:
    """Return everybody's history as of now, its arrays mapped as they are asked for.

    Whoever had news lately stands after all others, and an empty id where they stood before, unless it is asked for
    `whole`: then everybody is there once, in the order of their ids, which takes longer where there was news.
    """
    generations = Generations(workspace, catalog)
    generation = generations.current(whole=whole)
    parts = _Parts(generations, generation)
    traits = [*catalog.traits, *map(consent_trait, catalog.purposes)]
    blocks = [
        Block(
            seen,
            _Mapped("events", place, list(catalog.events), parts),
            _Mapped("traits", place, traits, parts),
        )
        for place, seen in _places(generation)
    ]
    return History(_ids(generation), blocks, tuple(layer.start for layer in generation.layers) or (0,))


def _places(generation: Generation) -> Iterator[tuple["_Place", Moments]]:
    """Yield the blocks, and since when who is in each is known; one layer alone has only the places of its people."""
    for number, layer in enumerate(generation.layers):
        size = layer.of.people if generation.is_whole else layer.of.places
        for block, start in enumerate(range(0, size, BLOCK)):
            its = slice(start, min(start + BLOCK, size))
            alive = generation.alive[layer.start + its.start : layer.start + its.stop]
            seen = layer.first_seen[its]
            yield _Place(number, block), seen if alive.all() else np.where(alive, seen, NEVER)


def _ids(generation: Generation) -> pa.StringArray:
    """Return the id at each place, null where nobody is."""
    ids = generation.ids
    if generation.is_whole:
        return ids.slice(0, sum(layer.of.people for layer in generation.layers))
    _, ends, content = ids.buffers()
    alive = pa.py_buffer(packed(generation.alive))
    return pa.StringArray.from_buffers(len(ids), ends, content, alive, -1, ids.offset)


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


class _Place(NamedTuple):
    """A block of a layer."""

    layer: int
    block: int


class _Parts:
    """The arrays of events and traits, layer by layer, each read when it is first asked for."""

    def __init__(self, generations: Generations, generation: Generation) -> None:
        self._generations, self._generation = generations, generation
        self._known: dict[tuple[Kind, str], list[tuple[_Part, int]]] = {}

    def rows(self, kind: Kind, name: str, place: _Place) -> Rows:
        """Return the rows of an event or trait in one block."""
        if (kind, name) not in self._known:
            self._known[kind, name] = self._of_layers(kind, name)
        part, first = self._known[kind, name][place.layer]
        return part.rows(first + place.block)

    def _of_layers(self, kind: Kind, name: str) -> list[tuple["_Part", int]]:
        """Return for each layer the arrays that hold its rows, and which block of those is its first."""
        files = self._generations.rows(self._generation, kind, name)
        makers, firsts = files.texts(MAKERS).to_pylist(), files.array(FIRSTS).tolist()
        its = files.folder.relative_to(self._generation.folder)
        parts = {maker: _Part(MappedFolder(self._generation.root / maker / its)) for maker in dict.fromkeys(makers)}
        return [(parts[maker], first) for maker, first in zip(makers, firsts, strict=True)]


class _Part:
    """The arrays of one event or trait that one generation made, and the rows of each block in them."""

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

    def __init__(self, kind: Kind, place: _Place, names: Sequence[str], parts: _Parts) -> None:
        self._kind, self._place, self._names, self._parts = kind, place, names, parts
        self._known: dict[str, Rows] = {}

    def __getitem__(self, name: str) -> Rows:
        if name not in self._known:
            if name not in self._names:
                raise KeyError(name)
            self._known[name] = self._parts.rows(self._kind, name, self._place)
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
