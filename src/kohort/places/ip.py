"""Countries and towns of IP addresses, from a database file in MaxMind's format that the project has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, NamedTuple

from kohort.errors import MissingExtraError, ProjectError

_LONGEST: Final = 45
_CODE: Final = 2
_ENGLISH: Final = "en"


class IpPlace(NamedTuple):
    """Where an address is: a country's two capitals of ISO 3166-1, and a town where the database has one."""

    country: str
    town: str


@dataclass(frozen=True)
class IpAnswers:
    """What was found of addresses: a place or None for each, and how many were no address, not public, not known."""

    places: tuple[IpPlace | None, ...]
    wrong: int
    private: int
    unknown: int


def places_of_addresses(path: Path, addresses: Sequence[str | None]) -> IpAnswers:
    """Return the place of each address, IPv4 or IPv6, as a database tells it; None for what it does not.

    Addresses of private networks, and others that nobody has on the Internet, are not looked up. Raises ProjectError if
    the file is no such database, MissingExtraError without the extra `[people]`.
    """
    try:
        maxminddb: Any = import_module("maxminddb")
    except ImportError as error:
        raise MissingExtraError("people", "finding the country of an IP address") from error
    try:
        # Mapped, since a database of towns has a hundred megabytes.
        with maxminddb.open_database(str(path)) as database:
            return _answers(database, addresses)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise ProjectError(f"{path} cannot be read as a database of IP addresses: {error}; fetch it again") from error


def _answers(database: Any, addresses: Sequence[str | None]) -> IpAnswers:
    found: list[IpPlace | None] = []
    counts = {"wrong": 0, "private": 0, "unknown": 0}
    only_four = database.metadata().ip_version == 4  # noqa: PLR2004 - a database of IPv4 alone
    for text in addresses:
        place: IpPlace | None = None
        if text is not None:
            kind = _kind_of(text)
            if not kind:
                asked = ip_address(text.strip())
                skipped = only_four and asked.version != 4  # noqa: PLR2004 - as above
                place = None if skipped else _place_of(database.get(asked))
                kind = "" if place else "unknown"
            if kind:
                counts[kind] += 1
        found.append(place)
    return IpAnswers(tuple(found), **counts)


def _kind_of(text: str) -> str:
    """Return why an address is not looked up, empty if it is."""
    if len(text) > _LONGEST:
        return "wrong"
    try:
        address = ip_address(text.strip())
    except ValueError:
        return "wrong"
    return "" if address.is_global and not address.is_multicast else "private"


def _place_of(record: object) -> IpPlace | None:
    """Return what a record tells: `country_code`, or MaxMind's `country.iso_code` with `city.names`."""
    if not isinstance(record, Mapping):
        return None
    country = record.get("country_code") or _inner(record, "country").get("iso_code")
    if not isinstance(country, str) or len(country) != _CODE:
        return None
    city = record.get("city")
    town = city if isinstance(city, str) else _inner(_inner(record, "city"), "names").get(_ENGLISH)
    return IpPlace(country.upper(), town if isinstance(town, str) else "")


def _inner(record: Mapping[Any, Any], name: str) -> Mapping[Any, Any]:
    inner = record.get(name)
    return inner if isinstance(inner, Mapping) else {}
