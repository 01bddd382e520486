"""A shop whose tables are nothing like Kohort's, in PostgreSQL or a DuckDB file, and the same rows as files."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from kohort.engines.sql.store import Store
from kohort.project import Project
from kohort.storage.duckdb_file import open_duckdb_file
from kohort.storage.postgres import PostgresStore, open_postgres
from kohort.testing.clock import SettableClock
from small_shop import NOW

SCHEMA = "kohort"

TABLES = {
    "orders": (
        "CREATE TABLE shop.orders (no bigint, client integer, ordered_at timestamptz, amount numeric(18,9), "
        "channel varchar(40), express boolean, labels text[], loaded bigint)"
    ),
    "visits": (
        'CREATE TABLE shop.visits (id uuid, "who came" text, "day" timestamp, seconds double precision, '
        "loaded timestamptz)"
    ),
    "clients": (
        "CREATE TABLE crm.clients (client integer, country char(2), born date, loyal boolean, points bigint, "
        "latitude real, longitude double precision, extra jsonb, changed timestamp, loaded timestamp)"
    ),
}

SOURCES: Sequence[Mapping[str, Any]] = (
    {
        "name": "orders", "table": "shop.orders", "event": "order_completed", "person": "client", "key": "no",
        "time": "ordered_at",
        "properties": {"total": "amount", "channel": "channel", "express": "express", "labels": "labels"},
    },
    {
        "name": "visits", "table": "shop.visits", "event": "page_viewed", "person": "who came", "key": "id",
        "time": {"column": "day", "time_zone": "America/New_York"}, "properties": {"seconds": "seconds"},
    },
    {
        "name": "clients", "table": "crm.clients", "person": "client", "key": "client", "time": "changed",
        "traits": {
            "country": "country", "born": "born", "loyal": "loyal", "points": "points",
            "location.latitude": "latitude", "location.longitude": "longitude", "extra": "extra",
        },
    },
)  # fmt: skip

SEGMENTS = {
    "buyers": "did order_completed in last 60 days",
    "frequent": "count of order_completed >= 3",
    "spenders": "sum of order_completed.total > 100.000001",
    "above": "sum of order_completed.total > mean + 1 std",
    "best": "sum of order_completed.total in top 10%",
    "scored": "score of max of order_completed.total out of 5 >= 4",
    "web": 'count of order_completed where channel contains "web" ignoring case >= 1',
    "express": "did order_completed where express = true in last 90 days",
    "labelled": 'count of order_completed where labels includes "gift" >= 1',
    "lookers": "did page_viewed then not order_completed within 7 days",
    "long": "mean of page_viewed.seconds >= 30.5",
    "french": 'country = "FR" and loyal = true',
    "unknown": "country is missing",
    "grown": "born <= 1990-12-31",
    "birthday": "anniversary of born in next 30 days",
    "near": "distance to (48.8566, 2.3522) < 300 km",
    "among": 'points in top 20% among in segment "buyers"',
    "neither": 'not in segment "buyers" and not in segment "french"',
    "quiet": "days since last order_completed > 30.5",
    "last": "last of order_completed.total >= 20",
    "noted": 'extra contains "vip"',
}


def rows_of(seed: int = 7, people: int = 120) -> dict[str, list[dict[str, Any]]]:
    """Make the rows of every table: of each kind of value some are missing, some are odd."""
    chance = random.Random(seed)  # noqa: S311 - the same rows at every run
    start = datetime(2025, 9, 1, tzinfo=UTC)

    def moment() -> datetime:
        return start + timedelta(microseconds=chance.randrange(180 * 86_400_000_000))

    orders = [
        {
            "no": number, "client": chance.choice([None, *range(1, people)]), "ordered_at": moment(),
            "amount": chance.choice([None, Decimal(chance.randrange(-10**10, 10**11)) / 10**9, Decimal("0.0000005")]),
            "channel": chance.choice([None, " \t", "Web", "web shop", "till", "WEBÉ"]),
            "express": chance.choice([None, True, False]),
            "labels": chance.choice([None, [], ["gift"], ["gift", "sale"], ["sale"]]),
        }
        for number in range(500)
    ]  # fmt: skip
    visits = [
        {
            "id": f"00000000-0000-0000-0000-{number:012d}",
            "who came": chance.choice(["", " ", None, *map(str, range(1, people))]),
            "day": moment().replace(tzinfo=None),
            "seconds": chance.choice([None, float("nan"), float("inf"), 0.1, 30.5, chance.random() * 100]),
        }
        for number in range(500)
    ]  # fmt: skip
    clients = [
        {
            "client": number, "country": chance.choice([None, "FR", "DE"]),
            "born": chance.choice([None, date(1950, 1, 1) + timedelta(days=chance.randrange(20_000))]),
            "loyal": chance.choice([None, True, False]), "points": chance.choice([None, chance.randrange(1000)]),
            "latitude": chance.choice([None, 43.5, 48.75]), "longitude": chance.choice([None, 2.25, 7.5]),
            "extra": chance.choice([None, '{"tier": "vip"}', "{}"]), "changed": moment().replace(tzinfo=None),
        }
        for number in range(1, people, 2)
    ]  # fmt: skip
    return {"orders": orders, "visits": visits, "clients": clients}


Rows = Mapping[str, Sequence[dict[str, Any]]]


def batches_of(rows: Rows, number: int, seed: int = 7) -> list[Rows]:
    """Deal rows out into batches as they are loaded one after another: their cursors are numbers, or times."""
    chance = random.Random(seed)  # noqa: S311 - the same batches at every run
    start = datetime(2026, 1, 1, tzinfo=UTC)
    batches: list[dict[str, list[dict[str, Any]]]] = [{name: [] for name in rows} for _ in range(number)]
    for name, its in rows.items():
        for row in its:
            batches[chance.randrange(number)][name].append(row)
    for batch, dealt in enumerate(batches):
        for place, row in enumerate(dealt["orders"]):
            row["loaded"] = batch * 1000 + place
        for row in dealt["visits"]:
            row["loaded"] = start + timedelta(hours=batch)
        for place, row in enumerate(dealt["clients"]):
            row["loaded"] = (start + timedelta(hours=batch, microseconds=place)).replace(tzinfo=None)
    return [*batches]


class Lake:
    """The shop's tables in a store of a kind, opened for each look, since a DuckDB file lets nobody else in."""

    def __init__(self, kind: str, address: str) -> None:
        self.kind, self.address = kind, address

    @classmethod
    @contextmanager
    def filled(cls, kind: str, address: str) -> "Iterator[Lake]":
        """Make the shop's tables, without rows, in the database at `address`, or in a file that is made there."""
        if kind == "postgres":
            with filled(address, {}):
                yield cls(kind, address)
            return
        duckdb.connect(address).close()
        with open_duckdb_file(Path(address)) as store:
            make_tables(store)
        yield cls(kind, address)

    def open(self) -> AbstractContextManager[Store]:
        return open_postgres(self.address) if self.kind == "postgres" else open_duckdb_file(Path(self.address))


