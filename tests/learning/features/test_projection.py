import numpy as np
import pytest
from sklearn.decomposition import PCA

from kohort.errors import UsageError
from kohort.learning.features.projection import project

POINTS = np.random.default_rng(1).normal(size=(3_000, 4)) @ np.random.default_rng(2).normal(size=(4, 4))


def test_axes_and_shares_are_those_of_sklearn() -> None:
    mapped, expected = project(POINTS, seed=0), PCA(2).fit(POINTS)
    assert np.allclose(mapped.explained, expected.explained_variance_ratio_)
    assert np.allclose(np.abs(mapped.loadings), np.abs(expected.components_))
    assert np.allclose(np.abs(mapped.positions), np.abs(expected.transform(POINTS)[mapped.people]))


def test_the_map_shows_at_most_two_thousand_people_each_once_and_the_same_for_a_seed() -> None:
    mapped = project(POINTS, seed=3)
    assert mapped.positions.shape == (2_000, 2)
    assert len(set(mapped.people.tolist())) == 2_000
    assert np.array_equal(mapped.people, project(POINTS, seed=3).people)
    assert project(POINTS[:50], seed=3).people.tolist() == list(range(50))


def test_the_largest_loading_of_each_axis_is_positive() -> None:
    for points in (POINTS, -POINTS):
        loadings = project(points, seed=0).loadings
        assert (loadings[np.arange(2), np.abs(loadings).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("points", [POINTS[:, :1], POINTS[:1]])
def test_too_little_to_draw_is_refused(points: np.ndarray) -> None:
    with pytest.raises(UsageError, match="a map of 2 axes"):
        project(points, seed=0)
