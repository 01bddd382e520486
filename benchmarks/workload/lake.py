"""Going on from an evaluation on Apache Spark, beside a full one: Spark's own account of what its scans gave."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from kohort.clock import HOUR, Moment
from kohort.engines.plan import build_plan
from kohort.engines.sql.refresh.engine import IncrementalEngine, Refreshed
from kohort.engines.sql.refresh.feeds import Cursors
from kohort.engines.sql.refresh.upkeep import Upkeep, upkeep_of
from kohort.rules.nodes import Rule
from kohort.rules.read import read_rule
from kohort.storage.spark import SparkStore, open_spark
from kohort.testing.spark import SMALL, scanned
from workload.population import CATALOG, NOW, Population
from workload.relations import open_relations
from workload.sentences import segments

FEED = Cursors(days={"ts": "ts_day", "received_at": "received_day"}).feed()
_RELATIONS = {
    "people": ("SELECT * FROM people", ""),
    "trait_values": ("SELECT *, set_at AS recorded_at FROM trait_values", ""),
    "events": (
        "SELECT *, ts AS received_at, CAST(make_timestamp(ts) AS DATE) AS ts_day, ts_day AS received_day FROM events",
        ", PARTITION_BY (ts_day, received_day)",
    ),
}


def compare(made: Population, count: int, hours: int, folder: Path, share: float) -> None:
    """Go on after `share` of the people did something again and `hours` passed, and evaluate fully at that moment."""
    rules = {name: read_rule(sentence, CATALOG) for name, sentence in segments(count).items()}
    mended = {name: rule for name, rule in rules.items() if _is_mended(name, rule)}
    with open_spark("local[2]", {**SMALL, "spark.sql.warehouse.dir": str(folder / "warehouse")}) as store:
        fill(store, made, folder)
        chosen = {"that are mended": mended, "of all shapes": rules}
        print(f"\n## {made.people:,} people × {made.events:,} events in {_partitions(store):,} days, on Spark\n")
        print(
            "| segments | run | files | rows | seconds | values read of everybody |\n|---|---|---|---|---|---|",
            flush=True,
        )
        for words, its in chosen.items():
            _measured(store, its, NOW, f"{len(its)} {words}", "full, the first")
        _new_events(store, NOW + hours * HOUR, share)
        for words, its in chosen.items():
            name = f"{len(its)} {words}"
            going_on, gone_on = _measured(store, its, NOW + hours * HOUR, name, f"{hours} hours later")
            full, anew = _measured(store, its, NOW + hours * HOUR, name, "full at the same moment", full=True)
            if any(gone_on.evaluation.members[one] != anew.evaluation.members[one] for one in its):
                sys.exit("the members of the run that went on differ from those of the full one")
            files, rows = (after / before for after, before in zip(going_on, full, strict=True))
            print(f"\nOf a full scan of {name}: {files:.1%} of the files, {rows:.1%} of the rows.\n", flush=True)


def fill(store: SparkStore, made: Population, folder: Path) -> None:
    """Make the relations as Parquet tables, `events` with a folder for each day of a moment and of loading."""
    with open_relations(made, threads=2) as connection:
        for name, (rows, partitions) in _RELATIONS.items():
            its = folder / name
            its.mkdir(parents=True)
            target = its if partitions else its / "rows.parquet"
            options = f"(FORMAT parquet{partitions}{', OVERWRITE_OR_IGNORE' if partitions else ''})"
            connection.execute(f"COPY ({rows}) TO '{target}' {options}")
            store.run(f"CREATE TABLE {name} USING PARQUET LOCATION '{its}'", [])
    store.run("ALTER TABLE events RECOVER PARTITIONS", [])


def _is_mended(name: str, rule: Rule) -> bool:
    features = build_plan({name: rule}, CATALOG).features
    return all(upkeep_of(one) is not Upkeep.PEOPLE for one in features)


def _partitions(store: SparkStore) -> int:
    return len(store.fetch("SHOW PARTITIONS events", []))


def _new_events(store: SparkStore, until: Moment, share: float) -> None:
    """Let a share of the people do one to four things of their past again, in the time from `NOW` to `until`."""
    names = store.fetch("DESCRIBE events", [])["col_name"].to_pylist()
    columns = list(dict.fromkeys(one for one in names if not one.startswith("#")))
    ts = f"{NOW} + ABS(HASH(event_id)) * 7919L % {until - NOW}"
    changed = {
        "event_id": "CONCAT('new', event_id)",
        "ts": ts,
        "received_at": str(until),
        "ts_day": f"CAST(TIMESTAMP_MICROS({ts}) AS DATE)",
        "received_day": f"CAST(TIMESTAMP_MICROS({until}) AS DATE)",
    }
    wanted = ", ".join(f"{changed.get(one, one)} AS {one}" for one in columns)
    number = "INT(SUBSTRING(person_id, 2))"
    store.run(
        f"INSERT INTO events SELECT {wanted} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY person_id "
        f"ORDER BY event_id) AS place FROM events WHERE {number} % {round(1 / share)} = 0) WHERE place <= 4",
        [],
    )


def _measured(
    store: SparkStore, rules: Mapping[str, Rule], at: Moment, words: str, run: str, *, full: bool = False
) -> tuple[tuple[int, int], Refreshed]:
    before, begin = scanned(store, "events"), time.perf_counter()
    kept = f"kohort_kept_{'_'.join(words.split())}"
    found = IncrementalEngine(store, CATALOG, kept, FEED).refresh(rules, at, full=full)
    passed, its = time.perf_counter() - begin, scanned(store, "events", before.last)
    print(f"| {words} | {run} | {its.files:,} | {its.rows:,} | {passed:.0f} | {len(found.rescans)} |", flush=True)
    return (its.files, its.rows), found
