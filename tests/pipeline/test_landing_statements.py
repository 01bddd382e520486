"""Every statement of a run in a store is one of a few kinds, and holds no name that a person wrote as text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
import yaml
from sqlglot import expressions as exp

from kohort.engines.sql.landing.conversions import WHITESPACE
from kohort.project import Project
from kohort.storage.duckdb_file import DuckFileStore

KINDS = (exp.Select, exp.Create, exp.Insert, exp.Update, exp.Delete, exp.Drop, exp.Use)
HOSTILE = "o'; DROP TABLE people; --\""


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are run from now on."""
    found: list[str] = []
    run, fetch = DuckFileStore.run, DuckFileStore.fetch

    def running(self: DuckFileStore, text: str, values: Sequence[object]) -> None:
        found.append(text)
        run(self, text, values)

    def fetching(self: DuckFileStore, text: str, values: Sequence[object]) -> pa.Table:
        found.append(text)
        return fetch(self, text, values)

    monkeypatch.setattr(DuckFileStore, "run", running)
    monkeypatch.setattr(DuckFileStore, "fetch", fetching)
    return found


def hostile_project(folder: Path) -> Project:
    project = Project.create(folder, time_zone="Europe/Paris")
    connection = duckdb.connect(str(folder / "kohort.duckdb"))
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    connection.execute(f"CREATE SCHEMA {quoted}")
    connection.execute(f'CREATE TABLE {quoted}.people ({quoted} VARCHAR, "at" TIMESTAMP, number DOUBLE)')
    connection.execute(f"INSERT INTO {quoted}.people VALUES ('ada', '2026-01-01', 5), ($1, '2026-01-02', 6)", [HOSTILE])
    connection.close()
    settings = yaml.safe_load(project.folder.settings.read_text())
    settings["stores"] = {"lake": {"kind": "duckdb", "address": "kohort.duckdb", "schema": HOSTILE}}
    project.folder.settings.write_text(yaml.safe_dump(settings))
    common = {"table": f"{HOSTILE}.people", "store": "lake", "person": HOSTILE, "time": "at"}
    common["key"] = HOSTILE
    sources: list[dict[str, Any]] = [
        {**common, "name": HOSTILE, "traits": {HOSTILE: HOSTILE, "number": "number"}},
        {**common, "name": "events", "event": "order_completed", "properties": {HOSTILE: HOSTILE, "total": "number"}},
    ]
    (folder / "sources").mkdir(exist_ok=True)
    for number, source in enumerate(sources):
        (folder / "sources" / f"{number}.yaml").write_text(yaml.safe_dump(source))
    segments = [
        {"name": HOSTILE.replace('"', "'"), "where": "count of order_completed >= 1 and number >= mean"},
        {"name": "said", "where": "did order_completed where total = 6 and not number in top 50% among number > 1"},
    ]
    for path in folder.glob("segments/*.yaml"):
        path.unlink()
    (folder / "segments" / "all.yaml").write_text(yaml.safe_dump({"segments": segments}))
    return project


def test_every_statement_is_one_of_a_few_kinds(tmp_path: Path, texts: list[str]) -> None:
    project = hostile_project(tmp_path / "shop")
    for at in ("2026-02-01", "2026-03-01"):
        assert [one.detail for one in project.run(at, engine="lake")][-1].startswith("2 segments evaluated")
    for text in texts:
        (tree,) = sqlglot.parse(text, dialect="duckdb")
        assert isinstance(tree, KINDS), text
        if isinstance(tree, exp.Create) and tree.kind != "SCHEMA":
            assert isinstance(tree.expression, exp.Query)
        if isinstance(tree, exp.Insert):
            assert isinstance(tree.expression, exp.Query)
        if isinstance(tree, exp.Drop):
            assert all(table.name.startswith("kohort_features") for table in tree.find_all(exp.Table))
        assert {one.name for one in tree.find_all(exp.Literal) if one.is_string} <= {WHITESPACE, ""}
    assert len(texts) > 40
