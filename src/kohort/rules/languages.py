"""The languages in which rules are read and printed."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from kohort.errors import NEAREST, DefinitionError, RefusalError, did_you_mean
from kohort.rules.english import ENGLISH
from kohort.rules.french import FRENCH
from kohort.rules.french_messages import FRENCH_MESSAGES
from kohort.rules.vocabulary import Vocabulary


class Language(StrEnum):
    """A language of rules, by its ISO 639-1 code."""

    EN = "en"
    FR = "fr"


VOCABULARIES: Final[Mapping[Language, Vocabulary]] = {Language.EN: ENGLISH, Language.FR: FRENCH}

_MESSAGES: Final[Mapping[Language, Mapping[str, str]]] = {Language.EN: {}, Language.FR: FRENCH_MESSAGES}


def say(language: Language, template: str, **values: object) -> str:
    """Return a message in a language; its English template is its name.

    >>> say(Language.FR, "{word} does not fit here; expected {expected}", word="and", expected="une valeur")
    'and ne convient pas ici ; attendu : une valeur'
    """
    return _MESSAGES[language].get(template, template).format(**values)


def said(language: Language, error: DefinitionError) -> str:
    """Return what was refused in a language; an error that is no refusal of a rule in its own words."""
    return say(language, error.template, **error.values) if isinstance(error, RefusalError) else str(error)


def nearest_in(language: Language, name: str, known: Iterable[str]) -> str:
    """Return the end of a message that proposes the nearest known name, or lists what there is.

    >>> nearest_in(Language.FR, "totl", ["total", "items"])
    'vouliez-vous dire "total" ?'
    """
    return did_you_mean(name, known, tuple(_MESSAGES[language].get(one, one) for one in NEAREST))
