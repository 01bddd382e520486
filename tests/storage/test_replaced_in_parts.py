"""A table that is replaced a part at a time is the old one for everybody else, until all parts are there."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import StorageError
from kohort.storage.growing import GrowingFile
from kohort.storage.lookups import rows_with
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

parts_of_people = st.lists(st.lists(st.integers(0, 99), max_size=4), max_size=4)


def members(people: Sequence[int]) -> pa.Table:
    rows = [{"segment": "vip", "version": 1, "person_id": f"u{one}", "entered_at": one} for one in people]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["memberships"])


def people_of(tables: Tables) -> list[int]:
    found: list[int] = tables.read("memberships").column("entered_at").to_pylist()
    return found


def begun(folder: Path, parts: Iterator[pa.Table]) -> Tables:
    """Return tables with one member, in whose place others are to be written."""
    tables = Tables(folder, keeps=True)
    tables.append("memberships", members([7]), watermark=1)
    tables.holding = True
    tables.replace_in_parts("memberships", parts, watermark=2)
    tables.seal()
    return tables


@given(parts=parts_of_people, looks_after=st.integers(0, 5))
def test_others_see_all_of_it_or_nothing(parts: list[list[int]], looks_after: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        tables, asked = begun(Path(name), iter(map(members, parts))), [one for its in parts for one in its]
        assert not tables.replace_in_parts("memberships", iter([members([8])]), watermark=2), "it is there already"
        for number in range(len(parts) + 1):
            if number == looks_after:
                assert people_of(tables) == asked
            assert people_of(Tables(Path(name))) == [7]
            assert tables.write_next() == (number < len(parts))
        other = Tables(Path(name))
        assert (people_of(other), other.watermark("memberships")) == (asked, 2)
        assert people_of(tables) == asked
        assert not tables.look_again(), "nobody else has written"
        found = rows_with(other, "memberships", "person_id", ["u5"])
        assert found.num_rows == asked.count(5)


def test_parts_are_asked_for_one_by_one(tmp_path: Path) -> None:
    asked = list[int]()

    def parts() -> Iterator[pa.Table]:
        for number in range(3):
            asked.append(number)
            yield members([number])

    tables = begun(tmp_path, parts())
    assert asked == []
    tables.write_next()
    assert asked == [0]
    tables.write_all()
    assert people_of(Tables(tmp_path)) == [0, 1, 2]
    (file,) = Tables(tmp_path).files("memberships")
    assert pq.ParquetFile(file).metadata.num_row_groups == 3


def test_what_is_forgotten_leaves_nothing_behind(tmp_path: Path) -> None:
    tables = begun(tmp_path, iter([members([1]), members([2])]))
    tables.write_next()
    assert list(tmp_path.rglob("*.partial"))
    tables.forget_held()
    assert not list(tmp_path.rglob("*.partial"))
    assert people_of(tables) == people_of(Tables(tmp_path)) == [7]
    tables.replace_in_parts("memberships", iter([members([3])]), watermark=2)
    tables.write_all()
    assert people_of(Tables(tmp_path)) == [3]


def test_what_a_kill_has_left_goes_with_the_next(tmp_path: Path) -> None:
    killed = begun(tmp_path, iter([members([1]), members([2])]))
    killed.write_next()
    assert list(tmp_path.rglob("*.partial"))
    begun(tmp_path, iter([members([4])])).write_all()
    assert people_of(Tables(tmp_path)) == [4]
    assert not list(tmp_path.rglob("*.partial"))
    killed.forget_held()


def test_a_disk_that_is_full_is_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: GrowingFile, part: pa.Table) -> None:
        raise OSError(28, "No space left on device")

    tables = begun(tmp_path, iter([members([1])]))
    monkeypatch.setattr(GrowingFile, "add", full)
    with pytest.raises(StorageError, match="free some space"):
        tables.write_next()
    tables.forget_held()
    assert people_of(tables) == [7]
