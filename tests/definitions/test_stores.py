"""Where stores are declared: a secret is only ever a reference, and what is wrong is said where it stands."""

from typing import Any

import pytest

from kohort.definitions.project import project_definition_of
from kohort.definitions.references import Reference
from kohort.definitions.source import source_definition_of
from kohort.definitions.stores import StoreDefinition
from kohort.errors import DefinitionError


def declared(**store: Any) -> StoreDefinition:
    return project_definition_of({"name": "shop", "stores": {"there": store}}, "kohort.yaml").stores["there"]


def test_a_store_refers_to_its_secret() -> None:
    assert declared(kind="postgres", address={"env": "SHOP"}).address == Reference(env="SHOP")
    assert declared(kind="postgres", address={"keyring": "kohort/shop"}).address == Reference(keyring="kohort/shop")
    assert declared(kind="duckdb", address="shop.duckdb", schema="results") == StoreDefinition(
        "there", "duckdb", "shop.duckdb", "results"
    )


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:hunter2@localhost/shop",
        "postgresql://localhost/shop?password=hunter2",
        "host=localhost password=hunter2",
        "host=localhost PASSWORD = 'hunter2'",
        "clickhouse://localhost?access_token=hunter2",
        "postgresql://ada:hunter2@[localhost/shop",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(DefinitionError, match=r"stores\.there\.address.*environment or the keyring") as caught:
        declared(kind="postgres", address=address)
    assert "hunter2" not in str(caught.value)


def test_settings_are_texts_or_refer_to_their_secret() -> None:
    settings = {"spark.executor.cores": 2, "spark.speculation": True, "spark.hadoop.fs.s3a.secret.key": {"env": "KEY"}}
    assert declared(kind="spark", address="yarn", settings=settings).settings == {
        "spark.executor.cores": "2", "spark.speculation": "true", "spark.hadoop.fs.s3a.secret.key": Reference(env="KEY")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spark.hadoop.fs.s3a.secret.key", "hunter2"),
        ("spark.hadoop.javax.jdo.option.ConnectionPassword", "hunter2"),
        ("spark.hadoop.javax.jdo.option.ConnectionURL", "jdbc:postgresql://there/catalog?password=hunter2"),
    ],
)
def test_a_secret_among_settings_is_refused_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(DefinitionError, match=r"stores\.there\.settings.*environment or the keyring") as caught:
        declared(kind="spark", address="yarn", settings={name: value})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ({"kind": "postgres"}, r'field "stores\.there\.address": expected text, got nothing'),
        ({"address": "x"}, r'field "stores\.there\.kind"'),
        ({"kind": "postgres", "address": {}}, r"expected \{env: NAME\} or \{keyring: service/name\}"),
        ({"kind": "postgres", "address": {"env": "A", "keyring": "a/b"}}, r"expected \{env: NAME\} or"),
        ({"kind": "postgres", "address": {"keyring": "shop"}}, r"\{keyring: service/name\}"),
        ({"kind": "postgres", "address": {"environ": "A"}}, 'did you mean "env"'),
        ({"kind": "postgres", "address": "x", "shema": "a"}, 'did you mean "schema"'),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(store: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        declared(**store)


TABLE = {"name": "orders", "table": "shop.orders", "store": "there", "event": "order_completed", "person": "client",
         "key": "no", "time": "at"}  # fmt: skip


def test_a_source_may_read_a_table() -> None:
    source = source_definition_of(TABLE, "sources/orders.yaml")
    assert (source.table, source.store, source.files) == (("shop", "orders"), "there", "")
    cursor = source_definition_of({**TABLE, "cursor": "loaded"}, "sources/orders.yaml")
    assert (cursor.cursor, cursor.columns()["loaded"]) == ("loaded", "cursor")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table": "orders"}, 'a schema and a table, such as "shop.orders"'),
        ({"store": None}, 'field "store": expected text, got nothing'),
        ({"files": "orders*"}, "a source reads files or a table"),
        ({"group_by": "no"}, "group them in a view of the store"),
        ({"lookups": [{"file": "a", "on": "b", "columns": "c"}]}, "join them in a view of the store"),
        ({"person": {"anonymous_id": "visitor"}}, "anonymous ids are not joined to known ones in a store yet"),
        ({"key": None}, "the column or columns that make a row of the table unique"),
        ({"delimiter": ";"}, "only a file has a delimiter"),
    ],
)
def test_what_a_table_cannot_be_asked_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        source_definition_of({**TABLE, **change}, "sources/orders.yaml")


def test_a_store_belongs_to_a_table() -> None:
    files = {**TABLE, "files": "orders*", "table": None}
    with pytest.raises(DefinitionError, match='unknown field "store"'):
        source_definition_of(files, "sources/orders.yaml")
