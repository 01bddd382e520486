"""The nearest of many points, beside the haversine formula asked of each pair."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.places.insee import commune_points
from kohort.places.nearest import NOWHERE, nearest
from kohort.rules.geography import EARTH_RADIUS, distances

POINTS = st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), max_size=12)


def haversine(latitude: float, longitude: float, other: tuple[float, float]) -> float:
    phi, there = math.radians(latitude), math.radians(other[0])
    height = math.sin((phi - there) / 2) ** 2
    width = math.cos(phi) * math.cos(there) * math.sin(math.radians(longitude - other[1]) / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(1.0, height + width)))


def columns(points: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([one[0] for one in points], float), np.array([one[1] for one in points], float)


@given(POINTS, POINTS)
def test_the_nearest_is_as_near_as_the_nearest_of_all_pairs(
    points: list[tuple[float, float]], targets: list[tuple[float, float]]
) -> None:
    places, metres = nearest(*columns(points), *columns(targets))
    for point, place, found in zip(points, places, metres, strict=True):
        if not targets:
            assert place == NOWHERE
            assert math.isnan(found)
            continue
        pairs = [haversine(*point, target) for target in targets]
        # Beside the antipode a metre is what rounding leaves of the arc sine.
        assert found == pytest.approx(min(pairs), rel=1e-9, abs=1)
        assert pairs[place] == pytest.approx(min(pairs), rel=1e-9, abs=1)


@given(POINTS.filter(bool), st.randoms(use_true_random=False))
def test_the_order_of_points_and_of_targets_changes_no_distance(
    targets: list[tuple[float, float]], random: object
) -> None:
    points = columns([(48.0, 2.0), (-33.0, 151.0), (0.0, 180.0)])
    shuffled = targets.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert nearest(*points, *columns(targets))[1].tolist() == nearest(*points, *columns(shuffled))[1].tolist()


def test_of_targets_at_one_place_the_first_is_taken_and_a_missing_point_has_none() -> None:
    places, metres = nearest(np.array([45.0, np.nan]), np.array([5.0, 5.0]), np.full(3, 45.0), np.full(3, 5.0))
    assert places.tolist() == [0, NOWHERE]
    assert metres[0] == 0
    assert math.isnan(metres[1])


def test_the_nearest_commune_is_that_of_all_communes() -> None:
    communes = commune_points()
    random = np.random.default_rng(1)
    points = random.uniform((42, -5), (51, 8), (200, 2))
    places, metres = nearest(points[:, 0], points[:, 1], communes.latitudes, communes.longitudes)
    for point, place, found in zip(points, places, metres, strict=True):
        every = distances(communes.latitudes, communes.longitudes, *point)
        assert int(every.argmin()) == place
        assert found == pytest.approx(every.min(), rel=1e-6)
