"""What a score of the kind `places` declares: by which traits people are placed, and what is told of their places."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from kohort.definitions.fields import Fields
from kohort.definitions.geocoding import GeocodingSettings, geocoding_settings_of

FINEST_CELL: Final = 15
USUAL_CELL: Final = 8
USUAL_LEAST: Final = 20
"""People whom a micro-zone holds at least, as the guard `smallest` asks of segments."""
_FEWEST: Final = 2

BY_CODE: Final = (
    "commune", "commune_name", "department", "department_name", "region", "region_name", "place_level",
)  # fmt: skip
BY_POSITION: Final = ("h3", "nearest_commune", "nearest_commune_name", "nearest_commune_km")
BY_STORES: Final = ("nearest_store", "store_distance_km")
ZONE: Final = "zone"
BY_IP: Final = ("ip_country", "ip_town")


@dataclass(frozen=True)
class PlacesSettings:
    """What `kohort.yaml` says of places.

    `ip_database` is a file of the project in MaxMind's format, "" for none; `geocoding` is the service that addresses
    may be sent to, None for none.
    """

    ip_database: str = ""
    geocoding: GeocodingSettings | None = None


@dataclass(frozen=True)
class Store:
    """A store, or any place that people may be near; in degrees."""

    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class PositionDefinition:
    """Where a position is told: two traits, or two properties of the newest occurrence of `event`."""

    latitude: str
    longitude: str
    event: str = ""


@dataclass(frozen=True)
class AddressDefinition:
    """Where an IP address is told: a trait, or a property of the newest occurrence of `event`."""

    address: str
    event: str = ""


@dataclass(frozen=True)
class PlacesDefinition:
    """Where people are.

    `postal_code`, `town` and `country` are traits: of the first the commune is found, by the others which, and whether
    it is in France. `position` gives a cell of H3 of the resolution `cell`, the nearest commune, and the nearest of
    `stores` or of those in `stores_file`; `zones` says how many people a micro-zone holds at least, 0 for no zones.
    `ip` gives a country. Traits written are `BY_CODE`, `BY_POSITION`, `BY_STORES`, `ZONE` and `BY_IP`, `prefix` before
    each.
    """

    name: str
    postal_code: str = ""
    town: str = ""
    country: str = ""
    position: PositionDefinition | None = None
    cell: int = USUAL_CELL
    stores: tuple[Store, ...] = ()
    stores_file: str = ""
    zones: int = 0
    ip: AddressDefinition | None = None
    prefix: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The traits that are looked at."""
        told = [self.postal_code, self.town, self.country]
        if self.position is not None and not self.position.event:
            told += [self.position.latitude, self.position.longitude]
        if self.ip is not None and not self.ip.event:
            told.append(self.ip.address)
        return tuple(dict.fromkeys(one for one in told if one))

    @property
    def events(self) -> tuple[str, ...]:
        """The events that are looked at."""
        told = [one.event for one in (self.position, self.ip) if one is not None and one.event]
        return tuple(dict.fromkeys(told))

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits that are written, whatever is known of people."""
        written: list[str] = []
        if self.postal_code:
            written += BY_CODE
        if self.position is not None:
            written += BY_POSITION
            written += BY_STORES if self.stores or self.stores_file else ()
            written += (ZONE,) if self.zones else ()
        if self.ip is not None:
            written += BY_IP
        return tuple(self.prefix + one for one in written)

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the project that are read."""
        return (self.stores_file,) if self.stores_file else ()


def places_of(fields: Fields) -> PlacesDefinition:
    """Read a score of the kind `places`; raises DefinitionError.

    >>> document = {"postal_code": "postcode", "position": {"latitude": "lat", "longitude": "lon"}, "zones": {}}
    >>> found = places_of(Fields(document, "scores/places.yaml"))
    >>> found.zones, found.traits[-2:]
    (20, ('nearest_commune_km', 'zone'))
    """
    stores, stores_file = _stores(fields)
    found = PlacesDefinition(
        name=fields.text("name", default="places"),
        postal_code=fields.text("postal_code", default=""),
        town=fields.text("town", default=""),
        country=fields.text("country", default=""),
        position=_position(fields.inner("position")),
        cell=_within(fields, "cell", 0, FINEST_CELL, USUAL_CELL),
        stores=stores,
        stores_file=stores_file,
        zones=_zones(fields.inner("zones")),
        ip=_ip(fields.inner("ip")),
        prefix=fields.text("prefix", default=""),
    )
    if not (found.postal_code or found.position or found.ip):
        raise fields.wrong("postal_code", "a trait that has it, or a position, or an ip", None)
    if found.town and not found.postal_code:
        raise fields.wrong("town", "none without postal_code, which it is looked at beside", found.town)
    if found.position is None and (stores or stores_file or found.zones):
        raise fields.wrong("position", "latitude and longitude, which stores and zones need", None)
    clash = sorted(set(found.columns) & set(found.traits))
    if clash:
        raise fields.wrong("prefix", f"a prefix, since {clash[0]} is both looked at and written", found.prefix)
    return found


def places_settings_of(fields: Fields | None) -> PlacesSettings:
    """Read `places` of `kohort.yaml`.

    >>> places_settings_of(Fields({"ip_database": "databases/country.mmdb"}, "kohort.yaml")).ip_database
    'databases/country.mmdb'
    """
    if fields is None:
        return PlacesSettings()
    settings = PlacesSettings(
        ip_database=file_of(fields, "ip_database", "a database file"),
        geocoding=geocoding_settings_of(fields.inner("geocoding")),
    )
    fields.refuse_unknown()
    return settings


def file_of(fields: Fields, name: str, what: str) -> str:
    """Return a field that is a file in the project's folder, by its path from there, empty for none."""
    file = fields.text(name, default="")
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file or set(file) & set("()"):
        raise fields.wrong(name, f"{what} in the project's folder, without brackets in its name", file)
    return file


def _stores(fields: Fields) -> tuple[tuple[Store, ...], str]:
    if isinstance(fields.value("stores"), str):
        return (), file_of(fields, "stores", "a CSV file")
    return tuple(_store(one) for one in fields.items("stores")), ""


def _store(fields: Fields) -> Store:
    store = Store(fields.text("name"), _degrees(fields, "latitude", 90), _degrees(fields, "longitude", 180))
    fields.refuse_unknown()
    return store


def _degrees(fields: Fields, name: str, most: int) -> float:
    value = fields.number(name)
    if not abs(value) <= most:
        raise fields.wrong(name, f"degrees from -{most} to {most}", value)
    return value


def _position(fields: Fields | None) -> PositionDefinition | None:
    if fields is None:
        return None
    position = PositionDefinition(fields.text("latitude"), fields.text("longitude"), fields.text("event", default=""))
    fields.refuse_unknown()
    return position


def _ip(fields: Fields | None) -> AddressDefinition | None:
    if fields is None:
        return None
    address = AddressDefinition(fields.text("address"), fields.text("event", default=""))
    fields.refuse_unknown()
    return address


def _zones(fields: Fields | None) -> int:
    if fields is None:
        return 0
    least = _within(fields, "least", _FEWEST, 10**9, USUAL_LEAST)
    fields.refuse_unknown()
    return least


def _within(fields: Fields, name: str, least: int, most: int, default: int) -> int:
    value = fields.integer(name, default=default)
    if not least <= value <= most:
        raise fields.wrong(name, f"a whole number from {least} to {most}", value)
    return value
