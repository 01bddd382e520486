"""Distances on the Earth, by one function for every engine."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import MICRO

EARTH_RADIUS: Final = 6_371_008.8
"""The mean radius R₁ of the Earth in metres (Moritz, Geodetic Reference System 1980)."""

Degrees = NDArray[np.float64]


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
