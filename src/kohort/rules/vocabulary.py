"""What a language brings to the rules: its words, and the few places where their order is its own.

The grammar names its words by terminals (COUNT_OF, IN_LAST); a vocabulary gives each terminal the words that
people write. Reading, printing, errors and completion all take them from here, so a rule has one tree and as many
faces as there are vocabularies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language.

    `phrases` gives each terminal its words: the first is printed, the others are read too. `patterns` are regular
    expressions for terminals that depend on what follows. `orders` are the productions whose words stand in an order
    of this language. `units` give the singular and the plural of each unit of time; `months` the twelve months.
    `templates` print what `orders` read, and `explanations` say what a terminal is, in words for an error.
    """

    phrases: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, str]
    orders: str
    units: Mapping[str, tuple[str, str]]
    months: tuple[str, ...]
    templates: Mapping[str, str]
    explanations: Mapping[str, str]

    def word(self, terminal: str) -> str:
        """Return the words that are printed for a terminal."""
        return self.phrases[terminal][0]

    def unit(self, unit: str, count: int) -> str:
        """Return a unit of time in the singular or plural of `count`."""
        return self.units[unit][0 if count == 1 else 1]

    @cached_property
    def unit_of(self) -> Mapping[str, str]:
        """The unit of every word for one."""
        return {word: unit for unit, words in self.units.items() for word in words}

    @cached_property
    def month_of(self) -> Mapping[str, int]:
        """The number, from 1, of every month's word."""
        return {word.lower(): number for number, word in enumerate(self.months, start=1)}

    @cached_property
    def reserved(self) -> frozenset[str]:
        """Every word by itself: a name that is one of them stands between backticks."""
        return frozenset(word.lower() for words in self.phrases.values() for word in words if " " not in word)

    def terminals(self) -> str:
        """Return the terminals as a grammar reads them."""
        words = {
            **self.phrases,
            "UNIT": tuple(self.unit_of),
            "MONTH": self.months,
        }
        lines = [f"{name}.2: /{_pattern(alternatives)}/i" for name, alternatives in words.items()]
        return "\n".join([*lines, *(f"{name}.3: /{pattern}/i" for name, pattern in self.patterns.items())])


def _pattern(alternatives: tuple[str, ...]) -> str:
    longest_first = sorted(alternatives, key=len, reverse=True)
    written = "|".join(r"\s+".join(re.escape(word) for word in one.split()) for one in longest_first)
    return rf"(?:{written})(?![\w.])"
