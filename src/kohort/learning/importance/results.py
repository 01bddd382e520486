"""What was found of variables and a goal, as it is kept and shown: nothing here computes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.stats.intervals import Interval

FALSE_DISCOVERIES: Final = 0.05
"""Of the variables called connected with the goal, no more than this share are expected not to be."""
AVAILABLE: Final = 0.8
"""A variable that is known of this share of people is at hand."""


class Fault(StrEnum):
    """Why a variable is left out: PERSONAL says who somebody is by its name, IDENTIFYING is shared by hardly two.

    DEFINING is made of what defines the people who are learnt from, PROTECTED is what nobody is to be chosen by.
    """

    UNKNOWN = "unknown"
    CONSTANT = "constant"
    LEAKING = "leaking"
    IDENTIFYING = "identifying"
    PERSONAL = "personal"
    DEFINING = "defining"
    PROTECTED = "protected"


@dataclass(frozen=True)
class LeftOut:
    """A variable that is left out, why, and the share or the association that decided."""

    name: str
    fault: Fault
    value: float


@dataclass(frozen=True)
class Cell:
    """People with a value (`category`), with values from `low` to `high`, or of whom it is missing (all None).

    `goal` is the share who reach it (Wilson), or the mean amount (by the central limit theorem).
    """

    people: int
    goal: Interval
    category: str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Alone:
    """What one variable says of the goal without any other.

    `strength` goes from -1 to 1 for numbers and from 0 for categories; `p_value` is adjusted for all variables looked
    at (Benjamini and Hochberg 1995). `bits` is the mutual information and `told` its share of what is open.
    """

    name: str
    known: float
    strength: Interval
    p_value: float
    bits: float
    told: float
    cells: tuple[Cell, ...]

    @property
    def is_connected(self) -> bool:
        """Whether it goes with the goal beyond chance."""
        return self.p_value <= FALSE_DISCOVERIES


@dataclass(frozen=True)
class Step:
    """How far the expected goal is from its mean where a variable has a value, or is of a category."""

    goal: Interval
    value: float | None = None
    category: str | None = None


class Priority(StrEnum):
    """What to do about a variable: by its impact on the goal, and by whether it is at hand."""

    STRATEGIC = "strategic"
    COLLECT = "collect"
    ACCESSORY = "accessory"
    ASIDE = "aside"


class Holdout(StrEnum):
    """On what the forest was tried: a later time, or other people of the same time."""

    TIME = "time"
    PEOPLE = "people"


@dataclass(frozen=True)
class VariableFound:
    """What was found of one variable.

    `importance` is what the forest loses without it, and `importance_together` without it and those that say the same
    (`same`); both as shares of what is open about the goal. `impurity` is the forest's own measure. `is_leading` marks
    the one of its cluster with the greatest importance.
    """

    alone: Alone
    importance: Interval
    importance_together: Interval
    impurity: float
    same: tuple[str, ...]
    is_leading: bool
    priority: Priority
    sensitivity: tuple[Step, ...]

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.alone.name

    @property
    def availability(self) -> float:
        """The share of people of whom it is known."""
        return self.alone.known


@dataclass(frozen=True)
class ImportanceStudy:
    """Which variables matter, the most important first.

    `people` are those whose goal is looked at, `goal` the share who reach it, or its mean amount. `skill` is the share
    of what is open that the forest tells of a `holdout`; where its interval does not lie above 0, `is_silent`: then no
    variable is called important. `associations` are between `names`, in the order of the clusters that they stand in.
    """

    people: int
    goal: Interval
    is_amount: bool
    skill: Interval
    holdout: Holdout
    learnt_from: int
    variables: tuple[VariableFound, ...]
    left_out: tuple[LeftOut, ...]
    names: tuple[str, ...]
    clusters: tuple[int, ...]
    associations: tuple[tuple[float, ...], ...]

    @property
    def is_silent(self) -> bool:
        """Whether the forest tells nothing of the goal beyond chance."""
        return self.skill.low <= 0
