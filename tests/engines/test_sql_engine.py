"""The SQL engine passes the published suite."""

import duckdb

from kohort.engines.sql.engine import SqlEngine
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.relations import create_relations
from kohort.testing.suite import EngineSuite
from kohort.testing.worlds import World

CONNECTION: duckdb.DuckDBPyConnection = open_duckdb(threads=1)


class TestSqlEngine(EngineSuite):
    def engine_of(self, world: World) -> SqlEngine:
        create_relations(CONNECTION, world)
        return SqlEngine(DuckStore(CONNECTION), world.catalog)
