"""A world on a Spark of this machine's own, whose executors are processes as those of a cluster are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

from kohort.engines.sql.engine import SqlEngine
from kohort.storage.spark import SparkStore, open_spark
from kohort.testing.relations import relations_of
from kohort.testing.worlds import World

SMALL: Final = {
    "spark.default.parallelism": "2",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.executor.memory": "700m",
    "spark.log.level": "OFF",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}
"""Two executors, two partitions: what is right does not depend on it, and a few rows are found soonest."""


@contextmanager
def open_local_cluster(settings: Mapping[str, str] | None = None) -> Iterator[SparkStore]:
    """Open a session on two executors of one core each, every one a process of its own."""
    with open_spark("local-cluster[2,1,1024]", {**SMALL, **(settings or {})}) as store:
        yield store


def spark_engine(store: SparkStore, world: World) -> SqlEngine:
    """Return the SQL engine on the data of `world`, in place of earlier ones."""
    fill_spark(store, relations_of(world))
    return SqlEngine(store, world.catalog)


def fill_spark(store: SparkStore, relations: Mapping[str, pa.Table]) -> None:
    """Make `relations` on the session of `store`, seen by it alone, in place of earlier ones."""
    for name, table in relations.items():
        store.session.createDataFrame(table).createOrReplaceTempView(name)
