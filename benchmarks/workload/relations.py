"""The population as the relations that the SQL engine reads: a DuckDB file, and PostgreSQL filled from it."""

import tempfile
from pathlib import Path

import duckdb
import numpy as np
import psycopg
import pyarrow as pa

from kohort.engines.columns import BLOCK, Rows
from kohort.storage.postgres import PostgresStore
from workload.population import NAMES, Population

_PERSON = "printf('p%09d', person)"


def open_relations(made: Population, threads: int) -> duckdb.DuckDBPyConnection:
    """Return a connection to the population's relations, made first if they are not there.

    Events lie sorted by name and then by time, as Kohort keeps them; people, names and texts are texts.
    """
    path = made.folder / "relations.duckdb"
    if not path.exists():
        _make(made, path)
    connection = duckdb.connect(path)
    connection.execute(f"SET threads = {threads}")
    connection.execute("SET enable_progress_bar = false")
    return connection


def fill_postgres(store: PostgresStore, connection: duckdb.DuckDBPyConnection) -> None:
    """Copy the relations into PostgreSQL, in the same order, and let it look at them."""
    kinds = {"VARCHAR": "TEXT", "BIGINT": "BIGINT", "BOOLEAN": "BOOLEAN", "VARCHAR[]": "TEXT[]"}
    for name in ("people", "events", "trait_values"):
        described = connection.execute(f"DESCRIBE {name}").fetchall()
        columns = ", ".join(f'"{column}" {kinds[kind]}' for column, kind, *_ in described)
        with psycopg.ClientCursor(store.connection) as cursor, tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "rows.csv")
            connection.execute(f"COPY {name} TO '{file}' (HEADER false)")
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            cursor.execute(f"CREATE UNLOGGED TABLE {name} ({columns})")
            with file.open("rb") as rows, cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
                while piece := rows.read(1 << 20):
                    copy.write(piece)
            if name != "people":
                cursor.execute(f"CREATE INDEX ON {name} (name)")
            cursor.execute(f"ANALYZE {name}")


def _make(made: Population, path: Path) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    history = made.history()
    with duckdb.connect(unfinished) as connection:
        connection.execute("SET enable_progress_bar = false")
        first_seen = np.concatenate([block.first_seen for block in history.blocks])
        people = pa.table({"person_id": history.people, "first_seen": pa.array(first_seen)})
        connection.register("rows", people)
        connection.execute("CREATE TABLE people AS SELECT * FROM rows")
        connection.execute(
            "CREATE TABLE events (event_id VARCHAR, person_id VARCHAR, name VARCHAR, ts BIGINT, total BIGINT, "
            "category VARCHAR)"
        )
        for name in NAMES:
            connection.register("rows", _flat([block.events[name] for block in history.blocks], "category"))
            total = "total" if "total" in history.blocks[0].events[name].columns else "NULL"
            connection.execute(
                f"INSERT INTO events SELECT printf('{name}%09d', row_number() OVER (ORDER BY ts)), {_PERSON}, "
                f"'{name}', ts, {total}, category FROM rows ORDER BY ts"
            )
        connection.execute(
            "CREATE TABLE trait_values (person_id VARCHAR, name VARCHAR, value_id VARCHAR, set_at BIGINT, "
            "number BIGINT, text VARCHAR, boolean BOOLEAN, moment BIGINT, list VARCHAR[], removed BOOLEAN)"
        )
        for trait in history.blocks[0].traits:
            (column,) = history.blocks[0].traits[trait].columns
            connection.register("rows", _flat([block.traits[trait] for block in history.blocks], column))
            connection.execute(
                f"INSERT INTO trait_values BY NAME SELECT {_PERSON} AS person_id, '{trait}' AS name, "
                f"printf('{trait}%09d', person) AS value_id, ts AS set_at, {column}, FALSE AS removed FROM rows"
            )
        connection.unregister("rows")
    unfinished.rename(path)


def _flat(blocks: list[Rows], column: str) -> pa.Table:
    """Return the rows of all blocks with `column` decoded, and `total` where it is."""
    decoded = np.concatenate([one.columns[column].values for one in blocks])
    dictionary = blocks[0].columns[column].dictionary
    values = pa.array(np.array(dictionary)[decoded]) if dictionary else pa.array(decoded)
    found = {
        "person": pa.array(np.concatenate([one.people.astype(np.int64) + n * BLOCK for n, one in enumerate(blocks)])),
        "ts": pa.array(np.concatenate([one.ts for one in blocks])),
        column: values.cast(pa.bool_()) if column == "boolean" else values,
    }
    if "total" in blocks[0].columns and column != "total":
        found["total"] = pa.array(np.concatenate([one.columns["total"].values for one in blocks]))
    return pa.table(found)
