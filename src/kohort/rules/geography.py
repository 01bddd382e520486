"""Distances, polygons and cells on the Earth, each by one function for every engine."""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import MICRO
from kohort.errors import MissingExtraError
from kohort.rules.polygons import Corner

EARTH_RADIUS: Final = 6_371_008.8
"""The mean radius R₁ of the Earth in metres (Moritz, Geodetic Reference System 1980)."""

Degrees = NDArray[np.float64]

# A cell is bounded by great circles, so none of it is farther from its centre than its corners: a hundredth to spare.
_SPARE: Final = 1.01


def distances(latitudes: Degrees, longitudes: Degrees, latitude: float, longitude: float) -> NDArray[np.float64]:
    """Return the great-circle distances in metres from points, shape (n,), to one point, all in degrees; NaN stays.

    The haversine formula (Sinnott, Virtues of the Haversine, Sky and Telescope 68, 1984) on a sphere of the mean
    radius: within 0.6 % of the distance on the ellipsoid.

    >>> paris_to_london = distances(np.array([48.8566]), np.array([2.3522]), 51.5074, -0.1278)
    >>> round(float(paris_to_london[0]) / 1000)
    344
    """
    phi, other = np.radians(latitudes), np.radians(latitude)
    height = np.sin((phi - other) / 2) ** 2
    width = np.cos(phi) * np.cos(other) * np.sin(np.radians(longitudes - longitude) / 2) ** 2
    found: NDArray[np.float64] = 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(1.0, height + width)))
    return found


def degrees(micros: int) -> float:
    """Return micros of a degree as degrees.

    >>> degrees(48_856_600)
    48.8566
    """
    return micros / MICRO


def micros_of_degrees(found: Degrees) -> NDArray[np.int64]:
    """Return degrees on Earth, shape (n,), as micros, exactly those that they came from.

    >>> micros_of_degrees(np.array([48.8566, -0.000001])).tolist()
    [48856600, -1]
    """
    return np.rint(found * MICRO).astype(np.int64)


def inside_polygon(latitudes: Degrees, longitudes: Degrees, corners: Sequence[Corner]) -> NDArray[np.bool_]:
    """Return which points on Earth, shape (n,) in degrees, lie inside a polygon or on its edge.

    The even-odd rule on the plane of latitude and longitude: a ray from the point to the east crosses an odd number of
    edges (Shimrat, Algorithm 112, Communications of the ACM 5, 1962). In whole micros, products below 2⁶³: exact.

    >>> square = [Corner(0, 0), Corner(0, 2_000_000), Corner(2_000_000, 2_000_000), Corner(2_000_000, 0)]
    >>> inside_polygon(np.array([1.0, 2.0, 2.000001]), np.array([1.0, 0.5, 0.5]), square).tolist()
    [True, True, False]
    """
    north, east = micros_of_degrees(latitudes), micros_of_degrees(longitudes)
    near = _between(north, *(corner.latitude for corner in corners))
    near &= _between(east, *(corner.longitude for corner in corners))
    north, east = north[near], east[near]
    odd, on_edge = np.zeros(len(north), np.bool_), np.zeros(len(north), np.bool_)
    for begin, end in zip(corners, (*corners[1:], corners[0]), strict=True):
        rise, run = end.latitude - begin.latitude, end.longitude - begin.longitude
        side = run * (north - begin.latitude) - rise * (east - begin.longitude)
        beside = _between(north, begin.latitude, end.latitude) & _between(east, begin.longitude, end.longitude)
        on_edge |= (side == 0) & beside
        odd ^= ((begin.latitude > north) != (end.latitude > north)) & (side > 0 if rise > 0 else side < 0)
    found = np.zeros(len(latitudes), np.bool_)
    found[near] = odd | on_edge
    return found


def inside_cell(latitudes: Degrees, longitudes: Degrees, cell: str) -> NDArray[np.bool_]:
    """Return which points on Earth, shape (n,) in degrees, lie in a cell of H3, as its library places them.

    Raises MissingExtraError without the extra `[people]`.

    >>> inside_cell(np.array([48.8566, 48.9]), np.array([2.3522, 2.3522]), "881fb46625fffff").tolist()
    [True, False]
    """
    h3 = _h3()
    centre = h3.cell_to_latlng(cell)
    corners = np.array(h3.cell_to_boundary(cell))
    radius = distances(corners[:, 0], corners[:, 1], *centre).max() * _SPARE
    near = np.flatnonzero(distances(latitudes, longitudes, *centre) <= radius)
    resolution = h3.get_resolution(cell)
    answers: dict[tuple[float, float], bool] = {}
    found = np.zeros(len(latitudes), np.bool_)
    for index, point in zip(near, zip(latitudes[near].tolist(), longitudes[near].tolist(), strict=True), strict=True):
        if point not in answers:
            answers[point] = h3.latlng_to_cell(*point, resolution) == cell
        found[index] = answers[point]
    return found


def cell_of(latitude: float, longitude: float, cell: str) -> str:
    """Return the cell of H3, of the same resolution as `cell`, that holds a point in degrees; raises as above.

    >>> cell_of(48.9, 2.3522, "881fb46625fffff")
    '881fb46641fffff'
    """
    h3 = _h3()
    found: str = h3.latlng_to_cell(latitude, longitude, h3.get_resolution(cell))
    return found


def _between(values: NDArray[np.int64], *ends: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (min(ends) <= values) & (values <= max(ends))
    return found


def _h3() -> ModuleType:
    """Return the library, which only those who ask for cells need."""
    try:
        return import_module("h3")
    except ImportError as error:
        raise MissingExtraError("people", "asking for an H3 cell") from error
