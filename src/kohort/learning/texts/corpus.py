"""The corpus of labelled texts: what models learn from, and the rule that holds a third of it out."""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Final

from kohort.definitions.texts import INTERESTS, LANGUAGES, THEMES, Sentiment

_ONE_IN: Final = 3
_COLUMNS: Final = ("id", "group", "language", "sentiment", "themes", "interests", "negation", "text")


@dataclass(frozen=True)
class LabelledText:
    """A text and what a reader said of it.

    Texts that say nearly the same, in one language or both, share a `group`: the id of one of them. `negation` tells
    whether a word of negation stands in the text.
    """

    id: str
    group: str
    language: str
    sentiment: Sentiment
    themes: frozenset[str]
    interests: frozenset[str]
    negation: bool
    text: str


def is_held_out(group: str) -> bool:
    """Return whether the texts of a group are kept away from all that learns: one group in three, by its SHA-256.

    >>> is_held_out("fr001"), is_held_out("fr004")
    (False, True)
    """
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % _ONE_IN == 0


def training_texts() -> list[LabelledText]:
    """Return the texts that models learn from, which ship with Kohort.

    >>> len(training_texts())
    512
    """
    content = resources.files("kohort.learning.texts").joinpath("training.csv").read_text(encoding="utf-8")
    return read_corpus(content.splitlines())


def read_corpus(lines: Iterable[str]) -> list[LabelledText]:
    """Read labelled texts, a header first; raises ValueError for a label that is on no list.

    >>> header = "id,group,language,sentiment,themes,interests,negation,text"
    >>> read_corpus([header, "en1,en1,en,positive,price quality,sport,1,Not bad"])[0].themes == {"price", "quality"}
    True
    """
    rows = csv.DictReader(lines)
    if tuple(rows.fieldnames or ()) != _COLUMNS:
        raise ValueError(f"a corpus has the columns {', '.join(_COLUMNS)}, and not {rows.fieldnames}")
    return [_labelled(row) for row in rows]


def _labelled(row: dict[str, str]) -> LabelledText:
    themes, interests = frozenset(row["themes"].split()), frozenset(row["interests"].split())
    unknown = (themes - set(THEMES)) | (interests - set(INTERESTS)) | ({row["language"]} - set(LANGUAGES))
    if unknown or row["negation"] not in {"0", "1"}:
        raise ValueError(f"text {row['id']}: {', '.join(sorted(unknown)) or 'negation'} is on no list of labels")
    return LabelledText(
        id=row["id"],
        group=row["group"],
        language=row["language"],
        sentiment=Sentiment(row["sentiment"]),
        themes=themes,
        interests=interests,
        negation=row["negation"] == "1",
        text=row["text"],
    )
