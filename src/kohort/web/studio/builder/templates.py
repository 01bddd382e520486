"""Rules to begin from: the reference segments, in the language of the page."""

from dataclasses import dataclass
from functools import cache

from kohort.definitions.segment import SegmentDefinition, segment_definitions_of
from kohort.rules.languages import Language
from kohort.rules.translate import translate_rule
from kohort.segments.templates import template
from kohort.segments.yaml_text import loaded

_FILE = "reference.yaml"


@dataclass(frozen=True)
class Template:
    """A rule to begin from, and what it is called."""

    label: str
    sentence: str


@cache
def _reference() -> list[SegmentDefinition]:
    return segment_definitions_of(loaded(template(_FILE), _FILE), _FILE)


def templates(language: Language) -> list[Template]:
    """Return the reference segments.

    >>> templates(Language.FR)[1]
    Template(label='Réactifs', sentence='jours depuis le dernier order_completed < 7')
    """
    return [
        Template(one.label_in(language.value), translate_rule(one.where, Language.EN, language)) for one in _reference()
    ]
