"""A value of Spark's means what the same value means in a file: one table of many, in each zone one statement."""

# ruff: noqa: DTZ001 - times without a zone are what is converted

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from kohort.clock import moment_of
from kohort.collection.scalars import Unholdable, moment_in, number_of
from kohort.definitions.source import source_definition_of
from kohort.definitions.stores import StoreDefinition
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.values import ValueType
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.landing.conversions import WHITESPACE
from kohort.engines.sql.landing.kinds import held_columns, table_columns
from kohort.engines.sql.landing.mapped import mapped_table
from kohort.storage.openers import open_store
from kohort.storage.spark import SparkStore
from kohort.testing.spark import SMALL

# PySpark leaves the socket by which rows came to be closed by the collector of garbage.
pytestmark = [pytest.mark.stores, pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")]

SPARK = dialect_of("spark")
MANY = 300
KINDS = {
    "exact": ("DECIMAL(30, 9)", pa.decimal128(30, 9), ValueType.NUMBER),
    "finest": ("DECIMAL(38, 25)", pa.decimal128(38, 25), ValueType.NUMBER),
    "real": ("DOUBLE", pa.float64(), ValueType.NUMBER),
    "whole": ("BIGINT", pa.int64(), ValueType.NUMBER),
    "local": ("TIMESTAMP_NTZ", pa.timestamp("us"), ValueType.MOMENT),
    "zoned": ("TIMESTAMP", pa.timestamp("us", "UTC"), ValueType.MOMENT),
    "day": ("DATE", pa.date32(), ValueType.MOMENT),
    "said": ("STRING", pa.string(), ValueType.TEXT),
    "listed": ("ARRAY<STRING>", pa.list_(pa.string()), ValueType.TEXT_LIST),
    "sure": ("BOOLEAN", pa.bool_(), ValueType.BOOLEAN),
}
ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")


def values() -> dict[str, list[Any]]:
    """Return values of each kind: those of a border, and others by chance, the same at every run."""
    chance = random.Random(7)  # noqa: S311 - the same values at every run
    first = datetime(1900, 1, 1)
    span = (datetime(2100, 12, 31) - first) // timedelta(microseconds=1)
    changing = [datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30), datetime(2026, 11, 1, 1, 30)]
    times = changing + [first + timedelta(microseconds=chance.randrange(span)) for _ in range(MANY - len(changing))]
    border = ["0.0000005", "0.0000015", "-0.0000025", "0.000000501", "9223372036854.775807", "9223372036854.7758075"]
    exact = [Decimal(one) for one in border]
    exact += [Decimal(chance.randrange(-(10**22), 10**22)) / 10**9 for _ in range(MANY - len(exact))]
    finest = [Decimal("0.0000005000000000000000001"), Decimal("-0.0000005"), Decimal("2.0000015")]
    finest += [Decimal(chance.randrange(-(10**37), 10**37)) / 10**25 for _ in range(MANY - len(finest))]
    real = [0.1, 1.5e-7, 5e-7, 2.5e-6, 1e300, 9.3e12, float("nan"), float("inf"), -0.0]
    real += [chance.uniform(-1, 1) * 10 ** chance.randrange(10) for _ in range(MANY - len(real))]
    return {
        "exact": exact,
        "finest": finest,
        "real": real,
        "whole": [chance.randrange(-(2**63), 2**63) >> chance.randrange(64) for _ in range(MANY)],
        "local": times,
        "zoned": [one.replace(tzinfo=UTC) for one in times],
        "day": [one.date() for one in times],
        "said": [chance.choice([None, "", WHITESPACE, " a ", "\u200b", "é😀", "x" * 9]) for _ in range(MANY)],
        "listed": [chance.choice([None, [], ["a", "b"]]) for _ in range(MANY)],
        "sure": [chance.choice([None, True, False]) for _ in range(MANY)],
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkStore]:
    folder: Path = tmp_path_factory.mktemp("spark")
    settings = {**SMALL, "spark.sql.warehouse.dir": "warehouse", "spark.sql.catalogImplementation": "in-memory"}
    with open_store(StoreDefinition("lake", "spark", "local[2]", settings=settings), folder) as opened:
        assert isinstance(opened, SparkStore)
        columns = {name: pa.array(its, KINDS[name][1]) for name, its in values().items()}
        rows = pa.table({"number": pa.array(range(MANY), pa.int32()), **columns})
        opened.session.createDataFrame(rows).createOrReplaceTempView("rows")
        kinds = ", ".join(f"{name} {kind}" for name, (kind, _, _) in KINDS.items())
        opened.run(f"CREATE TABLE default.held (number INT, {kinds}) USING PARQUET", [])
        opened.run("INSERT INTO default.held SELECT * FROM rows", [])
        assert (folder / "warehouse" / "held").is_dir()
        yield opened


def in_a_file(name: str, value: Any, zone: str) -> Any:
    """Return what a value of a column means where it is read from a file."""
    match KINDS[name][2]:
        case ValueType.NUMBER:
            found = number_of(repr(value) if isinstance(value, float) else value)
            return None if found is Unholdable.NUMBER else int(found)
        case ValueType.MOMENT:
            return moment_of(value) if name == "zoned" else moment_in(value, ZoneInfo(zone))
        case ValueType.TEXT:
            return value if value is not None and value.strip(WHITESPACE) else None
        case _:
            return value


@pytest.mark.parametrize("zone", ZONES)
def test_values_mean_what_they_mean_in_a_file(store: SparkStore, zone: str) -> None:
    statement = table_columns(SPARK, "default", "held")
    columns = held_columns(SPARK, store.fetch(statement.text, statement.values).to_pylist())
    document = {
        "name": "held", "table": "default.held", "store": "s", "event": "e", "person": "number", "key": "number",
        "time": {"at": "2026-01-01", "time_zone": zone},
        "properties": {name: {"column": name, "type": str(kind)} for name, (_, _, kind) in KINDS.items()},
    }  # fmt: skip
    source = source_definition_of(document, "sources/held.yaml")
    mapped = mapped_table(source, columns, TrackingPlan(), ZoneInfo(zone), 0)
    rows = store.fetch(mapped.rows(SPARK, "spark_catalog").sql("spark", identify=True), []).to_pylist()
    rows.sort(key=lambda row: int(row["person_id"]))
    places = {one.name: f"v{place}" for place, one in enumerate(mapped.values)}
    for name, its in values().items():
        assert [row[places[name]] for row in rows] == [in_a_file(name, one, zone) for one in its], name
