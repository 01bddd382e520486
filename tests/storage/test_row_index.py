"""What single actors did is the same, whether files have an index or are read."""

from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from kohort.storage import views
from kohort.storage.histories import Place, events_of
from kohort.storage.row_index import INDEXES, RowIndex
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

EVENTS = (None, "visit")


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Eight files of events of two names and twenty actors, one of them of a column more, and moments that meet."""
    tables, chance = Tables(tmp_path / "tables"), Random(3)  # noqa: S311 - nothing is to be kept secret
    for number in range(1, 5):
        rows = [
            {
                "event_id": f"{number}-{row:02}",
                "actor_id": f"actor-{chance.randrange(20)}",
                "name": chance.choice(["visit", 'Odd "name" é%41']),
                "ts": chance.randrange(9),
                "received_at": 0,
                "source": "web",
                **({"total": row} if number == 2 else {}),
            }
            for row in range(40)
        ]
        extra = [pa.field("total", pa.int64())] if number == 2 else []
        schema = pa.schema([*SCHEMAS["events"], *extra])
        tables.append("events", pa.Table.from_pylist(rows, schema=schema), watermark=number)
    return tables


def indexed(monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    """Let files have an index from so many bytes on."""
    monkeypatch.setattr(views, "RowIndex", partial(RowIndex, large=large))


@pytest.mark.parametrize(("smaller", "few"), [(0, 2_000), (4, 2_000), (0, 1)])
@pytest.mark.parametrize("actors", [["actor-3"], ["actor-1", "actor-7", "nobody"], ["nobody"], []])
def test_an_index_finds_what_reading_finds(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, smaller: int, few: int, actors: list[str]
) -> None:
    pages = [(before, most, event) for before in (None, Place(5, "2-20")) for most in (3, 100) for event in EVENTS]

    def found() -> list[list[dict[str, Any]]]:
        return [events_of(tables, actors, before=before, most=most, event=event) for before, most, event in pages]

    sizes = sorted(Path(file).stat().st_size for file in tables.files("events"))
    indexed(monkeypatch, sizes[-1] + 1)
    read = found()
    indexed(monkeypatch, sizes[smaller])
    monkeypatch.setattr(views, "_FEW", few)
    assert found() == read
    assert any(read) == bool({"actor-3", "actor-1"} & {*actors})


def test_texts_of_one_number_are_told_apart(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed(monkeypatch, 1)
    monkeypatch.setattr("kohort.storage.row_index.numbers_of", lambda texts: pa.array([7] * len(texts)).to_numpy())
    found = events_of(tables, ["actor-3"], before=None, most=100)
    assert {row["actor_id"] for row in found} == {"actor-3"}


def test_an_index_is_made_once_and_goes_with_its_file(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed(monkeypatch, 1)
    before = events_of(tables, ["actor-3"], before=None, most=100)
    folder = tables.folder.with_name("mapped") / INDEXES / "events"
    made = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(made) == len(tables.files("events"))
    assert events_of(Tables(tables.folder), ["actor-3"], before=None, most=100) == before
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == made
    monkeypatch.setattr("kohort.storage.tables._MOST_FILES", 1)
    assert tables.tidy()
    again = Tables(tables.folder)
    assert sorted(events_of(again, ["actor-3"], before=None, most=100), key=str) == sorted(before, key=str)
    assert len([*folder.iterdir()]) == len(again.files("events")) == 2
