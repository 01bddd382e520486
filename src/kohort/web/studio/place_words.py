"""How scores that tell of places are spoken of in the studio."""

from collections.abc import Callable, Mapping
from typing import Final

from babel.dates import format_date

from kohort.definitions.enrichment import EnrichmentDefinition
from kohort.definitions.geocoding import GeocodingDefinition
from kohort.definitions.places import PlacesDefinition
from kohort.definitions.score import GeographicDefinition
from kohort.rules.languages import Language
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import translations
from kohort.web.studio.navigation import marked

_: Final[Callable[[str], str]] = marked

_NAMES: Final[Mapping[str, str]] = {
    "commune": _("INSEE code"),
    "commune_name": _("Commune"),
    "department": _("Code of the department"),
    "department_name": _("Department"),
    "region": _("Code of the region"),
    "region_name": _("Region"),
    "place_level": _("Placed to the"),
    "h3": _("H3 cell"),
    "nearest_commune": _("INSEE code of the nearest commune"),
    "nearest_commune_name": _("Nearest commune"),
    "nearest_commune_km": _("Kilometres to the nearest commune"),
    "nearest_store": _("Nearest store"),
    "store_distance_km": _("Kilometres to the nearest store"),
    "zone": _("Micro-zone"),
    "ip_country": _("Country by IP address"),
    "ip_town": _("Town by IP address"),
}

_ADDRESS_NAMES: Final[Mapping[str, str]] = {
    "latitude": _("Latitude of the address"),
    "longitude": _("Longitude of the address"),
    "commune": _("INSEE code of the address"),
    "level": _("Address found to the"),
    "score": _("How surely the address is found"),
}


def place_names(score: PlacesDefinition | GeocodingDefinition, language: Language) -> dict[str, str]:
    """Return what the traits of a score are called.

    >>> score = PlacesDefinition("places", postal_code="postcode", prefix="home_")
    >>> place_names(score, Language.EN)["home_commune_name"]
    'Commune'
    """
    gettext = translations(language).gettext
    names = _ADDRESS_NAMES if isinstance(score, GeocodingDefinition) else _NAMES
    return {one: gettext(names[one.removeprefix(score.prefix)]) for one in score.traits}


def about_places(score: GeographicDefinition, formats: Formats) -> str:
    """Return in a sentence what a score tells: by what people are placed, or whose data of which day they are given.

    >>> from zoneinfo import ZoneInfo
    >>> about_places(PlacesDefinition("places", postal_code="postcode"), Formats(Language.EN, ZoneInfo("UTC")))
    'Where people are, by postcode.'
    """
    gettext = translations(formats.language).gettext
    if isinstance(score, EnrichmentDefinition):
        return gettext("%(source)s as of %(date)s, joined by %(trait)s; %(licence)s.") % {
            "source": score.source,
            "date": format_date(score.date, locale=formats.locale),
            "trait": score.key,
            "licence": score.licence,
        }
    if isinstance(score, GeocodingDefinition):
        return gettext("Where addresses are, by %(traits)s.") % {"traits": ", ".join(score.address)}
    told = [score.postal_code, score.town]
    if score.position is not None:
        told += [score.position.latitude, score.position.longitude]
    if score.ip is not None:
        told.append(score.ip.address)
    return gettext("Where people are, by %(traits)s.") % {"traits": ", ".join(one for one in told if one)}
