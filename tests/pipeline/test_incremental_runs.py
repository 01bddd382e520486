"""`kohort run --engine` goes on from the run before: the same members, from what can have changed since."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from store_desk import (
    SEGMENTS,
    batches_of,
    elsewhere,
    embedded,
    everything,
    filled,
    insert,
    landed,
    make_tables,
    rows_of,
)

from kohort.engines.sql.store import Store
from kohort.pipeline.results import StepOutcome
from kohort.project import Project
from kohort.storage.duckdb_file import open_duckdb_file
from kohort.storage.postgres import open_postgres

MOMENTS = ("2025-12-01", "2026-01-15", "2026-03-01")
ANEW = "kohort_anew"


class Lake:
    """The shop's tables in a store of a kind, opened for each look, since a DuckDB file lets nobody else in."""

    def __init__(self, kind: str, address: str) -> None:
        self.kind, self.address = kind, address

    def open(self) -> AbstractContextManager[Store]:
        return open_postgres(self.address) if self.kind == "postgres" else open_duckdb_file(Path(self.address))


@pytest.fixture(params=["duckdb", "postgres"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    if request.param == "postgres":
        address = request.getfixturevalue("postgres")
        monkeypatch.setenv("KOHORT_TEST_STORE", address)
        with filled(address, {}):
            yield Lake("postgres", address)
        return
    import duckdb  # noqa: PLC0415 - to make a file

    path = tmp_path / "lake.duckdb"
    duckdb.connect(str(path)).close()
    monkeypatch.setenv("KOHORT_TEST_STORE", str(path))
    with open_duckdb_file(path) as store:
        make_tables(store)
    yield Lake("duckdb", str(path))


def ran(project: Project, at: str, *, apply: bool = False, full: bool = False) -> list[StepOutcome]:
    return list(project.run(at, apply=apply, engine="warehouse", full=full))


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
