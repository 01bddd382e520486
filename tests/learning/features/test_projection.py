import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from kohort.definitions.clusters import Picture
from kohort.errors import MissingExtraError, UsageError
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


def test_t_sne_keeps_near_people_near_and_is_the_same_for_a_seed() -> None:
    groups = np.repeat([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0], [0.0, 9.0, 9.0]], 40, axis=0)
    points = groups + np.random.default_rng(3).normal(size=groups.shape)
    drawn = project(points, seed=1, method=Picture.TSNE)
    kept = trustworthiness(points[drawn.people], drawn.positions, n_neighbors=10)
    assert kept > 0.9
    assert drawn.loadings.size == drawn.explained.size == 0, "its axes mean nothing"
    assert np.array_equal(drawn.positions, project(points, seed=1, method=Picture.TSNE).positions)


def test_umap_is_an_extra_that_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingExtraError, match=r'pip install "kohort\[umap\]"'):
        project(POINTS, seed=1, method=Picture.UMAP)


@pytest.mark.slow
def test_umap_keeps_near_people_near() -> None:
    drawn = project(POINTS[:300], seed=1, method=Picture.UMAP)
    assert trustworthiness(POINTS[drawn.people], drawn.positions, n_neighbors=10) > 0.9


def test_a_picture_of_nine_people_is_refused() -> None:
    with pytest.raises(UsageError, match="10 people"):
        project(POINTS[:9], seed=0, method=Picture.TSNE)
