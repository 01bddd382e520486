"""The SQL engine that remembers passes the published suite, and the law of refreshes."""

import duckdb

from kohort.engines.sql.refresh.engine import IncrementalEngine
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.suite.refreshes import Load, RefreshLaws

CONNECTION: duckdb.DuckDBPyConnection = open_duckdb(threads=1)


class TestRefreshes(RefreshLaws):
    def engine_of(self, load: Load) -> IncrementalEngine:
        for name, table in load.relations().items():
            CONNECTION.register(name, table)
        return IncrementalEngine(DuckStore(CONNECTION), load.world.catalog)
