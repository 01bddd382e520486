"""What may be said of a short text: its sentiment, its themes, and the interests that it shows."""

from enum import StrEnum
from typing import Final


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
