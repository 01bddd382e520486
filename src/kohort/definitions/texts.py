"""What may be said of a short text, and what a file in `scores/` declares of the texts that people write."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.answers import AnswerSource, answer_source_of
from kohort.definitions.fields import Fields


class Sentiment(StrEnum):
    """What a text thinks of the thing that it speaks of; mixed texts, questions and bare facts are NEUTRAL."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


THEMES: Final = (
    "choice",
    "delivery",
    "price",
    "quality",
    "reliability",
    "returns",
    "service",
    "store",
    "usability",
)
"""What about a purchase or a service a text speaks of."""

INTERESTS: Final = (
    "animals",
    "beauty",
    "cooking",
    "culture",
    "environment",
    "family",
    "fashion",
    "finance",
    "home",
    "sport",
    "technology",
    "travel",
)
"""The parts of life that a text is about."""

LANGUAGES: Final = ("en", "fr")
"""The languages that texts are read in."""


@dataclass(frozen=True)
class TextsDefinition:
    """What people write in `sources`, within `window` microseconds, read for sentiment, themes and interests.

    Traits written, of who has at least `minimum` texts that are read: `{name}_sentiment` (the mean of -1, 0 and 1 of
    the texts that are clear), `_texts`, `_negative_share`, `_newest`, `_theme`, `_themes`, `_interests`. `language` is
    that of texts that do not say theirs, "" to detect it.
    """

    name: str
    sources: tuple[AnswerSource, ...]
    language: str = ""
    window: int = 365 * DAY
    minimum: int = 1


def texts_of(fields: Fields) -> TextsDefinition:
    """Read a score of the kind `texts`; raises DefinitionError.

    >>> document = {"texts": [{"event": "review_written", "property": "body"}], "language": "fr"}
    >>> texts_of(Fields(document, "scores/a.yaml")).sources[0].label
    'review_written.body'
    """
    found = TextsDefinition(
        name=fields.text("name", default="voice"),
        sources=tuple(answer_source_of(one) for one in fields.items("texts")),
        language=fields.text("language", default=""),
        window=fields.build("window", parse_duration, default="365 days"),
        minimum=fields.integer("minimum", default=1),
    )
    if not found.sources:
        raise fields.wrong("texts", "a list of events with a property, or of traits", None)
    if any(one.reversed for one in found.sources):
        raise fields.wrong("texts", "texts, which cannot be reversed", "reversed")
    if found.language not in {"", *LANGUAGES}:
        raise fields.wrong("language", "one of " + ", ".join(LANGUAGES), found.language)
    if found.minimum < 1:
        raise fields.wrong("minimum", "a whole number from 1 on", found.minimum)
    return found
