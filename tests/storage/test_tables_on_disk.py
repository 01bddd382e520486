"""The tables: what others write is seen, and small files are joined without a reader noticing."""

from pathlib import Path

import pyarrow as pa
import pytest

from kohort.storage import tables as module
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables


def actors(*names: str) -> pa.Table:
    rows = [{"actor_id": name, "person_id": name, "first_seen": 1} for name in names]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["actors"])


def visits(name: str, number: int) -> pa.Table:
    row = {"event_id": f"{number}", "actor_id": "a", "name": name, "ts": number, "received_at": number, "source": "web"}
    return pa.Table.from_pylist([row], schema=SCHEMAS["events"])


def test_what_others_have_written_is_seen_after_looking_again(tmp_path: Path) -> None:
    mine, others = Tables(tmp_path / "t"), Tables(tmp_path / "t")
    assert mine.read("actors").num_rows == 0
    others.append("actors", actors("a"), watermark=1)
    mine.look_again()
    assert (mine.read("actors").num_rows, mine.watermark("actors")) == (1, 1)
    for number in range(2, 5):
        others.look_again()
        others.append("actors", actors(str(number)), watermark=number)
        mine.look_again()
        assert (mine.read("actors").num_rows, mine.watermark("actors")) == (number, number)
        mine.append("actors", actors(), watermark=number)
    assert mine.append("actors", actors("b"), watermark=5)
    others.look_again()
    assert others.read("actors").num_rows == 5


def test_tables_that_others_made_anew_are_seen_to_be_others(tmp_path: Path) -> None:
    mine, others = Tables(tmp_path / "t"), Tables(tmp_path / "t")
    mine.append("actors", actors("a"), watermark=1)
    others.drop_all()
    others.append("actors", actors("b"), watermark=7)
    mine.look_again()
    assert mine.read("actors").column("actor_id").to_pylist() == ["b"]
    assert mine.watermark("actors") == 7


def test_nobody_looks_at_a_table_again_that_nobody_has_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = Tables(tmp_path / "t")
    tables.append("actors", actors("a"), watermark=1)
    assert tables.read("actors").num_rows == 1
    tables.look_again()

    def refused(*_: object) -> None:
        raise AssertionError("opened again")

    monkeypatch.setattr(module, "DeltaTable", refused)
    assert tables.read("actors").num_rows == 1
    tables.append("actors", actors("b"), watermark=2)
    tables.look_again()
    assert tables.read("actors").num_rows == 2


def test_many_small_files_become_one_with_the_same_rows(tmp_path: Path) -> None:
    tables, reader = Tables(tmp_path / "t"), Tables(tmp_path / "t")
    names = ("a visit/ö=1%", "visit")
    for number in range(150):
        tables.append("events", visits(names[number % 2], number), watermark=number + 1)
        tables.append("actors", actors(f"{number}"), watermark=number + 1)
    assert len(reader.files("events")) == 150
    stood = [set(reader.files(name)) for name in ("events", "actors")]
    assert tables.tidy()
    assert len(tables.files("events")) == 2
    assert len(tables.files("actors")) == 1
    assert sorted(tables.read("actors").column("actor_id").to_pylist()) == sorted(str(one) for one in range(150))
    assert tables.watermark("events") == 150
    assert all(Path(one).exists() for its in stood for one in its), "whoever has just looked goes on reading"
    assert not tables.tidy()
    assert tables.append("events", visits("visit", 200), watermark=151)
    reader.look_again()
    assert len(reader.files("events")) == 3
    assert reader.watermark("events") == 151
