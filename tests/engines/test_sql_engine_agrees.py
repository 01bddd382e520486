"""Law: the SQL engine gives the members that the slow, obvious reference gives, in every world."""

import duckdb
from hypothesis import HealthCheck, given, settings

from kohort.engines.reference import Reference
from kohort.engines.sql.engine import SqlEngine
from kohort.storage.connections import open_duckdb
from kohort.testing.relations import create_relations
from kohort.testing.worlds import World, worlds

CONNECTION: duckdb.DuckDBPyConnection = open_duckdb(threads=1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds())
def test_the_sql_engine_gives_the_members_of_the_reference(world: World) -> None:
    create_relations(CONNECTION, world)
    found = SqlEngine(CONNECTION, world.catalog).evaluate(world.rules, world.at)
    expected = Reference(world.people, world.catalog, world.at).evaluate(world.rules)
    assert {name: members.to_pylist() for name, members in found.members.items()} == expected
