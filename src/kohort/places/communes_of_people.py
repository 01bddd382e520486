"""From a postal code, and a town if one is told, to the commune, the department and the region."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.places.columns import Column, distinct_rows
from kohort.places.insee import Insee, french_places
from kohort.places.postal_codes import postal_code_of, text_of
from kohort.places.towns import ALIKE, is_france, is_part, town_key


class PlacedBy(StrEnum):
    """What a place was found by."""

    CODE = "postal code"
    TOWN = "postal code and town"
    SPELLING = "postal code and a town spelled alike"
    BUSINESS = "town in the department of the code"
    AMBIGUOUS = "postal code of several communes"
    CONTRADICTED = "postal code against its town"
    BEGINNING = "the beginning of the postal code"


RESTORED: Final = ", a zero restored"
"""What stands behind the rule where a code had lost its zero in front."""


@dataclass(frozen=True)
class Place:
    """Where somebody is: codes of INSEE, "" where it cannot be told; `by` says how it was found."""

    commune: str
    department: str
    region: str
    by: str


def place_of(postal_code: str, town: str, places: Insee, *, french: bool = False) -> Place | None:
    """Return the place that a postal code and a town, "" if none is told, tell; None if none.

    Several communes may have a code: the town decides among them, by its name as `town_key` has it, by a part of its
    name, or by a name spelled almost so. If it does not, or if it is known to be elsewhere, only the department is
    told, or the region where the code is of two departments. A code that no commune has may be a business's (CEDEX):
    its beginning tells the department, and a town of that name there the commune. A code of four digits has its zero
    restored if the place is known to be `french`, or if a commune of the code is called like the town.

    >>> places = french_places()
    >>> place_of("38080", "L'Isle d'Abeau", places).commune, place_of("20090", "", places).department
    ('38193', '2A')
    >>> place_of("1000", "BOURG EN BRESSE", places)
    Place(commune='01053', department='01', region='84', by='postal code and town, a zero restored')
    """
    found = postal_code_of(postal_code)
    if found is None:
        return None
    key = town_key(town)
    own = places.by_postal_code.get(found.code, ())
    if found.restored and not (french or any(key in places.keys[one] for one in own)):
        return None
    place = _among(own, key, places) if own else _by_beginning(found.code, key, places)
    if place is None or not found.restored:
        return place
    return Place(place.commune, place.department, place.region, place.by + RESTORED)


def _among(own: tuple[str, ...], key: str, places: Insee) -> Place:
    commune, by = _chosen(own, key, places) if key else ("", PlacedBy.AMBIGUOUS)
    if commune:
        return _commune(commune, by, places)
    if len(own) == 1 and by is PlacedBy.AMBIGUOUS:
        return _commune(own[0], PlacedBy.CODE, places)
    return _wider({places.communes[one].department for one in own}, by, places)


def _chosen(own: tuple[str, ...], key: str, places: Insee) -> tuple[str, PlacedBy]:
    """Return which of several communes a town is; none, if it is none, or may be more than one."""
    keys = {one: places.keys[one] for one in own}
    found = [one for one in own if keys[one][0] == key] or [one for one in own if key in keys[one]]
    found = found or [one for one in own if any(is_part(key, name) and name.startswith(key) for name in keys[one])]
    if not found and key in places.by_name:
        return "", PlacedBy.CONTRADICTED
    found = found or [one for one in own if any(is_part(name, key) or is_part(key, name) for name in keys[one])]
    if found:
        return (found[0], PlacedBy.TOWN) if len(found) == 1 else ("", PlacedBy.AMBIGUOUS)
    names = {name: one for one in own for name in keys[one]}
    alike = {names[name] for name in difflib.get_close_matches(key, names, n=2, cutoff=ALIKE)}
    return (alike.pop(), PlacedBy.SPELLING) if len(alike) == 1 else ("", PlacedBy.AMBIGUOUS)


def _by_beginning(code: str, key: str, places: Insee) -> Place | None:
    own = [one for one in (code[:2], code[:3]) if one in places.departments]
    departments = own or sorted(places.beginnings.get(code[:3], ()))
    if not departments:
        return None
    named = [one for one in places.by_name.get(key, ()) if places.communes[one].department in departments]
    if len(named) == 1:
        return _commune(named[0], PlacedBy.BUSINESS, places)
    return _wider(departments, PlacedBy.BEGINNING, places)


def _commune(code: str, by: PlacedBy, places: Insee) -> Place:
    department = places.department(code)
    return Place(code, department.code, department.region, by)


def _wider(departments: Iterable[str], by: PlacedBy, places: Insee) -> Place:
    found = sorted(departments)
    regions = {places.departments[one].region for one in found}
    return Place("", found[0] if len(found) == 1 else "", regions.pop() if len(regions) == 1 else "", by)


@dataclass(frozen=True)
class Placed:
    """Places of people: the distinct ones, None for none, and which of them each person has, shape (people,)."""

    distinct: tuple[Place | None, ...]
    whose: NDArray[np.int64]
    told: NDArray[np.bool_]
    """Whose postal code was told, whether or not it is one; shape (people,)."""


def place_people(
    codes: Column, towns: Column | None, countries: Column | None, *, french: bool, places: Insee | None = None
) -> Placed:
    """Return where people are, from columns of one length; codes are texts or numbers (micros), all else is text.

    Nobody of another country is placed; whoever tells none is taken to be in France. `french` says whether a code of
    four digits can be trusted then to have lost its zero.

    >>> found = place_people(pa.array(["35000", "35000", None]), None, None, french=False)
    >>> [found.distinct[place] and found.distinct[place].commune for place in found.whose]
    ['35238', '35238', None]
    """
    known = places or french_places()
    nothing = pa.nulls(len(codes), pa.string())
    columns = [codes, *(nothing if column is None else column for column in (towns, countries))]
    rows, whose = distinct_rows(columns)
    distinct = [
        None
        if code is None or (country is not None and not is_france(country))
        else place_of(text_of(code), town or "", known, french=french or country is not None)
        for code, town, country in rows
    ]
    told = np.array([code is not None and code != "" for code, _, _ in rows], np.bool_)
    return Placed(tuple(distinct), whose, told[whose] if len(rows) else np.zeros(0, np.bool_))
