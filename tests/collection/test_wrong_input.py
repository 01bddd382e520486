"""Input that is wrong: a file wrong as a whole is an error, a wrong row is a dead letter, good rows are kept."""

import gzip
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collection_desk import Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kohort.collection.csv_rows import csv_rows
from kohort.errors import InputError
from kohort.testing.suite.base import scaled

VISITS = """
{name: visits, files: "visits*", event: shop_visited, person: customer, time: at,
 properties: {shop: shop, spent: {column: spent, type: number}}}
"""
ORDERS = """
{name: orders, files: "orders*", event: order_completed, person: customer, group_by: receipt, time: at,
 properties: {total: {sum: price}}}
"""
HEADER = "customer,at,shop,spent\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("visits.csv", b"", "visits.csv is empty"),
        ("visits.csv", b"\xef\xbb\xbf\n\n", "visits.csv is empty"),
        ("visits.csv.gz", gzip.compress(b"", mtime=0), "visits.csv.gz is empty"),
        ("visits.csv.gz", gzip.compress(HEADER.encode() * 99, mtime=0)[:-9], "damaged or cut short"),
        (
            "visits.parquet",
            HEADER.encode(),
            "expected a Parquet file, as its name says, but its first bytes are b'cust'",
        ),
        ("visits.parquet", b"PAR1 and then nothing", "the Parquet file is damaged"),
        ("visits.csv", b"PAR1 and then nothing", "but it is a Parquet file; rename it"),
        ("visits.csv", b"PK\x03\x04\0\0\0", "expected a CSV file, as its name says, but its first bytes are b'PK"),
        ("visits.csv", HEADER.encode("utf-16"), "UTF-16 text must be saved as UTF-8"),
        ("visits.csv", HEADER.encode() + b"c1,2026-01-31,Caf\xe9,1\n", "visits.csv, line 2: byte 18 is not UTF-8"),
        ("visits.json", b'[{"a": 1}]', "expected JSON lines, one object on each line"),
        ("visits.json", b'{\n  "a": 1\n}', "expected JSON lines, one object on each line"),
        (
            "visits.csv",
            b"customer,at,shop,spend\n",
            'no column "spent", which sources/test.yaml asks for under "spent"; did',
        ),
        ("visits.csv", b"customer,at,shop,spend\n", 'did you mean "spend"?'),
        ("visits.csv", b"customer,at,shop,at\n", 'line 1: the column "at" stands twice'),
        ("visits.csv", b'customer,"at\n', "line 1: the header is malformed"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole(desk: Desk, name: str, content: bytes, message: str) -> None:
    path = desk.write(name, content)
    with pytest.raises(InputError) as caught:
        desk.read(path, VISITS)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_names_the_nearest(desk: Desk) -> None:
    desk.write("visits.csv", HEADER)
    with pytest.raises(InputError, match=r'no such file: .*visit\.csv; did you mean "visits.csv"'):
        desk.read(desk.folder / "visit.csv", VISITS)
    with pytest.raises(InputError, match="is a folder"):
        desk.read(desk.folder, VISITS)


def test_which_source_reads_a_file_must_be_clear(desk: Desk) -> None:
    path = desk.write("visits.csv", HEADER)
    other = VISITS.replace("name: visits", "name: others")
    with pytest.raises(InputError, match=r'several sources: "visits" \(visits\*\), "others"'):
        desk.read(path, VISITS, other)
    assert desk.read(path, VISITS, other, name="others").source == "others"
    with pytest.raises(InputError, match='no source is called "visit"; did you mean "visits"'):
        desk.read(path, VISITS, name="visit")
    with pytest.raises(InputError, match=r'matches no source; declared: "orders" \(orders\*\)'):
        desk.read(path, ORDERS)
    with pytest.raises(InputError, match="none is declared"):
        desk.read(path)


@pytest.mark.parametrize(
    ("products", "message"),
    [
        (None, "no such file: .*products.csv"),
        ("id,dept\n1,food\n", 'no column "product".* under "lookups"'),
        ("product,department\n1,a\n1,b\n", 'the product "1" stands in several rows'),
        ("product,department\n1\n", "line 2: expected 2 fields, found 1; a lookup file must be whole"),
        ("product,department,at\n1,a,b\n", None),
    ],
)
def test_a_lookup_file_must_be_there_and_clear(desk: Desk, products: str | None, message: str | None) -> None:
    source = VISITS.replace(
        "properties:", "lookups: [{file: products.csv, on: product, columns: [department]}], properties:"
    )
    path = desk.write("visits.csv", "customer,at,shop,spent,product\nc,2026-01-31,s,1,1\n")
    if products is not None:
        desk.write("products.csv", products)
    if message is None:
        assert len(desk.read(path, source).messages) == 1
        return
    with pytest.raises(InputError, match=message):
        desk.read(path, source)


def test_a_lookup_may_not_bring_a_column_that_is_there(desk: Desk) -> None:
    source = VISITS.replace("properties:", "lookups: [{file: p.csv, on: customer, columns: [shop]}], properties:")
    desk.write("p.csv", "customer,shop\nc,s\n")
    with pytest.raises(InputError, match=r'the column "shop" comes from p.csv too'):
        desk.read(desk.write("visits.csv", HEADER), source)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (
            "c1,yesterday,s,1",
            "at",
            'line 3: expected an ISO 8601 time such as 2026-01-31T09:30:00+01:00, got "yesterday"',
        ),
        ("c1,,s,1", "at", "line 3: expected a value, got nothing"),
        (" ,2026-01-31,s,1", "customer", 'line 3: expected an id of the person, got " "'),
        ("c1,2026-01-31,s,many", "spent", 'line 3: expected a number such as 12.5, got "many"'),
        ('c1,2026-01-31,s,"1,5"', "spent", 'line 3: expected a number such as 12.5, got "1,5"'),
        ("c1,2026-01-31,a\0b,1", "shop", "line 3: expected text of at most 32 KB without NUL characters"),
        ("c1,2026-01-31,s", "", "line 3: malformed: expected 4 fields, found 3"),
        ("c1,2026-01-31,s,1,2", "", "line 3: malformed: expected 4 fields, found 5"),
        ('c1,2026-01-31,"s"x,1', "", "line 3: malformed: ',' expected after '\"'"),
        ('c1,2026-01-31,"s,1', "", "line 3: malformed: "),
    ],
)
def test_a_wrong_row_is_a_dead_letter_and_good_rows_are_kept(desk: Desk, row: str, field: str, reason: str) -> None:
    good = 'c0,2026-01-31,"two\nlines",1\n'
    path = desk.write(
        "visits.csv", f"{HEADER}c0,2026-01-30,s,1\n{row}\n{good}c2,2026-01-31,s,1\n".replace("\n", "\r\n", 1)
    )
    outcome = desk.read(path, VISITS)
    assert [message.user_id for message in outcome.messages] == ["c0", "c0", "c2"]
    (rejected,) = outcome.rejected
    assert (rejected.source, rejected.file, rejected.line, rejected.field) == ("visits", str(path), 3, field)
    assert reason in rejected.reason
    assert msgspec.json.decode(rejected.raw)
    assert outcome.rows == 4


