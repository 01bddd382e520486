"""Generations of the mapped history: one for each state of the tables that it was asked of, made of layers of people.

A layer is people with their whole history. The first has everybody; whoever has news since is in a later one, with all
of their history, and their place in an earlier one is dead. So a generation shares with the one before it whatever has
no news.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kohort.engines.bits import mask_of, packed
from kohort.engines.columns import BLOCK, Moments
from kohort.pipeline.mapped.layout import MAKERS, NAME, Kind, folder_of
from kohort.storage.appended import Version, version_of
from kohort.storage.mapped import PARTIAL, MappedFolder
from kohort.storage.tables import Tables
from kohort.storage.text_index import NONE, TextIndex

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

NEVER: Final = 2**62
"""Since when somebody exists who does not, or not at this place."""

TABLES: Final = ("actors", "events", "trait_values", "consent_choices")
"""What a history is made from."""

WHOLE: Final = "whole"
"""How the name of a generation ends that has everybody in one layer, in the order of their ids."""

_PADDING: Final = 8
STAND: Final = "stand.json"
"""Where a generation says what it was made from: it is written last."""


class LayerOf(msgspec.Struct, frozen=True):
    """A layer: the generation that made it, and how many people it has, those included who are dead by now."""

    generation: str
    people: int

    @property
    def places(self) -> int:
        """How many places it takes up: bits of people begin with a byte."""
        return -(-self.people // _PADDING) * _PADDING

    @property
    def blocks(self) -> int:
        """How many blocks it has."""
        return -(-self.places // BLOCK)


class Stand(msgspec.Struct, frozen=True):
    """What a generation was made from: the states of `TABLES`, and how many actors, and its layers.

    `grows`: whether the next can be made from it, which is not so of rows that no table had yet.
    """

    versions: dict[str, Version]
    actors: int
    layers: list[LayerOf]
    grows: bool

    @staticmethod
    def of(tables: Tables, actors: int, layers: list[LayerOf]) -> "Stand":
        """Return the stand of tables as they are, which have so many actors."""
        return Stand(
            {name: version_of(tables, name) for name in TABLES},
            actors,
            layers,
            grows=not any(tables.unwritten(name) for name in TABLES),
        )

    def write(self, folder: Path, dead: Mask) -> None:
        """Write it into the folder of a generation, with which places are nobody's."""
        MappedFolder.write(folder / "dead", {"dead": packed(dead)}, {})
        (folder / STAND).write_bytes(msgspec.json.encode(self))


class Known(NamedTuple):
    """Of actors: their person's place, `NONE` for one that is not known, and when each was first seen."""

    places: Numbers
    seen: Moments


class Actors(NamedTuple):
    """Actors, with their person's place and when each was first seen."""

    ids: pa.StringArray
    places: Numbers
    seen: Moments


class Layer:
    """The people of a layer, whose places begin with `start` among all."""

    def __init__(self, files: MappedFolder, of: LayerOf, start: int) -> None:
        self._files, self.of, self.start = files, of, start

    @property
    def ids(self) -> pa.StringArray:
        """The ids of its people, in order, and empty ones up to the number of its places."""
        return self._files.texts("person_id")

    @cached_property
    def first_seen(self) -> Moments:
        """Since when its people are known, one a place."""
        return self._files.array("first_seen")

    @cached_property
    def people(self) -> TextIndex:
        """Finds its people, dead or not."""
        return self._index("person", self.ids.slice(0, self.of.people))

    @cached_property
    def actors(self) -> TextIndex:
        """Finds the actors of its people."""
        return self._index("actor", self._files.texts("actor_id"))

    @property
    def actor_places(self) -> Numbers:
        """The place among all of each actor's person."""
        return np.asarray(self._files.array("actor_places"), np.int64) + self.start

    @property
    def actor_seen(self) -> Moments:
        """When each actor was first seen."""
        return self._files.array("actor_seen")

    def _index(self, name: str, texts: pa.StringArray) -> TextIndex:
        return TextIndex(texts, self._files.array(f"{name}_numbers"), self._files.array(f"{name}_rows"))


def write_layer(folder: Path, generation: str, ids: pa.StringArray, actors: Actors) -> LayerOf:
    """Write the people of a layer, in order, at whose places the `actors` are, into the folder of a generation."""
    of = LayerOf(generation, len(ids))
    first_seen = np.full(of.places, NEVER, np.int64)
    np.minimum.at(first_seen, actors.places, actors.seen)
    arrays: dict[str, NDArray[Any]] = {
        "first_seen": first_seen,
        "actor_places": actors.places.astype(np.int32),
        "actor_seen": actors.seen,
    }
    for name, texts in (("person", ids), ("actor", actors.ids)):
        index = TextIndex.of(texts)
        arrays |= {f"{name}_numbers": index.numbers, f"{name}_rows": index.rows}
    padding = pa.array([""] * (of.places - of.people), pa.string())
    MappedFolder.write(
        folder / "people", arrays, {"person_id": pa.concat_arrays([ids, padding]), "actor_id": actors.ids}
    )
    return of


