"""What a source definition makes of rows."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from collection_desk import Desk

from kohort.clock import parse_moment
from kohort.definitions.tracking import tracking_plan_of
from kohort.storage.messages import Values, derived_id

VISITS = """
name: visits
files: "visits*"
event: shop_visited
person: customer
time: {column: at, time_zone: Europe/Paris}
properties:
  shop: shop
  spent: {column: spent, type: number}
  member: {column: member, type: boolean}
  until: {column: until, type: moment}
"""

ORDERS = """
name: orders
files: "orders*"
event: order_completed
person: customer
group_by: [shop, receipt]
time: at
lookups: [{file: products.csv, on: product, columns: [department]}]
properties:
  total: {sum: [price, deposit]}
  lines: {count: product}
  cheapest: {min: price, type: number}
  dearest: {max: price, type: number}
  first_product: {first: product}
  departments: {distinct: department}
  food_total: {sum: price, where: {department: [food, drink]}}
"""

PRODUCTS = "product,department\napple,food\nsoap,care\nbeer,drink\n"
ORDER_ROWS = """customer,shop,receipt,at,product,price,deposit
c1,s1,1,2026-01-31 10:00:05,soap,2.00,
c1,s1,1,2026-01-31 10:00:00,beer,1.10,0.25
c2,s2,1,2026-01-31 09:00:00,apple,0.30,
c1,s1,1,2026-01-31 10:00:05,soap,2.00,
c2,s2,1,2026-01-31 09:00:00,pear,0.70,
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_each_row_becomes_an_event_with_typed_properties(desk: Desk) -> None:
    path = desk.write(
        "visits.csv",
        "customer,at,shop,spent,member,until\n"
        'c1,2026-01-31 09:30:00,"Rivoli, Paris",12.345678,yes,2027-01-01\n'
        "c2,2026-01-31 09:30:00+00:00,,,,\n",
    )
    outcome = desk.read(path, VISITS)
    first, second = outcome.messages
    paris = ZoneInfo("Europe/Paris")
    assert (first.name, first.type, first.user_id) == ("shop_visited", "track", "c1")
    assert first.ts == parse_moment("2026-01-31T09:30", paris)
    assert first.values == Values(
        numbers={"spent": 12_345_678},
        texts={"shop": "Rivoli, Paris"},
        booleans={"member": True},
        moments={"until": parse_moment("2027-01-01", paris)},
    )
    assert second.ts == parse_moment("2026-01-31T10:30", paris)
    assert second.values == Values()
    assert (outcome.source, outcome.rows, outcome.rejected, outcome.warnings) == ("visits", 2, [], [])


def test_line_items_become_one_event(desk: Desk) -> None:
    desk.write("products.csv", PRODUCTS)
    outcome = desk.read(desk.write("orders.csv", ORDER_ROWS), ORDERS)
    first, second = outcome.messages
    assert first.event_id == derived_id("orders", ["s1", "1"])
    assert first.ts == parse_moment("2026-01-31T10:00", desk.zone)
    assert first.values == Values(
        numbers={
            "total": 5_350_000,
            "lines": 3_000_000,
            "cheapest": 1_100_000,
            "dearest": 2_000_000,
            "food_total": 1_100_000,
        },
        texts={"first_product": "beer"},
        lists={"departments": ["care", "drink"]},
    )
    assert second.values.numbers["total"] == 1_000_000
    assert second.values.lists == {"departments": ["food"]}
    assert outcome.rows == 5


def test_equal_line_items_and_lookups_without_match_are_findings_and_kept(desk: Desk) -> None:
    desk.write("products.csv", PRODUCTS)
    outcome = desk.read(desk.write("orders.csv", ORDER_ROWS), ORDERS)
    assert outcome.checks() == {"lookup_without_match": 1, "duplicate_rows": 1}
    assert {(one.check, one.line) for one in outcome.warnings} == {("lookup_without_match", 6), ("duplicate_rows", 2)}


def test_a_sum_over_no_row_is_nought_and_a_sum_too_large_is_missing(desk: Desk) -> None:
    desk.write("products.csv", PRODUCTS)
    rows = "customer,shop,receipt,at,product,price,deposit\n" + "".join(
        f"c1,s{number},1,2026-01-31,soap,{price},\n" for number, price in ((1, "9e12"), (1, "9e12"), (2, ""))
    )
    outcome = desk.read(desk.write("orders.csv", rows), ORDERS)
    assert "total" not in outcome.messages[0].values.numbers
    assert outcome.messages[1].values.numbers["total"] == outcome.messages[1].values.numbers["food_total"] == 0
    assert outcome.checks()["unholdable_number"] == 1


