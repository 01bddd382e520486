"""The languages of the studio: which one a browser asks for, and what its catalog says."""

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Final

from babel import Locale, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kohort.rules.languages import Language

LOCALES: Final[Mapping[Language, Locale]] = {Language.EN: Locale("en", "GB"), Language.FR: Locale("fr", "FR")}
"""How each language writes numbers and times."""


def language_of(accepted: str | None) -> Language:
    """Return the language of a header Accept-Language: the first that the studio speaks, otherwise English.

    >>> language_of("de;q=0.9, fr-CH, en;q=0.5"), language_of("nl"), language_of(None)
    (<Language.FR: 'fr'>, <Language.EN: 'en'>, <Language.EN: 'en'>)
    """
    asked = sorted((_weighed(part) for part in (accepted or "")[:200].split(",")), key=lambda one: -one[1])
    found = negotiate_locale([name for name, weight in asked if weight > 0], [one.value for one in Language], sep="-")
    return Language.EN if found is None else Language(found)


def _weighed(part: str) -> tuple[str, float]:
    name, _, weight = part.partition(";")
    try:
        return name.strip(), float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return name.strip(), 0


@cache
def translations(language: Language) -> NullTranslations:
    """Return the texts of a language by their English, which is what the sources hold.

    >>> translations(Language.FR).gettext("Home"), translations(Language.EN).gettext("Home")
    ('Accueil', 'Home')
    """
    found = NullTranslations()
    for catalog in catalogs(language):
        compiled = BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        read = GNUTranslations(compiled)
        read.add_fallback(found)
        found = read
    return found


def catalogs(language: Language) -> list[Catalog]:
    """Return the catalogs of a language, one for each part of the studio; English needs none."""
    folder = files("kohort.web.studio") / "locale" / language.value
    if not folder.is_dir():
        return []
    return [
        _read(one, language) for one in sorted(folder.iterdir(), key=lambda one: one.name) if one.name[-3:] == ".po"
    ]


def _read(source: Traversable, language: Language) -> Catalog:
    with source.open("rb") as lines:
        return read_po(lines, locale=language.value)
