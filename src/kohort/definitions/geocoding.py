"""What is declared of finding addresses: a score of the kind `geocoding`, and which service may be asked, if any."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from kohort.definitions.fields import Fields

TRAITS: Final = ("latitude", "longitude", "commune", "level", "score")
LOCAL: Final = "local"
SERVICE: Final = "service"
USUAL_MOST: Final = 1_000
USUAL_SCORE: Final = 0.5


class GeocodingService(StrEnum):
    """Which service is asked: the French address base, or OpenStreetMap's."""

    GEOPLATEFORME = "geoplateforme"
    NOMINATIM = "nominatim"


class _Public(NamedTuple):
    """The public server of a service: its address, what it allows per second, and what Kohort asks by default."""

    url: str
    most: int
    usual: int
    attribution: str


PUBLIC: Final[Mapping[GeocodingService, _Public]] = {
    GeocodingService.GEOPLATEFORME: _Public(
        "https://data.geopf.fr/geocodage", 50, 10, "Base Adresse Nationale, by IGN's Géoplateforme, Licence Ouverte 2.0"
    ),
    GeocodingService.NOMINATIM: _Public(
        "https://nominatim.openstreetmap.org", 1, 1, "© OpenStreetMap contributors, ODbL 1.0"
    ),
}


@dataclass(frozen=True)
class GeocodingSettings:
    """A service that addresses may be sent to, and in whose name: `contact` goes with every request.

    `url` is the service's root, by default the public server's. At most `rate` requests are made in a second, and
    `most` in a run. `allow_private` lets the server stand in a private network, and be asked without TLS.
    """

    service: GeocodingService
    contact: str
    url: str
    rate: int
    most: int = USUAL_MOST
    allow_private: bool = False

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or self.url

    @property
    def attribution(self) -> str:
        """Whose data the answers are, to be named wherever they are shown."""
        return PUBLIC[self.service].attribution


@dataclass(frozen=True)
class GeocodingDefinition:
    """Where addresses are: traits `address`, put together in their order, found `by` local data or the service.

    Traits written are `TRAITS`, `prefix` before each. An answer with a score below `least` is none.
    """

    name: str
    address: tuple[str, ...]
    by: str = LOCAL
    least: float = USUAL_SCORE
    prefix: str = "address_"

    @property
    def columns(self) -> tuple[str, ...]:
        """The traits that are looked at."""
        return self.address

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits that are written."""
        return tuple(self.prefix + one for one in TRAITS)


def geocoding_of(fields: Fields) -> GeocodingDefinition:
    """Read a score of the kind `geocoding`; raises DefinitionError.

    >>> geocoding_of(Fields({"address": ["street", "postcode", "city"]}, "scores/addresses.yaml")).traits[0]
    'address_latitude'
    """
    found = GeocodingDefinition(
        name=fields.text("name", default="geocoding"),
        address=fields.texts("address"),
        by=fields.text("by", default=LOCAL),
        least=fields.number("least", default=USUAL_SCORE),
        prefix=fields.text("prefix", default="address_"),
    )
    if found.by not in {LOCAL, SERVICE}:
        raise fields.wrong("by", f"{LOCAL} or {SERVICE}", found.by)
    if not 0 <= found.least <= 1:
        raise fields.wrong("least", "a score from 0 to 1", found.least)
    clash = sorted(set(found.columns) & set(found.traits))
    if clash:
        raise fields.wrong("prefix", f"another prefix, since {clash[0]} is both looked at and written", found.prefix)
    return found


def geocoding_settings_of(fields: Fields | None) -> GeocodingSettings | None:
    """Read `places.geocoding` of `kohort.yaml`, None where it is missing: then no address is sent anywhere.

    >>> document = {"service": "nominatim", "contact": "data@example.org"}
    >>> geocoding_settings_of(Fields(document, "kohort.yaml")).rate
    1
    """
    if fields is None:
        return None
    service = fields.text("service")
    if service not in set(GeocodingService):
        raise fields.wrong("service", "one of " + ", ".join(GeocodingService), service)
    public = PUBLIC[GeocodingService(service)]
    contact = fields.text("contact")
    if "@" not in contact or not contact.isascii() or not contact.isprintable():
        raise fields.wrong("contact", "an e-mail address at which the service finds you", contact)
    private = fields.value("allow_private")
    if private not in {None, True, False}:
        raise fields.wrong("allow_private", "true or false", private)
    url = fields.text("url", default=public.url).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ({"https", "http"} if private else {"https"}) or not parts.hostname or parts.query:
        raise fields.wrong("url", f"an address such as {public.url}", url)
    rate, most = fields.integer("rate", default=public.usual), fields.integer("most", default=USUAL_MOST)
    allowed = public.most if parts.hostname == urlsplit(public.url).hostname else 1_000
    if not 1 <= rate <= allowed:
        raise fields.wrong("rate", f"requests in a second, from 1 to {allowed}, as {parts.hostname} allows", rate)
    if most < 1:
        raise fields.wrong("most", "a whole number from 1 on", most)
    fields.refuse_unknown()
    return GeocodingSettings(GeocodingService(service), contact, url, rate, most, bool(private))
