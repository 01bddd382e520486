"""People whose ids are whole numbers in the store: the same members, their ids as texts, in the order of texts."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kohort.definitions.values import ValueType
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.sql.store import Store
from kohort.errors import UnknownNameError
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.storage.connections import open_duckdb
from kohort.storage.postgres import open_postgres
from kohort.storage.stores import DuckStore

RELATIONS = {
    "people": "SELECT CAST(id AS BIGINT) AS person_id, 0 AS first_seen FROM (VALUES (2), (9), (10), (100)) AS p(id)",
    "events": "SELECT CAST(id AS BIGINT) AS person_id, CAST(id AS TEXT) AS event_id, 'e' AS name, "
    "5 AS ts FROM (VALUES (10), (2)) AS e(id)",
    "trait_values": "SELECT CAST(9 AS BIGINT) AS person_id, 'clv' AS name, 'v' AS value_id, "
    "1 AS set_at, CAST(7000000 AS BIGINT) AS number, FALSE AS removed",
}
CATALOG = Catalog(events={"e": {}}, traits={"clv": ValueType.NUMBER})


@contextmanager
def duckdb_store(_: str) -> Iterator[Store]:
    connection = open_duckdb(threads=1)
    for name, select in RELATIONS.items():
        connection.execute(f"CREATE TABLE {name} AS {select}")
    yield DuckStore(connection)


@contextmanager
def postgres_store(address: str) -> Iterator[Store]:
    with open_postgres(address) as store:
        for name, select in RELATIONS.items():
            store.connection.execute(f"CREATE TEMPORARY TABLE {name} AS {select}")
        yield store


@pytest.mark.parametrize("opened", [duckdb_store, postgres_store])
def test_members_are_texts_in_the_order_of_texts(opened: object, postgres: str) -> None:
    assert callable(opened)
    with opened(postgres) as store:
        engine = SqlEngine(store, CATALOG)
        rules = {
            name: read_rule(sentence, CATALOG)
            for name, sentence in {
                "active": "did e",
                "quiet": "not did e",
                "valuable": "clv > 5 or did e then e",
                "top": "count of e in top 60% among everyone",
            }.items()
        }
        found = engine.evaluate(rules, 10).members
        assert found.people.to_pylist() == ["10", "100", "2", "9"]
        assert {name: members.to_pylist() for name, members in found.items()} == {
            "active": ["10", "2"],
            "quiet": ["100", "9"],
            "valuable": ["9"],
            "top": ["10", "100", "2", "9"],
        }
        assert engine.explain(rules["active"], "10", 10).holds
        with pytest.raises(UnknownNameError, match="nobody of that id"):
            engine.explain(rules["active"], "010", 10)
