"""Events that come before others, against a slow reading of what that means."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR
from kohort.quality.cross_checks.orders import WITHIN, BrokenOrder, History, find_broken_orders
from kohort.quality.cross_checks.orders import _preceded as preceded

END = 63 * DAY
NAMES = ("cart_viewed", "order_completed", "page_viewed")


def of(rows: list[tuple[int, int, int]]) -> History:
    people, times, codes = np.array(sorted(rows, key=lambda row: row[:2]), np.int64).reshape(-1, 3).T
    return History(people, times, codes, NAMES)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10).map(lambda day: day * 2 * DAY), st.integers(0, 2))))
def test_an_event_is_preceded_by_one_of_the_same_person_at_most_a_week_before(rows: list[tuple[int, int, int]]) -> None:
    history = of(rows)
    every = list(zip(history.people.tolist(), history.times.tolist(), history.codes.tolist(), strict=True))
    expected = [
        any(one == person and code == 0 and time - WITHIN <= then <= time for one, then, code in every)
        for person, time, _ in every
    ]
    assert preceded(history, 0).tolist() == expected


def shop(seed: int, broken: float) -> History:
    """Return a shop in which 95 % see their cart before they order, lately fewer by the share `broken`."""
    chance = np.random.default_rng(seed)
    rows = []
    for person in range(1_500):
        time = int(chance.integers(8 * DAY, END))
        tagged = chance.random() < 0.95 and not (time > END - 5 * DAY and chance.random() < broken)
        rows += [(person, time - 2 * HOUR, 2), (person, time, 1)]
        rows += [(person, time - HOUR, 0)] if tagged else []
    return of(rows)


def test_a_step_whose_tag_breaks_is_found_and_another_is_not() -> None:
    assert find_broken_orders(shop(1, 0), END) == []
    found = find_broken_orders(shop(1, 0.9), END)
    assert [(one.event, one.before) for one in found] == [("order_completed", "cart_viewed")]
    assert found[0].earlier.estimate > 0.9
    assert found[0].lately.estimate < 0.6
    assert found[0].p_value < 1e-6


def test_a_person_counts_once_however_often_they_order() -> None:
    rows = [(person, 10 * DAY + person * HOUR, code) for person in range(150) for code in (0, 1)]
    eager = [(999, END - DAY + place * HOUR // 100, 1) for place in range(500)]
    assert find_broken_orders(of(rows + eager), END) == []


def test_what_never_came_before_is_not_missed() -> None:
    rows = [(person, 10 * DAY + person * HOUR, 1) for person in range(150)]
    lately = [(1_000 + person, END - DAY, 1) for person in range(100)]
    assert find_broken_orders(of(rows + lately), END) == []


def test_false_alarms_are_no_more_than_promised() -> None:
    alarms: list[BrokenOrder] = []
    for seed in range(40):
        alarms += find_broken_orders(shop(seed, 0), END)
    assert len(alarms) <= 2


def test_no_events_are_no_orders() -> None:
    assert find_broken_orders(of([]), END) == []
