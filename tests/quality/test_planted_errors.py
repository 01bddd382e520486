"""How many planted errors each check finds, and how much of what it flags is one: few of what the benchmark plants."""

import numpy as np
import pytest

from kohort.definitions.checking import DatesInOrder, PostalTown, RowCheck, TotalOfLines
from kohort.quality.cross_checks.judging import judge
from kohort.quality.cross_checks.orders import find_broken_orders
from kohort.quality.cross_checks.silence import find_silence
from kohort.testing.planted import (
    END,
    Planted,
    made_history,
    made_occurrences,
    planted_dates,
    planted_totals,
    planted_towns,
)

TOWNS = PostalTown("code", "town")
DATES = DatesInOrder(("birth", "first", "last"))
TOTALS = TotalOfLines("total", (("goods",), ("shipping",)), (("discount",),))
ROWS = 2_000


def precision_and_recall(check: RowCheck, planted: Planted) -> tuple[float, float]:
    failed = judge([check], planted.columns, len(planted.wrong))[0].failed
    hits = int((failed & planted.wrong).sum())
    return hits / int(failed.sum()), hits / int(planted.wrong.sum())


@pytest.mark.parametrize(
    ("error", "recall"), [("another town", 0.95), ("another code", 0.9), ("a digit", 0.75), ("two digits", 0.5)]
)
def test_a_town_elsewhere_is_found_and_a_slip_within_a_department_less_often(error: str, recall: float) -> None:
    found = precision_and_recall(TOWNS, planted_towns(3, ROWS, 0.05, error))
    assert found[0] >= 0.97
    assert found[1] >= recall


@pytest.mark.parametrize("error", ["swapped", "century"])
def test_dates_that_cannot_be_are_all_found_and_no_others(error: str) -> None:
    assert precision_and_recall(DATES, planted_dates(3, ROWS, 0.05, error)) == (1.0, 1.0)


@pytest.mark.parametrize(("error", "recall"), [("a line", 0.99), ("a digit", 0.8)])
def test_a_total_that_is_not_its_lines_is_found_unless_it_is_a_cent(error: str, recall: float) -> None:
    found = precision_and_recall(TOTALS, planted_totals(3, ROWS, 0.05, error))
    assert found[0] == 1.0
    assert found[1] >= recall


def test_half_of_the_shops_fall_silent_and_these_are_found() -> None:
    random = np.random.default_rng(3)
    events = {f"{place}": made_occurrences(random, 100, kept=0 if place % 2 else 1) for place in range(60)}
    assert {one.event for one in find_silence(events)} == {name for name in events if int(name) % 2}


def test_half_of_the_shops_lose_a_tag_and_these_are_found() -> None:
    random = np.random.default_rng(3)
    for place in range(12):
        found = find_broken_orders(made_history(random, 1_000, broken=0.9 * (place % 2)), END)
        assert [one.before for one in found] == ["cart_viewed"] * (place % 2)
