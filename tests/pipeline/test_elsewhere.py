"""`kohort run --engine`: the same members as the project's own engine, landing whole beside the data or not at all."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_desk import SCHEMA, SEGMENTS, elsewhere, embedded, everything, filled, landed, rows_of, write_segments

from kohort.errors import (
    CheckError,
    DefinitionError,
    LockedError,
    ProjectError,
    StorageError,
    UnknownNameError,
    UsageError,
)
from kohort.pipeline.results import StepOutcome
from kohort.project import Project
from kohort.storage.postgres import PostgresStore, open_postgres

FEW = {name: SEGMENTS[name] for name in ("buyers", "frequent", "above", "french")}
MARCH, APRIL = "2026-03-01", "2026-04-01"


@pytest.fixture
def warehouse(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresStore]:
    monkeypatch.setenv("KOHORT_TEST_STORE", postgres)
    with filled(postgres, rows_of()) as store:
        yield store


def ran(project: Project, at: str = MARCH, *, apply: bool = False) -> list[StepOutcome]:
    return list(project.run(at, apply=apply, engine="warehouse"))


def test_the_members_are_those_of_the_projects_own_engine(warehouse: PostgresStore, tmp_path: Path) -> None:
    outcomes = ran(elsewhere(tmp_path / "there"))
    here = embedded(tmp_path / "here", rows_of())
    list(here.run(MARCH))
    own = {name: sorted(map(str, here.members(name)["user_id"].to_pylist())) for name in SEGMENTS}
    there = landed(warehouse)
    assert {name: there.get(name, []) for name in SEGMENTS} == own
    assert all(own.values())
    assert outcomes[-1].detail.startswith(f"{len(SEGMENTS)} segments evaluated")
    sizes = warehouse.fetch(f"SELECT segment, size, population FROM {SCHEMA}.segment_sizes", []).to_pylist()
    assert {row["segment"]: row["size"] for row in sizes} == {name: len(people) for name, people in own.items()}
    assert {row["population"] for row in sizes} == {here.status().people}


def test_what_was_left_out_is_counted(warehouse: PostgresStore, tmp_path: Path) -> None:
    rows = rows_of()["visits"]
    nobody = sum(not (row["who came"] or "").strip() for row in rows)
    (outcome,) = (one for one in ran(elsewhere(tmp_path / "there", FEW)) if one.step == "source visits")
    assert outcome.detail.startswith(f"500 rows of shop.visits, {nobody} left out: no person")


def test_later_runs_log_who_entered_and_left(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    before = landed(warehouse)
    ran(project, APRIL)
    after = landed(warehouse)
    log = warehouse.fetch(f"SELECT * FROM {SCHEMA}.membership_log ORDER BY seq", []).to_pylist()
    assert [row["seq"] for row in log] == list(range(1, len(log) + 1))
    moments = sorted({row["effective_at"] for row in log})
    for name in FEW:
        left = {row["person_id"] for row in log if row["segment"] == name and row["change"] == "left"}
        assert left == set(before.get(name, ())) - set(after.get(name, ()))
    assert any(row["change"] == "left" and row["effective_at"] == moments[1] for row in log)
    assert {row["cause"] for row in log if row["segment"] == "above" and row["effective_at"] == moments[1]} <= {
        "statistics"
    }
    stays = warehouse.fetch(f"SELECT count(*) AS n FROM {SCHEMA}.memberships WHERE left_at < entered_at", [])
    assert stays["n"].to_pylist() == [0]
    with pytest.raises(UsageError, match="memberships have landed up to 2026-04-01"):
        ran(project)


def test_a_second_run_at_the_same_moment_uses_the_same_statistics(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    warehouse.run("INSERT INTO shop.orders SELECT 9000, 1, '2026-02-01', 99999, NULL, NULL, NULL", [])
    ran(project)
    first, second = warehouse.fetch(f"SELECT statistics FROM {SCHEMA}.epochs ORDER BY seq", [])[
        "statistics"
    ].to_pylist()
    assert first == second
    assert "1" in landed(warehouse)["above"]
    ran(project, APRIL)
    *_, third = warehouse.fetch(f"SELECT statistics FROM {SCHEMA}.epochs ORDER BY seq", [])["statistics"].to_pylist()
    assert third != second


def test_changed_files_wait_until_they_are_applied(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    before = landed(warehouse)
    write_segments(project, {**FEW, "frequent": "count of order_completed >= 5", "new": "did page_viewed"})
    ran(project)
    assert landed(warehouse) == before
    ran(project, apply=True)
    assert set(landed(warehouse)["frequent"]) < set(before["frequent"])
    assert landed(warehouse)["new"]
    rows = warehouse.fetch(f"SELECT * FROM {SCHEMA}.membership_log WHERE segment = 'frequent'", []).to_pylist()
    assert {(row["version"], row["cause"]) for row in rows if row["change"] == "left"} == {(2, "definition")}
    assert [one.version for one in project.history("frequent")] == [1, 2]
    write_segments(project, {name: FEW[name] for name in ("buyers", "french")})
    ran(project, apply=True)
    assert sorted(landed(warehouse)) == ["buyers", "french"]


def test_a_test_of_a_segment_stops_an_application(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    before = everything(warehouse)
    path = project.folder.path / "segments" / "more.yaml"
    path.write_text("segments:\n  - {name: more, where: did page_viewed, tests: [{size: {at_most: 1}}]}\n")
    with pytest.raises(CheckError, match='"more" size'):
        ran(project, apply=True)
    assert everything(warehouse) == before


def test_a_segment_that_speaks_of_what_the_store_lacks_is_left_out(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    source = project.folder.path / "sources" / "clients.yaml"
    source.unlink()
    outcomes = {one.step: one for one in ran(project, APRIL)}
    assert outcomes["segment french"].state == "skipped"
    assert "country" in outcomes["segment french"].detail
    assert "french" not in landed(warehouse)
    causes = warehouse.fetch(f"SELECT DISTINCT cause FROM {SCHEMA}.membership_log WHERE change = 'left'", [])
    assert "segment removed" in causes["cause"].to_pylist()


def test_a_run_whose_connection_is_lost_leaves_what_was_there(
    warehouse: PostgresStore, postgres: str, tmp_path: Path
) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    before = everything(warehouse)
    running = project.run(APRIL, engine="warehouse")
    next(running)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query <> ''"
    with open_postgres(postgres) as killer:
        killer.fetch(others + " AND state = 'idle in transaction'", [])
    with pytest.raises(StorageError, match="PostgreSQL does not answer"):
        list(running)
    assert everything(warehouse) == before
    ran(project, APRIL)
    assert everything(warehouse) != before


def test_a_first_run_that_fails_puts_nothing_in_force(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    warehouse.run(f"CREATE SCHEMA {SCHEMA}", [])
    warehouse.run(f"CREATE TABLE {SCHEMA}.memberships (segment text)", [])
    with pytest.raises(ProjectError, match="a table changed its shape"):
        ran(project)
    assert project.status().segments == len(FEW)
    assert not project.folder.journal.exists() or "segments" not in project.status().events
    with pytest.raises(UnknownNameError):
        project.history("buyers")


def test_a_right_that_is_missing_is_named(
    warehouse: PostgresStore, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    before = everything(warehouse)
    warehouse.run("CREATE ROLE reader LOGIN", [])
    try:
        for schema in ("shop", "crm", SCHEMA):
            warehouse.run(f"GRANT USAGE ON SCHEMA {schema} TO reader", [])
            warehouse.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader", [])
        monkeypatch.setenv("KOHORT_TEST_STORE", postgres.replace("postgres:", "reader:"))
        with pytest.raises(ProjectError, match=r"permission denied for .*; grant the right"):
            ran(project, APRIL)
        warehouse.run("REVOKE SELECT ON shop.orders FROM reader", [])
        with pytest.raises(ProjectError, match=r"there is no table shop.orders .* or it may not be read"):
            ran(project, APRIL)
    finally:
        warehouse.run("DROP OWNED BY reader", [])
        warehouse.run("DROP ROLE reader", [])
    assert everything(warehouse) == before


def test_a_table_that_changed_its_shape_is_named(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    before = everything(warehouse)
    warehouse.run("ALTER TABLE shop.orders RENAME COLUMN amount TO amounts", [])
    with pytest.raises(ProjectError, match=r'no column "amount"; did you mean "amounts"\? A table changed its shape'):
        ran(project, APRIL)
    warehouse.run("ALTER TABLE shop.orders RENAME COLUMN amounts TO amount", [])
    warehouse.run("ALTER TABLE shop.orders ALTER COLUMN ordered_at TYPE text", [])
    with pytest.raises(ProjectError, match=r'"ordered_at" of shop.orders is text, which is not read as moment'):
        ran(project, APRIL)
    assert everything(warehouse) == before


def test_two_runs_at_once_are_one_and_a_clear_no(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    shutil.copytree(tmp_path / "there", tmp_path / "again")
    first = project.run(MARCH, engine="warehouse")
    next(first)
    with pytest.raises(LockedError, match='another run is writing the results in "kohort"'):
        ran(Project(tmp_path / "again"))
    list(first)
    assert landed(warehouse)["buyers"]


def test_an_engine_that_nobody_named_is_refused(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    with pytest.raises(UnknownNameError, match='did you mean "warehouse"'):
        list(project.run(MARCH, engine="warehous"))


def test_the_projects_own_run_goes_on_beside(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    ran(project)
    assert [one.state for one in project.run(APRIL) if one.step == "segments"] == ["done"]
    assert {one.size for one in project.segments()} == {0}
    project.rebuild()
    assert [one.name for one in project.segments()] == list(FEW)


def test_sources_that_contradict_each_other_are_refused(warehouse: PostgresStore, tmp_path: Path) -> None:
    project = elsewhere(tmp_path / "there", FEW)
    path = project.folder.path / "sources" / "visits.yaml"
    said = path.read_text()
    path.write_text(said.replace("page_viewed", "order_completed").replace("seconds: seconds", "total: who came"))
    with pytest.raises(DefinitionError, match=r'"total" is text here and number in another source'):
        ran(project)
    path.write_text(said.replace("store: warehouse", "store: warehous"))
    with pytest.raises(UnknownNameError, match=r'unknown store "warehous" in sources/visits.yaml; did you mean'):
        ran(project)
