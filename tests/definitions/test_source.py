from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from kohort.definitions.source import Aggregate, Lookup, TimeMapping, ValueMapping, source_definition_of
from kohort.definitions.values import ValueType
from kohort.errors import DefinitionError

FILE = "sources/orders.yaml"

ORDERS = """
name: transactions
files: "*transactions*.parquet"
event: order_completed
person: household_id
key: basket_id
group_by: basket_id
time: {column: transaction_timestamp, time_zone: UTC}
lookups:
  - {file: products.parquet, on: product_id, columns: [department, brand]}
properties:
  total: {sum: sales_value}
  discount: {sum: [retail_disc, coupon_disc]}
  store: {first: store_id, type: text}
  departments: {distinct: department}
  grocery_total: {sum: sales_value, where: {department: [GROCERY, 7, true]}}
"""


def test_line_items_become_one_event_with_aggregates() -> None:
    source = source_definition_of(yaml.safe_load(ORDERS), FILE)
    assert (source.event, source.user_id, source.group_by) == ("order_completed", "household_id", ("basket_id",))
    assert source.time == TimeMapping(column="transaction_timestamp", zone=ZoneInfo("UTC"))
    assert source.lookups == (Lookup("products.parquet", "product_id", ("department", "brand")),)
    values = {value.name: value for value in source.values}
    assert values["discount"].columns == ("retail_disc", "coupon_disc")
    assert values["store"] == ValueMapping("store", ("store_id",), Aggregate.FIRST, ValueType.TEXT)
    assert values["departments"].type is ValueType.TEXT_LIST
    assert values["grocery_total"].where == {"department": ("GROCERY", "7", "true")}


def test_the_columns_that_a_file_needs_leave_out_what_lookups_bring() -> None:
    columns = source_definition_of(yaml.safe_load(ORDERS), FILE).columns()
    assert "product_id" in columns
    assert "department" not in columns
    assert columns["household_id"] == "person"


def test_traits_have_a_fixed_time_and_no_event() -> None:
    source = source_definition_of(
        yaml.safe_load("{name: d, files: 'd*', person: {anonymous_id: c}, time: {at: 2017-01-01}, traits: {age: a}}"),
        FILE,
    )
    assert (source.event, source.user_id, source.anonymous_id) == ("", "", "c")
    assert source.time == TimeMapping(at="2017-01-01")


def test_a_group_is_its_own_key() -> None:
    document = yaml.safe_load(ORDERS)
    del document["key"]
    assert source_definition_of(document, FILE).key == ("basket_id",)


TABLE = {
    "name": "orders", "table": "shop.orders", "store": "lake", "event": "order_completed", "person": "client",
    "key": "no", "time": {"column": "sold", "day": "sold_on"}, "cursor": {"column": "loaded", "day": "loaded_on"},
}  # fmt: skip


def test_a_table_names_the_days_by_which_it_is_partitioned() -> None:
    source = source_definition_of(TABLE, FILE)
    assert (source.time.day, source.cursor, source.cursor_day) == ("sold_on", "loaded", "loaded_on")
    assert source.days() == {"sold_on": "time", "loaded_on": "cursor"}
    assert source.columns() == {
        "client": "person", "sold": "time", "sold_on": "time", "loaded": "cursor", "loaded_on": "cursor", "no": "key"
    }  # fmt: skip
    assert source_definition_of({**TABLE, "cursor": "loaded"}, FILE).days() == {"sold_on": "time"}


def changed(**changes: object) -> dict[str, Any]:
    return {name: value for name, value in {**yaml.safe_load(ORDERS), **changes}.items() if value is not ...}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (changed(name=...), 'field "name": expected text, got nothing'),
        (changed(propertys={}), 'unknown field "propertys"; did you mean "properties"?'),
        (changed(event="!"), 'field "event"'),
        (changed(person={"user": "a"}), 'field "person": unknown field "user"; did you mean "user_id"?'),
        (changed(person={}), "expected a column, or user_id and anonymous_id"),
        (changed(key="other"), "the columns of group_by"),
        (changed(time=...), 'field "time": expected a column, or a fixed time'),
        (changed(time={"column": "a", "at": "2017-01-01"}), "either a column or at"),
        (changed(time={"at": "yesterday"}), 'field "time.at": "yesterday" is no ISO 8601 time'),
        (changed(time={"column": "a", "time_zone": "Europe/Pari"}), 'unknown time zone "Europe/Pari"'),
        (changed(delimiter="::"), 'field "delimiter"'),
        (changed(cursor="loaded"), 'field "cursor": only a table has a cursor'),
        (changed(time={"column": "a", "day": "b"}), 'field "time.day": only a table has a column with the days'),
        ({**TABLE, "time": {"at": "2017-01-01", "day": "b"}}, 'field "time.day": only a table has a column with'),
        ({**TABLE, "cursor": {"day": "b"}}, 'field "cursor.column": expected text, got nothing'),
        ({**TABLE, "cursor": {"column": "a", "days": "b"}}, 'unknown field "days"; did you mean "day"?'),
        (changed(traits={"a": "b"}), "an event has properties, not traits"),
        (changed(event=...), "properties belong to an event"),
        (changed(event=..., properties=...), "only the rows of an event are grouped"),
        (changed(lookups=[{"file": "../x.csv", "on": "a", "columns": ["b"]}]), "stands beside the source's file"),
        (changed(lookups=[{"file": "x.csv", "columns": ["b"]}]), 'field "lookups[0].on"'),
        (changed(properties={"total": "sales_value"}), "an aggregate such as {first: column}"),
        (changed(properties={"total": {"summ": "a"}}), 'unknown aggregate "summ"; did you mean "sum"?'),
        (changed(properties={"total": {"sum": "a", "min": "a"}}), "expected one aggregate, got 2"),
        (changed(properties={"total": {"type": "number"}}), "expected one aggregate, got 0"),
        (changed(properties={"total": {"max": ["a", "b"]}}), "only a sum adds several"),
        (changed(properties={"total": {"sum": "a", "type": "text"}}), "a type that sum can give: number"),
        (changed(properties={"total": {"sum": "a", "where": {"b": []}}}), 'field "properties.total.where.b"'),
        (changed(properties={"x" * 201: {"sum": "a"}}), "a name has 1 to 200 characters"),
        (changed(group_by=..., properties={"total": {"sum": "a"}}), "properties.total.column"),
    ],
)
def test_what_is_wrong_in_a_source_is_named(document: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        source_definition_of(document, FILE)
    assert FILE in str(caught.value)
    assert message in str(caught.value)