@contextmanager
def filled(address: str, rows: Rows) -> Iterator[PostgresStore]:
    """Make the shop's tables in the database at `address`, and remove them and all results in the end."""
    with open_postgres(address) as store:
        make_tables(store)
        insert(store, rows)
        yield store
    with open_postgres(address) as again:
        again.run(f"DROP SCHEMA IF EXISTS shop, crm, {SCHEMA}, {SCHEMA}_anew CASCADE", [])


def make_tables(store: Store) -> None:
    """Make the shop's tables, without rows."""
    for text in ("CREATE SCHEMA shop", "CREATE SCHEMA crm", *TABLES.values()):
        store.run(text if store.dialect == "postgres" else text.replace("jsonb", "json"), [])


def insert(store: Store, rows: Rows) -> None:
    """Put rows into the shop's tables."""
    for name, its in rows.items():
        schema = "crm" if name == "clients" else "shop"
        for row in its:
            columns = ", ".join(f'"{column}"' for column in row)
            places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
            store.run(f"INSERT INTO {schema}.{name} ({columns}) VALUES ({places})", list(row.values()))


def project_of(
    folder: Path,
    *,
    sources: Sequence[Mapping[str, Any]],
    segments: Mapping[str, str],
    kind: str = "postgres",
    schema: str = SCHEMA,
) -> Project:
    """Make a project in Paris with these sources and segments, whose store is at the address in KOHORT_TEST_STORE."""
    project = Project.create(folder, time_zone="Europe/Paris", clock=SettableClock(NOW))
    settings = yaml.safe_load(project.folder.settings.read_text())
    store = {"kind": kind, "address": {"env": "KOHORT_TEST_STORE"}, "schema": schema}
    settings["stores"] = {"warehouse": store}
    project.folder.settings.write_text(yaml.safe_dump(settings))
    for path in (*folder.glob("segments/*.yaml"), *folder.glob("scores/*.yaml")):
        path.unlink()
    (folder / "sources").mkdir(exist_ok=True)
    for source in sources:
        (folder / "sources" / f"{source['name']}.yaml").write_text(yaml.safe_dump(dict(source)))
    write_segments(project, segments)
    return project


def write_segments(project: Project, segments: Mapping[str, str]) -> None:
    """Make these the project's segment files."""
    document = {"segments": [{"name": name, "where": where} for name, where in segments.items()]}
    (project.folder.path / "segments" / "all.yaml").write_text(yaml.safe_dump(document))


def elsewhere(
    folder: Path,
    segments: Mapping[str, str] = SEGMENTS,
    *,
    cursor: bool = False,
    kind: str = "postgres",
    schema: str = SCHEMA,
) -> Project:
    """Make a project whose sources are the tables, with their cursors if asked."""
    more = {"store": "warehouse", **({"cursor": "loaded"} if cursor else {})}
    return project_of(folder, sources=[{**one, **more} for one in SOURCES], segments=segments, kind=kind, schema=schema)


def embedded(folder: Path, rows: Rows, segments: Mapping[str, str] = SEGMENTS) -> Project:
    """Make a project that has ingested the same rows as files, by the same mappings."""
    sources = [{name: value for name, value in one.items() if name != "table"} for one in SOURCES]
    project = project_of(folder, sources=[{**one, "files": f"{one['name']}*"} for one in sources], segments=segments)
    kinds = {"amount": pa.decimal128(18, 9), "labels": pa.list_(pa.string()), "born": pa.date32()}
    for name, its in rows.items():
        columns = {column: pa.array([row[column] for row in its], kinds.get(column)) for column in its[0]}
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
        project.ingest(folder / f"{name}.parquet", source=name)
    return project


def landed(store: Store, schema: str = SCHEMA) -> dict[str, list[str]]:
    """Return who is in each segment, by the tables that landed."""
    text = f"SELECT segment, person_id FROM {schema}.memberships WHERE left_at IS NULL ORDER BY 1, 2"
    found: dict[str, list[str]] = {}
    for row in store.fetch(text, []).to_pylist():
        found.setdefault(row["segment"], []).append(row["person_id"])
    return {name: sorted(people) for name, people in found.items()}


def everything(store: Store, schema: str = SCHEMA) -> dict[str, list[str]]:
    """Return all rows of all tables that landed, as sorted texts."""
    return {
        name: sorted(map(str, store.fetch(f"SELECT * FROM {schema}.{name}", []).to_pylist()))
        for name in ("memberships", "membership_log", "segment_sizes", "epochs")
    }
