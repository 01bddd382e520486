"""Whether groups predict an outcome, checked against other computations of the same figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats.contingency import association
from sklearn.metrics import roc_auc_score

from kohort.errors import UsageError
from kohort.measurement.prediction import area_under_curve, cramers_v, predictive_power

ROWS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2)


@given(ROWS.filter(lambda rows: len({did for _, did in rows}) == 2))
def test_the_area_is_that_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    scores, hits = np.array([one for one, _ in rows], dtype=np.float64), np.array([one for _, one in rows])
    assert area_under_curve(scores, hits) == pytest.approx(roc_auc_score(hits, scores))


def test_cramers_v_is_that_of_scipy_where_there_are_many_people() -> None:
    random = np.random.default_rng(0)
    groups = random.integers(0, 4, 200_000)
    hits = random.random(200_000) < np.array([0.1, 0.2, 0.3, 0.6])[groups]
    table = np.array([[int(((groups == one) & (hits == did)).sum()) for did in (False, True)] for one in range(4)])
    assert cramers_v(groups, hits) == pytest.approx(association(table, method="cramer"), abs=1e-4)


def test_groups_of_pure_chance_predict_nothing_however_many_they_are() -> None:
    random = np.random.default_rng(1)
    hits = random.random(800) < 0.3
    found = predictive_power(random.integers(0, 100, 800), random.integers(0, 5, 800), hits, seed=1)
    assert found.groups.area.low < 0.5 < found.groups.area.high + 0.03
    assert found.groups.association.low < 0.1
    assert found.gain.low <= 0 <= found.gain.high


def test_groups_that_know_more_than_the_rule_gain_and_the_other_way_they_lose() -> None:
    random = np.random.default_rng(2)
    good, poor = random.integers(0, 5, 2_000), random.integers(0, 5, 2_000)
    hits = random.random(2_000) < np.array([0.05, 0.1, 0.2, 0.4, 0.7])[good]
    found, other = predictive_power(good, poor, hits, seed=0), predictive_power(poor, good, hits, seed=0)
    assert found.gain.low > 0.2
    assert other.gain.high < -0.2
    best = roc_auc_score(hits, np.array([0.05, 0.1, 0.2, 0.4, 0.7])[good])
    assert found.groups.area.low <= best <= found.groups.area.high


def test_too_few_who_did_it_are_refused() -> None:
    hits = np.arange(100) < 5
    with pytest.raises(UsageError, match="cannot be said"):
        predictive_power(np.zeros(100, dtype=np.int64), np.zeros(100, dtype=np.int64), hits, seed=0)
