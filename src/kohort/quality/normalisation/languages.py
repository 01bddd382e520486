"""Languages to ISO 639 codes: of two letters where there is one, else of three."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from babel import Locale

from kohort.definitions.normalisation import Asked, Normalisation, Outcome
from kohort.errors import MissingExtraError
from kohort.quality.normalisation.characters import cleaned
from kohort.quality.normalisation.names import Names
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, settled

_SPOKEN: Final = (
    "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ro", "ru",
    "sv", "tr", "uk", "zh",
)  # fmt: skip
_ALIASES: Final = {
    "Chinese": "zh", "Chinois": "zh", "Mandarin": "zh", "Flemish": "nl", "Flamand": "nl", "Castilian": "es",
    "Castillan": "es", "Farsi": "fa", "Greek": "el", "Grec": "el", "Malay": "ms", "Malais": "ms",
}  # fmt: skip
_TAG: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|\d{3}))?(?:\.[A-Za-z0-9-]{1,10})?")


def languages(_: Normalisation) -> NormaliseOne:
    """Return what reads languages: codes, locales, names in English, French and the language itself.

    Raises MissingExtraError without the extra `[clean]`.

    >>> from kohort.definitions.normalisation import Kind
    >>> read = languages(Normalisation(Kind.LANGUAGE))
    >>> [read(Asked(one)).value for one in ("fr", "fr_FR.UTF-8", "Anglais", "Deutsch", "eng")]
    ['fr', 'fr', 'en', 'de', 'en']
    """
    names = _names()

    @guarded
    def normalise(asked: Asked) -> Outcome:
        text = cleaned(str(asked.value))
        repairs = list(text.repairs)
        found = names.find(text.text)
        if found is None:
            tag = _TAG.fullmatch(text.text)
            found = names.find(tag[1]) if tag else None
            repairs.append(Repair.REGION)
        if found is None or isinstance(found, Reason):
            raise UnreadableError(found or Reason.UNKNOWN_LANGUAGE)
        code, repair = found
        return settled(code, (*repairs, *([] if repair is None else [repair])))

    return normalise


@cache
def _names() -> Names:
    try:
        import pycountry  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("clean", "reading languages") from error
    known = [*pycountry.languages]
    shortest = {one.alpha_3: getattr(one, "alpha_2", one.alpha_3) for one in known}
    others = {long.upper(): code for long, code in shortest.items() if long != code}
    others |= {one.bibliographic.upper(): shortest[one.alpha_3] for one in known if hasattr(one, "bibliographic")}

    def every() -> Iterator[tuple[str, str]]:
        short = {code for code in shortest.values() if len(code) == 2}  # noqa: PLR2004 - letters
        for language in ("en", "fr"):
            yield from ((name, code) for code, name in Locale(language).languages.items() if code in short)
        for code in _SPOKEN:
            yield Locale(code).languages[code], code
        # A living language goes before an ancient one of the same name only by its own name.
        yield from ((one.name, shortest[one.alpha_3]) for one in known)

    return Names(shortest.values(), others, every(), _ALIASES)
