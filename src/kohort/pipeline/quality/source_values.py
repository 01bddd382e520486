"""What a source has said, read from the tables by itself: its values by a key, its people."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import duckdb
import pyarrow as pa
from sqlglot import exp

from kohort.clock import Moment
from kohort.definitions.comparing import PERSON
from kohort.definitions.source import SourceDefinition
from kohort.definitions.values import VALUE_COLUMNS, ValueType, format_micros
from kohort.quality.cross_checks.agreement import KEY
from kohort.rules.catalog import Catalog

_ASKED: Final = exp.Placeholder()


class Read(NamedTuple):
    """A value of a source by the name of its column, which is that of the place where it stands, and its type."""

    name: str
    kind: ValueType


def kinds_of(catalog: Catalog, source: SourceDefinition, name: str) -> tuple[ValueType, ...]:
    """Return the types of which data have shown a value of a source, none for what has not come yet."""
    if source.event:
        return tuple(catalog.events.get(source.event, {}).get(name, {}))
    return (catalog.traits[name],) if name in catalog.traits else ()


def source_table(
    views: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    source: SourceDefinition,
    key: Read,
    values: Sequence[Read],
    at: Moment,
) -> pa.Table:
    """Return what a source has last said, up to `at`, of each key: a column `key`, as text, and one for each value.

    A key that is called "person" is the person.
    """
    read = [*([] if key.name == PERSON else [key]), *values]
    query, parameters = _of_event(catalog, source, read, at) if source.event else _of_people(source, read, at)
    rows = views.sql(query.sql(dialect="duckdb"), params=parameters).to_arrow_table()
    columns = rows.columns[1:] if key.name == PERSON else rows.columns[2:]
    keys = rows.column(0) if key.name == PERSON else _texts(rows.column(1), key.kind)
    table = pa.table([keys, *columns], names=[KEY, *(f"value_{place}" for place in range(len(values)))])
    table = table.filter(table.column(KEY).is_valid())
    # Rows come the newest first: the first of each key is kept.
    numbered = table.append_column("row", pa.array(range(table.num_rows), pa.int64()))
    firsts = numbered.group_by(KEY).aggregate([("row", "min")]).column("row_min")
    return table.take(firsts)


def people_of(views: duckdb.DuckDBPyConnection, source: str) -> pa.Array:
    """Return everybody of whom a source has said something."""
    said = [
        exp.select("person_id").from_(name).where(exp.column("source").eq(_ASKED.copy()))
        for name in ("events", "trait_values")
    ]
    query = exp.union(*said, distinct=True).sql(dialect="duckdb")
    return views.sql(query, params=[source, source]).to_arrow_table().column(0).combine_chunks()


def _of_event(
    catalog: Catalog, source: SourceDefinition, read: Sequence[Read], at: Moment
) -> tuple[exp.Select, list[object]]:
    known = catalog.events[source.event]
    columns = [
        exp.column(known[one.name][one.kind], quoted=True).as_(f"read_{place}") for place, one in enumerate(read)
    ]
    query = (
        exp.select("person_id", *columns)
        .from_("events")
        .where(*(exp.column(name).eq(_ASKED.copy()) for name in ("name", "source")), exp.column("ts") <= _ASKED.copy())
        .order_by(exp.column("ts").desc(), exp.column("event_id").desc())
    )
    return query, [source.event, source.name, at]


def _of_people(source: SourceDefinition, read: Sequence[Read], at: Moment) -> tuple[exp.Select, list[object]]:
    latest = (
        exp.select("person_id", "name", "set_at", *VALUE_COLUMNS.values(), "removed")
        .distinct("person_id", "name")
        .from_("trait_values")
        .where(exp.column("source").eq(_ASKED.copy()), exp.column("set_at") <= _ASKED.copy())
        .order_by("person_id", "name", exp.column("set_at").desc(), exp.column("value_id").desc())
    )
    columns, parameters = [], list[object]()
    for place, one in enumerate(read):
        its = exp.and_(exp.column("name").eq(_ASKED.copy()), exp.column("removed").not_())
        chosen = exp.AnyValue(this=exp.column(VALUE_COLUMNS[one.kind], quoted=True))
        columns.append(exp.Filter(this=chosen, expression=exp.Where(this=its)).as_(f"read_{place}"))
        parameters.append(one.name)
    query = (
        exp.select("person_id", *columns)
        .from_(latest.subquery("latest"))
        .group_by("person_id")
        .order_by(exp.Max(this=exp.column("set_at")).desc(), "person_id")
    )
    return query, [*parameters, source.name, at]


def _texts(keys: pa.ChunkedArray, kind: ValueType) -> pa.ChunkedArray:
    """Return keys as text, so that 42 is "42" wherever it was read as a number."""
    if kind is ValueType.NUMBER:
        return pa.chunked_array(
            [[None if one is None else format_micros(one) for one in keys.to_pylist()]], pa.string()
        )
    return keys.cast(pa.string())
