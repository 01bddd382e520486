"""The SQL engine passes the published suite on Apache Spark, whose executors are processes of their own."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from kohort.engines.sql.engine import SqlEngine
from kohort.storage.spark import SparkStore
from kohort.testing.spark import open_local_cluster, spark_engine
from kohort.testing.suite import EngineSuite
from kohort.testing.worlds import World

# PySpark leaves the socket by which rows came to be closed by the collector of garbage.
pytestmark = [pytest.mark.stores, pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")]


class TestSqlEngineOnSpark(EngineSuite):
    at_once = 25
    store: ClassVar[SparkStore]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _connected(cls) -> Iterator[None]:
        with open_local_cluster() as cls.store:
            yield

    def engine_of(self, world: World) -> SqlEngine:
        return spark_engine(self.store, world)
