"""The SQL engine passes the published suite on PostgreSQL."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from kohort.storage.postgres import PostgresStore, open_postgres
from kohort.testing.postgres import PostgresEngine
from kohort.testing.suite import EngineSuite
from kohort.testing.worlds import World


class TestSqlEngineOnPostgres(EngineSuite):
    store: ClassVar[PostgresStore]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _connected(cls, postgres: str) -> Iterator[None]:
        with open_postgres(postgres) as cls.store:
            yield

    def engine_of(self, world: World) -> PostgresEngine:
        return PostgresEngine(self.store, world)
