"""What somebody's texts say together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kohort.definitions.texts import Sentiment
from kohort.learning.texts.model import Reading

_WORTH: Final = {Sentiment.NEGATIVE: -1, Sentiment.NEUTRAL: 0, Sentiment.POSITIVE: 1}


@dataclass(frozen=True)
class TextsSummary:
    """What texts say together: how many were read, and what of those that are clear.

    `sentiment` is the mean of -1, 0 and 1, `negative_share` the share that is negative, `newest` the sentiment of the
    newest; all None where none is clear. `themes` and `interests` come in at least one text, most frequent first.
    """

    texts: int
    sentiment: float | None
    negative_share: float | None
    newest: Sentiment | None
    themes: tuple[str, ...]
    interests: tuple[str, ...]


def summary_of(readings: Sequence[Reading]) -> TextsSummary:
    """Say what one person's texts say together, oldest first; texts of no language that is read do not count.

    >>> old, new = Reading("fr", Sentiment.NEGATIVE, 0.9, ("price",)), Reading("fr", Sentiment.POSITIVE, 0.9)
    >>> summary_of([old, new])
    TextsSummary(texts=2, sentiment=0.0, negative_share=0.5, newest=<Sentiment.POSITIVE: 'positive'>,
    themes=('price',), interests=())
    """
    read = [one for one in readings if one.language]
    clear = [one.sentiment for one in read if one.sentiment is not None]
    return TextsSummary(
        texts=len(read),
        sentiment=sum(_WORTH[one] for one in clear) / len(clear) if clear else None,
        negative_share=clear.count(Sentiment.NEGATIVE) / len(clear) if clear else None,
        newest=clear[-1] if clear else None,
        themes=_frequent(one.themes for one in read),
        interests=_frequent(one.interests for one in read),
    )


def _frequent(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return the labels, most frequent first; of equally frequent ones that of the newest text, then by name."""
    found = list(lists)
    counts = Counter(label for labels in found for label in labels)
    newest = {label: place for place, labels in enumerate(found) for label in labels}
    return tuple(sorted(counts, key=lambda label: (-counts[label], -newest[label], label)))
