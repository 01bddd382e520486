"""A world on a Spark of this machine's own, whose executors are processes as those of a cluster are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from kohort.engines.sql.engine import SqlEngine
from kohort.storage.spark import SparkStore, open_spark
from kohort.testing.relations import relations_of
from kohort.testing.worlds import World

QUICK: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dderby.stream.error.file=/dev/null"
"""Options of Java: what is planned once is not worth much compiling, and few rows are not worth threads that sweep.

The one Java that tests share is begun by whoever comes first, so here too a catalog leaves no log where it runs.
"""

SMALL: Final = {
    "spark.default.parallelism": "2",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": QUICK,
    "spark.driver.host": "127.0.0.1",
    "spark.executor.extraJavaOptions": QUICK,
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


@dataclass(frozen=True)
class Scanned:
    """What the scans of a table read, as Spark accounts for it, up to the statement `last` of the session."""

    last: int
    files: int
    rows: int


def scanned(store: SparkStore, table: str, since: int = -1) -> Scanned:
    """Return what the scans of `table` read in all statements after `since`, the `last` of an earlier answer."""
    session = store.session._jsparkSession  # noqa: SLF001 - Python's side shows no metrics
    session.sparkContext().listenerBus().waitUntilEmpty()
    account = session.sharedState().statusStore()
    executions = account.executionsList()
    numbers = [executions.apply(place).executionId() for place in range(executions.size())]
    found = {"number of files read": 0, "number of output rows": 0}
    for number in numbers:
        if number <= since:
            continue
        values, nodes = account.executionMetrics(number), account.planGraph(number).allNodes()
        for node in (nodes.apply(place) for place in range(nodes.size())):
            if not node.name().startswith("Scan ") or not node.name().endswith(f".{table}"):
                continue
            metrics = node.metrics()
            for metric in (metrics.apply(place) for place in range(metrics.size())):
                if metric.name() in found and (value := values.get(metric.accumulatorId())).isDefined():
                    found[metric.name()] += int(value.get().replace(",", ""))
    return Scanned(max(numbers, default=since), *found.values())
