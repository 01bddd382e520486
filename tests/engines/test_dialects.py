"""The statements of every dialect: well formed in it, all values bound, and with the meaning of the reference."""

import duckdb
import pytest
import sqlglot
from hypothesis import given
from sqlglot import expressions as exp

from kohort.engines.reference import Reference
from kohort.engines.sql.dialects import DIALECTS, Grade
from kohort.engines.sql.engine import SqlEngine
from kohort.errors import GapError
from kohort.rules.catalog import Catalog
from kohort.storage.connections import open_duckdb
from kohort.testing.relations import create_relations
from kohort.testing.suite.base import examples
from kohort.testing.translation import TranslatingStore
from kohort.testing.worlds import World, worlds

RELATIONS = {"events", "people", "trait_values"}
CONNECTION: duckdb.DuckDBPyConnection = open_duckdb(threads=1)


def check(text: str, dialect: str, columns: set[str]) -> None:
    """A text is one SELECT, CREATE TABLE AS SELECT (of Spark's a VIEW) or DROP, over the allowed relations.

    It holds no text of its own.
    """
    (tree,) = sqlglot.parse(text, dialect=dialect)
    assert isinstance(tree, exp.Select | exp.Create | exp.Drop)
    if isinstance(tree, exp.Create):
        assert tree.kind == ("VIEW" if dialect == "spark" else "TABLE")
        assert isinstance(tree.expression, exp.Select)
    for table in tree.find_all(exp.Table):
        assert table.name in RELATIONS | {"several"} or table.name.startswith(
            ("kohort_features_", "answers_", "elements", "matched")
        )
    for literal in tree.find_all(exp.Literal):
        assert not literal.is_string
    for identifier in tree.find_all(exp.Identifier):
        assert identifier.name in columns or identifier.name.isidentifier()


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_statement_is_one_of_its_dialect_and_means_what_the_reference_says(dialect: str) -> None:
    @examples(5)
    @given(worlds())
    def agrees(world: World) -> None:
        create_relations(CONNECTION, world)
        store = TranslatingStore(dialect, CONNECTION)
        engine = SqlEngine(store, world.catalog)
        rules = {}
        for name, rule in world.rules.items():
            try:
                engine.evaluate({name: rule}, world.at)
            except GapError:
                continue
            rules[name] = rule
        store.texts.clear()
        found = engine.evaluate(rules, world.at)
        expected = Reference(world.people, world.catalog, world.at).evaluate(rules)
        assert {name: members.to_pylist() for name, members in found.members.items()} == expected
        for text in store.texts:
            check(text, dialect, property_columns(world.catalog))

    agrees()


def property_columns(catalog: Catalog) -> set[str]:
    """The columns that the server made of the names of properties."""
    return {
        column for properties in catalog.events.values() for types in properties.values() for column in types.values()
    }


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda one: one.name)
def test_what_a_dialect_lacks_is_a_graded_gap_with_its_reason(dialect: object) -> None:
    one = DIALECTS[str(getattr(dialect, "name", ""))]
    gaps = {gap.what: gap for gap in one.gaps}
    assert ("lists of text" in gaps) == (one.lists is None)
    assert ("texts with a NUL character" in gaps) == (not one.holds_nul)
    assert ("running" in gaps) == (one.driver is None)
    assert all(gap.reason and gap.grade in Grade for gap in one.gaps)
