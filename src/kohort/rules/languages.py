"""The languages in which rules are read and printed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from kohort.rules.english import ENGLISH
from kohort.rules.french import FRENCH
from kohort.rules.vocabulary import Vocabulary


class Language(StrEnum):
    """A language of rules, by its ISO 639-1 code."""

    EN = "en"
    FR = "fr"


VOCABULARIES: Final[Mapping[Language, Vocabulary]] = {Language.EN: ENGLISH, Language.FR: FRENCH}
