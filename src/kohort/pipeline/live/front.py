"""How far the tables have been told to the live engine, and who has come or changed since."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from kohort.clock import Moment
from kohort.pipeline.live.lookup import by_name
from kohort.storage.moved_actors import MovedRows
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
    """The files of the tables that only grow, and what changed since somebody was told.

    `waiting` are rows that no file has yet, `actors` rows that were changed; `generation` changes when rows were
    forgotten of which somebody was told.
    """

    files: Mapping[str, frozenset[str]]
    actors: Sequence[MovedRows] = ()
    waiting: Mapping[str, Sequence[pa.Table]] = field(default_factory=dict)
    generation: int = 0

    @classmethod
    def of(cls, tables: Tables) -> "Front":
        """Return where the tables stand."""
        files = {name: tables.untold_files(name) for name in _GROWING}
        waiting = {name: tables.untold(name) for name in _GROWING}
        return cls(files, tables.moved_actors(), waiting, tables.generation)

    def follows(self, before: "Front") -> bool:
        """Tell whether the tables have only grown since."""
        has_grown = all(before.files[name] <= self.files[name] for name in _GROWING)
        return has_grown and self.generation == before.generation

    def moved(self) -> Moved:
        """Return which actors changed since somebody was told.

        >>> def actors(*rows):
        ...     return pa.table([pa.array(one) for one in zip(*rows)], ["actor_id", "person_id", "first_seen"])
        >>> moved = Front({}, [MovedRows(actors(("b", "b", 6)), actors(("b", "a", 6)))]).moved()
        >>> sorted(moved.anew), dict(moved.since)
        (['a', 'b'], {})
        """
        stood: dict[str, _Actor | None] = {}
        now: dict[str, _Actor] = {}
        for change in self.actors:
            before = {one.actor_id: one for one in _actors(change.before)}
            for one in _actors(change.after):
                stood.setdefault(one.actor_id, before.get(one.actor_id))
                now[one.actor_id] = one
        anew: set[str] = set()
        for actor, one in now.items():
            old = stood[actor]
            if old is not None and old.person_id != one.person_id:
                anew |= {old.person_id, one.person_id}
        since: dict[str, Moment] = {}
        for one in now.values():
            if one.person_id not in anew:
                since[one.person_id] = min(one.first_seen, since.get(one.person_id, one.first_seen))
        return Moved(frozenset(anew), since, {actor: one.person_id for actor, one in now.items()})

    def rows_since(self, before: "Front", name: str) -> Iterator[tuple[str, pa.Table]]:
        """Yield the rows that a growing table got since, by what its files are parted by."""
        for file in sorted(self.files[name] - before.files[name]):
            yield unquote(Path(file).parent.name.partition("=")[2]), pq.ParquetFile(file).read()
        for rows in self.waiting.get(name, ()):
            yield from by_name(rows) if name == "events" else [("", rows)]


class _Actor(NamedTuple):
    actor_id: str
    person_id: str
    first_seen: Moment


def _actors(rows: pa.Table) -> list[_Actor]:
    columns = (rows.column(name).to_pylist() for name in _Actor._fields)
    return [_Actor(*row) for row in zip(*columns, strict=True)]
