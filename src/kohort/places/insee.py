"""The communes of France by INSEE code: names, departments, regions, populations, coordinates.

The files beside this module are made by `tools/insee.py`; insee.md says from what, and under which licences.
"""

import csv
import lzma
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.places.towns import town_key

COMMUNES: Final = "insee.csv.xz"
NAMES: Final = "insee_names.csv.xz"
COORDINATES: Final = "insee_coordinates.csv.xz"
DEPARTMENTS: Final = "departments.csv.xz"


@dataclass(frozen=True)
class Commune:
    """A commune of today; `code` is INSEE's, `population` None where none is published."""

    code: str
    name: str
    department: str
    population: int | None


@dataclass(frozen=True)
class Department:
    """A department, or the collectivity that stands in its place overseas, with its region."""

    code: str
    name: str
    region: str
    region_name: str


@dataclass(frozen=True)
class Insee:
    """All communes, by code, and how they are found.

    `by_postal_code` are the codes of the communes that have a postal code, sorted; `by_name` those that a town's key
    names, former names too; `keys` the keys of each commune, its own first. `beginnings` are the departments whose
    postal codes begin so, by three digits: those of Corsica do not begin with a department's code.
    """

    communes: Mapping[str, Commune] = field(repr=False)
    departments: Mapping[str, Department] = field(repr=False)
    by_postal_code: Mapping[str, tuple[str, ...]] = field(repr=False)
    by_name: Mapping[str, tuple[str, ...]] = field(repr=False)
    keys: Mapping[str, tuple[str, ...]] = field(repr=False)
    beginnings: Mapping[str, frozenset[str]] = field(repr=False)

    def department(self, commune: str) -> Department:
        """Return the department of a commune.

        >>> french_places().department("2A004").name
        'Corse-du-Sud'
        """
        return self.departments[self.communes[commune].department]


@dataclass(frozen=True)
class Points:
    """Communes whose main place is known: codes, and latitudes and longitudes in degrees, shape (communes,)."""

    codes: tuple[str, ...]
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]


@cache
def french_places() -> Insee:
    """Return the communes of France, read once.

    >>> places = french_places()
    >>> places.by_postal_code["35000"], places.communes["35238"].name, places.department("35238").region_name
    (('35238',), 'Rennes', 'Bretagne')
    """
    communes, by_postal_code = {}, defaultdict[str, list[str]](list)
    by_name, keys = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    beginnings = defaultdict[str, set[str]](set)
    named = []
    for code, name, department, population, postal_codes in _rows(COMMUNES):
        communes[code] = Commune(code, name, department, int(population) if population else None)
        named.append((name, code))
        for postal_code in postal_codes.split():
            by_postal_code[postal_code].append(code)
            beginnings[postal_code[:3]].add(department)
    for name, code in (*named, *_rows(NAMES)):
        key = town_key(name)
        keys[code].append(key)
        if code not in by_name[key]:
            by_name[key].append(code)
    return Insee(
        communes=communes,
        departments={one[0]: Department(*one) for one in _rows(DEPARTMENTS)},
        by_postal_code={code: tuple(own) for code, own in by_postal_code.items()},
        by_name={key: tuple(own) for key, own in by_name.items()},
        keys={code: tuple(own) for code, own in keys.items()},
        beginnings={begin: frozenset(own) for begin, own in beginnings.items()},
    )


@cache
def commune_points() -> Points:
    """Return where the communes of 500 inhabitants or more are, as GeoNames has their main places.

    >>> points = commune_points()
    >>> place = points.codes.index("35238")
    >>> round(float(points.latitudes[place]), 1), round(float(points.longitudes[place]), 1)
    (48.1, -1.7)
    """
    rows = list(_rows(COORDINATES))
    latitudes, longitudes = (np.array([float(row[place]) for row in rows]) for place in (1, 2))
    return Points(tuple(row[0] for row in rows), latitudes, longitudes)


def _rows(name: str) -> Iterator[list[str]]:
    text = lzma.decompress((files("kohort.places") / name).read_bytes()).decode()
    yield from csv.reader(text.splitlines())
