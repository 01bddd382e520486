"""What a check of clusters is: a question, an answer in words, the numbers behind it, and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.learning.wording import Bilingual
from kohort.stats.intervals import Interval


class Held(StrEnum):
    """What a check says: it holds, it does not, or it only informs."""

    YES = "yes"
    NO = "no"
    GUIDE = "guide"


class Detail(StrEnum):
    """Where more stands of what a check says."""

    PERSONAS = "personas"
    CURVES = "curves"
    METHODS = "methods"
    PREPARATION = "preparation"
    PERIODS = "periods"
    CONVERSION = "conversion"
    VALUE = "value"


@dataclass(frozen=True)
class Measured:
    """A figure behind an answer, with what it is of; without an interval `low` and `high` are the estimate."""

    of: Bilingual
    value: Interval


@dataclass(frozen=True)
class Check:
    """One check: `key` names it, `question` and `answer` are for everybody, `bar` and `method` for who wants proof.

    `required` is the bar as a number, None where there is none to draw; `is_share` tells that figures are shares.
    `details` is where more stands, None where all stands here. `decisive` is the figure that decided where that is not
    the least of all.
    """

    key: str
    question: Bilingual
    answer: Bilingual
    held: Held
    bar: Bilingual
    method: Bilingual
    figures: tuple[Measured, ...]
    required: float | None = None
    is_share: bool = False
    details: Detail | None = None
    decisive: Interval | None = None

    @property
    def told(self) -> Interval | None:
        """The figure that decided; None where nothing could be measured."""
        return self.decisive or (weakest(self.figures) if self.figures else None)


ALL_GROUPS: Final = Bilingual("all groups", "tous les groupes")


def weakest(figures: Sequence[Measured]) -> Interval:
    """Return the figure of the least estimate."""
    return min((one.value for one in figures), key=lambda one: one.estimate)


def alone(value: float) -> Interval:
    """Return a figure of which no interval is known."""
    return Interval(value, value, value, 0)


def held(holds: bool) -> Held:
    """Return what a check with a bar says."""
    return Held.YES if holds else Held.NO


def listed(names: Sequence[str], last: str) -> str:
    """Return names as a list in a sentence, `last` before the last one.

    >>> listed(["a", "b", "c"], "and")
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
