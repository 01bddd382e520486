"""What a language brings to the rules: its words, and the few places where their order is its own.

The grammar names its words by terminals (COUNT_OF, IN_LAST); a vocabulary gives each terminal the words that
people write. Reading, printing, errors and completion all take them from here, so a rule has one tree and as many
faces as there are vocabularies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_COMPARISONS: Final = (
    *("OPERATOR", "BETWEEN", "EXISTS", "IS_MISSING", "CONTAINS", "STARTS_WITH", "ENDS_WITH", "MATCHES"),
    *("IS_ONE_OF", "INCLUDES", "IN_TOP", "IN_BOTTOM"),
)
_CONDITIONS: Final = (
    *("COUNT_OF", "SUM_OF", "MEAN_OF", "MIN_OF", "MAX_OF", "DISTINCT_OF", "FIRST_OF", "LAST_OF", "SCORE_OF"),
    *("DAYS_SINCE_FIRST", "DAYS_SINCE_LAST", "NOT", "DID", "IN_SEGMENT", "CONSENT_TO", "ANNIVERSARY_OF", "LPAR"),
    *("DISTANCE_TO", "DISTANCE_FROM"),
)
_VALUES: Final = ("TRUE", "FALSE", "TIME")
_WINDOWS: Final = (
    *("IN_LAST", "TODAY", "YESTERDAY", "THIS_WEEK", "THIS_MONTH", "THIS_YEAR", "SINCE", "IN_MONTH", "IN_PERIOD"),
)


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language.

    `phrases` gives each terminal its words: the first is printed, the others are read too. `patterns` are regular
    expressions for terminals that depend on what follows. `orders` are the productions whose words stand in an order
    of this language. `units` give the singular and the plural of each unit of time; `months` the twelve months.
    `templates` print what `orders` read: one for one unit (`.one`) and for units in `feminine` (`.feminine`) may stand
    beside the common one. `explanations` say what a terminal is, in words for an error.
    """

    phrases: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, str]
    orders: str
    units: Mapping[str, tuple[str, str]]
    months: tuple[str, ...]
    templates: Mapping[str, str]
    explanations: Mapping[str, str]

    feminine: frozenset[str] = frozenset()

    def word(self, terminal: str) -> str:
        """Return the words that are printed for a terminal."""
        return self.phrases[terminal][0]

    def unit(self, unit: str, count: int) -> str:
        """Return a unit of time in the singular or plural of `count`."""
        return self.units[unit][0 if count == 1 else 1]

    def lasting(self, template: str, count: int, unit: str) -> str:
        """Return a template with a length of time in it."""
        name = template + (".one" if count == 1 else "") + (".feminine" if unit in self.feminine else "")
        return self.templates.get(name, self.templates[template]).format(count=count, unit=self.unit(unit, count))

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


def explanations_of(
    phrases: Mapping[str, tuple[str, ...]],
    kinds: Mapping[str, str],
    *,
    comparison: str,
    condition: str,
    value: str,
    window: str,
    **others: str,
) -> Mapping[str, str]:
    """Return what to call each terminal in an error: by its kind, as in `others`, or by its own words."""
    common = {
        **dict.fromkeys(_COMPARISONS, kinds["comparison"].format(comparison)),
        **dict.fromkeys(_CONDITIONS, kinds["condition"].format(condition)),
        **dict.fromkeys(_VALUES, kinds["value"].format(value)),
        **{terminal: kinds[terminal] for terminal in ("NAME", "NUMBER", "TEXT")},
        **dict.fromkeys(_WINDOWS, kinds["window"].format(window)),
        **{terminal: kinds[terminal] for terminal in ("MONTH", "LENGTH_UNIT")},
        "PERCENT": '"%"',
        "COMMA": '","',
    }
    words = {terminal: f'"{its[0]}"' for terminal, its in phrases.items() if terminal not in common}
    return {**common, **words, **others, "RPAR": '")"', "$END": kinds["$END"]}


def _pattern(alternatives: tuple[str, ...]) -> str:
    longest_first = sorted(alternatives, key=len, reverse=True)
    written = "|".join(r"\s+".join(re.escape(word) for word in one.split()) for one in longest_first)
    return rf"(?:{written})(?![\w.])"
