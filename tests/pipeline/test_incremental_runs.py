"""`kohort run --engine` goes on from the run before: the same members, from what can have changed since."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from store_desk import (
    SCHEMA,
    SEGMENTS,
    Lake,
    batches_of,
    elsewhere,
    embedded,
    everything,
    filled,
    insert,
    landed,
    rows_of,
    write_segments,
)

from kohort.engines.sql.store import Store
from kohort.errors import ProjectError, StorageError, UsageError
from kohort.pipeline.results import StepOutcome
from kohort.project import Project
from kohort.storage.postgres import PostgresStore, open_postgres

MOMENTS = ("2025-12-01", "2026-01-15", "2026-03-01")
MARCH, APRIL = "2026-03-01", "2026-04-01"
ANEW = "kohort_anew"


def ran(project: Project, at: str, *, apply: bool = False, full: bool = False) -> list[StepOutcome]:
    return list(project.run(at, apply=apply, engine="warehouse", full=full))


@pytest.mark.slow
def test_going_on_lands_what_a_full_run_lands(lake: Lake, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "on", cursor=True, kind=lake.kind)
    other = elsewhere(tmp_path / "anew", cursor=True, kind=lake.kind, schema=ANEW)
    so_far: dict[str, list[dict[str, Any]]] = {name: [] for name in rows_of()}
    for number, (batch, at) in enumerate(zip(batches_of(rows_of(), len(MOMENTS)), MOMENTS, strict=True)):
        with lake.open() as store:
            insert(store, batch)
        so_far = {name: [*its, *batch[name]] for name, its in so_far.items()}
        outcomes = ran(project, at)
        assert ("since nothing was kept" in outcomes[-1].detail) is (number == 0)
        assert "since it was asked for" in ran(other, at, full=True)[-1].detail
        here = embedded(tmp_path / f"here{number}", so_far)
        list(here.run(at))
        own = {name: sorted(map(str, here.members(name)["user_id"].to_pylist())) for name in SEGMENTS}
        with lake.open() as store:
            there = landed(store)
            assert {name: there.get(name, []) for name in SEGMENTS} == own
            assert everything(store) == everything(store, ANEW)


@pytest.fixture
def warehouse(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresStore]:
    monkeypatch.setenv("KOHORT_TEST_STORE", postgres)
    first, *_ = batches_of(rows_of(), 2)
    with filled(postgres, first) as store:
        yield store


FEW = {name: SEGMENTS[name] for name in ("buyers", "above", "lookers", "french", "last")}


def kept(store: Store) -> dict[str, list[str]]:
    """Return all rows of all tables that were kept for the next run."""
    tables = (
        "SELECT CAST(table_name AS text) AS name FROM information_schema.tables WHERE table_schema = $1 "
        "AND table_name LIKE 'kohort_kept%'"
    )
    return {
        name: sorted(
            map(str, store.fetch(f"SELECT CAST(kept AS text) AS said FROM {SCHEMA}.{name} AS kept", []).to_pylist())
        )
        for name in store.fetch(tables, [SCHEMA])["name"].to_pylist()
    }


def detail(outcomes: list[StepOutcome], step: str = "segments") -> str:
    (found,) = (one.detail for one in outcomes if one.step == step)
    return found


def test_who_did_nothing_is_not_found_again(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    assert "since nothing was kept" in detail(ran(project, MARCH))
    people = warehouse.fetch(f"SELECT max(population) AS n FROM {SCHEMA}.segment_sizes", [])["n"][0].as_py()
    assert f"recomputed 0 of {people} people; 0 entered, 0 left" in detail(ran(project, MARCH))
    order = {"no": 9000, "client": 3, "ordered_at": "2026-02-01", "amount": 99999, "loaded": 9000}
    insert(warehouse, {"orders": [order, {**order, "no": 9001, "loaded": 9001}]})
    assert f"recomputed 1 of {people} people" in detail(ran(project, MARCH))
    assert "3" in landed(warehouse)["above"]


def test_what_has_no_cursor_is_read_again_and_said(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    ran(project, MARCH)
    path = project.folder.path / "sources" / "visits.yaml"
    path.write_text(path.read_text().replace("cursor: loaded\n", ""))
    assert ", since visits names no cursor;" in detail(ran(project, MARCH))
    assert all("kohort_kept" not in name for name in landed(warehouse))


def test_a_row_without_cursor_is_left_out_and_counted(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    before = detail(ran(project, MARCH), "source orders")
    insert(warehouse, {"orders": [{"no": 9000, "client": 3, "ordered_at": "2026-02-01", "amount": 99999}]})
    after = detail(ran(project, MARCH), "source orders")
    numbers = [int(one.partition(" rows")[0]) for one in (before, after)]
    assert numbers[1] == numbers[0] + 1
    assert detail(ran(project, MARCH, full=True), "source orders") == after


@pytest.mark.parametrize(
    ("old", "new"), [("time_zone: America/New_York", "time_zone: UTC"), ("seconds: seconds", "length: seconds")]
)
def test_another_mapping_makes_everything_anew(warehouse: PostgresStore, tmp_path: Path, old: str, new: str) -> None:
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    ran(project, MARCH)
    path = project.folder.path / "sources" / "visits.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert 'since what is read of "visits" is not what was read before' in detail(ran(project, MARCH))
    assert "since" not in detail(ran(project, MARCH))


def test_a_new_definition_leaves_the_rest_as_it_was(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    ran(project, MARCH)
    write_segments(project, {**FEW, "long": SEGMENTS["long"], "grown": SEGMENTS["grown"]})
    outcomes = ran(project, MARCH, apply=True)
    rescan = detail(outcomes, "rescan")
    assert rescan.startswith("born, mean of page_viewed.seconds (for grown, long): it was not kept")
    assert "since" not in detail(outcomes)
    assert landed(warehouse)["long"]
    assert "rescan" not in {one.step for one in ran(project, MARCH)}


def test_full_is_of_a_run_in_a_store(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    with pytest.raises(UsageError, match="name the store as engine"):
        list(project.run(MARCH, full=True))


def test_a_cursor_that_cannot_tell_two_loads_apart_is_refused(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    path = project.folder.path / "sources" / "clients.yaml"
    path.write_text(path.read_text().replace("cursor: loaded", "cursor: born"))
    with pytest.raises(ProjectError, match=r'"cursor": the column "born" of crm.clients is date; a cursor is'):
        ran(project, MARCH)


def test_a_run_that_fails_leaves_what_was_kept(warehouse: PostgresStore, postgres: str, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    ran(project, MARCH)
    before = everything(warehouse), kept(warehouse)
    _, second = batches_of(rows_of(), 2)
    insert(warehouse, second)
    running = project.run(APRIL, engine="warehouse")
    for outcome in running:
        if outcome.step == "source visits":
            break
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query <> ''"
    with open_postgres(postgres) as killer:
        killer.fetch(others + " AND state = 'idle in transaction'", [])
    with pytest.raises(StorageError, match="PostgreSQL does not answer"):
        list(running)
    warehouse.run("ALTER TABLE shop.orders RENAME COLUMN amount TO amounts", [])
    with pytest.raises(ProjectError, match='no column "amount"'):
        ran(project, APRIL)
    warehouse.run("ALTER TABLE shop.orders RENAME COLUMN amounts TO amount", [])
    assert (everything(warehouse), kept(warehouse)) == before
    assert "since" not in detail(ran(project, APRIL))
    other = elsewhere(tmp_path / "anew", FEW, cursor=True, schema=ANEW)
    ran(other, MARCH)
    ran(other, APRIL)
    assert landed(warehouse) == landed(warehouse, ANEW)


@pytest.mark.slow
def test_one_in_a_hundred_costs_a_twentieth_by_the_stores_own_indexes(
    warehouse: PostgresStore, postgres: str, tmp_path: Path
) -> None:
    warehouse.run(
        "INSERT INTO shop.orders SELECT n, n % 6000, timestamptz '2026-03-01' - n * interval '2 minutes', "
        "n % 97, 'web', n % 2 = 0, ARRAY['gift'], 10000 + n FROM generate_series(1, 60000) AS n",
        [],
    )
    warehouse.run(
        "INSERT INTO shop.visits SELECT gen_random_uuid(), n % 6000, timestamp '2026-02-28' - n * "
        "interval '2 minutes', n % 97, timestamptz '2026-02-01' + n * interval '1 second' "
        "FROM generate_series(1, 60000) AS n",
        [],
    )
    indexes = ("orders (loaded)", "orders (ordered_at)", "orders (CAST(client AS text), ordered_at)", "visits (loaded)",
               "visits (day)", 'visits ("who came", day)')  # fmt: skip
    for index in indexes:
        warehouse.run(f"CREATE INDEX ON shop.{index}", [])
    warehouse.run("VACUUM ANALYZE shop.orders, shop.visits", [])
    project = elsewhere(tmp_path / "on", FEW, cursor=True)
    ran(project, "2026-03-01")
    whole = scanned_rows(postgres)
    ran(project, "2026-03-01", full=True)
    whole = scanned_rows(postgres) - whole
    warehouse.run(
        "INSERT INTO shop.orders SELECT 100000 + n, n * 100, '2026-03-01 00:30Z', 5, 'web', true, NULL, "
        "100000 + n FROM generate_series(1, 60) AS n",
        [],
    )
    scans, rows = scans_of(postgres), scanned_rows(postgres)
    found = detail(ran(project, "2026-03-01T01:00"))
    rows, after = scanned_rows(postgres) - rows, scans_of(postgres)
    assert " of 6,0" in found
    assert "since" not in found
    used = {name for name, number in after.items() if number > scans[name]}
    assert used == {name for name in scans if "seq" not in name}
    assert rows <= whole / 20


def scanned_rows(address: str) -> int:
    """Return how many rows scans of the shop's tables and of their indexes have given so far."""
    text = (
        "SELECT ((SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = 'shop') + "
        "(SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'shop'))::bigint AS n"
    )
    with open_postgres(address) as store:
        return int(store.fetch(text, [])["n"][0].as_py())


def scans_of(address: str) -> dict[str, int]:
    """Return how often each index of the shop's big tables was used so far, and how often each was read whole."""
    text = (
        "SELECT indexrelname::text AS name, idx_scan AS n FROM pg_stat_user_indexes WHERE schemaname = 'shop' "
        "UNION ALL "
        "SELECT 'seq ' || relname, seq_scan FROM pg_stat_user_tables WHERE schemaname = 'shop'"
    )
    with open_postgres(address) as store:
        return {row["name"]: row["n"] for row in store.fetch(text, []).to_pylist()}
