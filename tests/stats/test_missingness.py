"""Whether values are missing completely at random: against a likelihood maximised by somebody else, and by chance."""

import numpy as np
import pytest
from scipy import optimize, stats

from kohort.errors import UsageError
from kohort.stats.comparisons import benjamini_hochberg
from kohort.stats.missingness import little_test, missing_associations, normal_moments

HOLED = np.array(
    [
        [1.0, 2.0], [2.0, 1.5], [3.0, np.nan], [4.0, 4.5], [5.0, np.nan], [np.nan, 3.0], [6.0, 6.5], [7.0, 6.0],
        [8.0, np.nan], [np.nan, 9.0], [2.5, 2.0], [6.5, 7.5],
    ]
)  # fmt: skip


def likelihood(parameters: np.ndarray) -> float:
    """Return minus the log likelihood of what is known of `HOLED`, from a mean and a root of the covariance."""
    mean = parameters[:2]
    root = np.array([[parameters[2], 0.0], [parameters[3], parameters[4]]])
    covariance = root @ root.T
    total = 0.0
    for row in HOLED:
        there = np.flatnonzero(~np.isnan(row))
        total -= float(stats.multivariate_normal.logpdf(row[there], mean[there], covariance[np.ix_(there, there)]))
    return total


def test_the_moments_are_the_most_likely_ones_and_the_statistic_follows_by_hand() -> None:
    best = optimize.minimize(likelihood, [4, 4, 2, 2, 1]).x
    root = np.array([[best[2], 0.0], [best[3], best[4]]])
    mean, covariance = normal_moments(HOLED)
    np.testing.assert_allclose(mean, best[:2], rtol=1e-4)
    np.testing.assert_allclose(covariance, root @ root.T, rtol=1e-4)

    corrected = root @ root.T * 12 / 11
    statistic = 0.0
    for there in ([0, 1], [0], [1]):
        rows = HOLED[(~np.isnan(HOLED) == np.isin([0, 1], there)).all(axis=1)][:, there]
        apart = rows.mean(axis=0) - best[there]
        statistic += len(rows) * float(apart @ np.linalg.inv(corrected[np.ix_(there, there)]) @ apart)
    found = little_test(HOLED)
    assert (found.df, found.patterns, found.people) == (2, 3, 12)
    assert found.statistic == pytest.approx(statistic, rel=1e-3)
    assert found.p_value == pytest.approx(float(stats.chi2.sf(statistic, 2)), rel=1e-3)


def holed(seed: int, *, at_random: bool) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = random.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 150)
    chance = np.full(150, 0.3) if at_random else 1 / (1 + np.exp(-2 * values[:, 0]))
    values[random.random(150) < chance, 1] = np.nan
    return values


def test_it_alarms_rarely_where_chance_decides_and_nearly_always_where_a_trait_does() -> None:
    assert np.mean([little_test(holed(seed, at_random=True)).p_value < 0.05 for seed in range(60)]) < 0.13
    assert np.mean([little_test(holed(seed, at_random=False)).p_value < 0.05 for seed in range(10)]) == 1


def test_units_do_not_matter() -> None:
    values = holed(1, at_random=False)
    assert little_test(values * [1e6, 1e-3] + [5, -7]).statistic == pytest.approx(little_test(values).statistic)


def test_who_lacks_a_value_is_compared_with_the_others_by_welchs_test() -> None:
    values = holed(3, at_random=False)
    (found,) = missing_associations(values, ["age", "income"])
    lacking = np.isnan(values[:, 1])
    expected = stats.ttest_ind(values[lacking, 0], values[~lacking, 0], equal_var=False)
    assert (found.missing, found.of) == ("income", "age")
    assert found.p_value == found.adjusted == pytest.approx(float(expected.pvalue), rel=1e-6)
    assert found.difference > 0.5


def test_the_false_discovery_rate_is_scipys() -> None:
    p_values = np.random.default_rng(1).random(30) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p_values), stats.false_discovery_control(p_values))


@pytest.mark.parametrize("values", [[[1.0, 2.0], [3.0, 4.0]], [[1.0, np.nan]], [[1.0, np.nan], [1.0, 1.0]]])
def test_where_there_is_nothing_to_compare_it_is_said(values: list[list[float]]) -> None:
    with pytest.raises(UsageError, match="Little's test needs"):
        little_test(np.array(values))
