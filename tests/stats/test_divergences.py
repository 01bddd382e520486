"""Distances of distributions: tables worked by hand, slow references, and what must hold of any counts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from kohort.errors import UsageError
from kohort.stats.divergences import jensen_shannon, kolmogorov_smirnov, stability_index, wasserstein

counts = st.lists(st.integers(0, 500), min_size=4, max_size=4).filter(any)
values = st.lists(st.floats(-100, 100).map(lambda one: round(one, 1)), min_size=1, max_size=20)

# A scorecard's table: people by band of score when it was built and today, and each band's share of the index.
BUILT = [120, 180, 250, 250, 120, 80]
TODAY = [60, 140, 250, 300, 150, 100]
BANDS = [0.041589, 0.010053, 0.0, 0.009116, 0.006694, 0.004463]


def test_the_index_of_a_table_worked_by_hand() -> None:
    assert math.fsum(BANDS) == pytest.approx(0.071914, abs=5e-6)
    assert float(stability_index(BUILT, TODAY)) == pytest.approx(math.fsum(BANDS), abs=5e-6)


def test_an_empty_bin_counts_as_half_a_person_and_nothing_else_is_touched() -> None:
    # 10 of 100 were in the last bin, and none of 50 is: (0.1 - 0.01) ln(0.1 / 0.01) + (0.9 - 1) ln(0.9 / 1)
    by_hand = 0.09 * math.log(10) + -0.1 * math.log(0.9)
    assert float(stability_index([90, 10], [50, 0])) == pytest.approx(by_hand)
    assert float(stability_index([50, 0], [90, 10])) == pytest.approx(by_hand)


@given(counts, counts)
def test_shares_are_compared_and_not_numbers(reference: list[int], now: list[int]) -> None:
    slow = math.fsum(
        (max(one, 0.5) / sum(reference) - max(other, 0.5) / sum(now))
        * math.log((max(one, 0.5) / sum(reference)) / (max(other, 0.5) / sum(now)))
        for one, other in zip(reference, now, strict=True)
    )
    assert float(stability_index(reference, now)) == pytest.approx(slow, abs=1e-12)
    assert slow >= 0
    if all(now):
        assert float(stability_index(reference, [7 * one for one in now])) == pytest.approx(slow)


@given(counts, counts)
def test_the_divergence_is_that_of_scipy(reference: list[int], now: list[int]) -> None:
    found = float(jensen_shannon(reference, now))
    assert found == pytest.approx(float(jensenshannon(reference, now, base=2)) ** 2, abs=1e-7)
    assert -1e-12 <= found <= 1 + 1e-12


@given(values, values)
def test_distances_of_values_are_those_of_scipy(reference: list[float], now: list[float]) -> None:
    one, other = np.array(reference), np.array(now)
    assert kolmogorov_smirnov(one, other) == pytest.approx(float(stats.ks_2samp(one, other).statistic))
    assert wasserstein(one, other) == pytest.approx(float(stats.wasserstein_distance(one, other)), abs=1e-9)


def test_a_shift_of_a_normal_mean_has_its_square_as_index() -> None:
    random = np.random.default_rng(0)
    reference, shifted = random.normal(size=400_000), random.normal(0.25, 1, size=400_000)
    edges = np.linspace(-3, 3, 60)
    one, other = (np.bincount(np.searchsorted(edges, each), minlength=61) for each in (reference, shifted))
    assert float(stability_index(one, other)) == pytest.approx(0.0625, abs=0.003)


@pytest.mark.parametrize(
    ("reference", "now"), [([1, 2], [1, 2, 3]), ([0, 0], [1, 2]), ([1, 2], [0, 0]), ([-1, 2], [1, 2])]
)
def test_what_cannot_be_compared_is_refused(reference: list[int], now: list[int]) -> None:
    for measure in (stability_index, jensen_shannon):
        with pytest.raises(UsageError):
            measure(reference, now)


@pytest.mark.parametrize("wrong", [np.array([]), np.array([1.0, np.nan]), np.array([np.inf])])
def test_missing_values_are_left_out_before(wrong: np.ndarray) -> None:
    for measure in (kolmogorov_smirnov, wasserstein):
        with pytest.raises(UsageError, match="leave missing ones out"):
            measure(np.array([1.0]), wrong)
