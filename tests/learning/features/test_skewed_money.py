from collections import defaultdict
from datetime import date

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from cdnow_data import CDNOW, needs_cdnow
from kohort.definitions.preparation import PreparationDefinition, Reduction, Scaling
from kohort.learning.clustering.kmeans import fit_fresh, nearest
from kohort.learning.clustering.reductions import recommended_reduction
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.features.wording import skew_warnings
from kohort.testing.cdnow import MASTER, read_cdnow

END = date(1998, 7, 1)


@pytest.fixture(scope="module")
def rfm() -> FeatureTable:
    """Recency in days, number and amount of purchases of the 23,570 people."""
    purchases = read_cdnow(CDNOW, MASTER)
    days: dict[str, list[date]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    for person, day, amount in zip(purchases.people, purchases.days, purchases.amounts, strict=True):
        days[person].append(day)
        spent[person] += amount
    rows = [[float((END - max(own)).days), float(len(own)), spent[person]] for person, own in days.items()]
    return FeatureTable(tuple(days), ("recency", "orders", "spend"), np.array(rows))


def smallest_share(table: FeatureTable, options: PreparationDefinition) -> float:
    points = fit_preparation(table, options).apply(table)
    labels = nearest(points, fit_fresh(points, 5, starts=10, seed=0).centroids)
    return float(np.bincount(labels, minlength=5).min()) / len(labels)


@needs_cdnow
def test_five_clusters_of_real_buyers_have_no_handful_unless_money_is_left_as_it_is(rfm: FeatureTable) -> None:
    raw = PreparationDefinition(Scaling.STANDARD)
    assert smallest_share(rfm, PreparationDefinition()) >= 0.01
    assert smallest_share(rfm, raw) < 0.001
    independent = KMeans(5, n_init=10, random_state=1).fit_predict(StandardScaler().fit_transform(rfm.values))
    assert np.bincount(independent).min() / len(independent) < 0.001


@needs_cdnow
@pytest.mark.parametrize("scaling", list(Scaling))
def test_raw_scalings_of_skewed_money_warn_in_words_and_those_that_bend_do_not(
    rfm: FeatureTable, scaling: Scaling
) -> None:
    preparation = fit_preparation(rfm, PreparationDefinition(scaling))
    warnings = skew_warnings(preparation, rfm, {})
    if scaling in (Scaling.STANDARD, Scaling.ROBUST, Scaling.MIN_MAX):
        assert [warning.en.split(" is very uneven")[0] for warning in warnings] == ["orders", "spend"]
        assert "a handful of people" in warnings[1].en
        assert "une poignée de personnes" in warnings[1].fr
    else:
        assert warnings == ()


@needs_cdnow
def test_an_auto_encoder_is_not_recommended_for_recency_orders_and_spend_of_real_buyers(rfm: FeatureTable) -> None:
    some = rfm.take(np.random.default_rng(2).permutation(len(rfm.person_ids))[:900])
    advice = recommended_reduction(fit_preparation(some).apply(some), components=2, k=4, seed=1, splits=1)
    assert advice.recommended is Reduction.PCA
