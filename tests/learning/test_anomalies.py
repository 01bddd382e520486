"""People unlike others: against scikit-learn's own decisions, and among people whose errors are known."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor

from kohort.errors import UsageError
from kohort.learning import anomalies
from kohort.learning.anomalies import forest_anomalies, local_anomalies
from kohort.learning.features.table import FeatureTable


def table(values: np.ndarray) -> FeatureTable:
    names = tuple(f"trait_{column}" for column in range(values.shape[1]))
    return FeatureTable(tuple(map(str, range(len(values)))), names, values)


def crowd() -> np.ndarray:
    """Return two traits that go together, and one person who is usual by each and unlike anybody by both."""
    ages = np.random.default_rng(1).normal(size=300)
    values = np.column_stack([ages, ages + 0.1 * np.random.default_rng(2).normal(size=300)])
    values[0] = [2.0, -2.0]
    return values


def test_the_scores_are_scikit_learns_on_robust_units() -> None:
    values = crowd()
    units = (values - np.median(values, axis=0)) / (
        1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)
    )
    forest = IsolationForest(n_estimators=200, random_state=3).fit(units)
    np.testing.assert_allclose(forest_anomalies(table(values), seed=3).scores, -forest.score_samples(units))
    local = LocalOutlierFactor(20).fit(units)
    np.testing.assert_allclose(local_anomalies(table(values)).scores, -local.negative_outlier_factor_)


def test_who_is_unlike_others_only_by_both_traits_is_found() -> None:
    values = crowd()
    assert local_anomalies(table(values), limit=4).flags.nonzero()[0].tolist() == [0]
    forest = forest_anomalies(table(values))
    assert forest.flags[0]
    assert forest.flags.mean() < 0.05


def test_a_missing_value_and_a_trait_without_spread_make_nobody_unlike_others() -> None:
    values = np.column_stack([crowd(), np.full(300, 4.0)])
    values[5, 0] = np.nan
    scores = forest_anomalies(table(values)).scores
    assert np.isfinite(scores).all()
    assert scores[5] < scores[0]


def test_too_many_and_too_few_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anomalies, "MOST_COMPARED", 299)
    with pytest.raises(UsageError, match="take the method isolation forest"):
        local_anomalies(table(crowd()))
    with pytest.raises(UsageError, match="3 people or more"):
        forest_anomalies(table(crowd()[:2]))
    with pytest.raises(UsageError, match="tells people apart"):
        forest_anomalies(table(np.ones((5, 1))))
