"""The lift curve against counting people one by one, and against chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.measurement.lift import captured_at, lift_curve
from kohort.measurement.prediction import predictive_power

ROWS = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=30)


def counted(rows: list[tuple[int, bool]], taken: int) -> float:
    """Take so many people one by one, the highest score first; of equals each counts as the mean of them."""
    shares = {score: [did for other, did in rows if other == score] for score, _ in rows}
    order = sorted((score for score, _ in rows), reverse=True)[:taken]
    return sum(sum(shares[score]) / len(shares[score]) for score in order) / sum(did for _, did in rows)


@given(ROWS.filter(lambda rows: any(did for _, did in rows)), st.integers(1, 30))
def test_who_is_captured_is_counted_person_by_person(rows: list[tuple[int, bool]], taken: int) -> None:
    taken = min(taken, len(rows))
    scores, hits = np.array([float(one) for one, _ in rows]), np.array([did for _, did in rows])
    [captured] = captured_at(scores, hits, [taken / len(rows)])
    assert captured == pytest.approx(counted(rows, taken))


def test_a_perfect_order_captures_all_as_early_as_possible_and_everybody_holds_all() -> None:
    hits = np.arange(100) < 20
    assert captured_at(hits.astype(float), hits).tolist() == pytest.approx([0.5, *[1.0] * 9])
    assert np.isnan(captured_at(np.zeros(3), np.zeros(3, dtype=bool))).all()


def test_groups_of_chance_lift_nobody_and_good_ones_do() -> None:
    random = np.random.default_rng(4)
    good, chance = random.integers(0, 4, 2_000), random.integers(0, 4, 2_000)
    hits = random.random(2_000) < np.array([0.05, 0.1, 0.2, 0.6])[good]
    found = predictive_power(good, chance, hits, seed=0)
    assert [one.depth for one in found.groups.lift] == pytest.approx(np.arange(1, 11) / 10)
    for one in found.rule.lift:
        assert one.lift.low <= 1.02
        assert one.lift.high >= 0.98
    best = found.groups.lift[1]
    # A fifth of the people are the best of the fourth group, which holds 0.6 / 0.95 of all who did it.
    assert best.captured.low <= 0.8 * 0.6 / 0.95 <= best.captured.high
    assert best.lift.low > 2
    assert found.groups.lift[-1].captured.estimate == 1.0


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(5)
    group = np.arange(300) % 3
    scores, rates = group.astype(float), np.array([0.1, 0.2, 0.5])
    truth = 0.5 / 0.8
    held = 0
    for _ in range(100):
        hits = random.random(300) < rates[group]
        [found] = lift_curve(scores, hits, [random.integers(0, 300, 300) for _ in range(100)], [1 / 3])
        held += found.captured.low <= truth <= found.captured.high
    assert held >= 87