ORDER_HEADER = "customer,at,receipt,price\n"


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("c1,2026-01-31,1,cheap", "price", 'line 4: expected a number such as 12.5, got "cheap"'),
        ("c1,soon,1,2", "at", "line 4: expected an ISO 8601 time"),
        ("c9,2026-01-31,1,2", "customer", 'line 4: expected the same person in all rows of the group, got "c9"'),
        (",2026-01-31,1,2", "customer", "line 4: expected an id of the person, got nothing"),
    ],
)
def test_an_order_is_loaded_whole_or_not_at_all(desk: Desk, row: str, field: str, reason: str) -> None:
    rows = f"c1,2026-01-31,1,1.00\nc2,2026-01-31,2,1.00\n{row}\nc1,2026-01-31,1,3.00\n"
    outcome = desk.read(desk.write("orders.csv", ORDER_HEADER + rows), ORDERS)
    assert [message.user_id for message in outcome.messages] == ["c2"]
    (rejected,) = outcome.rejected
    assert (rejected.line, rejected.field) == (4, field)
    assert reason in rejected.reason
    assert [one["price"] for one in msgspec.json.decode(rejected.raw)] == ["1.00", row.rpartition(",")[2], "3.00"]
    assert outcome.rows == 4


def test_rows_without_their_group_are_dead_letters_one_by_one(desk: Desk) -> None:
    rows = "c1,2026-01-31,,1\nc1,2026-01-31,,2\nc1,2026-01-31,1,3\n"
    outcome = desk.read(desk.write("orders.csv", ORDER_HEADER + rows), ORDERS)
    assert [one.line for one in outcome.rejected] == [2, 3]
    assert {one.field for one in outcome.rejected} == {"receipt"}
    assert len(outcome.messages) == 1


