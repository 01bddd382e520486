"""When people do it next: quantiles with censoring beside a slow reference, and intervals that hold."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.learning.prediction.dates import date_ranges, quantile_days


def _slowly(days: list[float], happened: list[bool], share: float) -> float:
    left = 1.0
    for moment in sorted(set(days)):
        at_risk = sum(one >= moment for one in days)
        left *= 1 - sum(one == moment and did for one, did in zip(days, happened, strict=True)) / at_risk
        if 1 - left >= share - 1e-12 and any(one == moment and did for one, did in zip(days, happened, strict=True)):
            return moment
    return float("inf")


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=25), st.sampled_from([0.1, 0.5, 0.9]))
def test_quantiles_are_those_of_the_definition(people: list[tuple[int, bool]], share: float) -> None:
    days, happened = [float(one) for one, _ in people], [one for _, one in people]
    assert quantile_days(np.array(days), np.array(happened), [share]) == [_slowly(days, happened, share)]


def test_who_has_not_done_it_yet_makes_dates_later_and_not_earlier() -> None:
    random = np.random.default_rng(0)
    days = random.exponential(30, 4_000)
    watched = random.uniform(10, 90, 4_000)
    seen = np.minimum(days, watched)
    median = quantile_days(seen, days <= watched, [0.5])[0]
    assert median == pytest.approx(30 * np.log(2), rel=0.06)
    naive = float(np.median(days[days <= watched]))  # of those who did it
    assert naive < 0.8 * median


def test_eight_of_ten_do_it_within_their_interval_and_those_of_greater_chance_sooner() -> None:
    random = np.random.default_rng(1)
    pace = random.gamma(2, 15, 3_000)
    days = random.exponential(pace)
    chances = 1 - np.exp(-30 / pace)
    found = date_ranges(chances, np.minimum(days, 120), days <= 120, seed=0)
    assert found.covered is not None
    assert found.covered.estimate == pytest.approx(0.8, abs=0.03)
    assert all(later is None or (sooner is not None and later >= sooner) for later, sooner in pairwise(found.middle))
    low, middle, high = found.of(chances)
    assert ((low <= middle) & (middle <= high)).all()
    fresh = random.exponential(pace)
    inside = (fresh >= low) & (fresh <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.03)
