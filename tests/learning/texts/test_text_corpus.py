"""The corpus of texts: enough of everything, and nothing of what is held out is known from training."""

import re
from collections import Counter
from pathlib import Path

import pytest

from kohort.definitions.texts import INTERESTS, LANGUAGES, THEMES, Sentiment
from kohort.learning.texts.corpus import LabelledText, is_held_out, read_corpus, training_texts

TRAINING = training_texts()
HELD_OUT = read_corpus((Path(__file__).parent / "held_out.csv").read_text(encoding="utf-8").splitlines())


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def trigrams(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[start : start + 3]) for start in range(len(found) - 2)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_hundreds_of_texts_a_language_and_a_third_is_held_out(language: str) -> None:
    training, held_out = ([one for one in part if one.language == language] for part in (TRAINING, HELD_OUT))
    assert len(training) + len(held_out) >= 300
    assert 0.3 < len(held_out) / (len(training) + len(held_out)) < 0.4
    for part in (training, held_out):
        assert min(Counter(one.sentiment for one in part)[kind] for kind in Sentiment) >= len(part) / 5
        assert sum(one.negation for one in part) >= len(part) / 3


def test_every_label_is_used_in_both_parts() -> None:
    for part in (TRAINING, HELD_OUT):
        assert {theme for one in part for theme in one.themes} == set(THEMES)
        assert {interest for one in part for interest in one.interests} == set(INTERESTS)


def test_texts_are_held_out_by_their_group_and_by_nothing_else() -> None:
    assert not any(is_held_out(one.group) for one in TRAINING)
    assert all(is_held_out(one.group) for one in HELD_OUT)
    assert {one.group for one in TRAINING}.isdisjoint(one.group for one in HELD_OUT)


def test_ids_and_texts_are_there_once_and_texts_are_short() -> None:
    everything = TRAINING + HELD_OUT
    assert len({one.id for one in everything}) == len(everything)
    assert len({" ".join(words(one.text)) for one in everything}) == len(everything)
    assert all(1 <= len(words(one.text)) <= 60 for one in everything)


def test_no_held_out_text_is_nearly_one_of_training() -> None:
    known = [trigrams(one.text) for one in TRAINING]

    def nearest(one: LabelledText) -> float:
        wanted = trigrams(one.text)
        return max(len(wanted & other) / len(wanted) for other in known) if wanted else 0.0

    assert {one.id: one.text for one in HELD_OUT if nearest(one) > 0.6} == {}


def test_a_label_of_no_list_is_refused() -> None:
    header = "id,group,language,sentiment,themes,interests,negation,text"
    with pytest.raises(ValueError, match="text x1: weather is on no list"):
        read_corpus([header, "x1,x1,en,neutral,weather,,0,It rains"])
    with pytest.raises(ValueError, match="a corpus has the columns"):
        read_corpus(["id,text", "x1,It rains"])