class Generation:
    """A generation that has been made, by its name under `root`; what is asked of it is read then."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name, self.folder = root, name, root / name

    @cached_property
    def stand(self) -> Stand:
        """What it was made from."""
        return msgspec.json.decode((self.folder / STAND).read_bytes(), type=Stand)

    @property
    def moment(self) -> float:
        """When it was made, in seconds since 1970 by the clock of the files."""
        return (self.folder / STAND).stat().st_mtime

    @property
    def actors_at(self) -> int:
        """Up to which journal record it knows the actors."""
        return int(self.name.partition("-")[0])

    @cached_property
    def layers(self) -> list[Layer]:
        """Its layers, the oldest first."""
        found, start = [], 0
        for of in self.stand.layers:
            found.append(Layer(MappedFolder(self.root / of.generation / "people"), of, start))
            start += of.places
        return found

    @property
    def is_whole(self) -> bool:
        """Whether everybody is in one layer, and nobody of it is dead."""
        layers = self.stand.layers
        return not layers or (len(layers) == 1 and int(np.count_nonzero(self.alive)) == layers[0].people)

    @property
    def places(self) -> int:
        """How many places there are, dead ones included."""
        return sum(of.places for of in self.stand.layers)

    @cached_property
    def alive(self) -> Mask:
        """Who is at their place, one a place; those who only fill up a layer are not."""
        files = MappedFolder(self.folder / "dead")
        return ~mask_of(files.array("dead"), self.places)

    @cached_property
    def ids(self) -> pa.StringArray:
        """The ids of the people at all places, of the dead too."""
        parts = [layer.ids for layer in self.layers]
        return parts[0] if len(parts) == 1 else pa.concat_arrays(parts or [pa.array([], pa.string())])

    def ids_at(self, places: Numbers) -> pa.StringArray:
        """Return the ids of the people at places."""
        found, order = [pa.array([], pa.string())], [np.zeros(0, np.int64)]
        for layer in self.layers:
            its = np.flatnonzero((places >= layer.start) & (places < layer.start + layer.of.places))
            found.append(layer.ids.take(pa.array(places[its] - layer.start)))
            order.append(its)
        return pa.concat_arrays(found).take(pa.array(np.argsort(np.concatenate(order))))

    def find_actors(self, actors: pa.StringArray) -> Known:
        """Return what is known of actors."""
        places = np.full(len(actors), NONE, np.int64)
        seen = np.full(len(actors), NEVER, np.int64)
        for layer in reversed(self.layers):
            left = np.flatnonzero(places == NONE)
            if len(left):
                rows = layer.actors.find(actors if len(left) == len(actors) else actors.take(pa.array(left)))
                left, rows = left[rows != NONE], rows[rows != NONE]
                places[left], seen[left] = layer.actor_places[rows], layer.actor_seen[rows]
        return Known(places, seen)

    def find_people(self, people: pa.StringArray) -> Numbers:
        """Return the places of people, `NONE` of those who do not exist."""
        places = np.full(len(people), NONE, np.int64)
        for layer in reversed(self.layers):
            left = np.flatnonzero(places == NONE)
            if len(left):
                rows = layer.people.find(people.take(pa.array(left)))
                places[left] = np.where(rows == NONE, NONE, rows + layer.start)
        dead = places != NONE
        dead[dead] = ~self.alive[places[dead]]
        places[dead] = NONE
        return places

    def actors_of(self, chosen: Mask) -> Actors:
        """Return the actors of the living people at places, one boolean a place."""
        wanted = chosen & self.alive
        parts = []
        for layer in self.layers:
            if wanted[layer.start : layer.start + layer.of.places].any():
                places = layer.actor_places
                rows = np.flatnonzero(wanted[places])
                parts.append(Actors(layer.actors.texts.take(pa.array(rows)), places[rows], layer.actor_seen[rows]))
        return joined_actors(parts)

    def rows(self, kind: Kind, name: str) -> MappedFolder:
        """Return where the rows of an event or trait stand, if they have been made."""
        return MappedFolder(self.folder / kind / folder_of(name))

    def made(self, kind: Kind) -> Iterator[str]:
        """Yield the events or traits of which rows have been made."""
        for folder in sorted((self.folder / kind).glob("*")):
            if not folder.name.startswith(PARTIAL):
                yield str(MappedFolder(folder).texts(NAME)[0])

    def rests_on(self) -> set[str]:
        """Return the generations without which this one cannot be read."""
        found = {self.name, *(of.generation for of in self.stand.layers)}
        for folder in self.folder.glob("*/*"):
            if folder.parent.name in {"events", "traits"} and not folder.name.startswith(PARTIAL):
                found.update(MappedFolder(folder).texts(MAKERS).to_pylist())
        return found

    def pending(self, table: str) -> pa.Table | None:
        """Return the rows of a table whose actors no table of people had yet; None of none."""
        file = self.folder / f"{table}.parquet"
        return pq.ParquetFile(file).read() if file.exists() else None


def joined_actors(parts: Sequence[Actors]) -> Actors:
    """Return actors of several parts, one after another."""
    return Actors(
        pa.concat_arrays([pa.array([], pa.string()), *(part.ids for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.places for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.seen for part in parts)]),
    )
