"""People left out of the search fall into the same clusters where there are any, and into others elsewhere."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.cluster import KMeans
from sklearn.model_selection import KFold

from kohort.errors import UsageError
from kohort.learning.clustering.folds import fold_stability

Points = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def k_means(k: int) -> Callable[[Points], Callable[[Points], Labels]]:
    def fit(points: Points) -> Callable[[Points], Labels]:
        found = KMeans(k, n_init=10, random_state=0).fit(points)
        return lambda others: found.predict(others).astype(np.int64)

    return fit


def groups(seed: int) -> tuple[Points, Labels]:
    random = np.random.default_rng(seed)
    own = np.arange(300) % 3
    return random.normal(size=(300, 2)) + np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])[own], own.astype(np.int64)


def test_groups_that_are_there_come_back_among_people_left_out() -> None:
    points, own = groups(1)
    found = fold_stability(points, own, k_means(3), seed=1)
    assert [one.estimate for one in found] == [1.0, 1.0, 1.0]
    assert {one.n for one in found} == {5}


def test_the_numbers_that_clusters_bear_do_not_matter() -> None:
    points, own = groups(2)
    assert fold_stability(points, (own + 1) % 3, k_means(3), seed=1) == fold_stability(points, own, k_means(3), seed=1)


def test_pieces_of_one_cloud_do_not_come_back() -> None:
    points = np.random.default_rng(3).normal(size=(400, 6))
    own = k_means(6)(points)(points)
    assert min(one.estimate for one in fold_stability(points, own, k_means(6), seed=1)) < 0.6


def test_each_similarity_is_what_the_sets_of_people_say() -> None:
    points, own = groups(4)
    shifted = np.where(points[:, 0] > 8.0, 1, np.where(points[:, 1] > 4.5, 2, 0)).astype(np.int64)
    found = fold_stability(points, own, lambda _: lambda some: np.where(
        some[:, 0] > 8.0, 1, np.where(some[:, 1] > 4.5, 2, 0)
    ).astype(np.int64), seed=7, folds=4)  # fmt: skip
    fold = np.random.default_rng(7).permutation(300) % 4
    expected = []
    for number in range(4):
        left = fold == number
        expected.append(
            [
                len(set(np.flatnonzero(left & (own == one))) & set(np.flatnonzero(left & (shifted == one))))
                / len(set(np.flatnonzero(left & (own == one))) | set(np.flatnonzero(left & (shifted == one))))
                for one in range(3)
            ]
        )
    assert np.allclose([one.estimate for one in found], np.mean(expected, axis=0))
    assert np.allclose([one.low for one in found], np.min(expected, axis=0))
    assert np.allclose([one.high for one in found], np.max(expected, axis=0))


def test_whoever_is_in_no_cluster_counts_against_the_cluster_that_takes_them() -> None:
    points = np.array([[float(value)] for value in (0, 0, 0, 0, 9, 9, 9, 9)])
    own = np.array([0, 0, 0, 0, -1, -1, -1, -1])
    everybody = fold_stability(points, own, lambda _: lambda some: np.zeros(len(some), dtype=np.int64), seed=0, folds=2)
    fold = np.random.default_rng(0).permutation(8) % 2
    shares = [np.mean(own[fold == number] == 0) for number in range(2)]
    assert everybody[0].estimate == pytest.approx(np.mean([share for share in shares if share]))


def test_every_person_is_left_out_once() -> None:
    seen: list[int] = []

    def fit(some: Points) -> Callable[[Points], Labels]:
        def assign(others: Points) -> Labels:
            assert len(some) + len(others) == 10
            seen.extend(others[:, 0].astype(int).tolist())
            return np.zeros(len(others), dtype=np.int64)

        return assign

    fold_stability(np.arange(10.0)[:, None], np.zeros(10, dtype=np.int64), fit, seed=3)
    assert sorted(seen) == list(range(10))
    assert len(list(KFold(5).split(np.arange(10)))) == 5


def test_too_few_people_are_refused() -> None:
    with pytest.raises(UsageError, match="3 people cannot be divided into 5 folds"):
        fold_stability(np.zeros((3, 1)), np.zeros(3, dtype=np.int64), k_means(1), seed=0)
