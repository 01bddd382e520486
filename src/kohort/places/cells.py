"""Cells of H3 as whole numbers: of points, of the cells that hold them, and their centres."""

from importlib import import_module
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.errors import MissingExtraError

Degrees = NDArray[np.float64]
Cells = NDArray[np.uint64]

FINEST: Final = 15
_RESOLUTION_BITS: Final = np.uint64(0xF << 52)
_DIGIT_BITS: Final = 3


def cells_of(latitudes: Degrees, longitudes: Degrees, resolution: int) -> Cells:
    """Return the cells that hold points, shape (n,) in degrees, as their indices; raises MissingExtraError.

    >>> f"{cells_of(np.array([48.8566]), np.array([2.3522]), 8)[0]:x}"
    '881fb46625fffff'
    """
    h3 = _h3()
    points = zip(latitudes.tolist(), longitudes.tolist(), strict=True)
    found = (h3.latlng_to_cell(latitude, longitude, resolution) for latitude, longitude in points)
    return np.fromiter(found, np.uint64, len(latitudes))


def parents_of(cells: Cells, resolution: int) -> Cells:
    """Return the cells of a coarser, or the same, resolution that cells belong to in the hierarchy of H3.

    By the layout of their bits (https://h3geo.org/docs/core-library/h3Indexing/): the digits beyond become 7.

    >>> f"{parents_of(np.array([0x881FB46625FFFFF], np.uint64), 7)[0]:x}"
    '871fb4662ffffff'
    """
    beyond = (1 << _DIGIT_BITS * (FINEST - resolution)) - 1
    return (cells & ~_RESOLUTION_BITS) | np.uint64(resolution << 52) | np.uint64(beyond)


def centre_of(cell: int) -> tuple[float, float, float]:
    """Return the centre of a cell as a point of the unit sphere; raises MissingExtraError.

    >>> [round(part, 2) for part in centre_of(0x881FB46625FFFFF)]
    [0.66, 0.03, 0.75]
    """
    latitude, longitude = np.radians(_h3().cell_to_latlng(cell))
    across = np.cos(latitude)
    return float(across * np.cos(longitude)), float(across * np.sin(longitude)), float(np.sin(latitude))


def _h3() -> ModuleType:
    try:
        return import_module("h3.api.basic_int")
    except ImportError as error:
        raise MissingExtraError("people", "asking for an H3 cell") from error
