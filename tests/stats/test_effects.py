import math

import numpy as np
import pytest

from kohort.errors import UsageError
from kohort.stats.effects import hedges_g


def test_hedges_g_of_a_hand_computed_table() -> None:
    # Means 6 and 4, pooled standard deviation 1, four degrees of freedom: d = 2, J = 1 − 3/15 = 0.8.
    effect = hedges_g(np.array([5.0, 6.0, 7.0]), np.array([3.0, 4.0, 5.0]))
    assert effect.estimate == pytest.approx(1.6)
    assert effect.high - effect.estimate == pytest.approx(1.959964 * math.sqrt(6 / 9 + 1.6**2 / 12))


def test_it_is_unbiased_and_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    effects = [hedges_g(random.normal(0.5, 1, 12), random.normal(0, 1, 15)) for _ in range(2_000)]
    assert np.mean([effect.estimate for effect in effects]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([effect.low <= 0.5 <= effect.high for effect in effects]) == pytest.approx(0.95, abs=0.015)


def test_groups_without_spread_are_infinitely_apart_or_not_at_all() -> None:
    ones, twos = np.ones(3), np.full(4, 2.0)
    assert hedges_g(ones, ones).estimate == 0
    assert hedges_g(ones, twos).estimate == -math.inf


@pytest.mark.parametrize("group", [np.array([1.0]), np.array([1.0, np.nan])])
def test_too_few_or_missing_values_are_refused(group: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"two groups|finite values"):
        hedges_g(group, np.array([1.0, 2.0]))
