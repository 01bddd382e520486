"""Gamma-gamma: published results, the same by other ways, a warning where frequency and value go together (T24)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma, spearmanr

from cdnow_data import needs_cdnow
from cdnow_histories import cdnow_split
from kohort.errors import UsageError
from kohort.learning.value.gamma_gamma import expected_value, fit_values, independence, value_likelihood


@needs_cdnow
def test_the_published_parameters_of_cdnow_are_found() -> None:
    histories, _ = cdnow_split()
    fit = fit_values(histories.valued, histories.mean_value)
    assert fit.has_converged
    assert fit.values == pytest.approx((6.25, 3.74, 15.44), abs=0.006)
    assert fit.log_likelihood == pytest.approx(-4055.92, abs=0.01)
    assert fit.people == 946
    of_all = expected_value(np.array(fit.values), np.array([0]), np.array([0.0]))[0]
    assert of_all == pytest.approx(35.2, abs=0.05)
    first = expected_value(np.array(fit.values), np.array([2]), np.array([22.35]))[0]
    assert first == pytest.approx(24.66, abs=0.005)


@needs_cdnow
def test_values_of_cdnow_go_with_frequency_as_little_as_published() -> None:
    histories, _ = cdnow_split()
    found = independence(histories.valued, histories.mean_value)
    assert found.correlation.estimate == pytest.approx(0.114, abs=0.0005)
    assert not found.is_doubtful
    repeat = histories.valued > 0
    ranks = spearmanr(histories.valued[repeat], histories.mean_value[repeat])
    assert found.ranks.estimate == pytest.approx(float(ranks.statistic), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(0.5, 12.0)] * 3), st.integers(1, 30), st.floats(0.5, 200.0))
def test_the_density_of_a_mean_is_the_integral_over_what_a_person_spends(
    values: tuple[float, float, float], valued: int, mean: float
) -> None:
    p, q, v = values

    def density(rate: float) -> float:
        return float(gamma.pdf(mean, p * valued, scale=1 / (rate * valued)) * gamma.pdf(rate, q, scale=1 / v))

    centre = (p * valued + q) / (valued * mean + v)
    integral = sum(
        quad(density, low * centre, high * centre, limit=200)[0] for low, high in ((0, 0.5), (0.5, 2), (2, 12))
    )
    found, _ = value_likelihood(np.array([float(valued)]), np.array([mean]))(np.array(values))
    assert found == pytest.approx(np.log(integral), abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(0.5, 12.0)] * 3))
def test_gradients_of_values_are_those_of_finite_differences(values: tuple[float, float, float]) -> None:
    likelihood = value_likelihood(np.array([1.0, 3.0, 8.0]), np.array([12.0, 50.0, 7.0]))
    point = np.array(values)
    _, gradient = likelihood(point)
    for place in range(3):
        step = np.zeros(3)
        step[place] = 1e-6
        numeric = (likelihood(point + step)[0] - likelihood(point - step)[0]) / 2e-6
        assert gradient[place] == pytest.approx(numeric, rel=1e-4, abs=1e-6)


def test_the_parameters_of_simulated_spenders_are_recovered() -> None:
    generator = np.random.default_rng(4)
    p, q, v = 5.0, 3.5, 20.0
    valued = generator.integers(1, 12, size=8_000)
    rate = generator.gamma(q, 1 / v, size=8_000)
    mean = generator.gamma(p * valued, 1 / (rate * valued))
    fit = fit_values(valued, mean)
    for name, true in zip(fit.names, (p, q, v), strict=True):
        assert fit.interval(name, 0.999).low < true < fit.interval(name, 0.999).high
    # Each one's expectation is that of the purchases to come, given the mean that was seen.
    foretold = expected_value(np.array(fit.values), valued, mean)
    next_one = generator.gamma(p, 1 / rate)
    for part in np.array_split(np.argsort(foretold), 5):
        error = next_one[part].std() / np.sqrt(len(part))
        assert abs(foretold[part].mean() - next_one[part].mean()) < 4 * error


def test_who_buys_often_and_dear_is_warned_of() -> None:
    generator = np.random.default_rng(6)
    both = generator.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=3_000)
    valued = np.maximum(1, np.rint(np.exp(1 + 0.8 * both[:, 0]))).astype(np.int64)
    dependent = independence(valued, np.exp(3 + 0.5 * both[:, 1]))
    assert dependent.is_doubtful
    assert dependent.ranks.low > 0.5
    shuffled = independence(valued, generator.permutation(np.exp(3 + 0.5 * both[:, 1])))
    assert not shuffled.is_doubtful
    assert shuffled.correlation.low < 0 < shuffled.correlation.high


def test_people_without_a_price_are_left_out() -> None:
    valued, mean = np.array([2, 3, 1, 4, 2, 0, 0]), np.array([10.0, 12.0, 30.0, 8.0, 15.0, 0.0, 0.0])
    assert fit_values(valued, mean).people == 5
    with pytest.raises(UsageError, match="fewer than four people bought twice"):
        fit_values(valued[-3:], mean[-3:])


def test_a_newcomer_has_no_mean_where_the_tail_is_too_heavy() -> None:
    found = expected_value(np.array([2.0, 0.9, 10.0]), np.array([0, 1]), np.array([0.0, 5.0]))
    assert found[0] == np.inf
    assert np.isfinite(found[1])
