"""What people write never becomes part of a statement, and nothing is left behind."""

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given
from sqlglot import expressions as exp

from kohort.definitions.values import ValueType
from kohort.engines.sql.engine import SqlEngine
from kohort.rules.catalog import Catalog
from kohort.rules.literals import Text
from kohort.rules.nodes import Aggregate, And, Comparison, Condition, Did, Exists, Extreme, InSegment, Property, Trait
from kohort.rules.operators import Function, Operator, Side
from kohort.rules.print import print_rule
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.relations import create_relations
from kohort.testing.suite.base import examples
from kohort.testing.worlds import World, worlds

HOSTILE = (
    "'; DROP TABLE people; --",
    '"; DROP TABLE people; --',
    "' OR '1'='1",
    "\\'; SELECT 1 --",
    "$1",
    "{x}",
    "%s",
    "*/ SELECT 1 /*",
    "a\0b",
    "é😀",
    "x" * 10_000,
)
RELATIONS = {"events", "people", "trait_values"}


class Recorder(DuckStore):
    """A store that keeps the text of every statement."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection)
        self.connection = connection
        self.texts: list[str] = []

    def run(self, text: str, values: Sequence[object]) -> None:
        self.texts.append(text)
        super().run(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        self.texts.append(text)
        return super().fetch(text, values)


def check(texts: list[str]) -> None:
    """Each text is one statement over the three relations, the engine's own temporary tables and its own parts."""
    for text in texts:
        (tree,) = sqlglot.parse(text, dialect="duckdb")
        assert isinstance(tree, exp.Select | exp.Create | exp.Drop)
        own = {part.alias for part in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table):
            assert table.name in RELATIONS | own or table.name.startswith("kohort_features_")
        for literal in tree.find_all(exp.Literal):
            assert not literal.is_string


def temporary_tables(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    return connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_values_are_bound(text: str) -> None:
    rule: Condition = And(
        (
            Comparison(Trait(text), Operator.EQUAL, Text(text)),
            Did(text, Comparison(Property(text), Operator.DIFFERENT, Text(text))),
            Comparison(Aggregate(Function.LAST, text, text), Operator.EQUAL, Text(text)),
            Extreme(Aggregate(Function.DISTINCT, text, text), Side.TOP, 1),
            InSegment(text),
        )
    )
    catalog = Catalog(
        events={text: {text: {ValueType.TEXT: 'the "column"'}}},
        traits={text: ValueType.TEXT},
        segments={text: print_rule(Exists(Trait(text)))},
    )
    recorder = Recorder(open_duckdb(threads=1))
    create_relations(recorder.connection, World((), {}, catalog, {}, 0))
    engine = SqlEngine(recorder, catalog)
    assert engine.evaluate({text: rule}, 0).members[text].to_pylist() == []
    check(recorder.texts)


@examples(6)
@given(worlds())
def test_every_statement_is_one_over_the_allowed_relations(world: World) -> None:
    recorder = Recorder(open_duckdb(threads=1))
    create_relations(recorder.connection, world)
    engine = SqlEngine(recorder, world.catalog)
    engine.evaluate(world.rules, world.at)
    check(recorder.texts)
    assert temporary_tables(recorder.connection) == []


def test_an_evaluation_that_fails_leaves_no_table_behind() -> None:
    connection = open_duckdb(threads=1)
    connection.execute("CREATE TABLE events AS SELECT 'a' person_id, 'e' name, 1 ts")
    before = temporary_tables(connection)
    rules = {"rule": And((Did("e"), Exists(Trait("clv"))))}
    with pytest.raises(duckdb.CatalogException):
        SqlEngine(DuckStore(connection), Catalog(events={"e": {}}, traits={"clv": ValueType.NUMBER})).evaluate(rules, 0)
    assert temporary_tables(connection) == before
