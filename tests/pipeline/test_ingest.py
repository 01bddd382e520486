"""Ingesting: each message once, good rows kept, bad rows in the dead letters with the reason."""

import gzip
from pathlib import Path

import pytest

from kohort.clock import DAY
from kohort.errors import InputError
from kohort.project import Project
from small_shop import NOW, WriteLines, order, tables_of


def reasons(project: Project) -> list[tuple[int, str, str]]:
    return [(row["line"], row["field"], row["reason"]) for row in project.dead_letters().to_pylist()]


def test_messages_become_events_traits_and_people(shop: Project, write_lines: WriteLines) -> None:
    file = write_lines(
        "events.jsonl",
        [
            order("ada", 1, total=12.5),
            {"type": "page", "anonymousId": "x", "messageId": "p", "timestamp": "2026-02-01T10:00:00Z", "name": "Home"},
            {"type": "identify", "userId": "ada", "anonymousId": "x", "messageId": "i",
             "timestamp": "2026-02-02T10:00:00Z", "traits": {"country": "FR", "age": 36}},
        ],
    )  # fmt: skip
    result = shop.ingest(file)
    assert (result.source, result.rows, result.accepted, result.known, result.rejected) == ("segment", 3, 3, 0, 0)
    status = shop.status()
    assert status.people == 1, "the visitor and ada are one person"
    assert status.events == {"order_completed": 1, "page_viewed": 1}
    assert shop.preview('country = "FR" and age = 36 and sum of order_completed.total = 12.5').size == 1
    assert shop.preview("count of page_viewed = 1").size == 1


def test_the_same_file_again_changes_nothing(shop: Project, write_lines: WriteLines) -> None:
    file = write_lines("events.jsonl", [order("ada", 1), order("bob", 2), "{broken"])
    shop.ingest(file)
    before, records = tables_of(shop), shop.status().journal_records
    again = shop.ingest(file)
    assert (again.accepted, again.known, again.rejected) == (0, 2, 1)
    assert tables_of(shop) == before
    assert shop.status().journal_records == records


def test_messages_without_an_id_are_told_apart_by_content_and_occurrence(
    shop: Project, write_lines: WriteLines
) -> None:
    anonymous = {key: value for key, value in order("ada", 1).items() if key != "messageId"}
    file = write_lines("events.jsonl", [anonymous, anonymous, {**anonymous, "userId": "bob"}])
    assert shop.ingest(file).accepted == 3
    assert shop.ingest(file).accepted == 0


def test_gzip_is_read_by_its_content(shop: Project, write_lines: WriteLines, tmp_path: Path) -> None:
    plain = write_lines("events.jsonl", [order("ada", 1)])
    packed = tmp_path / "packed.jsonl"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert shop.ingest(packed).accepted == 1


def test_good_rows_are_kept_and_bad_ones_say_why(shop: Project, write_lines: WriteLines) -> None:
    file = write_lines(
        "events.jsonl",
        [
            order("ada", 1),
            "{not json",
            {"type": "track", "event": "Order Completed", "messageId": "m", "timestamp": "2026-02-01T00:00:00Z"},
            {**order("bob", 3), "timestamp": "yesterday"},
            {**order("cid", 4), "event": ""},
            order("dan", 5),
        ],
    )
    result = shop.ingest(file)
    assert (result.accepted, result.rejected) == (2, 4)
    told = reasons(shop)
    assert [line for line, _, _ in told] == [2, 3, 4, 5]
    assert "userId" in told[1][2]
    assert "yesterday" in told[2][2]
    assert told[2][1].endswith("timestamp")


def test_a_message_id_used_twice_keeps_the_first_and_reports_the_second(shop: Project, write_lines: WriteLines) -> None:
    file = write_lines(
        "events.jsonl", [order("ada", 1, total=10), order("ada", 1, total=99), order("ada", 1, total=10)]
    )
    result = shop.ingest(file)
    assert (result.accepted, result.known, result.rejected) == (1, 1, 1)
    assert "order-1" in reasons(shop)[0][2]
    assert shop.preview("sum of order_completed.total = 10").size == 1


def test_a_replay_takes_in_what_a_mended_plan_allows_and_only_once(shop: Project, write_lines: WriteLines) -> None:
    shop.folder.tracking.write_text("events: {order_completed: {properties: {total: {type: number, required: true}}}}")
    bare = {**order("ada", 1), "properties": {"coupon": "x"}}
    shop.ingest(write_lines("events.jsonl", [bare, "{broken", order("bob", 2)]))
    assert shop.status().dead_letters == 2
    assert shop.replay() == (0, 2)
    shop.folder.tracking.write_text("events: {order_completed: {properties: {total: number}}}")
    assert shop.replay() == (1, 1)
    assert shop.status().events == {"order_completed": 2}
    before = tables_of(shop)
    assert shop.replay() == (0, 1)
    assert tables_of(shop) == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.jsonl", None, "gone.jsonl"),
        ("empty.jsonl", b"", "empty"),
        ("picture.parquet", b"\x89PNG\r\n\x1a\n0000", "picture.parquet"),
        ("other.csv", b"a,b\n1,2\n", "source"),
    ],
)
def test_a_file_that_cannot_be_read_says_so(
    shop: Project, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        shop.ingest(path)
    assert shop.status().journal_records == 0


ORDERS = """\
name: orders
files: "orders*.csv"
event: order_completed
person: customer
key: number
group_by: number
time: {column: bought_at, time_zone: Europe/Paris}
properties:
  total: {sum: price}
  items: {count: sku}
  skus: {distinct: sku}
"""


def test_line_items_become_orders_whole_or_not_at_all(shop: Project, tmp_path: Path) -> None:
    (shop.folder.path / "sources" / "orders.yaml").write_text(ORDERS)
    file = tmp_path / "orders-2026.csv"
    file.write_text(
        "number,customer,bought_at,sku,price\n"
        "A,ada,2026-02-01 09:00,x,10.10\n"
        "A,ada,2026-02-01 09:00,y,0.20\n"
        "B,bob,2026-02-02 09:00,x,10.10\n"
        "B,bob,not a time,y,1.00\n"
    )
    result = shop.ingest(file)
    assert (result.rows, result.accepted, result.rejected) == (4, 1, 1)
    (letter,) = reasons(shop)
    assert letter[0] == 5
    assert "not a time" in letter[2]
    assert shop.preview("sum of order_completed.total = 10.3 and sum of order_completed.items = 2").size == 1
    local_nine = NOW - 28 * DAY + 8 * 3_600_000_000
    assert shop.preview("did order_completed", at=local_nine).size == 1
    assert shop.preview("did order_completed", at=local_nine - 1).size == 0
