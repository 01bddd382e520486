"""The arrays of the mapped history, made from the tables."""

from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlglot import exp

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.columns import BLOCK, MISSING, NO_CODE
from kohort.pipeline.layout import COLUMN, PEOPLE, STARTS, TIMES, Kind
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.mapped import MappedFolder


class Maker:
    """Makes the arrays of a project's people, events and traits from its tables."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self._workspace, self._catalog = workspace, catalog

    @cached_property
    def _views(self) -> duckdb.DuckDBPyConnection:
        """The project's relations, and `numbered`: everybody's place in the order of the person ids."""
        views = self._workspace.views(self._catalog)
        place = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=[exp.column("person_id")]))
        number = exp.Sub(this=place, expression=exp.Literal.number(1))
        people = exp.select("person_id", "first_seen", number.as_("person_number")).from_("people")
        views.execute(exp.Create(this=exp.to_table("numbered"), kind="TABLE", expression=people).sql(dialect="duckdb"))
        return views

    def people(self, folder: Path) -> MappedFolder:
        """Write the person ids in order, and since when each is known."""
        query = exp.select("person_id", "first_seen").from_("numbered").order_by("person_number")
        people = self._views.sql(query.sql(dialect="duckdb")).to_arrow_table()
        seen = integers(people.column("first_seen"), MISSING)
        return MappedFolder.write(folder, {"first_seen": seen}, {"people": people.column("person_id").combine_chunks()})

    def rows(self, kind: Kind, name: str, people: int, folder: Path) -> MappedFolder:
        """Write the rows of an event or trait: block after block of `people`, in the order of time, then of ids."""
        of_events = kind == "events"
        relation, time, identity = ("events", "ts", "event_id") if of_events else ("trait_values", "set_at", "value_id")
        columns = event_columns(self._catalog, name) if of_events else {one: of for of, one in VALUE_COLUMNS.items()}
        block = exp.IntDiv(this=exp.column("person_number"), expression=exp.Literal.number(BLOCK))
        query = (
            exp.select("person_number", exp.column(time).as_("ts"), *(exp.column(one, quoted=True) for one in columns))
            .from_(relation)
            .join("numbered", using=["person_id"])
            .where(exp.column("name").eq(exp.Placeholder()))
            .order_by(block, exp.column(time), exp.column(identity), exp.column("source"))
        )
        rows = self._views.sql(query.sql(dialect="duckdb"), params=[name]).to_arrow_table()
        numbers = integers(rows.column("person_number"), MISSING)
        starts = np.searchsorted(numbers // BLOCK, np.arange(-(-people // BLOCK) + 1))
        arrays: dict[str, NDArray[Any]] = {
            STARTS: starts.astype(np.int64),
            PEOPLE: (numbers % BLOCK).astype(np.int32),
            TIMES: integers(rows.column("ts"), MISSING),
        }
        texts: dict[str, pa.Array] = {}
        for column, of in columns.items():
            values = rows.column(column)
            if values.null_count == len(values):
                continue
            arrays[COLUMN + column], distinct = encoded(values, of)
            if distinct is not None:
                texts[COLUMN + column] = distinct
        return MappedFolder.write(folder, arrays, texts)


def event_columns(catalog: Catalog, name: str) -> dict[str, ValueType]:
    """Return the physical columns of an event's properties, with their types."""
    return {column: kind for types in catalog.events[name].values() for kind, column in types.items()}


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
    width = np.int8 if len(distinct) < 2**7 else np.int16 if len(distinct) < 2**15 else np.int32
    rank = np.full(len(distinct) + 1, NO_CODE, width)
    rank[order] = np.arange(len(distinct))
    ordered = [distinct[place] for place in order]
    return rank[codes], pa.array(ordered, pa.string() if kind is ValueType.TEXT else pa.list_(pa.string()))


def integers(values: pa.Array | pa.ChunkedArray, missing: int) -> NDArray[Any]:
    """Return a column of integers, `missing` where there is none; by DLPack, since Arrow's own way imports pandas."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return np.from_dlpack(whole.fill_null(missing) if whole.null_count else whole)
