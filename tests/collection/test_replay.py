"""Dead letters are read again by today's definitions, and reading them twice changes nothing."""

import json
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collection_desk import Desk

from kohort.definitions.tracking import tracking_plan_of
from kohort.errors import InputError

WRONG = """
{name: orders, files: "orders*", event: order_completed, person: customer, group_by: receipt,
 time: {column: at, time_zone: Europe/Paris},
 properties: {total: {sum: note}, paid: {first: paid}, day: {first: day}, price: {first: price}, seen: {first: at}}}
"""
MENDED = WRONG.replace("sum: note", "sum: price")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def table() -> pa.Table:
    return pa.table(
        {
            "customer": [1, 1, 2],
            "receipt": ["a", "a", "b"],
            "at": [datetime.fromisoformat(f"2026-01-31T09:0{minute}") for minute in (2, 1, 3)],
            "note": ["x", "y", "z"],
            "price": [0.1, 1e-7, 2.0],
            "paid": [True, False, None],
            "day": [date(2026, 1, 30), date(2026, 1, 31), None],
        }
    )


def test_mended_definitions_give_what_the_file_itself_would(desk: Desk) -> None:
    path = desk.folder / "orders.parquet"
    pq.write_table(table(), path)
    dead = desk.read(path, WRONG)
    assert (dead.messages, len(dead.rejected)) == ([], 2)
    replayed, direct = desk.reread(dead.rejected, MENDED), desk.read(path, MENDED)
    assert replayed.rejected == []
    assert [one.digest() for one in replayed.messages] == [one.digest() for one in direct.messages]
    assert [one.event_id for one in replayed.messages] == [one.event_id for one in direct.messages]
    assert replayed.rows == 3


def test_a_file_ingested_twice_does_not_count_its_line_items_twice(desk: Desk) -> None:
    path = desk.folder / "orders.parquet"
    pq.write_table(table(), path)
    twice = desk.read(path, WRONG).rejected * 2
    assert desk.reread(twice, MENDED).messages == desk.reread(twice[:2], MENDED).messages


def test_what_is_still_wrong_is_rejected_again(desk: Desk) -> None:
    path = desk.folder / "orders.parquet"
    pq.write_table(table(), path)
    rejected = desk.read(path, WRONG).rejected
    again = desk.reread(rejected, WRONG).rejected
    assert [(one.line, one.field, one.raw) for one in again] == [(one.line, one.field, one.raw) for one in rejected]


def test_malformed_lines_stay_malformed_with_the_same_reason(desk: Desk) -> None:
    source = "{name: visits, files: 'v*', event: e, person: p, time: at}"
    rejected = desk.read(desk.write("v.csv", "p,at\n1\n"), source).rejected
    assert desk.reread(rejected, source).rejected == rejected


def test_rows_without_key_keep_their_ids(desk: Desk) -> None:
    source = "{name: visits, files: 'v*', event: e, person: p, time: at, properties: {n: {column: n, type: number}}}"
    path = desk.write("v.csv", "p,at,n\n1,2026-01-31,x\n1,2026-01-31,x\n2,2026-01-31,1\n")
    mended = source.replace("type: number", "type: text")
    replayed = desk.reread(desk.read(path, source).rejected, mended)
    assert [one.event_id for one in replayed.messages] == [one.event_id for one in desk.read(path, mended).messages[:2]]


def test_lookups_are_joined_again(desk: Desk) -> None:
    source = """
    {name: visits, files: "v*", event: e, person: p, time: start,
     lookups: [{file: c.csv, on: campaign, columns: [start]}]}
    """
    desk.write("c.csv", "campaign,start\n1,\n")
    rejected = desk.read(desk.write("v.csv", "p,campaign\n7,1\n"), source).rejected
    assert json.loads(rejected[0].raw) == [{"p": "7", "campaign": "1"}]
    desk.write("c.csv", "campaign,start\n1,2026-01-31\n")
    assert len(desk.reread(rejected, source).messages) == 1
    (desk.folder / "c.csv").unlink()
    with pytest.raises(InputError, match="no such file"):
        desk.reread(rejected, source)


def test_messages_are_read_again_by_todays_plan(desk: Desk) -> None:
    declared = {"events": {"signed_up": {"properties": {"plan": {"type": "text", "required": True}}}}}
    desk.plan = tracking_plan_of(declared, "tracking.yaml")
    message = '{"type":"track","event":"Signed Up","userId":"u","timestamp":"2026-01-31"}'
    dead = desk.read(desk.write("m.jsonl", f"{message}\n{message}\n"))
    assert len(dead.rejected) == 2
    desk.plan = tracking_plan_of({}, "tracking.yaml")
    replayed, direct = desk.reread(dead.rejected), desk.read(desk.folder / "m.jsonl")
    assert [one.event_id for one in replayed.messages] == [one.event_id for one in direct.messages]


def test_a_source_that_is_gone_is_named(desk: Desk) -> None:
    path = desk.folder / "orders.parquet"
    pq.write_table(table(), path)
    rejected = desk.read(path, WRONG).rejected
    with pytest.raises(InputError, match='no source is called "orders"'):
        desk.reread(rejected)
