"""Rows that wait to be written are read as if they were; others see them once they are, and never a part of them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.storage import tables as written_tables
from kohort.storage.lookups import rows_with
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

NAMES = ("runs", "epochs", "actors", "membership_updates")
DOINGS = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "replace", "through", "seal", "next", "all", "tell", "fold"]),
        st.sampled_from(NAMES),
        st.integers(0, 3),
    ),
    max_size=14,
)


def rows(name: str, seq: int, count: int) -> pa.Table:
    """Return rows that nobody else has."""
    kinds = {pa.string(): str, pa.int64(): int}
    its = [{one.name: kinds[one.type](seq * 10 + number) for one in SCHEMAS[name]} for number in range(count)]
    return pa.Table.from_pylist(its, schema=SCHEMAS[name])


def listed(table: pa.Table) -> list[dict[str, object]]:
    return sorted(table.to_pylist(), key=str)


def check(tables: Tables, plain: Tables, others: Tables) -> None:
    for one in NAMES:
        assert tables.watermark(one) == plain.watermark(one)
        assert listed(tables.read(one)) == listed(plain.read(one))
        assert tables.count(one) == plain.read(one).num_rows
        assert others.watermark(one) == tables.watermark_on_disk(one)
        if one != "actors":
            assert listed(tables.read_after(one, 20)) == listed(plain.read_after(one, 20))


@settings(max_examples=25)
@given(doings=DOINGS, keeps=st.booleans(), most=st.sampled_from([2, 2**16]))
def test_what_waits_is_read_as_if_it_were_written(
    doings: list[tuple[str, str, int]], keeps: bool, most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(written_tables, "GROUP", most)
        wait(doings, tmp_path_factory, keeps=keeps)


def wait(doings: list[tuple[str, str, int]], tmp_path_factory: pytest.TempPathFactory, *, keeps: bool) -> None:
    folder = tmp_path_factory.mktemp("held")
    tables, plain = Tables(folder / "held", keeps=keeps), Tables(folder / "plain")
    is_sealed = False
    for seq, (doing, name, count) in enumerate(doings, start=1):
        if doing in {"append", "replace", "through"}:
            tables.holding = doing != "through"
            for its in (tables, plain):
                write = its.replace if doing == "replace" else its.append
                assert write(name, rows(name, seq, count), watermark=seq)
            is_sealed &= doing != "through"
        elif doing == "seal" and not is_sealed:
            tables.seal()
            is_sealed = True
        elif doing == "next":
            is_sealed = tables.write_next()
        elif doing == "all":
            tables.write_all()
            is_sealed = False
        elif doing == "fold":
            tables.fold()
            is_sealed = False
        elif doing == "tell":
            tables.tell()
            assert all(not tables.untold(one) for one in NAMES)
        check(tables, plain, Tables(folder / "held"))
    tables.write_all()
    assert tables.waiting == 0
    for one in NAMES:
        assert listed(Tables(folder / "held").read(one)) == listed(plain.read(one))


def test_what_others_write_makes_what_waits_forgotten(tmp_path: Path) -> None:
    mine, others = Tables(tmp_path / "t", keeps=True), Tables(tmp_path / "t")
    mine.append("runs", rows("runs", 1, 1), watermark=1)
    mine.holding = True
    mine.append("runs", rows("runs", 2, 2), watermark=2)
    assert not mine.look_again(), "nobody has written"
    assert mine.read("runs").num_rows == 3
    others.append("runs", rows("runs", 2, 2), watermark=3)
    assert mine.look_again()
    assert (mine.read("runs").num_rows, mine.watermark("runs"), mine.waiting, mine.generation) == (3, 3, 0, 0)
    mine.append("runs", rows("runs", 4, 1), watermark=4)
    mine.tell()
    others.look_again()
    others.append("runs", rows("runs", 4, 1), watermark=4)
    mine.look_again()
    assert mine.generation == 1, "somebody was told of rows that come again"


def test_of_many_rows_some_are_written_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_tables, "GROUP", 5)
    tables = Tables(tmp_path / "t", keeps=True)
    tables.holding = True
    for seq in range(1, 6):
        tables.append("runs", rows("runs", seq, 2), watermark=seq)
    tables.seal()
    seen = [(tables.write_next(), Tables(tmp_path / "t").watermark("runs")) for _ in range(3)]
    assert seen == [(True, 2), (True, 4), (False, 5)]


def test_files_of_what_was_told_are_known(tmp_path: Path) -> None:
    tables = Tables(tmp_path / "t", keeps=True)
    tables.append("runs", rows("runs", 1, 1), watermark=1)
    before = tables.untold_files("runs")
    tables.holding = True
    tables.append("runs", rows("runs", 2, 1), watermark=2)
    tables.tell()
    tables.append("runs", rows("runs", 3, 1), watermark=3)
    assert [one.num_rows for one in tables.untold("runs")] == [1]
    tables.write_all()
    (new,) = tables.untold_files("runs") - before
    assert len(tables.files("runs")) == 3
    assert pq.ParquetFile(new).read().column("seq").to_pylist() == [30]


ACTORS = SCHEMAS["actors"]
IDS = st.sampled_from("abcdefg")
AMENDED = st.lists(
    st.tuples(
        st.sampled_from(
            ["amend", "amend", "amend", "through", "replace", "seal", "next", "all", "tell", "fold", "kill"]
        ),
        st.dictionaries(IDS, IDS | st.none(), max_size=3),
        st.integers(0, 9),
    ),
    min_size=2,
    max_size=20,
)


def persons(tables: Tables) -> list[tuple[str, str, int]]:
    return sorted(tuple(row.values()) for row in tables.read("actors").to_pylist())


@settings(max_examples=40)
@given(doings=AMENDED, keeps=st.booleans())
def test_rows_that_are_changed_are_as_if_all_had_been_written(
    doings: list[tuple[str, dict[str, str | None], int]], keeps: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("amended") / "t"
    tables, true = Tables(folder, keeps=keeps), dict[str, tuple[str, str, int]]()
    before = {0: true}
    is_sealed = False
    for seq, (doing, its, moment) in enumerate(doings, start=1):
        if doing in {"amend", "through", "replace"}:
            found = {actor: (actor, person, moment) for actor, person in its.items() if person is not None}
            columns = [*zip(*found.values(), strict=True)] or [()] * len(ACTORS)
            written = pa.table([list(one) for one in columns], schema=ACTORS)
            tables.holding = doing == "amend"
            if doing == "replace":
                true = found
                assert tables.replace("actors", written, watermark=seq)
            else:
                true = {actor: row for actor, row in true.items() if actor not in its} | found
                assert tables.amend("actors", pa.array(list(its), pa.string()), written, watermark=seq)
            assert not tables.amend("actors", pa.array(["a"]), ACTORS.empty_table(), watermark=seq)
            before[seq] = true
            is_sealed &= doing == "amend"
        elif doing == "seal" and not is_sealed:
            tables.seal()
            is_sealed = True
        elif doing == "next":
            is_sealed = tables.write_next()
        elif doing in {"all", "fold"}:
            (tables.fold if doing == "fold" else tables.write_all)()
            is_sealed = False
        elif doing == "tell":
            tables.tell()
        elif doing == "kill":
            tables, is_sealed = Tables(folder, keeps=keeps), False
            true = before[tables.watermark("actors")]
        assert persons(tables) == sorted(true.values())
        assert tables.count("actors") == len(true)
        others = Tables(folder)
        assert persons(others) == sorted(before[others.watermark("actors")].values()), "others see what is whole"
        held = rows_with(others, "actors", "actor_id", list("abcdefg")).to_pylist()
        assert sorted(tuple(row.values()) for row in held) == persons(others), "in SQL as well"
    tables.fold()
    if tables.watermark("actors"):
        plain = DeltaTable((folder / "actors").as_uri()).to_pyarrow_table().to_pylist()
        assert sorted(tuple(row.values()) for row in plain) == sorted(true.values()), "folded, any reader sees it"


def test_a_file_of_changes_that_no_commit_followed_counts_for_nothing(tmp_path: Path) -> None:
    def actors(*its: tuple[str, str, int]) -> pa.Table:
        return pa.table([list(one) for one in zip(*its, strict=True)], schema=ACTORS)

    Tables(tmp_path / "t").append("actors", actors(("a", "a", 1), ("b", "b", 2)), watermark=1)
    dying = Tables(tmp_path / "t", keeps=True)
    dying.holding = True
    dying.amend("actors", pa.array(["b"]), actors(("b", "a", 9)), watermark=5)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Tables, "_commit", _die)
        with pytest.raises(InterruptedError):
            dying.write_all()
    assert [*(tmp_path / "t" / "actors" / "_amended").iterdir()], "it was written"
    assert persons(Tables(tmp_path / "t")) == [("a", "a", 1), ("b", "b", 2)]
    again = Tables(tmp_path / "t", keeps=True)
    again.holding = True
    for watermark, first_seen in ((3, 3), (6, 6)):
        again.amend("actors", pa.array(["b"]), actors(("b", "a", first_seen)), watermark=watermark)
        again.write_all()
        assert persons(Tables(tmp_path / "t")) == [("a", "a", 1), ("b", "a", first_seen)]


def _die(*_: object, **__: object) -> None:
    raise InterruptedError
