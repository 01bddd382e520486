"""BG/NBD, MBG/NBD and Pareto/NBD: published results, and the same by other ways of computing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1, roots_jacobi
from threadpoolctl import threadpool_info, threadpool_limits

from cdnow_data import needs_cdnow
from cdnow_histories import WEEKS, cdnow_split
from kohort.errors import UsageError
from kohort.learning.value.beta_geometric import BG_NBD, MBG_NBD, BetaGeometric
from kohort.learning.value.fitting import Fit, Floats, maximise, profile_interval
from kohort.learning.value.pareto import ParetoNbd
from kohort.learning.value.purchasing import (
    PurchaseModel,
    Rows,
    distinct_rows,
    fit_purchases,
    fresh,
    likelihood_of,
)
from kohort.learning.value.summaries import Histories
from purchase_stories import beta_geometric_days, pareto_days

_PARETO = ParetoNbd()
_MODELS = (BG_NBD, MBG_NBD, _PARETO)
_TRUTH = {"bg_nbd": (0.5, 3.0, 0.9, 2.5), "mbg_nbd": (0.7, 4.0, 0.8, 2.0), "pareto_nbd": (0.7, 6.0, 0.9, 12.0)}
_POSITIVE = st.floats(0.05, 20.0)


def _one(frequency: float, recency: float, age: float) -> Rows:
    return Rows(np.array([frequency]), np.array([recency]), np.array([age]), np.ones(1))


def _cdnow_rows() -> tuple[Rows, np.ndarray]:
    return distinct_rows(cdnow_split()[0])


def _cdnow_fit(model: PurchaseModel) -> Fit:
    return fit_purchases(model, _cdnow_rows()[0])


@needs_cdnow
@pytest.mark.parametrize(
    ("model", "published", "log_likelihood", "tolerance"),
    [
        (BG_NBD, (0.243, 4.414, 0.793, 2.426), -9582.4, 0.0006),
        (MBG_NBD, (0.525, 6.183, 0.891, 1.614), -9582.1, 0.0006),
        (_PARETO, (0.553, 10.578, 0.606, 11.669), -9595.0, 0.0006),
    ],
    ids=lambda one: getattr(one, "key", ""),
)
def test_the_published_parameters_of_cdnow_are_found(
    model: PurchaseModel, published: tuple[float, ...], log_likelihood: float, tolerance: float
) -> None:
    fit = _cdnow_fit(model)
    assert fit.has_converged
    assert fit.values == pytest.approx(published, abs=tolerance)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=0.05)
    assert fit.people == 2357


@needs_cdnow
def test_distinct_rows_say_the_same_as_all_rows() -> None:
    rows, places = _cdnow_rows()
    whole = Rows(rows.frequency[places], rows.recency[places], rows.age[places], np.ones(len(places)))
    assert len(rows) == 1016
    for model in _MODELS:
        values = np.array(_TRUTH[model.key])
        all_rows, distinct = likelihood_of(model, whole)(values), likelihood_of(model, rows)(values)
        assert all_rows[0] == pytest.approx(distinct[0], rel=1e-12)
        assert all_rows[1] == pytest.approx(distinct[1], rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(_MODELS),
    st.tuples(*[_POSITIVE] * 4),
    st.integers(0, 400),
    st.floats(0.0, 1.0),
    st.floats(1.0, 200.0),
)
def test_gradients_are_those_of_finite_differences(
    model: PurchaseModel, values: tuple[float, ...], frequency: int, share: float, age: float
) -> None:
    row = _one(frequency, share * age if frequency else 0.0, age)
    point = np.array(values)
    _, gradient = model.log_likelihood(point, row)
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-5 * point[place]
        above, below = (model.log_likelihood(point + sign * step, row)[0][0] for sign in (1, -1))
        assert gradient[place, 0] == pytest.approx((above - below) / (2 * step[place]), rel=2e-4, abs=2e-4)


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[_POSITIVE] * 4), st.integers(0, 25), st.floats(0.0, 1.0), st.floats(1.0, 100.0))
def test_the_integral_of_pareto_nbd_is_the_hypergeometric_one(
    values: tuple[float, float, float, float], frequency: int, share: float, age: float
) -> None:
    r, alpha, s, beta = values
    last = share * age if frequency else 0.0
    whole, shift = r + s + frequency, abs(alpha - beta)
    largest, power = max(alpha, beta), s + 1 if alpha >= beta else r + frequency

    def part(moment: float) -> float:
        # Euler's transformation keeps the function from overflowing.
        z = shift / (largest + moment)
        series = hyp2f1(1.0, whole + 1 - power, whole + 1, z)
        return float(np.log(series) + (1 - power) * np.log1p(-z) - whole * np.log(largest + moment))

    early, late = part(last), part(age)
    stopped = early + np.log1p(-np.exp(late - early)) + np.log(s / whole) if late < early else -np.inf
    still = -(r + frequency) * np.log(alpha + age) - s * np.log(beta + age)
    constant = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    expected = constant + np.logaddexp(still, stopped)
    assert _PARETO.log_likelihood(np.array(values), _one(frequency, last, age))[0][0] == pytest.approx(
        expected, rel=1e-7, abs=1e-7
    )


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([BG_NBD, MBG_NBD]),
    st.tuples(*[st.floats(0.3, 8.0)] * 4),
    st.integers(0, 60),
    st.floats(0.1, 1.0),
    st.floats(1.0, 100.0),
    st.floats(0.5, 100.0),
)
def test_expectations_of_beta_geometric_models_are_integrals(
    model: BetaGeometric,
    values: tuple[float, float, float, float],
    frequency: int,
    share: float,
    age: float,
    horizon: float,
) -> None:
    r, alpha, a, b = values
    row = _one(frequency, share * age if frequency else 0.0, age)
    # Gauss and Jacobi's nodes are those of a beta distribution. With a probability p to stop, purchases in t are
    # worth (1 - exp(-λpt)) / p, on average over the rate λ.
    nodes, weights = roots_jacobi(120, b + frequency + model.chances - 1, a - 1)
    stop = (nodes + 1) / 2
    bought = -np.expm1(-(r + frequency) * np.log1p(stop * horizon / (alpha + age))) / stop
    integral = float(bought @ weights / weights.sum())
    found = model.expected(np.array(values), row, horizon)[0]
    assert found == pytest.approx(integral * model.alive(np.array(values), row)[0], rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.floats(0.3, 8.0)] * 4), st.integers(0, 40), st.floats(1.0, 100.0), st.floats(0.5, 80.0))
def test_expectations_of_pareto_nbd_are_integrals(
    values: tuple[float, float, float, float], frequency: int, age: float, horizon: float
) -> None:
    r, alpha, s, beta = values
    row = _one(frequency, 0.7 * age if frequency else 0.0, age)
    alive = _PARETO.alive(np.array(values), row)[0]
    shape, now, later = r + frequency, alpha + age, beta + age
    still_here, _ = quad(lambda u: (later / (later + u)) ** s, 0, horizon)
    assert _PARETO.expected(np.array(values), row, horizon)[0] == pytest.approx(alive * shape / now * still_here)
    silent, _ = quad(
        lambda u: s * later**s / (later + u) ** (s + 1) * (now / (now + u)) ** shape, 0, horizon, limit=200
    )
    none = (now / (now + horizon)) ** shape * (later / (later + horizon)) ** s
    assert _PARETO.active(np.array(values), row, horizon)[0] == pytest.approx(alive * (1 - silent - none), abs=1e-7)


@pytest.mark.parametrize("model", _MODELS, ids=lambda one: one.key)
def test_draws_agree_with_expectations(model: PurchaseModel) -> None:
    values = np.array(_TRUTH[model.key])
    rows = Rows(np.array([0.0, 2.0, 9.0]), np.array([0.0, 10.0, 38.0]), np.array([20.0, 30.0, 39.0]), np.ones(3))
    generator = np.random.default_rng(5)
    drawn = model.draw(values, rows, np.repeat(np.arange(3), 40_000), 26.0, generator).reshape(3, -1)
    error = drawn.std(axis=1) / np.sqrt(40_000)
    assert np.all(np.abs(drawn.mean(axis=1) - model.expected(values, rows, 26.0)) < 4 * error)
    assert (drawn > 0).mean(axis=1) == pytest.approx(model.active(values, rows, 26.0), abs=0.012)


@pytest.mark.parametrize(
    "model", [BG_NBD, MBG_NBD, pytest.param(_PARETO, marks=pytest.mark.slow)], ids=lambda one: one.key
)
def test_the_parameters_of_simulated_people_are_recovered(model: PurchaseModel) -> None:
    ages = np.random.default_rng(1).integers(40, 105, size=6_000).astype(float)
    truth = _TRUTH[model.key]
    if isinstance(model, BetaGeometric):
        days = beta_geometric_days(truth, ages, may_stop_at_first=model.chances > 0, seed=2)
    else:
        days = pareto_days(truth, ages, seed=2)
    frequency = np.array([len(one) - 1 for one in days])
    last = np.array([one[-1] for one in days])
    nothing = np.zeros(len(ages))
    histories = Histories(np.arange(len(ages)), frequency, last, ages, nothing.astype(np.int64), nothing)
    fit = fit_purchases(model, distinct_rows(histories)[0])
    assert fit.has_converged
    rows = distinct_rows(histories)[0]
    # Twice the difference is χ² distributed with four degrees of freedom; beyond 20 it is one chance in two thousand.
    assert 0 <= 2 * (fit.log_likelihood - likelihood_of(model, rows)(np.array(truth))[0]) < 20
    assert fit.values == pytest.approx(truth, rel=0.35)
    new_in_half_a_year = np.array([sum(0 < moment <= 26 for moment in one) for one in days])
    error = new_in_half_a_year.std() / np.sqrt(len(days))
    assert abs(model.expected(np.array(truth), fresh(), 26.0)[0] - new_in_half_a_year.mean()) < 4 * error


@needs_cdnow
@pytest.mark.slow
def test_the_border_of_a_profile_is_where_the_likelihood_has_fallen_by_its_critical_value() -> None:
    rows, _ = _cdnow_rows()
    fit, likelihood = fit_purchases(BG_NBD, rows), likelihood_of(BG_NBD, rows)
    for name in BG_NBD.names:
        interval = profile_interval(likelihood, fit, name)
        assert interval.low < interval.estimate < interval.high
        place = BG_NBD.names.index(name)
        for border in (interval.low, interval.high):
            # The other parameters at their best by a search that knows no gradient.
            def cost(others: np.ndarray, border: float = border, place: int = place) -> float:
                return -likelihood(np.exp(np.insert(others, place, np.log(border))))[0]

            begun = np.delete(np.log(fit.values), place)
            best = minimize(cost, begun, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-6, "maxiter": 4000})
            assert 2 * (fit.log_likelihood + best.fun) == pytest.approx(3.8415, abs=0.02)
        assert interval.low == pytest.approx(fit.interval(name).low, rel=0.1)


@needs_cdnow
def test_the_first_purchase_counted_as_a_repeat_is_seen_in_the_fit() -> None:
    histories, _ = cdnow_split()
    wrong = Histories(
        histories.person,
        histories.frequency + 1,
        histories.recency,
        histories.age,
        histories.valued,
        histories.mean_value,
    )
    fit = fit_purchases(BG_NBD, distinct_rows(wrong)[0])
    assert fit.values[:2] != pytest.approx((0.243, 4.414), rel=0.5)


@needs_cdnow
def test_who_bought_once_is_alive_by_construction_and_not_by_evidence() -> None:
    histories, future = cdnow_split()
    rows, places = _cdnow_rows()
    once = histories.frequency == 0
    values = np.array(_cdnow_fit(BG_NBD).values)
    assert BG_NBD.alive(values, rows)[places][once].tolist() == [1.0] * int(once.sum())
    observed = float((future.purchases[once] > 0).mean())
    assert observed == pytest.approx(0.137, abs=0.0005)
    active = BG_NBD.active(values, rows, WEEKS)[places]
    assert float(active[once].mean()) == pytest.approx(observed, abs=0.03)


@pytest.mark.parametrize("a", [1.0, 1 - 1e-9, 1 + 1e-9])
def test_expectations_are_smooth_where_a_is_one(a: float) -> None:
    at_one = BG_NBD.expected(np.array([0.5, 4.0, a, 2.0]), fresh(), 26.0)[0]
    near = [BG_NBD.expected(np.array([0.5, 4.0, 1 + step, 2.0]), fresh(), 26.0)[0] for step in (-1e-4, 1e-4)]
    assert at_one == pytest.approx(np.mean(near), rel=1e-6)


def test_a_history_that_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="between the first one and the end"):
        fit_purchases(BG_NBD, _one(1.0, 5.0, 4.0))
    with pytest.raises(UsageError, match="nobody bought twice"):
        fit_purchases(BG_NBD, _one(0.0, 0.0, 4.0))


def test_people_who_never_stop_give_no_peak_and_this_is_told() -> None:
    generator = np.random.default_rng(3)
    frequency = generator.poisson(generator.gamma(4.0, 5.0, size=800))
    ages = np.full(800, 50.0)
    # The last of n even moments comes near the end: nobody ever stopped.
    last = np.where(frequency > 0, ages * frequency / (frequency + 1.0), 0.0)
    nothing = np.zeros(800)
    histories = Histories(np.arange(800), frequency, last, ages, nothing.astype(np.int64), nothing)
    fit = fit_purchases(BG_NBD, distinct_rows(histories)[0])
    if not fit.has_converged:
        assert fit.interval("a").high == float("inf")
    expected = BG_NBD.expected(np.array(fit.values), fresh(50.0), 10.0)
    assert np.isfinite(expected).all()


@pytest.mark.parametrize("model", [BG_NBD, MBG_NBD], ids=lambda one: one.key)
def test_expectations_go_over_smoothly_to_those_of_a_chance_that_is_known(model: BetaGeometric) -> None:
    row = _one(6.0, 30.0, 40.0)
    below, above = (
        model.expected(np.array([0.8, 5.0, scale * 40.0, scale * 1960.0]), row, 26.0)[0] for scale in (0.999, 1.001)
    )
    assert below == pytest.approx(above, rel=1e-3)
    never = model.expected(np.array([0.8, 5.0, 1e-6, 3e6]), row, 26.0)[0]
    assert never == pytest.approx((0.8 + 6) / 45 * 26, rel=1e-6)


@pytest.mark.parametrize("model", [BG_NBD, MBG_NBD], ids=lambda one: one.key)
def test_expectations_go_over_smoothly_to_those_where_people_hardly_differ(model: BetaGeometric) -> None:
    row = _one(6.0, 30.0, 40.0)
    below, above = (
        model.expected(np.array([0.8, 5.0, scale * 40.0, scale * 1960.0]), row, 26.0)[0] for scale in (0.999, 1.001)
    )
    assert below == pytest.approx(above, rel=1e-3)
    never = model.expected(np.array([0.8, 5.0, 1e-6, 3e6]), row, 26.0)[0]
    assert never == pytest.approx((0.8 + 6) / 45 * 26, rel=1e-6)
    extreme = model.expected(np.array([1.8e6, 3e6, 5e-7, 4.6e-6]), row, 4.0)
    assert np.isfinite(extreme).all()


def test_a_fit_is_done_by_one_thread_whatever_the_machine_has() -> None:
    seen: set[int] = set()

    def likelihood(values: Floats) -> tuple[float, Floats]:
        seen.update(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return -float((np.log(values) ** 2).sum()), -2 * np.log(values) / values

    with threadpool_limits(limits=2):
        assert {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"} == {2}
        fit = maximise(likelihood, ("r", "alpha"), np.array([3.0, 0.5]), 1)
        assert profile_interval(likelihood, fit, "r").low < 1
    assert seen == {1}
