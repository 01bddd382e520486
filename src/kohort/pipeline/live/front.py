"""How far the tables have been told to the live engine, and who has come or changed since."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.clock import Moment
from kohort.pipeline.live.lookup import by_name
from kohort.storage.tables import Tables

_GROWING: Final = ("events", "trait_values", "consent_choices")


@dataclass(frozen=True)
class Moved:
    """Which actors changed: `anew` are persons, of before and now, who were merged or split.

    `since` tells of all others who are new, or were seen earlier than was known, since when they exist. `persons` maps
    the actors that are new, or those of another person now.
    """

    anew: frozenset[str]
    since: Mapping[str, Moment]
    persons: Mapping[str, str]


@dataclass(frozen=True)
class Front:
    """The files of the tables that only grow, and which actor is which person.

    `waiting` are rows that no file has yet, and that nobody was told of; `generation` changes when such rows were
    forgotten of which somebody was.
    """

    files: Mapping[str, frozenset[str]]
    actors: pa.Table
    waiting: Mapping[str, Sequence[pa.Table]] = field(default_factory=dict)
    generation: int = 0

    @classmethod
    def of(cls, tables: Tables) -> "Front":
        """Return where the tables stand."""
        files = {name: tables.untold_files(name) for name in _GROWING}
        waiting = {name: tables.untold(name) for name in _GROWING}
        return cls(files, tables.read("actors"), waiting, tables.generation)

    def follows(self, before: "Front") -> bool:
        """Tell whether the tables have only grown since."""
        has_grown = all(before.files[name] <= self.files[name] for name in _GROWING)
        return has_grown and self.generation == before.generation

    def persons(self) -> dict[str, str]:
        """Return which person each actor is."""
        columns = (self.actors.column(name).to_pylist() for name in ("actor_id", "person_id"))
        return dict(zip(*columns, strict=True))

    def moved(self, before: "Front") -> Moved:
        """Return which actors changed since `before`.

        >>> def actors(*rows):
        ...     return pa.table([pa.array(one) for one in zip(*rows)], ["actor_id", "person_id", "first_seen"])
        >>> ada, bob = ("a", "a", 5), ("b", "b", 6)
        >>> moved = Front({}, actors(ada, ("b", "a", 6))).moved(Front({}, actors(ada, bob)))
        >>> sorted(moved.anew), dict(moved.since)
        (['a', 'b'], {})
        """
        if self.actors is before.actors:
            return Moved(frozenset(), {}, {})
        known = before.actors.column("actor_id").combine_chunks()
        places = pc.index_in(self.actors.column("actor_id"), value_set=known)
        same = [
            pc.fill_null(pc.equal(self.actors.column(name), before.actors.column(name).take(places)), False)
            for name in ("person_id", "first_seen")
        ]
        changed = pc.invert(pc.and_(*same))
        rows = self.actors.filter(changed).to_pylist()
        stood = before.actors.column("person_id").take(places.filter(changed)).to_pylist()
        anew: set[str] = set()
        for row, old in zip(rows, stood, strict=True):
            if old not in {None, row["person_id"]}:
                anew |= {old, row["person_id"]}
        since: dict[str, Moment] = {}
        for row in rows:
            if row["person_id"] not in anew:
                since[row["person_id"]] = min(row["first_seen"], since.get(row["person_id"], row["first_seen"]))
        return Moved(frozenset(anew), since, {row["actor_id"]: row["person_id"] for row in rows})

    def rows_since(self, before: "Front", name: str) -> Iterator[tuple[str, pa.Table]]:
        """Yield the rows that a growing table got since, by what its files are parted by."""
        for file in sorted(self.files[name] - before.files[name]):
            yield unquote(Path(file).parent.name.partition("=")[2]), pq.ParquetFile(file).read()
        for rows in self.waiting.get(name, ()):
            yield from by_name(rows) if name == "events" else [("", rows)]
