"""Countries to ISO 3166-1 alpha-2 codes."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from babel import Locale

from kohort.definitions.normalisation import Asked, Normalisation, Status
from kohort.errors import MissingExtraError
from kohort.quality.normalisation.names import Names, by_name
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason

_ALIASES: Final = {
    "UK": "GB", "U.K.": "GB", "Great Britain": "GB", "Grande-Bretagne": "GB", "England": "GB", "Angleterre": "GB",
    "Scotland": "GB", "Écosse": "GB", "Wales": "GB", "Pays de Galles": "GB", "Northern Ireland": "GB",
    "Britain": "GB", "Irlande du Nord": "GB", "USA": "US", "U.S.A.": "US", "U.S.": "US", "America": "US",
    "Amérique": "US",
    "États-Unis d'Amérique": "US", "Holland": "NL", "Hollande": "NL", "EL": "GR", "Eire": "IE", "UAE": "AE",
    "Emirats": "AE", "EAU": "AE", "Czech Republic": "CZ", "République tchèque": "CZ", "Burma": "MM", "Birmanie": "MM",
    "Ivory Coast": "CI", "Côte d'Ivoire": "CI", "Cape Verde": "CV", "Cap-Vert": "CV", "Swaziland": "SZ",
    "Macedonia": "MK", "Macédoine": "MK", "Turkey": "TR", "Turquie": "TR", "Vatican": "VA", "Russia": "RU",
    "Russie": "RU",
    "France métropolitaine": "FR", "Metropolitan France": "FR", "Deutschland": "DE", "España": "ES", "Italia": "IT",
    "Österreich": "AT", "Schweiz": "CH", "Svizzera": "CH", "Nederland": "NL", "Belgique": "BE", "België": "BE",
    "Polska": "PL", "Brasil": "BR", "Sverige": "SE", "Norge": "NO", "Danmark": "DK", "Suomi": "FI", "Maroc": "MA",
    "South Korea": "KR", "Corée du Sud": "KR", "North Korea": "KP", "Corée du Nord": "KP", "RDC": "CD", "DRC": "CD",
    "République française": "FR", "Republic of Korea": "KR", "République de Corée": "KR", "Palestine": "PS",
    "Congo-Kinshasa": "CD", "Congo-Brazzaville": "CG", "Syria": "SY", "Iran": "IR", "Vietnam": "VN", "Laos": "LA",
}  # fmt: skip
_SEVERAL: Final = (("Congo", "CG"), ("Congo", "CD"), ("Korea", "KR"), ("Korea", "KP"), ("Corée", "KR"), ("Corée", "KP"))


def countries(_: Normalisation) -> NormaliseOne:
    """Return what reads countries: codes of two and three letters or digits, names in English and French, aliases.

    Raises MissingExtraError without the extra `[clean]`.

    >>> from kohort.definitions.normalisation import Kind
    >>> read = countries(Normalisation(Kind.COUNTRY))
    >>> [read(Asked(one)).value for one in ("FR", "allemagne", "USA", "Royaume-Uni", "250")], read(Asked("Korea")).rules
    (['FR', 'DE', 'US', 'GB', 'FR'], ('name of several',))
    """
    return by_name(_names(), Reason.UNKNOWN_COUNTRY)


def country_of(text: str) -> str:
    """Return the code of a country, an empty text where nobody knows it.

    >>> country_of("Belgique"), country_of("Atlantis")
    ('BE', '')
    """
    found = by_name(_names(), Reason.UNKNOWN_COUNTRY)(Asked(text))
    return "" if found.status in {Status.FLAGGED, Status.EMPTY} else str(found.value)


@cache
def _names() -> Names:
    try:
        import pycountry  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("clean", "reading countries") from error
    known = [*pycountry.countries]
    codes = {one.alpha_2 for one in known}
    others = {code: one.alpha_2 for one in known for code in (one.alpha_3, one.numeric)}

    def every() -> Iterator[tuple[str, str]]:
        for one in known:
            for field in ("name", "official_name", "common_name"):
                if hasattr(one, field):
                    yield getattr(one, field), one.alpha_2
        for language in ("en", "fr"):
            yield from ((name, code) for code, name in Locale(language).territories.items() if code in codes)
        yield from _SEVERAL

    return Names(codes, others, every(), _ALIASES)
