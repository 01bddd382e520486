"""PostgreSQL as a store: one state of the data, nothing left behind, and errors that say what to do."""

from collections.abc import Iterator

import pytest

from kohort.definitions.values import ValueType
from kohort.engines.sql.engine import SqlEngine
from kohort.errors import GapError, ProjectError, StorageError
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.storage.postgres import PostgresStore, open_postgres

CATALOG = Catalog(events={"order": {}}, traits={"clv": ValueType.NUMBER})
RULES = {"buyers": read_rule("did order", CATALOG), "known": read_rule("clv exists", CATALOG)}


@pytest.fixture
def shop(postgres: str) -> Iterator[PostgresStore]:
    """A schema of its own with one buyer, on the search path."""
    with open_postgres(postgres) as store:
        for text in (
            "CREATE SCHEMA shop",
            "SET search_path = shop",
            "CREATE TABLE people AS SELECT 'ada'::text AS person_id, 0::bigint AS first_seen",
            (
                "CREATE TABLE events AS SELECT '1'::text AS event_id, 'ada'::text AS person_id, 'order'::text AS name, "
                "5::bigint AS ts"
            ),
            (
                "CREATE TABLE trait_values (person_id text, name text, value_id text, set_at bigint, number bigint, "
                "text text, boolean boolean, moment bigint, list text[], removed boolean)"
            ),
        ):
            store.run(text, [])
        yield store
        if not store.connection.closed:
            store.run("DROP SCHEMA shop CASCADE", [])
            return
    with open_postgres(postgres) as again:
        again.run("DROP SCHEMA shop CASCADE", [])


def members(store: PostgresStore) -> dict[str, list[str]]:
    found = SqlEngine(store, CATALOG).evaluate(RULES, at=10).members
    return {name: its.to_pylist() for name, its in found.items()}


def temporary_tables(store: PostgresStore) -> list[object]:
    text = "SELECT relname::text AS name FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'"
    return list(store.fetch(text, []).column("name").to_pylist())


def test_members_are_found_where_the_data_are_and_nothing_is_left(shop: PostgresStore) -> None:
    assert members(shop) == {"buyers": ["ada"], "known": []}
    assert temporary_tables(shop) == []


def test_a_table_that_changed_its_shape_is_named_and_nothing_is_left(shop: PostgresStore) -> None:
    shop.run("ALTER TABLE trait_values RENAME COLUMN number TO amount", [])
    with pytest.raises(ProjectError, match=r'column "number" does not exist; a table changed its shape'):
        members(shop)
    assert temporary_tables(shop) == []
    shop.run("ALTER TABLE trait_values RENAME COLUMN amount TO number", [])
    assert members(shop)["buyers"] == ["ada"]


def test_a_right_that_is_missing_is_named(shop: PostgresStore) -> None:
    shop.run("CREATE ROLE reader", [])
    shop.run("GRANT USAGE ON SCHEMA shop TO reader", [])
    shop.run("SET ROLE reader", [])
    try:
        with pytest.raises(ProjectError, match="permission denied for table people; grant the right"):
            members(shop)
    finally:
        shop.run("RESET ROLE", [])
        shop.run("DROP OWNED BY reader", [])
        shop.run("DROP ROLE reader", [])


def test_a_connection_that_is_lost_can_be_tried_again(shop: PostgresStore, postgres: str) -> None:
    number = shop.connection.info.backend_pid
    with open_postgres(postgres) as other:
        other.fetch("SELECT pg_terminate_backend($1)", [number])
    with pytest.raises(StorageError, match="PostgreSQL does not answer"):
        members(shop)


def test_all_statements_see_one_state_of_the_data(shop: PostgresStore, postgres: str) -> None:
    count = "SELECT count(*) AS people FROM shop.people"
    with open_postgres(postgres) as other, shop.snapshot():
        before = shop.fetch(count, []).to_pylist()
        other.run("INSERT INTO shop.people VALUES ('bob', 1)", [])
        assert shop.fetch(count, []).to_pylist() == before
    assert shop.fetch(count, []).to_pylist() == [{"people": 2}]


def test_a_text_that_it_cannot_hold_is_refused(shop: PostgresStore) -> None:
    catalog = Catalog(traits={"country": ValueType.TEXT})
    rule = read_rule('country = "F\0R"', catalog)
    with pytest.raises(GapError, match="postgres cannot run a rule on a text with a NUL character"):
        SqlEngine(shop, catalog).evaluate({"rule": rule}, at=10)
    assert temporary_tables(shop) == []
