"""How far the tables have been told to the live engine, and who has come or changed since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.storage.tables import Tables

_GROWING: Final = ("events", "trait_values", "consent_choices")


@dataclass(frozen=True)
class Front:
    """The files of the tables that only grow, and which actor is which person."""

    files: Mapping[str, frozenset[str]]
    actors: pa.Table

    @classmethod
    def of(cls, tables: Tables, before: "Front | None" = None) -> "Front":
        """Return where the tables stand; what `before` says is not looked at again where nothing has changed."""
        files = {name: frozenset(tables.files(name)) for name in (*_GROWING, "actors")}
        if before is not None and files["actors"] == before.files["actors"]:
            return cls(files, before.actors)
        return cls(files, tables.read("actors").select(["actor_id", "person_id", "first_seen"]))

    def follows(self, before: "Front") -> bool:
        """Tell whether the tables have only grown since."""
        return all(before.files[name] <= self.files[name] for name in _GROWING)

    def persons(self) -> dict[str, str]:
        """Return which person each actor is."""
        columns = (self.actors.column(name).to_pylist() for name in ("actor_id", "person_id"))
        return dict(zip(*columns, strict=True))

    def persons_since(self, before: "Front") -> list[str]:
        """Return the persons, of before and of now, of whom anything new is told, each once.

        >>> nobody = pa.table({"actor_id": pa.array([], "string"), "person_id": pa.array([], "string"),
        ...                    "first_seen": pa.array([], "int64")})
        >>> none = dict.fromkeys(["events", "trait_values", "consent_choices", "actors"], frozenset())
        >>> ada = pa.table({"actor_id": ["a"], "person_id": ["p"], "first_seen": [5]})
        >>> Front(none, ada).persons_since(Front(none, nobody))
        ['p']
        """
        found = [*self._moved(before)]
        actors = [*self._told(before)]
        if actors:
            named = pc.unique(pa.chunked_array(actors))
            mine = pc.is_in(self.actors.column("actor_id"), value_set=named)
            found.append(self.actors.column("person_id").filter(mine))
        chunks = [chunk for column in found for chunk in column.chunks]
        persons: list[str] = pc.unique(pa.chunked_array(chunks, pa.string())).to_pylist()
        return persons

    def _moved(self, before: "Front") -> Iterator[pa.ChunkedArray]:
        """Yield the persons whose actors are others than before, or were first seen at another time."""
        if self.actors is before.actors:
            return
        for one, other in ((self.actors, before.actors), (before.actors, self.actors)):
            places = pc.index_in(one.column("actor_id"), value_set=other.column("actor_id").combine_chunks())
            same = pa.scalar(True)
            for name in ("person_id", "first_seen"):
                equal = pc.fill_null(pc.equal(one.column(name), other.column(name).take(places)), False)
                same = pc.and_(same, equal)
            yield one.column("person_id").filter(pc.invert(same))

    def _told(self, before: "Front") -> Iterator[pa.Array]:
        for name in _GROWING:
            for file in sorted(self.files[name] - before.files[name]):
                yield from pq.ParquetFile(file).read(columns=["actor_id"]).column("actor_id").chunks
