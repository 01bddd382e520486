"""A table of people becomes features: numbers and categories; everything else is told with its reason."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.errors import InputError, UsageError
from kohort.pipeline.learning.feature_files import FeatureFile, LeftOutColumn, read_features


def written(folder: Path, text: str) -> Path:
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_are_features_and_all_else_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "id,orders,basket,town\na,3, 12.5,Paris\nb,,7,Lyon\n")
    found = read_features(path, id_column="id")
    assert (found.table.person_ids, found.table.names) == (("a", "b"), ("orders", "basket"))
    assert np.array_equal(found.table.values, [[3, 12.5], [np.nan, 7]], equal_nan=True)
    assert found.left_out == (
        LeftOutColumn("town", 'holds text, such as "Paris", which fewer than 5 people share on average: no category'),
    )
    assert (found.value, found.unknown) == (None, 0)


def tiers(count: int, each: int) -> str:
    """Write people of so many tiers, so many of each."""
    rows = [f"{row},tier {row % count}" for row in range(count * each)]
    return "\n".join(["orders,tier", *rows]) + "\n"


def test_a_text_of_few_levels_is_a_category(tmp_path: Path) -> None:
    path = written(tmp_path, "orders,tier\n" + "1, gold \n2,blue\n3,\n,gold\n" * 5)
    found = read_features(path)
    assert (found.table.names, found.left_out) == (("orders",), ())
    assert found.table.texts == {"tier": ("gold", "blue", None) * 5}
    assert found.unknown == 5, "whoever has no number is left out"


@pytest.mark.parametrize(
    ("count", "each", "reason"),
    [
        (50, 5, None),
        (51, 5, 'holds text, such as "tier 0", and 51 different ones: more than 50 are no category'),
        (50, 4, 'holds text, such as "tier 0", which fewer than 5 people share on average: no category'),
    ],
)
def test_many_levels_or_one_for_hardly_anybody_are_no_category_unless_asked_for(
    tmp_path: Path, count: int, each: int, reason: str | None
) -> None:
    path = written(tmp_path, tiers(count, each))
    assert [one.reason for one in read_features(path).left_out] == ([] if reason is None else [reason])
    assert list(read_features(path, features=["orders", "tier"]).table.texts) == ["tier"]
    assert not read_features(path, ignored=["tier"]).table.texts


def test_people_without_ids_are_numbered_as_their_rows(tmp_path: Path) -> None:
    found = read_features(written(tmp_path, "orders,basket\n3,1\n,\n4,2\n"))
    assert found.table.person_ids == ("1", "3")
    assert found.unknown == 1


def test_a_number_that_only_names_people_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "customer_id,postcode_id,orders\n11,1,3\n12,1,4\n13,2,3\n")
    found = read_features(path)
    assert found.table.names == ("postcode_id", "orders")
    assert [one.column for one in found.left_out] == ["customer_id"]
    assert read_features(path, features=["customer_id", "orders"]).table.names == ("customer_id", "orders")


def test_the_value_that_orders_clusters_is_no_feature(tmp_path: Path) -> None:
    found = read_features(written(tmp_path, "orders,revenue\n3,10\n4,\n"), value="revenue")
    assert found.table.names == ("orders",)
    assert found.value is not None
    assert found.value.tolist() == [10.0, 0.0]


@pytest.mark.parametrize("name", ["people.parquet", "people.jsonl"])
def test_other_kinds_of_files_tell_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    columns = {"orders": [3, None], "basket": [12.5, 7.0], "vip": [True, False], "seen": ["2026-01-01", "2026-01-02"]}
    if name.endswith("parquet"):
        dates = pa.array(columns["seen"]).cast(pa.date32())
        pq.write_table(pa.table({**columns, "seen": dates}), path)
    else:
        path.write_text('{"orders":3,"basket":12.5,"vip":1,"seen":"today"}\n{"basket":7,"vip":0,"seen":"now"}\n')
    found = read_features(path)
    assert found.table.names == ("orders", "basket", "vip")
    assert np.array_equal(found.table.values, [[3, 12.5, 1], [np.nan, 7, 0]], equal_nan=True)
    assert [one.column for one in found.left_out] == ["seen"]


@pytest.mark.parametrize(
    ("text", "asked", "error", "told"),
    [
        ("a,b\n1,2\n", {"id_column": "c"}, UsageError, 'no column "c"'),
        ("a,b\n1,2\n", {"features": ["a"], "ignored": ["a"]}, UsageError, "feature and ignored"),
        ("a,b\n1,x\n", {"features": ["b"]}, InputError, "no column of numbers .* b holds categories"),
        ("a,b\n1,x\n", {"value": "b"}, InputError, "value b holds text"),
        ("a,b\nx,y\n", {}, InputError, "no column of numbers"),
        ("a,b\n,\n", {}, InputError, "of no row"),
        ("a,b\n1,inf\n", {}, InputError, "row 1: b is infinite"),
        ("id,b\na,1\na,2\n", {"id_column": "id"}, InputError, 'several rows have the id "a"'),
        ("id,b\na,1\n,2\n", {"id_column": "id"}, InputError, 'row 2 has no "id"'),
        ("a,b\n1,2\n1,2,3\n", {}, InputError, "line 3"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(
    tmp_path: Path, text: str, asked: dict[str, object], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        read_features(written(tmp_path, text), **asked)  # type: ignore[arg-type]


@settings(max_examples=30)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_every_number_comes_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    path = written(tmp_path_factory.mktemp("numbers"), "amount\n" + "".join(f"{one!r}\n" for one in values))
    found: FeatureFile = read_features(path)
    assert found.table.column("amount").tolist() == values
