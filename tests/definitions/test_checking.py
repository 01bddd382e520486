from typing import Any

import pytest
import yaml

from kohort.definitions.checking import DatesInOrder, PostalTown, RowCheck, TotalOfLines
from kohort.definitions.source import source_definition_of
from kohort.errors import DefinitionError

FILE = "sources/orders.yaml"
DAY = 86_400_000_000


def source(checks: str) -> dict[str, Any]:
    values = [
        "birth",
        "first_order",
        "last_order",
        "postcode",
        "town",
        "country",
        "total",
        "price",
        "quantity",
        "discount",
    ]
    return {
        "name": "orders", "files": "orders*", "person": "id", "time": {"at": "2026-01-01"},
        "traits": {name: name for name in values}, "checks": yaml.safe_load(checks),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("in_order: [birth, first_order, last_order]", DatesInOrder(("birth", "first_order", "last_order"))),
        ("{in_order: [birth, first_order], tolerance: 1 day}", DatesInOrder(("birth", "first_order"), DAY)),
        ("{postal_code: postcode, town: town}", PostalTown("postcode", "town")),
        ("{postal_code: postcode, town: town, country: country}", PostalTown("postcode", "town", "country")),
        ("{total: total, lines: price}", TotalOfLines("total", (("price",),))),
        ("{total: total, lines: [price, discount]}", TotalOfLines("total", (("price",), ("discount",)))),
        (
            "{total: total, lines: [[price, quantity]], less: discount, tolerance: 0.05}",
            TotalOfLines("total", (("price", "quantity"),), (("discount",),), 50_000),
        ),
    ],
)
def test_a_check_says_what_must_hold_between_the_values_of_a_row(written: str, means: RowCheck) -> None:
    assert source_definition_of(source(f"[{{{written.strip('{}')}}}]"), FILE).checks == (means,)


def test_a_source_without_checks_has_none_and_one_may_have_several() -> None:
    assert source_definition_of(source("[]"), FILE).checks == ()
    several = source_definition_of(source("[{in_order: [birth, first_order]}, {total: total, lines: price}]"), FILE)
    assert [str(one) for one in several.checks] == ["birth ≤ first_order", "total = price"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("[{in_order: [birth, frist_order]}]", 'in_order": no row becomes "frist_order"; did you mean "first_order"?'),
        ("[{in_order: birth}]", "expected two or more different dates"),
        ("[{in_order: [birth, birth]}]", "expected two or more different dates"),
        ("[{in_order: [birth, first_order], tolerance: soon}]", "is no duration"),
        ("[{in_order: [birth, first_order], tolerance: 99999 days}]", "a year at most"),
        ("[{in_ordr: [birth, first_order]}]", 'unknown field "in_ordr"; did you mean "in_order"?'),
        ("[{in_order: [birth, first_order], town: town}]", 'unknown field "town"'),
        ("[{in_order: [birth, first_order], total: total}]", "expected one check, by one of in_order"),
        ("[{town: town}]", "expected one check"),
        ("[{postal_code: postcode}]", '"checks[0].town": expected text, got nothing'),
        ("[{postal_code: postcode, town: town, country: land}]", 'no row becomes "land"'),
        ("[{total: total}]", '"checks[0].lines": expected the values that make the total'),
        ("[{total: total, lines: []}]", "expected the values that make the total"),
        ("[{total: total, lines: [[]]}]", "lists of values that are multiplied"),
        ("[{total: total, lines: [5]}]", "lists of values that are multiplied"),
        ("[{total: total, lines: price, tolerance: -1}]", "expected an amount of zero or more"),
        ("[{total: total, lines: price, tolerance: some}]", "is no number"),
        ("[in_order]", "expected fields with values"),
        ("{in_order: [birth, first_order]}", '"checks": expected a list'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(written: str, message: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        source_definition_of(source(written), FILE)
    assert FILE in str(raised.value)
    assert message in str(raised.value)


def test_a_table_that_stays_where_it_is_has_no_checks() -> None:
    document = {
        "name": "orders", "table": "shop.orders", "store": "lake", "event": "order_completed", "person": "client",
        "key": "no", "time": "sold", "properties": {"total": "amount"},
        "checks": [{"total": "total", "lines": "total"}],
    }  # fmt: skip
    with pytest.raises(DefinitionError, match="check them in the store"):
        source_definition_of(document, FILE)
