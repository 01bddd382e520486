"""The nearest of many points on Earth, such as stores: exact, in memory that does not grow with their number."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kohort.engines.kernel.numba_kernels import compiled
from kohort.rules.geography import EARTH_RADIUS

Degrees = NDArray[np.float64]

NOWHERE: Final = -1


def nearest(
    latitudes: Degrees, longitudes: Degrees, target_latitudes: Degrees, target_longitudes: Degrees
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for points, shape (n,), which of the targets, shape (m,), is nearest, and how far it is in metres.

    All in degrees. Of targets at the same distance the first is taken; a point that is NaN has `NOWHERE` and NaN, and
    so has every point if there is no target. The distance is the haversine's (Sinnott, Virtues of the Haversine, Sky
    and Telescope 68, 1984), whose square root is half the chord between two points of the unit sphere: chords are
    compared, since that needs no trigonometry. Targets are looked at from the point's latitude outwards, until their
    latitude alone is farther than the nearest so far.

    >>> places, metres = nearest(np.array([48.85]), np.array([2.35]), np.array([43.3, 51.5]), np.array([5.4, -0.1]))
    >>> places.tolist(), (metres / 1000).round().tolist()
    ([1], [342.0])
    """
    places = np.full(len(latitudes), NOWHERE, np.int64)
    chords = np.full(len(latitudes), np.nan)
    order = np.argsort(target_latitudes, kind="stable")
    if len(order):
        sorted_latitudes = np.radians(target_latitudes[order])
        targets = _unit(sorted_latitudes, np.radians(target_longitudes[order]))
        _search(np.radians(latitudes), np.radians(longitudes), sorted_latitudes, targets, order, places, chords)
    return places, 2 * EARTH_RADIUS * np.arcsin(np.minimum(1.0, np.sqrt(chords) / 2))


def _unit(latitudes: Degrees, longitudes: Degrees) -> Degrees:
    """Return points of the unit sphere, shape (n, 3), from radians."""
    return np.column_stack([
        np.cos(latitudes) * np.cos(longitudes), np.cos(latitudes) * np.sin(longitudes), np.sin(latitudes)
    ])  # fmt: skip


@compiled
def _search(
    latitudes: Degrees, longitudes: Degrees, sorted_latitudes: Degrees, targets: Degrees, order: Any, places: Any,
    chords: Degrees,
) -> None:  # fmt: skip
    last = len(order)
    for point in range(len(latitudes)):
        latitude, longitude = latitudes[point], longitudes[point]
        if np.isnan(latitude) or np.isnan(longitude):
            continue
        x, y = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
        z = np.sin(latitude)
        above = np.searchsorted(sorted_latitudes, latitude)
        below = above - 1
        best, limit, found = np.inf, np.inf, -1
        while above < last or below >= 0:
            up = sorted_latitudes[above] - latitude if above < last else np.inf
            down = latitude - sorted_latitudes[below] if below >= 0 else np.inf
            # A hair wider than the nearest so far: what rounding takes off must not hide a target that is as near.
            if min(up, down) > limit * (1 + 1e-9) + 1e-12:
                break
            if up <= down:
                at = above
                above += 1
            else:
                at = below
                below -= 1
            by_x, by_y, by_z = targets[at, 0] - x, targets[at, 1] - y, targets[at, 2] - z
            chord = by_x * by_x + by_y * by_y + by_z * by_z
            if chord < best or (chord == best and order[at] < found):
                best, found = chord, order[at]
                limit = 2 * np.arcsin(min(1.0, np.sqrt(chord) / 2))
        places[point], chords[point] = found, best
