"""The arrays of the mapped history, made from the tables."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlglot import exp

from kohort.definitions.consent import CONSENT_PREFIX
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.columns import BLOCK, MISSING, NO_CODE
from kohort.pipeline.mapped.generations import Actors, Generation, Stand, write_layer
from kohort.pipeline.mapped.layout import COLUMN, FIRSTS, GROWING, MAKERS, NAME, PEOPLE, STARTS, TIMES, Kind
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.appended import files_after
from kohort.storage.mapped import MappedFolder
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables
from kohort.storage.text_index import TextIndex
from kohort.storage.views import rows_in, stored_rows

KEYS: Final = {"events": ("ts", "event_id"), "traits": ("set_at", "value_id")}
"""What rows of each kind are ordered by, and by their source."""
_NUMBERED: Final = "numbered"
_FIXED: Final = frozenset({*SCHEMAS["events"].names, "person_id", "_place"})
"""The columns of events that no property has: a name of ours begins as no property's does."""


class Maker:
    """Makes the arrays of a project's people, events and traits from its tables."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self._workspace, self.catalog = workspace, catalog

    @cached_property
    def _own(self) -> duckdb.DuckDBPyConnection:
        return self._workspace.open_views(self.catalog)

    @property
    def _views(self) -> duckdb.DuckDBPyConnection:
        return self._workspace.shared_views(self.catalog) or self._own

    def anew(self, folder: Path, name: str) -> None:
        """Write a generation of everybody, in the order of their ids, into a folder; rows are made when asked for."""
        query = exp.select("person_id").from_("people").order_by("person_id")
        people = self._views.sql(query.sql(dialect="duckdb")).to_arrow_table().column("person_id").combine_chunks()
        actors = self._workspace.tables.read("actors")
        places = TextIndex.of(people).find(actors.column("person_id").combine_chunks())
        seen = integers(actors.column("first_seen"), MISSING)
        layer = write_layer(folder, name, people, Actors(actors.column("actor_id").combine_chunks(), places, seen))
        stand = Stand.of(self._workspace.tables, len(actors), [layer])
        if stand.grows:
            for table in (*GROWING.values(), "consent_choices"):
                unknown = self._unknown(table)
                if unknown is not None and len(unknown):
                    pq.write_table(unknown, folder / f"{table}.parquet")
        stand.write(folder, np.arange(layer.places) >= layer.people)

    def _unknown(self, table: str) -> pa.Table | None:
        """Return the rows of a table whose actors no table of people has yet: those are written after it."""
        files = files_after(self._workspace.tables, table, "actors")
        if not files:
            return None
        theirs = exp.select("actor_id").from_("actors")
        unknown = exp.column("actor_id").isin(query=theirs).not_()
        query = exp.select("*").from_(rows_in(files).subquery("stored")).where(unknown)
        return self._views.sql(query.sql(dialect="duckdb")).to_arrow_table()

    def rows(self, kind: Kind, name: str, filed: str, generation: Generation, folder: Path) -> MappedFolder:
        """Write the rows of an event or trait: block after block of all places, in the order of time, then of ids."""
        columns = self._columns(kind, name)
        layers = generation.stand.layers
        self._views.register(_NUMBERED, _numbered(generation))
        rows = self._views.sql(_statement(kind, tuple(columns)), params=[name]).to_arrow_table()
        blocks = [layer.blocks for layer in layers]
        texts: dict[str, pa.Array] = {
            MAKERS: pa.array([generation.name] * len(layers), pa.string()),
            NAME: pa.array([filed]),
        }
        arrays: dict[str, NDArray[Any]] = {
            FIRSTS: np.cumsum([0, *blocks])[:-1],
            STARTS: np.searchsorted(integers(rows.column("_block"), MISSING), np.arange(sum(blocks) + 1)),
            PEOPLE: integers(rows.column("_place"), MISSING).astype(np.int32),
            TIMES: integers(rows.column("ts"), MISSING),
        }
        for column in columns:
            values = rows.column(column)
            if values.null_count == len(values):
                continue
            arrays[COLUMN + column], distinct = encoded(values, type_of(values))
            if distinct is not None:
                texts[COLUMN + column] = distinct
        return MappedFolder.write(folder, arrays, texts)

    def told(self, kind: Kind, name: str, people: pa.StringArray, actors: Actors) -> pa.Table:
        """Return the rows of an event or trait of people, `_place` theirs, in the order of time, then of ids.

        `actors` are all actors of those whose rows are asked for, at places of `people`.
        """
        time, identity = KEYS[kind]
        order = [exp.column(one) for one in (time, identity, "source")]
        query = exp.select("*").where(exp.column("name").eq(exp.Placeholder())).order_by(*order)
        if name.startswith(CONSENT_PREFIX) and kind == "traits":
            places = np.unique(actors.places)
            chosen = pa.table({"person_id": people.take(pa.array(places)), "_place": places})
            self._views.register("chosen", chosen)
            query = query.from_("trait_values").join("chosen", using=["person_id"])
            return self._views.sql(query.sql(dialect="duckdb"), params=[name]).to_arrow_table()
        tables = self._workspace.tables
        chosen = pa.table({"actor_id": actors.ids, "_place": actors.places})
        query = query.from_(stored_rows(tables, GROWING[kind]).subquery("stored")).join("chosen", using=["actor_id"])
        with tables.duckdb.connect() as connection:
            connection.register("chosen", chosen)
            return connection.sql(query.sql(dialect="duckdb"), params=[name]).to_arrow_table()

    def _columns(self, kind: Kind, name: str) -> list[str]:
        tables = self._workspace.tables
        return property_columns(tables, name) if kind == "events" else list(VALUE_COLUMNS.values())


@lru_cache
def _statement(kind: Kind, columns: tuple[str, ...]) -> str:
    """Return the statement for the rows of one event or trait with some of its columns, in the order of `Maker.rows`.

    Remembered, as a run asks the same for one trait after the other.
    """
    time, identity = KEYS[kind]
    query = (
        exp.select("_block", "_place", exp.column(time).as_("ts"), *(exp.column(one, quoted=True) for one in columns))
        .from_(GROWING[kind])
        .join(_NUMBERED, using=["person_id"])
        .where(exp.column("name").eq(exp.Placeholder()))
        .order_by("_block", exp.column(time), exp.column(identity), exp.column("source"))
    )
    return query.sql(dialect="duckdb")


def property_columns(tables: Tables, event: str) -> list[str]:
    """Return the columns of an event's properties of which any row has a value, whatever the catalog says by now."""
    found: dict[str, None] = {}
    for file in tables.files("events"):
        if unquote(Path(file).parent.name.partition("=")[2]) == event:
            found |= dict.fromkeys(_filled(pq.ParquetFile(file).metadata))
    for part in tables.unwritten("events"):
        found |= {one: None for one in part.column_names if part.column(one).null_count < len(part)}
    return [column for column in found if column not in _FIXED]


