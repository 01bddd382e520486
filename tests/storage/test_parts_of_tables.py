"""What is read of parts of a table is what reading the whole says, however its rows are spread over files."""

import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.storage import parquet_files
from kohort.storage.lookups import rows_with
from kohort.storage.row_groups import rows_among
from kohort.storage.schemas import SCHEMAS
from kohort.storage.spans import spans_by
from kohort.storage.tables import Tables

LONG = "crm-" + "x" * 200
sources = st.sampled_from(["web", "shop", LONG, LONG + "y"])
rows = st.lists(st.tuples(sources, st.integers(0, 9), st.one_of(st.none(), st.integers(0, 9))), max_size=5)


@given(files=st.lists(rows, max_size=4), waiting=rows, wanted=st.sets(sources))
def test_parts_say_what_the_whole_says(
    files: list[list[tuple[str, int, int | None]]], waiting: list[tuple[str, int, int | None]], wanted: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(Path(folder))
        for number, some in enumerate([*files, waiting], start=1):
            tables.holding = number > len(files)
            tables.append("dead_letters", letters(some), watermark=number)
        every = [row for some in [*files, waiting] for row in some]
        found = spans_by(tables, "dead_letters", "source", ["recorded_at", "replayed_at"])
        assert found == {one: span(every, one) for one in sorted({source for source, _, _ in every})}
        read = rows_among(tables, "dead_letters", {"source": sorted(wanted)}, columns=["recorded_at", "source"])
        assert sorted(map(tuple, (row.values() for row in read.to_pylist()))) == sorted(
            (at, source) for source, at, _ in every if source in wanted
        )


def letters(some: list[tuple[str, int, int | None]]) -> pa.Table:
    columns = zip(*some, strict=True) if some else ((), (), ())
    held = dict(zip(("source", "recorded_at", "replayed_at"), columns, strict=True))
    schema = SCHEMAS["dead_letters"]
    arrays = [
        pa.array(held[one.name], one.type) if one.name in held else pa.nulls(len(some), one.type) for one in schema
    ]
    return pa.table(arrays, schema=schema)


def span(every: list[tuple[str, int, int | None]], source: str) -> tuple[int | None, ...]:
    its = [(at, replayed) for one, at, replayed in every if one == source]
    moments = [at for at, _ in its]
    replayed = [at for _, at in its if at is not None]
    return len(its), min(moments), max(moments), min(replayed, default=None), max(replayed, default=None)


def test_only_parts_whose_bounds_hold_what_is_wanted_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memberships stand by segment, the open ones first, so that one segment is a few parts of many."""
    monkeypatch.setattr(parquet_files, "GROUP", 10)
    tables, count = Tables(tmp_path), 100
    held = {
        "segment": [f"s{number % 10}" for number in range(count)],
        "version": [1] * count,
        "person_id": [f"p{number}" for number in range(count)],
        "entered_at": list(range(count)),
        "left_at": [number if number % 20 < 10 else None for number in range(count)],
    }
    tables.replace("memberships", pa.table(held), watermark=1)
    read = rows_among(tables, "memberships", {"segment": ["s3"]}).to_pylist()
    assert [(row["person_id"], row["left_at"]) for row in read] == [
        *((f"p{number}", None) for number in range(13, count, 20)),
        *((f"p{number}", number) for number in range(3, count, 20)),
    ]
    (file,) = tables.files("memberships")
    stored = pq.ParquetFile(file)
    assert stored.num_row_groups == count / 10
    assert {stored.read_row_group(number).column("segment").to_pylist()[0] for number in range(10)} == {
        f"s{number}" for number in range(10)
    }


def test_large_files_say_which_groups_of_rows_cannot_hold_an_id(tmp_path: Path) -> None:
    tables, count = Tables(tmp_path), 150_000
    person_ids = [f"{number * 7919 % count:020x}" for number in range(count)]
    held = {"segment": ["s"] * count, "version": [1] * count, "person_id": person_ids, "entered_at": [1] * count}
    tables.replace("memberships", pa.table({**held, "left_at": pa.nulls(count, pa.int64())}), watermark=1)
    (file,) = tables.files("memberships")
    with duckdb.connect() as connection:
        kept = connection.execute(
            "SELECT count(*) FILTER (WHERE NOT bloom_filter_excludes), count(*) "
            "FROM parquet_bloom_probe($file, 'person_id', $id)",
            {"file": file, "id": person_ids[70_000]},
        ).fetchone()
    assert kept == (1, 3)
    read = rows_with(tables, "memberships", "person_id", [person_ids[70_000], "nobody"])
    assert read.column("person_id").to_pylist() == [person_ids[70_000]]
