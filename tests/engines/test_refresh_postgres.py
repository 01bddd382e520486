"""The SQL engine that remembers holds the law of refreshes on PostgreSQL."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import pytest

from kohort.engines.sql.refresh.engine import IncrementalEngine
from kohort.rules.nodes import Rule
from kohort.storage.postgres import PostgresStore, open_postgres
from kohort.testing.postgres import catalog_without_nul, fill_postgres, without_nul
from kohort.testing.suite.refreshes import Load, RefreshLaws


class TestRefreshesOnPostgres(RefreshLaws):
    store: ClassVar[PostgresStore]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _connected(cls, postgres: str) -> Iterator[None]:
        with open_postgres(postgres) as cls.store:
            yield

    def engine_of(self, load: Load) -> IncrementalEngine:
        fill_postgres(self.store, load.relations())
        return IncrementalEngine(self.store, catalog_without_nul(load.world.catalog))

    def rules_of(self, load: Load) -> Mapping[str, Rule]:
        return {name: without_nul(rule) for name, rule in load.world.rules.items()}
