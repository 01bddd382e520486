"""Each method against an independent computation of the same."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist, pdist
from scipy.stats import multivariate_normal
from sklearn.cluster import DBSCAN, HDBSCAN
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from threadpoolctl import threadpool_limits

from kohort.definitions.clusters import Method
from kohort.errors import UsageError
from kohort.learning.clustering.density import density_validity
from kohort.learning.clustering.methods.assigners import Mixture
from kohort.learning.clustering.methods.dbscan import distance_curve, estimated_pairs, fewest_neighbours, fit_dbscan
from kohort.learning.clustering.methods.hdbscan import fit_hdbscan
from kohort.learning.clustering.methods.hierarchy import (
    LARGEST_SAMPLE,
    cophenetic_correlation,
    cut_tree,
    dendrogram,
    grow_tree,
    tree_assigner,
)
from kohort.learning.clustering.methods.mixtures import (
    best_mixture,
    fit_bayesian_mixture,
    fit_mixture,
    mixture_of,
    only_counted,
    valleys,
)
from kohort.learning.clustering.methods.ward import ward_linkage
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable, Points

Random = np.random.Generator


def blobs(people: int, seed: int, *, apart: float = 8.0, features: int = 3) -> tuple[Points, np.ndarray]:
    random = np.random.default_rng(seed)
    groups = random.integers(0, 3, people)
    return random.normal(size=(people, features)) + apart * np.eye(3, features)[groups], groups


def heavy_tails(people: int, features: int, seed: int) -> Points:
    """Eight groups with the tails of Student's t with 3 degrees of freedom, prepared as features are (T11)."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(8, features)) * 12 / np.sqrt(features)
    values = centres[random.integers(0, 8, people)] + random.standard_t(3, size=(people, features))
    table = FeatureTable(tuple(map(str, range(people))), tuple(f"f{one}" for one in range(features)), values)
    return fit_preparation(table).apply(table)


# Trees