def test_the_row_of_a_parquet_file_is_named_and_unreadable_columns_are_missing(desk: Desk) -> None:
    table = pa.table({"customer": ["a", None], "at": ["2026-01-31"] * 2, "shop": ["s"] * 2, "spent": [1.0, 2.0]})
    pq.write_table(table, desk.folder / "visits.parquet")
    outcome = desk.read(desk.folder / "visits.parquet", VISITS)
    assert outcome.rejected[0].reason == "row 2: expected an id of the person, got nothing"
    pq.write_table(table.set_column(2, "shop", pa.array([b"s"] * 2)), desk.folder / "visits.parquet")
    with pytest.raises(InputError, match='has no column "shop"'):
        desk.read(desk.folder / "visits.parquet", VISITS)


def test_files_without_rows_give_nothing(desk: Desk) -> None:
    empty = pa.table({name: pa.array([], pa.string()) for name in ("customer", "at", "receipt", "price")})
    pq.write_table(empty, desk.folder / "orders.parquet")
    for path in (desk.folder / "orders.parquet", desk.write("orders.csv", ORDER_HEADER)):
        assert desk.read(path, ORDERS).messages == []
    assert desk.read(desk.write("visits.csv", HEADER), VISITS).rows == 0


def test_a_line_without_end_is_cut_and_the_next_is_read(desk: Desk) -> None:
    path = desk.write("visits.csv", HEADER + "x" * 3_000_000 + "\nc1,2026-01-31,s,1\n")
    outcome = desk.read(path, VISITS)
    assert len(outcome.messages) == 1
    assert "longer than 524,288 bytes" in outcome.rejected[0].reason
    json = desk.write(
        "visits.jsonl", '{"a":"' + "x" * 600_000 + '"}\n{"customer":"c","at":"2026-01-31","shop":1,"spent":1}\n'
    )
    outcome = desk.read(json, VISITS)
    assert len(outcome.messages) == 1
    assert "longer than 524,288 bytes" in outcome.rejected[0].reason


def test_json_rows_that_are_malformed(desk: Desk) -> None:
    good = '{"customer":"c","at":"2026-01-31","shop":"s","spent":1}'
    bad = ["{oops", "[1]", '"text"', '{"customer":' + "[" * 40 + "]" * 40 + "}", '{"shop":"\\ud800"}']
    outcome = desk.read(desk.write("visits.jsonl", "\n".join([good, *bad, good])), VISITS)
    assert len(outcome.messages) == 2
    assert [one.line for one in outcome.rejected] == [2, 3, 4, 5, 6]


def test_json_lines_of_which_none_can_be_read_and_columns_that_come_late(desk: Desk) -> None:
    outcome = desk.read(desk.write("visits.jsonl", "{oops\n{oops\n"), VISITS)
    assert (outcome.messages, len(outcome.rejected), outcome.rows) == ([], 2, 2)
    sparse = '{"customer":"c","at":"2026-01-31"}\n' * 50_001
    first = '{"customer":"c","at":"2026-01-31","shop":"s","spent":1}\n'
    assert len(desk.read(desk.write("visits.jsonl", first + sparse), VISITS).messages) == 50_002


@settings(deadline=None, max_examples=scaled(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet='ab,"\n\r;', max_size=40))
def test_whatever_a_csv_holds_no_line_is_both_a_row_and_malformed(desk: Desk, text: str) -> None:
    (rows,) = csv_rows(desk.write("any.csv", "x,y\n" + text))
    starts = [*rows.lines.tolist(), *(bad.line for bad in rows.malformed)]
    assert len(starts) == len(set(starts))
    assert all(1 < line <= 2 + text.count("\n") for line in starts)
    if '"' not in text and "\r" not in text:
        assert len(starts) == sum(1 for line in text.split("\n") if line)
