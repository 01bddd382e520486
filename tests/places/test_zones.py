"""Micro-zones: the laws that they keep whatever the people and their order."""

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.places.cells import cells_of, parents_of
from kohort.places.zones import EVERYWHERE, zones_of

RESOLUTION = 6
POINTS = st.lists(
    st.tuples(
        st.one_of(st.floats(48.0, 48.4), st.floats(-89, 89)), st.one_of(st.floats(2.0, 2.4), st.floats(-179, 179)),
        st.integers(1, 9),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


def counted(points: list[tuple[float, float, int]]) -> tuple[np.ndarray, np.ndarray]:
    latitudes, longitudes = (np.array([one[axis] for one in points], float) for axis in (0, 1))
    cells = cells_of(latitudes, longitudes, RESOLUTION)
    distinct, places = np.unique(cells, return_inverse=True)
    return distinct, np.bincount(places, weights=[one[2] for one in points]).astype(np.int64)


@settings(max_examples=200)
@given(POINTS, st.integers(1, 30), st.randoms(use_true_random=False))
def test_every_zone_holds_enough_and_everybody_is_in_one(
    points: list[tuple[float, float, int]], least: int, random: object
) -> None:
    cells, counts = counted(points)
    zones = zones_of(cells, counts, least=least, resolution=RESOLUTION)
    people = {zone: int(counts[zones == zone].sum()) for zone in set(zones.tolist())}
    assert sum(people.values()) == counts.sum()
    if counts.sum() < least:
        assert set(people) == {int(EVERYWHERE)}
    else:
        assert int(EVERYWHERE) not in people
        assert min(people.values()) >= least
    order = list(range(len(cells)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = zones_of(cells[order], counts[order], least=least, resolution=RESOLUTION)
    assert shuffled.tolist() == zones[order].tolist()


@given(POINTS)
def test_a_cell_that_holds_enough_is_a_zone_of_its_own(points: list[tuple[float, float, int]]) -> None:
    cells, counts = counted(points)
    zones = zones_of(cells, counts, least=1, resolution=RESOLUTION)
    assert zones.tolist() == cells.tolist()


def test_cells_beside_each_other_wait_for_the_cell_that_holds_them() -> None:
    parent = h3.latlng_to_cell(48.85, 2.35, 7)
    first, second, third, *_ = sorted(int(cell, 16) for cell in h3.cell_to_children(parent, 8))
    cells = np.array([first, second, third], np.uint64)
    zones = zones_of(cells, np.array([20, 8, 12]), least=20, resolution=8)
    assert [f"{zone:x}" for zone in zones] == [f"{first:x}", parent, parent]


def test_who_is_left_over_joins_the_nearest_zone() -> None:
    cells = cells_of(np.array([48.85, 43.3, 43.9]), np.array([2.35, 5.4, 4.8]), RESOLUTION)
    far = cells_of(np.array([-21.1]), np.array([55.5]), RESOLUTION)
    zones = zones_of(np.concatenate([cells, far]), np.array([30, 30, 5, 2]), least=20, resolution=RESOLUTION)
    assert zones[0] == cells[0]
    assert zones[1] == cells[1]
    assert zones[3] in {cells[0], cells[1]}


@pytest.mark.parametrize("resolution", [0, 3, 7, 9])
def test_parents_are_those_of_the_library(resolution: int) -> None:
    random = np.random.default_rng(0)
    cells = cells_of(random.uniform(-90, 90, 200), random.uniform(-180, 180, 200), 9)
    expected = [int(h3.cell_to_parent(f"{cell:x}", resolution), 16) for cell in cells.tolist()]
    assert parents_of(cells, resolution).tolist() == expected
