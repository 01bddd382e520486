"""The small model of texts that ships with Kohort: weights in a file of numbers, read without running anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Final

import numpy as np

from kohort.definitions.texts import INTERESTS, THEMES, Sentiment
from kohort.learning.texts.features import TextFeatures, Values, features_of, language_of, tidy

CLEAR: Final = 0.5
"""A sentiment less likely than this is unclear: something else is as likely."""
SENTIMENTS: Final = tuple(Sentiment)

_POLARITY_WEIGHT: Final = 0.2
_MENTION_WEIGHT: Final = 0.4


@dataclass(frozen=True)
class Reading:
    """What was read of a text: its language ("" for none that is read), sentiment, themes and interests.

    `sentiment` is None where it is unclear; `confidence` is the calibrated probability of the likeliest sentiment,
    0 of a text that was not read.
    """

    language: str
    sentiment: Sentiment | None
    confidence: float
    themes: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class TextModel:
    """Weights of linear models: `sentiment` (3, seen + 1), `themes` (9, seen + 1), `interests` (12, seen + 1).

    The last column of each holds the intercepts. `center` and `spread` standardise what words tell; `temperature`
    divides the logits of sentiment; a label is given where its probability is at least its threshold.
    """

    center: Values
    spread: Values
    sentiment: Values
    themes: Values
    interests: Values
    temperature: float
    theme_threshold: float
    interest_threshold: float

    def sentiment_probabilities(self, seen: TextFeatures) -> Values:
        """Return the calibrated probability of each of `SENTIMENTS`, of shape (texts, 3)."""
        logits = linear(self.sentiment, sentiment_columns(seen, self.center, self.spread)) / self.temperature
        return softmax(logits)

    def theme_probabilities(self, seen: TextFeatures) -> Values:
        """Return the probability of each theme, of shape (texts, 9)."""
        return sigmoid(linear(self.themes, label_columns(seen.meaning, seen.themes)))

    def interest_probabilities(self, seen: TextFeatures) -> Values:
        """Return the probability of each interest, of shape (texts, 12)."""
        return sigmoid(linear(self.interests, label_columns(seen.meaning, seen.interests)))

    def content(self) -> bytes:
        """Return the weights as the content of a file that `model_of` reads."""
        file = BytesIO()
        scalars = np.array([self.temperature, self.theme_threshold, self.interest_threshold])
        np.savez_compressed(
            file,
            scalars=scalars,
            center=self.center,
            spread=self.spread,
            **{name: getattr(self, name).astype(np.float32) for name in ("sentiment", "themes", "interests")},
        )
        return file.getvalue()


def model_of(content: bytes) -> TextModel:
    """Read the weights of a model; nothing in them can run."""
    with np.load(BytesIO(content), allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float64) for name in stored.files}
    temperature, themes, interests = (float(one) for one in arrays.pop("scalars"))
    return TextModel(**arrays, temperature=temperature, theme_threshold=themes, interest_threshold=interests)


@cache
def shipped_model() -> TextModel:
    """Return the model that ships with Kohort, fitted to the training part of the corpus."""
    return model_of(resources.files("kohort.learning.texts").joinpath("model.npz").read_bytes())


def read_texts(texts: Sequence[str], languages: Sequence[str] | None = None) -> list[Reading]:
    """Read texts: each in the language declared for it, or in the one that its words tell ("" or None).

    Of a long text the first `features.LONGEST` characters are read; a text of no language that is read has nothing
    clear. No network is used. Raises MissingExtraError without the extra `[text]`.

    >>> [one.sentiment.value for one in read_texts(["Pas mal du tout, je recommande", "Never again, it broke"])]
    ['positive', 'negative']
    """
    tidied = [tidy(one) for one in texts]
    found = [language_of(one, told) for one, told in zip(tidied, languages or [""] * len(texts), strict=True)]
    places = [place for place, language in enumerate(found) if language]
    readings = [Reading("", None, 0.0)] * len(texts)
    if places:
        told = [found[place] for place in places]
        seen = features_of([tidied[place] for place in places], told)
        for place, reading in zip(places, _readings(shipped_model(), seen, told), strict=True):
            readings[place] = reading
    return readings


def _readings(model: TextModel, seen: TextFeatures, languages: Sequence[str]) -> list[Reading]:
    sentiments = model.sentiment_probabilities(seen)
    themes = model.theme_probabilities(seen) >= model.theme_threshold
    interests = model.interest_probabilities(seen) >= model.interest_threshold
    return [
        Reading(
            language=language,
            sentiment=SENTIMENTS[int(chances.argmax())] if chances.max() >= CLEAR else None,
            confidence=float(chances.max()),
            themes=tuple(name for name, has in zip(THEMES, theme, strict=True) if has),
            interests=tuple(name for name, has in zip(INTERESTS, interest, strict=True) if has),
        )
        for language, chances, theme, interest in zip(languages, sentiments, themes, interests, strict=True)
    ]


def sentiment_columns(seen: TextFeatures, center: Values, spread: Values) -> Values:
    """Return what the model of sentiment looks at, of shape (texts, columns)."""
    return np.hstack([seen.meaning, _POLARITY_WEIGHT * (seen.polarity - center) / spread])


def label_columns(meaning: Values, mentions: Values) -> Values:
    """Return what the models of themes and of interests look at, of shape (texts, columns)."""
    return np.hstack([meaning, _MENTION_WEIGHT * mentions])


def linear(weights: Values, columns: Values) -> Values:
    """Return logits of shape (texts, labels); the last column of `weights` are intercepts."""
    logits: Values = columns @ weights[:, :-1].T + weights[:, -1]
    return logits


def softmax(logits: Values) -> Values:
    """Return the probabilities of logits, along the last axis.

    >>> softmax(np.array([[0.0, 0.0, 0.0]])).round(2).tolist()
    [[0.33, 0.33, 0.33]]
    """
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    chances: Values = raised / raised.sum(axis=-1, keepdims=True)
    return chances


def sigmoid(logits: Values) -> Values:
    """Return the probabilities of logits, each by itself."""
    chances: Values = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return chances