def value_columns(kind: Kind, rows: pa.Table) -> list[str]:
    """Return the columns of rows that hold values of properties, or of a trait."""
    if kind == "traits":
        return list(VALUE_COLUMNS.values())
    return [column for column in rows.column_names if column not in _FIXED]


def _filled(metadata: pq.FileMetaData) -> Sequence[str]:
    """Return the columns of a file that may hold any value."""
    found: dict[str, None] = {}
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            counts = column.statistics
            # An empty list is a value, and counts as a null here.
            is_list = metadata.schema.column(place).max_repetition_level > 0
            if is_list or counts is None or not counts.has_null_count or counts.null_count < column.num_values:
                found[column.path_in_schema.partition(".")[0]] = None
    return list(found)


def _numbered(generation: Generation) -> pa.Table:
    """Return the people of a generation, each with the number of a block among all, and a place in it."""
    blocks, places = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    first = 0
    for layer in generation.stand.layers:
        numbers = np.arange(layer.places)
        blocks.append((first + numbers // BLOCK).astype(np.int32))
        places.append((numbers % BLOCK).astype(np.int32))
        first += layer.blocks
    here = np.flatnonzero(generation.alive)
    return pa.table(
        {
            "person_id": generation.ids.take(pa.array(here)),
            "_block": np.concatenate(blocks)[here],
            "_place": np.concatenate(places)[here],
        }
    )


def event_columns(catalog: Catalog, name: str) -> dict[str, ValueType]:
    """Return the physical columns of an event's properties, with their types."""
    return {column: kind for types in catalog.events[name].values() for kind, column in types.items()}


def type_of(values: pa.ChunkedArray) -> ValueType:
    """Return a type whose values are stored as these are: moments are stored as numbers are."""
    if pa.types.is_integer(values.type):
        return ValueType.NUMBER
    if pa.types.is_boolean(values.type):
        return ValueType.BOOLEAN
    return ValueType.TEXT_LIST if pa.types.is_list(values.type) else ValueType.TEXT


def encoded(values: pa.ChunkedArray, kind: ValueType) -> tuple[NDArray[Any], pa.Array | None]:
    """Return a column as plain integers, and of texts and lists the distinct ones in order."""
    match kind:
        case ValueType.NUMBER | ValueType.MOMENT:
            return integers(values, MISSING), None
        case ValueType.BOOLEAN:
            return integers(values.cast(pa.int8()), NO_CODE), None
        case ValueType.TEXT:
            encoded = values.combine_chunks().dictionary_encode()
            codes, distinct = integers(encoded.indices, NO_CODE), encoded.dictionary.to_pylist()
        case ValueType.TEXT_LIST:
            lists = [None if one is None else tuple(one) for one in values.to_pylist()]
            distinct = list(dict.fromkeys(one for one in lists if one is not None))
            places = {one: place for place, one in enumerate(distinct)}
            codes = np.array([NO_CODE if one is None else places[one] for one in lists], np.int32)
    order = sorted(range(len(distinct)), key=distinct.__getitem__)
    # One place more, for what is missing: its code, -1, is the last place.
    rank = np.full(len(distinct) + 1, NO_CODE, narrowest(len(distinct)))
    rank[order] = np.arange(len(distinct))
    ordered = [distinct[place] for place in order]
    return rank[codes], pa.array(ordered, pa.string() if kind is ValueType.TEXT else pa.list_(pa.string()))


def narrowest(distinct: int) -> type[np.signedinteger[Any]]:
    """Return the type of the fewest bytes that holds the codes of so many texts."""
    return np.int8 if distinct < 2**7 else np.int16 if distinct < 2**15 else np.int32


def integers(values: pa.Array | pa.ChunkedArray, missing: int) -> NDArray[Any]:
    """Return a column of integers, `missing` where there is none; by DLPack, since Arrow's own way imports pandas."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return np.from_dlpack(whole.fill_null(missing) if whole.null_count else whole)
