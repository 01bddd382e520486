"""Geocoders of others, which addresses are sent to where a project says so: the French address base, and Nominatim.

Requests are made one after the other, no more in a second than is declared, each with the project's contact; the French
address base takes a file of addresses at a time. An answer that may come right later (429, a fault of the server, none
in time) is asked for again, as late as the server says.
"""

import asyncio
import csv
import io
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from kohort.activation.destinations.checked import CheckedClient, Reply
from kohort.activation.destinations.webhooks import wait_of
from kohort.clock import MINUTE, SECOND, Clock, Moment
from kohort.definitions.geocoding import GeocodingService, GeocodingSettings
from kohort.errors import ProjectError, RemoteError
from kohort.places.geocoding import LONGEST_ADDRESS, Geocoded

Found = TypeVar("Found")
Sleep = Callable[[float], None]
"""What waits so many seconds."""

TIMEOUT: Final = 30.0
"""The seconds that a service has to answer, a whole file of addresses too."""
BATCH: Final = 200
"""Addresses in a file that is sent to the French address base."""
_COLUMN: Final = "address"
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
        self._asks = self.client or CheckedClient(self.settings.allow_private, timeout=TIMEOUT, agent=agent)

    @property
    def name(self) -> str:
        """Who answers."""
        return self.settings.host

    def find(self, address: str) -> Geocoded | None:
        """Return where an address is, None if the service knows none such.

        Raises RemoteError after three attempts that may succeed later, ProjectError if the service refuses to answer.
        """
        question = _question(self.settings, _one_line(address))
        return self._asked(lambda: self._asks.ask(question), self._answer)

    def find_all(self, addresses: Sequence[str]) -> Iterator[tuple[str, Geocoded | None]]:
        """Yield where each address is, as it is found, None if the service knows none such; raises as `find` does."""
        if self.settings.service is not GeocodingService.GEOPLATEFORME:
            for address in addresses:
                yield address, self.find(address)
            return
        for start in range(0, len(addresses), BATCH):
            batch = addresses[start : start + BATCH]
            lines = [_one_line(one) for one in batch]
            yield from zip(batch, self._find_batch(lines), strict=True)

    def _find_batch(self, lines: Sequence[str]) -> list[Geocoded | None]:
        files = {"data": ("addresses.csv", _csv_of(lines), "text/csv")}
        url = f"{self.settings.url}/search/csv"

        def answer(reply: Reply) -> list[Geocoded | None]:
            if not self._is_answered(reply):
                raise ProjectError(f"{self.name} could not read a file of {len(lines):,} addresses")
            return self._read(reply, lambda body: _french_rows(body.decode(), lines))

        return self._asked(lambda: self._asks.ask(url, {"columns": _COLUMN}, files=files), answer)

    def _asked(self, ask: Callable[[], Coroutine[Any, Any, Reply]], answer: Callable[[Reply], Found]) -> Found:
        """Return the answer to a question that is asked three times at most."""
        for attempt in range(1, _ATTEMPTS + 1):
            self._pace.wait()
            try:
                return answer(asyncio.run(ask()))
            except RemoteError as error:
                wait = (error.wait if isinstance(error, _LaterError) else None) or SECOND << attempt
                if attempt == _ATTEMPTS or wait > _LONGEST_WAIT:
                    raise
                self.sleep(wait / SECOND)
        raise RemoteError(f"{self.name} was not asked")

    def _answer(self, reply: Reply) -> Geocoded | None:
        if not self._is_answered(reply):
            return None  # the text is no address that the service can look for
        return self._read(reply, lambda body: _READ[self.settings.service](json.loads(body)))

    def _is_answered(self, reply: Reply) -> bool:
        """Return whether a server answers what was asked, and not that it cannot be asked so; raises for all else."""
        status = reply.status
        if status == _BAD:
            return False
        if status == _BUSY or status >= _FAULT:
            raise _LaterError(f"{self.name} answered {status}", wait_of(reply.retry_after, self.clock.now()))
        if status != _OK:
            raise ProjectError(
                f"{self.name} refused to look for addresses: it answered {status}; see its terms of use, and places."
                "geocoding in kohort.yaml"
            )
        return True

    def _read(self, reply: Reply, read: Callable[[bytes], Found]) -> Found:
        try:
            return read(reply.body)
        except (csv.Error, RecursionError, LookupError, TypeError, ValueError) as error:
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


def _one_line(address: str) -> str:
    return " ".join(address.split())[:LONGEST_ADDRESS]


def _csv_of(lines: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_COLUMN], *([line] for line in lines)])
    return text.getvalue().encode()


def _french_rows(text: str, lines: Sequence[str]) -> list[Geocoded | None]:
    """Read what the Géoplateforme answers to a file: its lines, in their order, with columns of what was found."""
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    if [row[_COLUMN] for row in rows] != list(lines):
        raise ValueError("other lines than were asked")
    return [_french_row(row) for row in rows]


def _french_row(row: Mapping[str, str]) -> Geocoded | None:
    if not row["latitude"]:
        return None
    level = _FRENCH_LEVELS.get(row["result_type"], "other")
    found = Geocoded(*_degrees(row["latitude"], row["longitude"]), row["result_citycode"], level)
    return found._replace(score=min(max(float(row["result_score"]), 0.0), 1.0))


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
