import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from kohort.learning.clustering.silhouette import SilhouetteSample, squared_silhouette


def clustered(people: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, k, people)
    return random.normal(size=(people, 4)) + 2 * random.normal(size=(k, 4))[labels], labels


@pytest.mark.parametrize(("k", "seed"), [(2, 0), (5, 1), (9, 2)])
def test_the_squared_silhouette_is_exactly_that_of_sklearn(k: int, seed: int) -> None:
    points, labels = clustered(2_000, k, seed)
    expected = silhouette_score(points, labels, metric="sqeuclidean")
    assert squared_silhouette(points, labels, k) == pytest.approx(expected, abs=1e-6)


def test_asking_everyone_gives_the_textbook_silhouette() -> None:
    points, labels = clustered(600, 4, 3)
    everyone = SilhouetteSample(points, np.arange(600)).score(labels, 4)
    assert everyone.mean == pytest.approx(silhouette_score(points, labels), abs=1e-9)


def test_a_sample_lies_within_three_standard_errors_of_everyone() -> None:
    points, labels = clustered(3_000, 4, 4)
    full = silhouette_score(points, labels)
    random = np.random.default_rng(5)
    samples = [SilhouetteSample(points, random.permutation(3_000)[:300]).score(labels, 4) for _ in range(20)]
    assert all(abs(sample.mean - full) <= 3 * sample.error for sample in samples)
    assert np.std([sample.mean for sample in samples]) == pytest.approx(samples[0].error, rel=0.5)


def test_people_alone_in_a_cluster_and_empty_clusters_count_as_sklearn_counts_them() -> None:
    points = np.array([[0.0], [1.0], [10.0], [30.0]])
    labels = np.array([0, 0, 1, 2])
    expected = silhouette_score(points, labels, metric="sqeuclidean")
    assert squared_silhouette(points, labels, 5) == pytest.approx(expected)


def test_one_cluster_or_equal_points_have_no_silhouette() -> None:
    assert squared_silhouette(np.array([[0.0], [1.0]]), np.array([0, 0]), 2) == 0
    assert squared_silhouette(np.zeros((4, 1)), np.array([0, 0, 1, 1]), 2) == 0


@pytest.mark.slow
def test_a_thousand_of_twenty_thousand_people_are_asked_within_three_standard_errors() -> None:
    points, labels = clustered(20_000, 5, 6)
    asked = np.random.default_rng(0).permutation(20_000)[:1_000]
    sampled = SilhouetteSample(points, asked).score(labels, 5)
    assert abs(sampled.mean - silhouette_score(points, labels)) <= 3 * sampled.error
