"""From an address to a place: what every geocoder answers, and the one that needs no server."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from kohort.places.communes_of_people import place_of
from kohort.places.insee import commune_points, french_places

LEVELS: Final = ("house", "street", "commune", "other")
LONGEST_ADDRESS: Final = 200
"""The most characters of an address that are looked at, which is what the Géoplateforme takes."""

OF_FRANCE: Final = "the communes of France"
"""Who answers where no service is asked, as marks say it."""

_POSTAL_CODE: Final = re.compile(r"(?<![0-9])[0-9]{5}(?![0-9])")


class Geocoded(NamedTuple):
    """Where an address is: degrees, or None where only the commune is known; INSEE's code, "" for none.

    `level` is one of `LEVELS`; `score` says from 0 to 1 how sure the service is, None if it does not say.
    """

    latitude: float | None
    longitude: float | None
    commune: str
    level: str
    score: float | None = None


class Geocoder(Protocol):
    """What finds addresses."""

    @property
    def name(self) -> str:
        """Who answers, as marks say it."""

    def find_all(self, addresses: Sequence[str]) -> Iterator[tuple[str, Geocoded | None]]:
        """Yield where each address is, as it is found, None if it is not.

        Raises RemoteError or ProjectError where it cannot go on asking.
        """


def _points_by_code() -> dict[str, tuple[float, float]]:
    points = commune_points()
    degrees = zip(points.latitudes.tolist(), points.longitudes.tolist(), strict=True)
    return dict(zip(points.codes, degrees, strict=True))


@dataclass(frozen=True)
class LocalGeocoder:
    """Finds the commune of a French address by its postal code and the town beside it; streets are in no file here.

    The coordinates are those of the commune's main place, of nearly all communes of 500 inhabitants or more.

    >>> LocalGeocoder().find("12 rue de la Soif, 35000 Rennes").commune
    '35238'
    """

    name: str = OF_FRANCE
    _points: Mapping[str, tuple[float, float]] = field(default_factory=_points_by_code, repr=False)

    def find_all(self, addresses: Sequence[str]) -> Iterator[tuple[str, Geocoded | None]]:
        """Yield each address with its commune, None if it cannot be told."""
        for address in addresses:
            yield address, self.find(address)

    def find(self, address: str) -> Geocoded | None:
        """Return the commune of an address, None if it cannot be told."""
        text = address[:LONGEST_ADDRESS]
        codes = list(_POSTAL_CODE.finditer(text))
        if not codes:
            return None
        code = codes[-1]
        before, after = text[: code.start()].strip(" ,;\n"), text[code.end() :].strip(" ,;-\n")
        # Most write the town behind the code; who writes it in front puts a comma before it.
        town = after or re.split(r"[,;\n]", before)[-1]
        place = place_of(code[0], town, french_places())
        if place is None or not place.commune:
            return None
        latitude, longitude = self._points.get(place.commune, (None, None))
        return Geocoded(latitude, longitude, place.commune, "commune")


def kept_answer(found: Geocoded | None) -> dict[str, Any] | None:
    """Return an answer as it is kept, which `answer_kept` reads.

    >>> answer_kept(kept_answer(Geocoded(48.1, -1.7, "35238", "house", 0.9))).level
    'house'
    """
    return None if found is None else found._asdict()


def answer_kept(kept: Mapping[str, Any] | None) -> Geocoded | None:
    """Return a kept answer."""
    return None if kept is None else Geocoded(**kept)
