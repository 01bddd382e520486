"""Geocoders of others, which addresses are sent to where a project says so: the French address base, and Nominatim.

Requests are made one after the other, no more in a second than is declared, each with the project's contact. An answer
that may come right later (429, a fault of the server, none in time) is asked for again, as late as the server says.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import Any, Final
from urllib.parse import urlencode

from kohort.activation.destinations.checked import CheckedClient, Reply
from kohort.activation.destinations.webhooks import wait_of
from kohort.clock import MINUTE, SECOND, Clock, Moment
from kohort.definitions.geocoding import GeocodingService, GeocodingSettings
from kohort.errors import ProjectError, RemoteError
from kohort.places.geocoding import LONGEST_ADDRESS, Geocoded

Sleep = Callable[[float], None]
"""What waits so many seconds."""

_ATTEMPTS: Final = 3
_LONGEST_WAIT: Final = MINUTE
_OK, _BAD, _BUSY, _FAULT = 200, 400, 429, 500
_FRENCH_LEVELS: Final = {"housenumber": "house", "street": "street", "locality": "street", "municipality": "commune"}
_OSM_LEVELS: Final = {
    "house": "house", "building": "house", "place": "house", "road": "street", "city": "commune", "town": "commune",
    "village": "commune", "municipality": "commune", "hamlet": "commune",
}  # fmt: skip


class _LaterError(RemoteError):
    """The same question may be answered later; `wait` is how long the server asked for, in microseconds."""

    def __init__(self, problem: str, wait: int | None = None) -> None:
        self.wait = wait
        super().__init__(problem)


@dataclass
class Pace:
    """Keeps requests `interval` microseconds apart, by a clock and by what sleeps."""

    interval: int
    clock: Clock
    sleep: Sleep
    _next: Moment = 0

    def wait(self) -> None:
        """Wait for the next request's turn."""
        now = self.clock.now()
        ahead = min(max(self._next - now, 0), self.interval)
        if ahead:
            self.sleep(ahead / SECOND)
        self._next = now + ahead + self.interval


@dataclass
class RemoteGeocoder:
    """Asks the service that a project declares; `sleep` waits so many seconds, `client` asks."""

    settings: GeocodingSettings
    clock: Clock
    sleep: Sleep
    client: CheckedClient | None = None
    _pace: Pace = field(init=False)
    _asks: CheckedClient = field(init=False)

    def __post_init__(self) -> None:
        """Set the pace that the settings declare."""
        self._pace = Pace(SECOND // self.settings.rate, self.clock, self.sleep)
        agent = f"kohort ({self.settings.contact})"
        self._asks = self.client or CheckedClient(self.settings.allow_private, agent=agent)

    @property
    def name(self) -> str:
        """Who answers."""
        return self.settings.host

    def find(self, address: str) -> Geocoded | None:
        """Return where an address is, None if the service knows none such.

        Raises RemoteError after three attempts that may succeed later, ProjectError if the service refuses to answer.
        """
        text = " ".join(address.split())[:LONGEST_ADDRESS]
        for attempt in range(1, _ATTEMPTS + 1):
            self._pace.wait()
            try:
                reply = asyncio.run(self._asks.ask(_question(self.settings, text)))
                return self._answer(reply)
            except RemoteError as error:
                wait = (error.wait if isinstance(error, _LaterError) else None) or SECOND << attempt
                if attempt == _ATTEMPTS or wait > _LONGEST_WAIT:
                    raise
                self.sleep(wait / SECOND)
        raise RemoteError(f"{self.name} was not asked")

    def _answer(self, reply: Reply) -> Geocoded | None:
        status = reply.status
        if status == _BAD:
            return None  # the text is no address that the service can look for
        if status == _BUSY or status >= _FAULT:
            raise _LaterError(f"{self.name} answered {status}", wait_of(reply.retry_after, self.clock.now()))
        if status != _OK:
            raise ProjectError(
                f"{self.name} refused to look for addresses: it answered {status}; see its terms of use, and places."
                "geocoding in kohort.yaml"
            )
        try:
            document = json.loads(reply.body)
            return _READ[self.settings.service](document)
        except (JSONDecodeError, UnicodeDecodeError, RecursionError, LookupError, TypeError, ValueError) as error:
            raise RemoteError(f"{self.name} answered what is no answer of {self.settings.service}") from error


def _question(settings: GeocodingSettings, text: str) -> str:
    asked: dict[str, Any] = {"q": text, "limit": 1}
    if settings.service is GeocodingService.GEOPLATEFORME:
        asked |= {"index": "address", "autocomplete": 0}
    else:
        asked |= {"format": "jsonv2", "email": settings.contact}
    return f"{settings.url}/search?{urlencode(asked)}"


def _french(document: Mapping[str, Any]) -> Geocoded | None:
    """Read what the Géoplateforme, or any Addok, answers: GeoJSON, whose coordinates are longitude and latitude."""
    features = document["features"]
    if not features:
        return None
    longitude, latitude = features[0]["geometry"]["coordinates"][:2]
    properties = features[0]["properties"]
    level = _FRENCH_LEVELS.get(properties.get("type"), "other")
    found = Geocoded(*_degrees(latitude, longitude), str(properties.get("citycode") or ""), level)
    return found._replace(score=min(max(float(properties["score"]), 0.0), 1.0))


def _osm(document: list[Mapping[str, Any]]) -> Geocoded | None:
    """Read what Nominatim answers in its format jsonv2: a list, degrees as texts."""
    if not isinstance(document, list):
        raise TypeError("a list was expected")
    if not document:
        return None
    found = document[0]
    level = _OSM_LEVELS.get(found.get("addresstype") or found.get("type") or "", "other")
    return Geocoded(*_degrees(found["lat"], found["lon"]), "", level)


def _degrees(latitude: object, longitude: object) -> tuple[float, float]:
    north, east = float(str(latitude)), float(str(longitude))
    if not (abs(north) <= 90 and abs(east) <= 180):  # noqa: PLR2004 - degrees; NaN is none either
        raise ValueError("no degrees")
    return north, east


_READ: Final[Mapping[GeocodingService, Callable[[Any], Geocoded | None]]] = {
    GeocodingService.GEOPLATEFORME: _french,
    GeocodingService.NOMINATIM: _osm,
}
