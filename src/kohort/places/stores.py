"""Stores: names and points on Earth, from a declaration or a CSV file."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from kohort.definitions.places import Store
from kohort.errors import DefinitionError, Place, shorten
from kohort.places.insee import Points

_COLUMNS: Final = ("name", "latitude", "longitude")


def points_of(stores: Iterable[Store]) -> Points:
    """Return stores as points, by their names.

    >>> points_of([Store("Lyon", 45.76, 4.84)]).codes
    ('Lyon',)
    """
    found = list(stores)
    latitudes, longitudes = (np.array([getattr(one, axis) for one in found], float) for axis in _COLUMNS[1:])
    return Points(tuple(one.name for one in found), latitudes, longitudes)


def stores_in(path: Path, shown: str) -> list[Store]:
    """Read stores from a CSV file with the columns name, latitude and longitude; others are let alone.

    Raises DefinitionError with the line of what is wrong; `shown` is the file's name in it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise DefinitionError(f"{shown}: expected the columns {', '.join(_COLUMNS)}; there is no {missing[0]}")
            found = [_store(row, Place(shown, line=reader.line_num)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DefinitionError(f"{shown}: the stores cannot be read: {error}") from error
    if not found:
        raise DefinitionError(f"{shown}: no store is in it; write one on each line")
    return found


def _store(row: dict[str, str | None], place: Place) -> Store:
    name = (row["name"] or "").strip()
    if not name:
        raise DefinitionError(f"{place}: a store has no name")
    try:
        latitude, longitude = (float(row[axis] or "") for axis in _COLUMNS[1:])
    except ValueError as error:
        raise DefinitionError(f"{place}: latitude and longitude of {shorten(name)} are no degrees") from error
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004 - degrees; NaN is refused too
        raise DefinitionError(f"{place}: {shorten(name)} is nowhere on Earth: {latitude:g}, {longitude:g}")
    return Store(name, latitude, longitude)
