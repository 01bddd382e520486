"""A world as the relations that an SQL engine reads."""

from fractions import Fraction

import duckdb
import pyarrow as pa

from kohort.definitions.values import MICRO, VALUE_COLUMNS, ValueType
from kohort.engines.reference import Plain, Typed
from kohort.rules.catalog import Catalog
from kohort.testing.worlds import World, consent_values

_ARROW_TYPES = {
    ValueType.NUMBER: pa.int64(),
    ValueType.TEXT: pa.string(),
    ValueType.BOOLEAN: pa.bool_(),
    ValueType.MOMENT: pa.int64(),
    ValueType.TEXT_LIST: pa.list_(pa.string()),
}


def create_relations(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    """Make `events`, `people` and `trait_values` of `world` on `connection`, in place of earlier ones."""
    for name, table in relations_of(world).items():
        connection.register(name, table)


def relations_of(world: World) -> dict[str, pa.Table]:
    """Return the relations of `world` by name."""
    return {"events": _events(world), "people": _people(world), "trait_values": _trait_values(world)}


def _events(world: World) -> pa.Table:
    columns = _property_columns(world.catalog)
    texts = ("event_id", "actor_id", "person_id", "name")
    schema = pa.schema(
        [
            *((name, pa.string()) for name in texts),
            ("ts", pa.int64()),
            *((name, _ARROW_TYPES[type_]) for name, type_ in columns.items()),
        ]
    )
    rows: list[dict[str, object]] = []
    for person in world.people:
        for event in person.events:
            row: dict[str, object] = {
                "event_id": event.event_id,
                "actor_id": world.actors[event.event_id],
                "person_id": person.person_id,
                "name": event.name,
                "ts": event.ts,
            }
            for name, typed in event.properties.items():
                row[world.catalog.events[event.name][name][typed.type]] = _stored(typed)
            rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema)


def _property_columns(catalog: Catalog) -> dict[str, ValueType]:
    return {
        column: type_
        for properties in catalog.events.values()
        for types in properties.values()
        for type_, column in types.items()
    }


def _people(world: World) -> pa.Table:
    rows = [{"person_id": person.person_id, "first_seen": person.first_seen} for person in world.people]
    return pa.Table.from_pylist(rows, schema=pa.schema([("person_id", pa.string()), ("first_seen", pa.int64())]))


def _trait_values(world: World) -> pa.Table:
    schema = pa.schema(
        [
            ("person_id", pa.string()),
            ("name", pa.string()),
            ("value_id", pa.string()),
            ("set_at", pa.int64()),
            *((column, _ARROW_TYPES[type_]) for type_, column in VALUE_COLUMNS.items()),
            ("removed", pa.bool_()),
        ]
    )
    rows: list[dict[str, object]] = []
    for person in world.people:
        for one in (*person.traits, *consent_values(person, world.catalog)):
            row: dict[str, object] = {
                "person_id": person.person_id,
                "name": one.name,
                "value_id": one.value_id,
                "set_at": one.set_at,
                "removed": one.value is None,
            }
            if one.value is not None:
                row[VALUE_COLUMNS[one.value.type]] = _stored(one.value)
            rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema)


def _stored(typed: Typed) -> object:
    value: Plain = typed.value
    if isinstance(value, Fraction):
        return int(value * MICRO)
    return list(value) if isinstance(value, tuple) else value
