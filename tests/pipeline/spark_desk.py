"""The same shop in the warehouse of a Spark in this process, and projects that run there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from store_desk import SCHEMA, SEGMENTS, SOURCES, project_of

from kohort.project import Project
from kohort.storage.spark import SparkStore, open_spark
from kohort.testing.spark import QUICK, SMALL

TABLES = {
    "orders": (
        "CREATE TABLE shop.orders (no BIGINT, client INT, ordered_at TIMESTAMP, amount DECIMAL(18,9), "
        "channel VARCHAR(40), express BOOLEAN, labels ARRAY<STRING>, month STRING) USING PARQUET PARTITIONED BY (month)"
    ),
    "visits": (
        "CREATE TABLE shop.visits (id STRING, `who came` STRING, `day` TIMESTAMP_NTZ, seconds DOUBLE) USING PARQUET"
    ),
    "clients": (
        "CREATE TABLE crm.clients (client INT, country CHAR(2), born DATE, loyal BOOLEAN, points BIGINT, "
        "latitude FLOAT, longitude DOUBLE, extra STRING, changed TIMESTAMP_NTZ) USING PARQUET"
    ),
}
_CODE = "-XX:ReservedCodeCacheSize=256m"
KINDS = {"amount": pa.decimal128(18, 9), "labels": pa.list_(pa.string()), "born": pa.date32()}


def lasting_in(folder: Path) -> dict[str, str]:
    """Return the settings of a Spark whose catalog and warehouse are folders in `folder`."""
    return {
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder}/catalog;create=true",
        "spark.driver.extraJavaOptions": f"{QUICK} {_CODE}",
    }


@contextmanager
def filled(folder: Path, rows: Mapping[str, list[dict[str, Any]]]) -> Iterator[SparkStore]:
    """Open a session whose warehouse holds the shop's tables, that of orders in a partition a month."""
    with open_spark("local[2]", {**SMALL, **lasting_in(folder)}) as store:
        for text in ("CREATE SCHEMA shop", "CREATE SCHEMA crm", *TABLES.values()):
            store.run(text, [])
        for name, its in rows.items():
            columns = {column: pa.array([row[column] for row in its], KINDS.get(column)) for column in its[0]}
            store.session.createDataFrame(pa.table(columns)).createOrReplaceTempView("rows")
            month = ", DATE_FORMAT(ordered_at, 'yyyy-MM')" if name == "orders" else ""
            schema = "crm" if name == "clients" else "shop"
            store.run(f"INSERT INTO {schema}.{name} SELECT *{month} FROM rows", [])
        store.session.catalog.dropTempView("rows")
        yield store


def on_spark(folder: Path, segments: Mapping[str, str] = SEGMENTS, **settings: str) -> Project:
    """Make a project whose sources are the tables."""
    project = project_of(folder, sources=[{**one, "store": "warehouse"} for one in SOURCES], segments=segments)
    document = yaml.safe_load(project.folder.settings.read_text())
    document["stores"] = {"warehouse": {"kind": "spark", "address": "local-cluster[2,1,1024]", "settings": settings}}
    project.folder.settings.write_text(yaml.safe_dump(document))
    return project


def landed(store: SparkStore) -> dict[str, list[str]]:
    """Return who is in each segment, by the views that landed."""
    text = f"SELECT segment, person_id FROM {SCHEMA}.memberships WHERE left_at IS NULL"
    found: dict[str, list[str]] = {}
    for row in store.fetch(text, []).to_pylist():
        found.setdefault(row["segment"], []).append(row["person_id"])
    return {name: sorted(people) for name, people in found.items()}


def everything(store: SparkStore, schema: str = SCHEMA) -> dict[str, list[str]]:
    """Return all rows of all views that landed, as sorted texts."""
    return {
        name: sorted(map(str, store.fetch(f"SELECT * FROM {schema}.{name}", []).to_pylist()))
        for name in ("memberships", "membership_log", "segment_sizes", "epochs")
    }
