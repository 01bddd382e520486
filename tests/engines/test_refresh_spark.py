"""The SQL engine that remembers holds the law of refreshes on Spark, which changes no row."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from kohort.engines.sql.refresh.engine import IncrementalEngine
from kohort.storage.spark import SparkStore
from kohort.testing.spark import fill_spark, open_local_cluster
from kohort.testing.suite.refreshes import Load, RefreshLaws

# PySpark leaves the socket by which rows came to be closed by the collector of garbage.
pytestmark = [pytest.mark.stores, pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")]


class TestRefreshesOnSpark(RefreshLaws):
    store: ClassVar[SparkStore]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _connected(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        folder: Path = tmp_path_factory.mktemp("warehouse")
        with open_local_cluster({"spark.sql.warehouse.dir": str(folder)}) as cls.store:
            yield

    def engine_of(self, load: Load) -> IncrementalEngine:
        fill_spark(self.store, load.relations())
        return IncrementalEngine(self.store, load.world.catalog)