def test_traits_of_people_at_a_fixed_time(desk: Desk) -> None:
    source = """
    {name: people, files: "people*", person: {user_id: id, anonymous_id: cookie}, time: {at: 2017-01-01},
     traits: {age: age, kids: {column: kids, type: number}}}
    """
    outcome = desk.read(desk.write("people.csv", "id;cookie;age;kids\n7;;45-54;2\n;x1;;\n"), source)
    known, unknown = outcome.messages
    assert (known.type, known.name, known.user_id, known.anonymous_id) == ("identify", "", "7", "")
    assert (unknown.user_id, unknown.anonymous_id) == ("", "x1")
    assert known.ts == parse_moment("2017-01-01", desk.zone)
    assert known.values == Values(numbers={"kids": 2_000_000}, texts={"age": "45-54"})


def test_a_column_keeps_its_own_type_unless_the_plan_or_the_source_says_otherwise(desk: Desk) -> None:
    source = "{name: v, files: '*', event: seen, person: p, time: {at: 2017-01-01}, properties: {a: a, b: b, c: c}}"
    table = pa.table({"p": [900.0, 7.0], "a": [1.5, float("nan")], "b": [42, 43], "c": [["x", "y"], None]})
    pq.write_table(table, desk.folder / "v.parquet")
    desk.plan = tracking_plan_of({"events": {"seen": {"properties": {"b": "text"}}}}, "tracking.yaml")
    outcome = desk.read(desk.folder / "v.parquet", source)
    assert [message.user_id for message in outcome.messages] == ["900", "7"]
    assert outcome.messages[0].values == Values(numbers={"a": 1_500_000}, texts={"b": "42"}, lists={"c": ["x", "y"]})
    assert outcome.messages[1].values == Values(texts={"b": "43"})
    assert outcome.checks() == {"unholdable_number": 1}


def test_json_rows_keep_the_type_of_each_value(desk: Desk) -> None:
    source = "{name: v, files: '*', event: seen, person: p, time: {at: 2017-01-01}, properties: {a: a}}"
    rows = ['{"p":1,"a":0.1}', '{"p":"2","a":"x"}', '{"p":3,"a":true}', '{"p":4,"a":["x"]}', '{"p":5,"a":{"b":1.50}}']
    outcome = desk.read(desk.write("v.jsonl", "\n".join(rows)), source)
    assert [message.values for message in outcome.messages] == [
        Values(numbers={"a": 100_000}),
        Values(texts={"a": "x"}),
        Values(booleans={"a": True}),
        Values(lists={"a": ["x"]}),
        Values(texts={"a": '{"b":1.50}'}),
    ]


def test_equal_rows_without_a_key_have_different_ids_that_do_not_depend_on_the_mapping(desk: Desk) -> None:
    path = desk.write("visits.csv", "customer,at,shop,spent,member,until\n" + "c1,2026-01-31,s,1,,\n" * 2)
    once = desk.read(path, VISITS)
    again = desk.read(path, VISITS.replace("  shop: shop\n", ""))
    assert len({message.event_id for message in once.messages}) == 2
    assert [one.event_id for one in once.messages] == [one.event_id for one in again.messages]
    assert once.checks() == {"duplicate_rows": 1}


def test_batches_are_as_large_as_asked_and_count_every_row_once(desk: Desk) -> None:
    desk.write("products.csv", PRODUCTS)
    rows = "customer,shop,receipt,at,product,price,deposit\n" + "".join(
        f"c1,s1,{number // 2},2026-01-31,soap,{'x' if number == 20 else 1},\n" for number in range(50)
    )
    outcome = desk.read(desk.write("orders.csv", rows), ORDERS, size=10)
    assert outcome.sizes == [10, 10, 4]
    assert outcome.rows == 50
    assert len(outcome.rejected) == 1


def test_a_required_property_that_is_missing_refuses_the_event(desk: Desk) -> None:
    declared = {"shop_visited": {"properties": {"spent": {"type": "number", "required": True}}}}
    desk.plan = tracking_plan_of({"events": declared}, "tracking.yaml")
    path = desk.write("visits.csv", "customer,at,shop,spent,member,until\nc1,2026-01-31,s,,,\nc2,2026-01-31,s,1,,\n")
    outcome = desk.read(path, VISITS)
    assert [message.user_id for message in outcome.messages] == ["c2"]
    assert outcome.rejected[0].reason == 'line 2: the required property "spent" is missing'
    assert outcome.rejected[0].field == "spent"


def test_hostile_names_and_values_stay_data(desk: Desk) -> None:
    hostile = ["'; DROP TABLE x; --", '"', "\u202e\u200b", "{{7*7}}", "é" * 50, "$1", "a.b"]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in ["p", "g", *hostile])
    row = ",".join('"' + name.replace('"', '""') + '"' for name in ["Robert'); --", "g1", *hostile])
    document = {
        "name": "h'",
        "files": "*",
        "event": "e",
        "person": "p",
        "group_by": "g",
        "time": {"at": "2017-01-01"},
        "properties": {name: {"first": name, "where": {name: name}} for name in hostile},
    }
    outcome = desk.read(desk.write("h.csv", f"{header}\n{row}\n"), yaml.safe_dump(document))
    assert outcome.messages[0].values.texts == {name: name for name in hostile}
    assert outcome.messages[0].user_id == "Robert'); --"
