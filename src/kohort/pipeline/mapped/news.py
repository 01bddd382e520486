"""What the tables hold that a generation of the mapped history does not: rows, and actors who are new or changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.pipeline.mapped.generations import NEVER, Generation, Mask
from kohort.pipeline.mapped.mapping import integers
from kohort.storage.appended import amended_since, files_appended
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables
from kohort.storage.text_index import NONE

_GROWING = ("events", "trait_values", "consent_choices")


@dataclass(frozen=True)
class News:
    """Rows by table and name (that of an event or trait, "" of choices), and rows of `actors`."""

    rows: Mapping[str, Mapping[str, pa.Table]]
    actors: pa.Table

    @staticmethod
    def since(before: Generation, tables: Tables) -> "News | None":
        """Return what came since a generation; None if rows went besides, or it cannot be told any more."""
        try:
            return News._since(before, tables)
        except FileNotFoundError:
            return None  # somebody has tidied up just now

    @staticmethod
    def _since(before: Generation, tables: Tables) -> "News | None":
        actors = _changed_actors(before, tables)
        if actors is None:
            return None
        rows: dict[str, Mapping[str, pa.Table]] = {}
        for table in _GROWING:
            files = files_appended(tables, table, before.stand.versions[table])
            if files is None:
                return None
            parts = [(_part_of(file), pq.ParquetFile(file).read()) for file in files]
            pending = before.pending(table)
            rows[table] = _by_name([*parts, *([] if pending is None else [("", pending)])])
        return News(rows, actors)

    def of_actors(self) -> pa.StringArray:
        """Return whose the rows are."""
        parts = [one.column("actor_id").unique() for rows in self.rows.values() for one in rows.values()]
        return pa.concat_arrays([pa.array([], pa.string()), *parts]).unique()

    def without(self, unknown: pa.StringArray) -> tuple["News", Mapping[str, pa.Table]]:
        """Return the news of all but some actors, and by table the rows of those, with their names."""
        if not len(unknown):
            return self, {}
        kept: dict[str, Mapping[str, pa.Table]] = {}
        pending: dict[str, pa.Table] = {}
        for table, by_name in self.rows.items():
            theirs = {name: pc.is_in(rows.column("actor_id"), value_set=unknown) for name, rows in by_name.items()}
            kept[table] = {name: rows.filter(pc.invert(theirs[name])) for name, rows in by_name.items()}
            waiting = [_named(rows.filter(theirs[name]), name) for name, rows in by_name.items()]
            waiting = [rows for rows in waiting if len(rows)]
            if waiting:
                pending[table] = pa.concat_tables(waiting, promote_options="default")
        return News(kept, self.actors), pending


def _part_of(file: str) -> str:
    return unquote(Path(file).parent.name.partition("=")[2])


def _by_name(parts: list[tuple[str, pa.Table]]) -> Mapping[str, pa.Table]:
    """Return rows by the names that they say, or else by what their file is a part of."""
    found: dict[str, list[pa.Table]] = {}
    for part, rows in parts:
        for name, its in _of_each(rows) if "name" in rows.column_names else [(part, rows)]:
            found.setdefault(name, []).append(its)
    return {name: pa.concat_tables(its, promote_options="default") for name, its in found.items()}


def _of_each(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    names = rows.column("name")
    for name in pc.unique(names).to_pylist():
        yield name, rows.filter(pc.equal(names, name)).drop_columns("name")


def _named(rows: pa.Table, name: str) -> pa.Table:
    return rows if not name else rows.append_column("name", pa.array([name] * len(rows), pa.string()))


def _changed_actors(before: Generation, tables: Tables) -> pa.Table | None:
    """Return the rows of actors who are new, of another person, or were first seen at another moment than was known.

    None if an actor is gone.
    """
    rows, gone = _actors_since(before, tables)
    places, seen = before.find_actors(rows.column("actor_id").combine_chunks())
    new = places == NONE
    if gone is None:
        if len(rows) != before.stand.actors + np.count_nonzero(new):
            return None
    elif (before.find_actors(gone).places != NONE).any():
        return None
    same: Mask = ~new & (seen == integers(rows.column("first_seen"), NEVER))
    stayed = np.flatnonzero(same)
    persons = rows.column("person_id").combine_chunks()
    if len(stayed):
        here = pa.array(stayed)
        same[stayed] = np.asarray(pc.equal(persons.take(here), before.ids_at(places[stayed])), np.bool_)
    return rows.filter(pa.array(~same))


def _actors_since(before: Generation, tables: Tables) -> tuple[pa.Table, pa.StringArray | None]:
    """Return the rows of whoever has others since a generation, and maybe of others, and who has none any more.

    Where that is not known, the rows of all, and None.
    """
    version, watermark, schema = before.stand.versions["actors"], before.actors_at, SCHEMAS["actors"]
    files = files_appended(tables, "actors", version, folds_at=watermark)
    amendment = amended_since(tables, "actors", watermark, before.moment)
    if files is None or amendment is None:
        return tables.read("actors").combine_chunks(), None
    parts = [pq.ParquetFile(file).read().select(schema.names).cast(schema) for file in files]
    added = pa.concat_tables([schema.empty_table(), *parts])
    return amendment.over(added, "actor_id").combine_chunks(), amendment.emptied("actor_id")
