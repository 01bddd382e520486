"""Our k-means ends where scikit-learn's ends, and many starts on a sample are as good as many on everyone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from kohort.learning.clustering.discovery import discover
from kohort.learning.clustering.kmeans import fit_fresh, fit_from, inertia, nearest
from kohort.testing.crowds import SHARES, crowd_of_groups


@given(seed=st.integers(0, 9_999), k=st.integers(2, 7), features=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_given_centroids_are_improved_to_where_scikit_learn_improves_them(seed: int, k: int, features: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(300, features)) + random.choice([-4.0, 0.0, 4.0], size=(300, 1))
    first = points[random.permutation(300)[:k]]
    reference = KMeans(k, init=first, n_init=1, tol=0, max_iter=300).fit(points)
    found = fit_from(points, first, tolerance=0)
    assert found.inertia == pytest.approx(reference.inertia_, rel=1e-3)
    assert found.inertia == pytest.approx(inertia(points, found.centroids), rel=1e-5)


def test_each_centroid_is_the_mean_of_its_points() -> None:
    points = np.random.default_rng(0).normal(size=(20_000, 3))
    found = fit_fresh(points, 4, starts=1, seed=0, tolerance=0)
    labels = nearest(points, found.centroids)
    means = np.array([points[labels == cluster].mean(axis=0) for cluster in range(4)])
    assert found.centroids == pytest.approx(means, abs=1e-3)


def test_a_centroid_that_nobody_is_near_begins_again_elsewhere() -> None:
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    found = fit_from(points, np.array([[0.0], [500.0]]))
    assert sorted(found.centroids.ravel().tolist()) == [0.5, 10.5]


def test_fewer_distinct_points_than_clusters_are_no_trouble() -> None:
    found = fit_fresh(np.array([[1.0, 2.0]] * 6 + [[3.0, 4.0]] * 5), 4, starts=3, seed=0)
    assert found.inertia == 0
    assert np.isfinite(found.centroids).all()


def test_the_same_seed_gives_the_same_centroids_to_the_last_bit() -> None:
    points = np.random.default_rng(0).normal(size=(9_000, 4))
    one, other = (fit_fresh(points, 5, starts=4, seed=3) for _ in range(2))
    assert (one.centroids == other.centroids).all()


@pytest.mark.parametrize("people", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_what_is_chosen_is_as_tight_as_ten_starts_on_everyone(people: int) -> None:
    table, groups = crowd_of_groups(people, 20)
    found = discover(table, value=np.arange(people, dtype=np.float64), seed=0, ks=range(7, 10), bootstraps=5)
    assert found.model is not None
    assert found.choice.k == len(SHARES)
    points = found.preparation.apply(table)
    with threadpool_limits(limits=1):
        best = KMeans(len(SHARES), n_init=10, random_state=0).fit(points).inertia_
    assert inertia(points, np.array(found.model.centroids)) <= 1.001 * best
    member = groups >= 0
    assert adjusted_rand_score(groups[member], found.labels[member]) >= 0.98
    assert (found.model.assign(table) == found.labels).all()
