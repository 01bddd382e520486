from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

from kohort.learning.clustering.borders import border_density
from kohort.learning.clustering.elbow import elbow
from kohort.learning.clustering.kmeans import fit_fresh, nearest
from kohort.learning.clustering.reference import Copula, Reference, ReferenceDraws, draw_ellipse, total_inertia

DRAWS = {Reference.ELLIPSE: 6, Reference.COPULA: 8}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(limits=1):
        yield


def test_an_ellipse_keeps_the_variances_along_the_principal_axes() -> None:
    random = np.random.default_rng(1)
    points = random.normal(size=(4_000, 3)) @ random.normal(size=(3, 3))
    drawn = draw_ellipse(points, random)
    expected, reached = (np.sort(np.linalg.eigvalsh(np.cov(each.T))) for each in (points, drawn))
    assert np.allclose(reached, expected, rtol=0.1)


def test_a_copula_keeps_every_distribution_and_the_correlations_of_tied_traits_too() -> None:
    random = np.random.default_rng(2)
    base = random.normal(size=(4_000, 3))
    base[:, 1] += base[:, 0]
    points = np.column_stack([np.exp(base[:, 0]), np.round(base[:, 1]), np.maximum(base[:, 2] - base[:, 0], 0.5)])
    drawn = Copula(points, np.random.default_rng(3)).draw(np.random.default_rng(4))
    assert np.allclose(np.corrcoef(drawn.T), np.corrcoef(points.T), atol=0.06)
    assert all(stats.ks_2samp(points[:, j], drawn[:, j]).statistic < 0.03 for j in range(3))


def test_two_clumps_are_tighter_than_both_references_and_one_is_not() -> None:
    random = np.random.default_rng(5)
    one = random.normal(size=(600, 3))
    two = one + np.repeat([[0.0, 0, 0], [6.0, 6, 0]], 300, axis=0)
    for points, tighter in ((one, False), (two, True)):
        found = fit_fresh(points, 2, starts=5, seed=0)
        gap = ReferenceDraws(points, draws=DRAWS, seed=1).gap(
            Reference.ELLIPSE, 2, found.inertia / total_inertia(points)
        )
        assert gap.exceeds(0.01, errors=3.0) is tighter


def test_which_traits_come_together_counts_and_not_how_each_is_distributed() -> None:
    random = np.random.default_rng(6)
    sides = random.integers(0, 2, (800, 2)) * 8.0
    grid = sides + random.normal(size=(800, 2))
    triangle = grid[~((sides[:, 0] > 0) & (sides[:, 1] > 0))]
    for points, k, tighter in ((grid, 4, False), (triangle, 3, True)):
        found = fit_fresh(points, k, starts=5, seed=0)
        gap = ReferenceDraws(points, draws=DRAWS, seed=1).gap(
            Reference.COPULA, k, found.inertia / total_inertia(points)
        )
        assert gap.exceeds(0.01, errors=3.0) is tighter


@pytest.mark.parametrize(("apart", "low", "high"), [(0.0, 1.1, 1.7), (3.0, 0.3, 1.2), (6.0, 0.0, 0.1)])
def test_the_border_empties_as_groups_move_apart(apart: float, low: float, high: float) -> None:
    random = np.random.default_rng(7)
    points = random.normal(size=(20_000, 1)) + np.repeat([[0.0], [apart]], 10_000, axis=0)
    found = fit_fresh(points, 2, starts=3, seed=0)
    density = border_density(points, nearest(points, found.centroids), found.centroids)
    assert low <= density[0, 1] <= high
    assert density[0, 1] == density[1, 0]


def test_the_elbow_is_the_point_farthest_below_the_line() -> None:
    assert elbow(range(2, 11), [100 / k for k in range(2, 11)]) == 4
    assert elbow([2, 3], [5.0, 1.0]) is None
    assert elbow([2, 3, 4], [5.0, 6.0, 7.0]) is None
    assert elbow([2, 3, 4], [9.0, 8.0, 1.0]) is None
