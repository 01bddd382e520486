"""Words that tell something by themselves: of praise and of blame, of themes and of interests, and what turns them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from kohort.definitions.texts import INTERESTS, LANGUAGES, THEMES

_SCOPE: Final = 3
"""How many words before a word of praise or blame a negation may stand that turns it."""
_WORD: Final = re.compile(r"\w+")
_WORDS_AND_STOPS: Final = re.compile(r"\w+|[|.,;:!?…()]")
_STOPS: Final = frozenset("|.,;:!?…()")
"""Where what a negation turns ends (Pang, Lee & Vaithyanathan 2002, section 3)."""
_GLAD: Final = re.compile("[😀-😆😉-😎😍😘🤩🥰👍👏🙌🙏❤💪🎉✨☀⭐💯]")
_SORRY: Final = re.compile("[😞-😤😠-😭😒😖😡🤬👎💔🤮🙄😕😑]")


@dataclass(frozen=True)
class Polarity:
    """How often a text praises and blames in words, by whether a negation stands before, and what else it shows."""

    praise: int
    blame: int
    negated_praise: int
    negated_blame: int
    negations: int
    contrasts: int
    intensities: int

    @property
    def plain(self) -> int:
        """Praise less blame, as words alone tell it."""
        return self.praise + self.negated_praise - self.blame - self.negated_blame

    @property
    def turned(self) -> int:
        """Praise less blame, where a negation turns one into the other."""
        return self.praise - self.negated_praise - self.blame + self.negated_blame


class Words:
    """The words of one language that tell sentiment, and those that are in nearly every sentence of it."""

    def __init__(self, lists: Mapping[str, str]) -> None:
        self.function: Final = frozenset(lists["function"].split())
        self._negations = frozenset(lists["negations"].split())
        self._contrasts = frozenset(lists["contrast"].split())
        self._intensities = frozenset(lists["intensity"].split())
        self._good, self._bad = one_of(lists["positive"].split()), one_of(lists["negative"].split())
        self._praise, self._blame = (one_of(_phrases(lists[name])) for name in ("praise", "blame"))

    def polarity(self, folded: str) -> Polarity:
        """Return what the words of a folded text tell."""
        # Phrases first: what stands in one is not counted again word by word.
        rest, praise = self._praise.subn(" | ", folded)
        rest, blame = self._blame.subn(" | ", rest)
        counts = {(good, turned): 0 for good in (True, False) for turned in (True, False)}
        words = _WORDS_AND_STOPS.findall(rest)
        for place, word in enumerate(words):
            good = bool(self._good.fullmatch(word))
            if good or self._bad.fullmatch(word):
                counts[good, self._is_negated(words, place)] += 1
        return Polarity(
            praise=praise + counts[True, False] + len(_GLAD.findall(folded)),
            blame=blame + counts[False, False] + len(_SORRY.findall(folded)),
            negated_praise=counts[True, True],
            negated_blame=counts[False, True],
            negations=sum(word in self._negations for word in words),
            contrasts=sum(word in self._contrasts for word in words),
            intensities=sum(word in self._intensities for word in words),
        )

    def _is_negated(self, words: Sequence[str], place: int) -> bool:
        for word in reversed(words[max(0, place - _SCOPE) : place]):
            if word in _STOPS:
                return False
            if word in self._negations:
                return True
        return False

    def knows(self, word: str) -> bool:
        """Return whether a word is one of praise or blame in this language."""
        return bool(self._good.fullmatch(word) or self._bad.fullmatch(word))


@dataclass(frozen=True)
class Lexicon:
    """All words that tell something: by language, by theme and by interest."""

    words: Mapping[str, Words]
    labels: Mapping[str, re.Pattern[str]]
    others: frozenset[str]

    def mentions(self, folded: str, labels: Sequence[str]) -> list[int]:
        """Return how many words of each of `labels`, themes or interests, stand in a folded text."""
        return [len(self.labels[label].findall(folded)) for label in labels]

    def language_of(self, folded: str) -> str:
        """Return the language that a folded text is most likely in, the empty text where its words do not tell.

        >>> [lexicon().language_of(one) for one in ("je ne recommande pas", "sehr gut und nicht teuer", "12 km")]
        ['fr', '', '']
        """
        found = _WORD.findall(folded)
        common = {name: sum(word in words.function for word in found) for name, words in self.words.items()}
        telling = {name: sum(words.knows(word) for word in found) for name, words in self.words.items()}
        if sum(word in self.others for word in found) > max(common.values()):
            return ""
        for counts in (common, telling):
            best = max(counts.values())
            leading = [name for name, count in counts.items() if count == best]
            if len(leading) == 1:
                return leading[0]
        return ""


def fold(text: str) -> str:
    """Return a text in small letters, without accents and with plain apostrophes.

    >>> fold("Déçue, ça n’a PAS marché !")
    "decue, ca n'a pas marche !"
    """
    plain = unicodedata.normalize("NFKD", text.casefold().replace("’", "'").replace("œ", "oe"))
    return "".join(one for one in plain if not unicodedata.combining(one))


def one_of(words: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern of whole words; a star at the end of one stands for any ending.

    >>> one_of(["chat", "chien*"]).findall("chats, chat et chienne")
    ['chat', 'chienne']
    """
    ends = (re.escape(one.removesuffix("*")).replace(r"\ ", r"\W+") + r"\w*" * one.endswith("*") for one in words)
    return re.compile(rf"\b(?:{'|'.join(ends)})\b")


@cache
def lexicon() -> Lexicon:
    """Return the lexicon that ships with Kohort."""
    content = resources.files("kohort.learning.texts").joinpath("lexicon.yaml").read_text(encoding="utf-8")
    lists: dict[str, Any] = yaml.safe_load(content)
    named = {**lists["themes"], **lists["interests"]}
    return Lexicon(
        words={language: Words(lists[language]) for language in LANGUAGES},
        labels={label: one_of(named[label].split()) for label in (*THEMES, *INTERESTS)},
        others=frozenset(lists["others"].split()),
    )


def _phrases(listed: str) -> list[str]:
    return [" ".join(one.split()) for one in listed.split(",")]