@given(st.integers(2, 40), st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_wards_tree_is_that_of_scipy(people: int, features: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(people, features))
    ours, theirs = ward_linkage(points), linkage(points, "ward")
    assert ours[:, 2:] == pytest.approx(theirs[:, 2:])
    assert (np.sort(ours[:, :2]) == np.sort(theirs[:, :2])).all()
    for k in range(1, people + 1):
        assert adjusted_rand_score(cut_tree(ours, k), fcluster(theirs, k, "maxclust")) == 1.0


@given(st.integers(2, 60), st.integers(1, 3), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_people_at_the_same_place_do_not_confuse_wards_tree(people: int, features: int, seed: int) -> None:
    points = np.random.default_rng(seed).integers(0, 3, (people, features)).astype(float)
    tree = ward_linkage(points)
    assert tree[-1, 3] == people
    assert (np.diff(tree[:, 2]) >= 0).all()
    assert sorted(tree[:, :2].ravel()) == list(range(2 * people - 2))
    assert tree[:, 2] @ tree[:, 2] == pytest.approx(2 * ((points - points.mean(axis=0)) ** 2).sum())


@pytest.mark.parametrize(
    ("method", "published"), [(Method.AVERAGE, 0.8770), (Method.WARD, 0.8728), (Method.COMPLETE, 0.7270)]
)
def test_cophenetic_correlations_of_iris_are_the_published_ones(method: Method, published: float) -> None:
    iris = load_iris().data
    assert cophenetic_correlation(iris, method) == pytest.approx(published, abs=5e-5)
    assert cophenetic_correlation(iris, method) == pytest.approx(cophenet(linkage(iris, method.value), pdist(iris))[0])


def test_wards_tree_of_many_people_never_holds_their_pairs() -> None:
    # All pairs of 4,000 people are 64 MB at least; 20,000 people are measured below.
    points = np.random.default_rng(0).normal(size=(4_000, 5))
    tracemalloc.start()
    ward_linkage(points)
    assert tracemalloc.get_traced_memory()[1] < 8e6
    tracemalloc.stop()


@pytest.mark.slow
def test_wards_tree_of_twenty_thousand_people_takes_less_than_300_megabytes() -> None:
    # A process of its own, for the most that one ever held never falls, and is handed on as ru_maxrss to those that it
    # begins; all pairs would be 1.6 GB.
    program = """
from pathlib import Path
import numpy as np
from kohort.learning.clustering.methods.ward import ward_linkage
tree = ward_linkage(np.random.default_rng(0).normal(size=(20_000, 20)))
assert tree.shape == (19_999, 4)
[held] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(held.split()[1])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(found.stdout) * 1024 < 300e6


def test_trees_of_too_many_people_are_refused() -> None:
    for method, largest in LARGEST_SAMPLE.items():
        with pytest.raises(UsageError, match="a sample"):
            grow_tree(np.zeros((largest + 1, 1)), method)
    with pytest.raises(UsageError, match="grows no tree"):
        grow_tree(np.zeros((3, 1)), Method.DBSCAN)
    with pytest.raises(UsageError, match="at most 5,000 people"):
        cophenetic_correlation(np.zeros((5_001, 1)), Method.WARD)


@pytest.mark.parametrize("method", [Method.WARD, Method.COMPLETE, Method.AVERAGE])
def test_a_cut_tree_gives_others_the_cluster_of_their_neighbourhood(method: Method) -> None:
    points, groups = blobs(300, 1)
    others, theirs = blobs(200, 2)
    assigner = tree_assigner(points, cut_tree(grow_tree(points, method), 3), method)
    assert adjusted_rand_score(assigner.assign(points), groups) > 0.98
    assert adjusted_rand_score(assigner.assign(others), theirs) > 0.98
    labels = cut_tree(grow_tree(points, method), 3)
    nearest = labels[cdist(others, points).argmin(axis=1)]
    if method is not Method.WARD:
        assert (assigner.assign(others) == nearest).all()


def test_a_dendrogram_holds_everybody_and_the_highest_merges() -> None:
    points, _ = blobs(200, 3)
    tree = grow_tree(points, Method.AVERAGE)
    top = dendrogram(points, tree, Method.AVERAGE, merges=10)
    assert (sum(top.leaves), len(top.leaves), len(top.merges)) == (200, 11, 10)
    assert [merge.height for merge in top.merges] == tree[-10:, 2].tolist()
    assert top.merges[-1].people == 200
    assert sorted(branch for merge in top.merges for branch in (merge.left, merge.right)) == list(range(20))
    sizes = list(top.leaves)
    for merge in top.merges:
        sizes.append(sizes[merge.left] + sizes[merge.right])
        assert sizes[-1] == merge.people
    assert (top.people, top.cophenetic_people) == (200, 200)
    small = dendrogram(points[:5], grow_tree(points[:5], Method.WARD), Method.WARD)
    assert (small.leaves, len(small.merges)) == ((1,) * 5, 4)


# DBSCAN and HDBSCAN


def test_dbscan_finds_the_cores_and_clusters_of_sklearn() -> None:
    points, _ = blobs(600, 4)
    theirs = DBSCAN(eps=1.5, min_samples=6).fit(points)
    ours = fit_dbscan(points, eps=1.5, neighbours=6, seed=0).assigner.assign(points)
    cores = theirs.core_sample_indices_
    assert (ours[cores] == theirs.labels_[cores]).all()
    assert ((ours < 0) == (theirs.labels_ < 0)).all()
    # Whoever is no core gets the cluster of the nearest core.
    nearest = cores[cdist(points, points[cores]).argmin(axis=1)]
    inside = ours >= 0
    assert (ours[inside] == theirs.labels_[nearest][inside]).all()


def test_the_distance_curve_is_that_of_all_pairs_and_its_knee_lies_between_crowd_and_strays() -> None:
    points, _ = blobs(400, 5)
    strays = np.random.default_rng(0).uniform(-60, 60, (20, 3))
    everyone = np.concatenate([points, strays])
    curve = distance_curve(everyone, 6)
    expected = np.sort(np.sort(cdist(everyone, everyone), axis=1)[:, 6])
    assert curve.distances[[0, -1]] == pytest.approx(expected[[0, -1]])
    assert (np.diff(curve.distances) >= 0).all()
    assert expected[200] < curve.eps < expected[-18]
    found = fit_dbscan(everyone, seed=0).assigner
    assert found.clusters == 3
    assert (found.assign(strays) < 0).mean() > 0.9


def test_a_radius_that_relates_too_many_people_is_refused_with_the_estimate() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(50_000, 20))
    tracemalloc.start()
    with pytest.raises(UsageError, match=r"would relate about [\d,]+ pairs of 50,000 people"):
        fit_dbscan(points, eps=6.0, neighbours=40, seed=0)
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()


def test_the_estimate_of_pairs_is_near_the_count() -> None:
    points, _ = blobs(2_000, 6)
    counted = int((cdist(points, points) <= 1.0).sum())
    assert estimated_pairs(points, 1.0, seed=0) == pytest.approx(counted, rel=0.1)
    assert estimated_pairs(points[:300], 1.0, seed=0) == (cdist(points[:300], points[:300]) <= 1.0).sum()


def test_hdbscan_finds_the_clusters_of_sklearn() -> None:
    points, _ = blobs(500, 7)
    theirs = HDBSCAN(min_cluster_size=20, min_samples=10, copy=True).fit_predict(points)
    assigner = fit_hdbscan(points, smallest=20).assigner
    assert (assigner.assign(points) == theirs).all()
    others, theirs = blobs(300, 8)
    found = assigner.assign(others)
    assert adjusted_rand_score(found[found >= 0], theirs[found >= 0]) > 0.99
    assert assigner.assign(np.full((1, 3), 1e3)).tolist() == [-1]


def test_density_methods_refuse_what_they_cannot_do() -> None:
    with pytest.raises(UsageError, match="at most 20,000 people"):
        fit_hdbscan(np.zeros((20_001, 1)), smallest=20)
    with pytest.raises(UsageError, match="needs more than 20 people"):
        fit_hdbscan(np.zeros((20, 1)), smallest=20)
    with pytest.raises(UsageError, match="at different places"):
        fit_dbscan(np.zeros((30, 2)), seed=0)
    with pytest.raises(UsageError, match="needs more people"):
        fit_dbscan(np.zeros((5, 2)), seed=0)
    assert fewest_neighbours(3) == 6


def slow_density_validity(points: Points, labels: np.ndarray) -> float:
    """Moulavi et al. 2014, definitions 1 to 8, word by word, but for the quantile in place of the maximum."""
    clusters = [np.nonzero(labels == one)[0] for one in range(labels.max() + 1)]
    cores = np.zeros(len(points))
    for people in clusters:
        for one in people:
            distances = [np.linalg.norm(points[one] - points[other]) for other in people if other != one]
            mean = sum((1 / distance) ** points.shape[1] for distance in distances) / (len(people) - 1)
            cores[one] = mean ** (-1 / points.shape[1])
    reach = np.maximum(cdist(points, points), np.maximum(cores[:, None], cores))
    inner, sparseness = [], []
    for people in clusters:
        # Edges as long as a core distance come in numbers; of those the nearer people's is taken.
        lengths = reach[np.ix_(people, people)]
        tree = minimum_spanning_tree(lengths + 1e-6 * cdist(points[people], points[people])).tocoo()
        degree = np.bincount([*tree.row, *tree.col], minlength=len(people))
        inner.append(people[degree > 1])
        both = (degree[tree.row] > 1) & (degree[tree.col] > 1)
        sparseness.append(np.quantile(lengths[tree.row, tree.col][both], 0.95))
    worth = 0.0
    for number, people in enumerate(clusters):
        apart = min(
            float(reach[np.ix_(inner[number], inner[other])].min()) for other in range(len(clusters)) if other != number
        )
        worth += len(people) / len(points) * (apart - sparseness[number]) / max(apart, sparseness[number])
    return worth


@pytest.mark.parametrize(("apart", "seed"), [(8.0, 0), (3.0, 1), (0.5, 2)])
def test_density_validity_is_that_of_the_paper(apart: float, seed: int) -> None:
    points, groups = blobs(150, seed, apart=apart)
    groups = np.where(np.random.default_rng(seed).random(150) < 0.1, -1, groups)
    assert density_validity(points, groups) == pytest.approx(slow_density_validity(points, groups))


def test_without_two_clusters_there_is_no_density_validity() -> None:
    points, _ = blobs(30, 0)
    assert density_validity(points, np.zeros(30, dtype=np.int64)) == 0
    assert density_validity(points, np.full(30, -1)) == 0
    assert density_validity(np.repeat(points[:2], 15, axis=0), np.repeat([0, 1], 15)) == 1


# Mixtures


def by_sklearn(points: Points, k: int) -> GaussianMixture:
    return GaussianMixture(k, reg_covar=0.01, random_state=3, max_iter=200).fit(points)


def test_a_mixture_is_that_of_sklearn_in_plain_parameters() -> None:
    points, _ = blobs(600, 9, apart=3)
    theirs = by_sklearn(points, 3)
    ours = fit_mixture(points, 3, seed=3)
    assert (ours.mixture.assign(points) == theirs.predict(points)).all()
    assert ours.mixture.memberships(points) == pytest.approx(theirs.predict_proba(points), abs=1e-9)
    assert ours.mixture.log_density(points) == pytest.approx(theirs.score_samples(points))
    assert ours.bic == pytest.approx(theirs.bic(points))
    shares = theirs.predict_proba(points)
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum()
    assert ours.icl == pytest.approx(theirs.bic(points) + 2 * entropy)
    assert ours.entropy == pytest.approx(entropy / 600)


def test_a_bayesian_mixture_is_that_of_sklearn_without_what_holds_nobody() -> None:
    points, groups = blobs(400, 10)
    theirs = BayesianGaussianMixture(
        n_components=6, weight_concentration_prior=1 / 6, reg_covar=0.01, random_state=0, max_iter=200
    ).fit(points)
    fit = fit_bayesian_mixture(points, 6, seed=0)
    assert (fit.mixture.assign(points) == theirs.predict(points)).all()
    kept = only_counted(fit)
    assert kept.clusters == fit.counted == (theirs.weights_ > 0.01).sum()
    assert np.exp(kept.log_weights).sum() == pytest.approx(1)
    assert adjusted_rand_score(kept.assign(points), groups) > 0.98


def test_memberships_are_calibrated() -> None:
    # Of people who belong to a component with probability p, a share of p comes from it: known, since they are drawn.
    random = np.random.default_rng(11)
    groups = random.choice(2, 6_000, p=[0.3, 0.7])
    points = random.normal(size=(6_000, 2)) * np.array([[1.0, 2.0], [1.5, 1.0]])[groups] + 2.0 * groups[:, None]
    fit = fit_mixture(points, 2, seed=0)
    first = int(np.argmin(fit.mixture.log_weights))
    shares = fit.mixture.memberships(points)[:, first]
    for low in np.arange(0, 1, 0.1):
        inside = (shares >= low) & (shares < low + 0.1)
        error = np.sqrt(0.25 / inside.sum())
        assert (groups[inside] == 0).mean() == pytest.approx(shares[inside].mean(), abs=3 * error)


@pytest.mark.parametrize(("features", "seed"), [(5, 0), (10, 2)])
@pytest.mark.slow
def test_heavy_tails_keep_extra_bayesian_components_while_icl_finds_the_groups(features: int, seed: int) -> None:
    points = heavy_tails(3_000, features, seed)
    chosen = best_mixture(points, range(6, 11), seed=0)[0]
    assert chosen.mixture.clusters in {7, 8, 9}
    assert 0 <= chosen.entropy < 0.15
    assert fit_bayesian_mixture(points, 15, seed=0).counted >= chosen.mixture.clusters


def test_in_twenty_features_more_components_than_groups_hold_over_a_hundredth_of_the_people() -> None:
    points = heavy_tails(3_000, 20, 0)
    with threadpool_limits(1):
        found = fit_bayesian_mixture(points, 15, seed=0)
    people = np.bincount(found.mixture.assign(points), minlength=15)
    assert found.counted > 8
    assert found.counted == pytest.approx((people > 0.01 * len(points)).sum(), abs=1)


@pytest.mark.slow
def test_heavy_tails_in_twenty_features_are_eight_groups_by_icl() -> None:
    points = heavy_tails(6_000, 20, 0)
    with threadpool_limits(1):
        assert best_mixture(points, range(7, 10), seed=0)[0].mixture.clusters == 8


def test_one_normal_distribution_is_one_component() -> None:
    points = np.random.default_rng(0).normal(size=(500, 4))
    assert best_mixture(points, range(1, 5), seed=0)[0].mixture.clusters == 1


def test_a_valley_lies_where_the_density_falls_between_two_components() -> None:
    means, covariances = (
        np.array([[0.0, 0.0], [4.0, 1.0]]),
        np.array([[[1.0, 0.3], [0.3, 2.0]], [[0.5, 0.0], [0.0, 1.0]]]),
    )
    roots = tuple(tuple(map(tuple, np.linalg.inv(np.linalg.cholesky(one)).T.tolist())) for one in covariances)
    mixture = Mixture((float(np.log(0.4)), float(np.log(0.6))), tuple(map(tuple, means.tolist())), roots)

    def density(at: np.ndarray) -> float:
        parts = zip((0.4, 0.6), means, covariances, strict=True)
        return float(sum(weight * multivariate_normal(mean, spread).pdf(at) for weight, mean, spread in parts))

    inverses = np.linalg.inv(covariances)
    path = []
    for step in np.linspace(0, 1, 21):
        parts = [(1 - step) * inverses[0], step * inverses[1]]
        path.append(np.linalg.inv(sum(parts)) @ sum(part @ mean for part, mean in zip(parts, means, strict=True)))
    heights = [density(at) for at in path]
    assert valleys(mixture)[0, 1] == pytest.approx(min(heights) / min(heights[0], heights[-1]))
    assert valleys(mixture).diagonal().tolist() == [0, 0]


def test_clusters_become_a_mixture_of_their_own_means_and_covariances() -> None:
    points, groups = blobs(300, 12)
    found = mixture_of(points, groups)
    for component in range(3):
        inside = points[groups == component]
        own = multivariate_normal(inside.mean(axis=0), np.cov(inside.T, bias=True) + 0.01 * np.eye(3))
        root = np.array(found.roots[component])
        assert np.linalg.inv(root @ root.T) == pytest.approx(own.cov)
        assert found.means[component] == pytest.approx(own.mean)
