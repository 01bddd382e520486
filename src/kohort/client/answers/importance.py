"""Answers about which variables matter for a goal."""

from msgspec import Struct

from kohort.client.answers.discovery import Interval, Words


class Goal(Struct, frozen=True):
    """Something wanted of people within `horizon` microseconds; `studied_at` is None before the first study."""

    name: str
    label: Words
    horizon: int
    studied_at: str | None


class Goals(Struct, frozen=True):
    """The goals of a project."""

    goals: tuple[Goal, ...]


class GoalCell(Struct, frozen=True):
    """People with a category, with values from low to high, or of whom it is not known: then all three are None."""

    people: int
    goal: Interval
    category: str | None
    low: float | None
    high: float | None


class VariableAlone(Struct, frozen=True):
    """What a variable says of the goal without any other."""

    known: float
    strength: Interval
    p_value: float
    is_connected: bool
    bits: float
    told: float
    cells: tuple[GoalCell, ...]


class GoalStep(Struct, frozen=True):
    """How far the expected goal is from its mean where a variable has a value, or is of a category."""

    goal: Interval
    value: float | None
    category: str | None


class ImportantVariable(Struct, frozen=True):
    """What was found of one variable; importances are shares of what is open about the goal."""

    name: str
    priority: str
    importance: Interval
    importance_together: Interval
    impurity: float
    same: tuple[str, ...]
    is_leading: bool
    alone: VariableAlone
    sensitivity: tuple[GoalStep, ...]


class LeftOutVariable(Struct, frozen=True):
    """A variable that was not looked at, and why."""

    name: str
    fault: str
    value: float


class Importance(Struct, frozen=True):
    """Which variables, known at a split, matter for what people did after it; the most important first."""

    goal: str
    label: Words
    at: str
    split: str
    horizon: int
    people: int
    reached: Interval
    is_amount: bool
    is_silent: bool
    skill: Interval
    holdout: str
    learnt_from: int
    variables: tuple[ImportantVariable, ...]
    left_out: tuple[LeftOutVariable, ...]
    names: tuple[str, ...]
    clusters: tuple[int, ...]
    associations: tuple[tuple[float, ...], ...]
