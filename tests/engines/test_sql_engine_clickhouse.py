"""The SQL engine passes the published suite on ClickHouse, graded gaps apart."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from kohort.testing.clickhouse import ChdbStore, fill_chdb, open_chdb
from kohort.testing.gaps import GapsApart
from kohort.testing.relations import relations_of
from kohort.testing.suite import EngineSuite
from kohort.testing.worlds import World

pytestmark = pytest.mark.stores


class TestSqlEngineOnClickHouse(EngineSuite):
    store: ClassVar[ChdbStore]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _connected(cls) -> Iterator[None]:
        pytest.importorskip("chdb", reason="chdb has an environment of its own: make test-stores")
        with open_chdb() as cls.store:
            yield

    def engine_of(self, world: World) -> GapsApart:
        fill_chdb(self.store, relations_of(world))
        return GapsApart(self.store, world)
