"""Checks between the values of one row, held to a slow reading of what they mean."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.checking import DatesInOrder, PostalTown, RowCheck, TotalOfLines
from kohort.definitions.values import LARGEST_MICROS
from kohort.quality.cross_checks.judging import judge

DAY = 86_400_000_000
MICROS = st.integers(-LARGEST_MICROS, LARGEST_MICROS)
HOSTILE = (
    st.none() | st.booleans() | st.text() | st.binary() | st.lists(st.integers()) | st.floats() | MICROS
    | st.integers(min_value=2**63) | st.decimals() | st.dictionaries(st.text(), st.integers())
)  # fmt: skip
EVERY_KIND: tuple[RowCheck, ...] = (
    DatesInOrder(("a", "b", "c"), tolerance=5),
    PostalTown("a", "b"),
    PostalTown("a", "b", "c"),
    TotalOfLines("a", (("b", "c"), ("b",)), (("c",),)),
)


@given(st.lists(st.tuples(*[st.none() | MICROS] * 3)), st.integers(0, 2**62))
def test_dates_are_in_order_if_none_is_earlier_than_the_one_before_it(
    rows: list[tuple[int | None, ...]], tolerance: int
) -> None:
    columns = {name: [row[place] for row in rows] for place, name in enumerate("abc")}
    found = judge([DatesInOrder(("a", "b", "c"), tolerance)], columns, len(rows))[0]
    for row, judged, failed in zip(rows, found.judged, found.failed, strict=True):
        known = [one for one in row if one is not None]
        assert judged == (len(known) == 3)
        assert failed == (judged and any(known[place] - known[place + 1] > tolerance for place in (0, 1)))


def test_a_tolerance_of_a_day_forgives_a_date_without_its_time() -> None:
    morning, midnight = 10 * DAY + 9 * 3_600_000_000, 10 * DAY
    columns = {"first": [morning] * 3, "last": [midnight, midnight - DAY, midnight + DAY]}
    strict, kind = judge([DatesInOrder(("first", "last")), DatesInOrder(("first", "last"), DAY)], columns, 3)
    assert strict.failed.tolist() == [True, True, False]
    assert kind.failed.tolist() == [False, True, False]


@given(st.lists(st.tuples(*[st.integers(-(10**12), 10**12)] * 4), min_size=1))
def test_a_total_is_the_sum_of_its_lines_without_what_is_less(rows: list[tuple[int, ...]]) -> None:
    columns = {name: [row[place] for row in rows] for place, name in enumerate(["total", "price", "quantity", "less"])}
    check = TotalOfLines("total", (("price", "quantity"),), (("less",),), tolerance=1_000_000)
    found = judge([check], columns, len(rows))[0]
    assert found.judged.all()
    for (total, price, quantity, less), failed in zip(rows, found.failed, strict=True):
        apart = abs(Fraction(total) - Fraction(price * quantity, 10**6) + Fraction(less)) / 10**6
        slack = Fraction(abs(price * quantity), 10**12) * Fraction(1, 10**14)
        assert failed == (apart > 1) or abs(apart - 1) <= slack


@pytest.mark.parametrize(
    ("total", "lines", "fails"),
    [
        ("30.00", ["10.00", "20.00"], False),
        ("30.01", ["10.00", "20.00"], False),
        ("30.02", ["10.00", "20.00"], True),
        ("29.99", ["10.00", "20.00"], False),
        ("-30.00", ["10.00", "20.00"], True),
        ("0.3", ["0.1", "0.2"], False),
        ("9000000000000", ["9000000000000", "0.005"], False),
    ],
)
def test_a_cent_is_forgiven_and_no_more(total: str, lines: list[str], *, fails: bool) -> None:
    micros = [int(Decimal(one) * 10**6) for one in (total, *lines)]
    columns = dict(zip(["total", "goods", "shipping"], [[one] for one in micros], strict=True))
    check = TotalOfLines("total", (("goods",), ("shipping",)))
    assert judge([check], columns, 1)[0].failed.tolist() == [fails]
    plain = {name: [one[0] / 10**6] for name, one in columns.items()}
    assert judge([check], plain, 1)[0].failed.tolist() == [fails]


@given(st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE), max_size=8))
def test_nothing_raises_whatever_the_values_are(rows: list[tuple[object, ...]]) -> None:
    columns = {name: [row[place] for row in rows] for place, name in enumerate("abc")}
    for found in judge(EVERY_KIND, columns, len(rows)):
        assert found.judged.shape == found.failed.shape == (len(rows),)
        assert not (found.failed & ~found.judged).any()


def test_a_row_that_lacks_a_value_or_a_column_is_not_judged() -> None:
    for found in judge(EVERY_KIND, {"a": [None], "b": [5]}, 1):
        assert not found.judged.any()


def test_no_rows_are_no_failures_and_reasons_hold_nobodys_values() -> None:
    assert [len(one.judged) for one in judge(EVERY_KIND, {}, 0)] == [0] * 4
    assert [one.reason for one in judge(EVERY_KIND, {}, 0)] == [
        "the dates are not in this order: a, b, c",
        "a is no postal code of b",
        "a is no postal code of b",
        "it does not hold that a = b × c + b − c",
    ]
