"""The lines of an order multiplied and added, against exact fractions."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from collection_desk import Desk
from hypothesis import given
from hypothesis import strategies as st

from kohort.collection.aggregation import aggregated
from kohort.collection.typed_rows import TypedValue
from kohort.definitions.checking import TotalOfLines
from kohort.definitions.source import Aggregate
from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType
from kohort.errors import DefinitionError
from kohort.quality.cross_checks.judging import judge
from kohort.storage.connections import open_duckdb

LINES = """
name: till
files: "till*"
event: order_completed
person: card
group_by: receipt
time: at
properties:
  total: {first: total, type: number}
  lines: {sum_product: [price, quantity]}
checks:
  - {total: total, lines: lines}
"""
FACTORS = st.none() | st.integers(-LARGEST_MICROS, LARGEST_MICROS) | st.integers(-(10**9), 10**9)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def rounded(total: Fraction) -> int:
    """Return a number of micros, halves away from zero."""
    whole = int(abs(total) + Fraction(1, 2))
    return whole if total >= 0 else -whole


@given(st.lists(st.tuples(FACTORS, FACTORS), min_size=1, max_size=6))
def test_products_are_exact_until_they_are_added(rows: Sequence[tuple[int | None, int | None]]) -> None:
    prices, quantities = (pa.array([row[place] for row in rows], pa.int64()) for place in (0, 1))
    value = TypedValue("lines", ValueType.NUMBER, Aggregate.SUM_PRODUCT, (prices, quantities))
    nobody, every = np.zeros(len(rows), np.int64), np.arange(len(rows))
    with open_duckdb() as connection:
        found = aggregated(connection, nobody, pa.array(nobody), [value], every).column("value_0").to_pylist()
    products = [Fraction(one * other, MICRO) for one, other in rows if one is not None and other is not None]
    total = rounded(sum(products, Fraction(0)))
    fits = all(abs(one) <= LARGEST_MICROS for one in products) and -(2**63) <= total < 2**63
    assert found == [total if fits else None]


def test_the_total_of_an_order_is_held_against_price_times_quantity(desk: Desk) -> None:
    lines = ["7,1,2026-01-31,2.5,4,11.1", "7,1,2026-01-31,1.1,1,11.1", "8,2,2026-01-31,3,2,5"]
    content = "\n".join(["card,receipt,at,price,quantity,total", *lines, ""])
    outcome = desk.read(desk.write("till.csv", content), LINES)
    numbers = [message.values.numbers for message in outcome.messages]
    assert numbers == [{"total": 11_100_000, "lines": 11_100_000}, {"total": 5_000_000, "lines": 6_000_000}]
    checks = desk.source(LINES).checks
    assert checks == (TotalOfLines("total", (("lines",),)),)
    columns = {name: [one[name] for one in numbers] for name in ("total", "lines")}
    assert judge(checks, columns, 2)[0].failed.tolist() == [False, True]


@pytest.mark.parametrize("columns", ["price", "[price, quantity, factor]"])
def test_two_columns_are_multiplied(desk: Desk, columns: str) -> None:
    with pytest.raises(DefinitionError, match="expected two columns, such as"):
        desk.source(LINES.replace("[price, quantity]", columns))
