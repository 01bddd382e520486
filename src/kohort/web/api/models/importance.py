"""Which variables matter for a goal."""

from pydantic import Field

from kohort.pipeline.learning.goals import ImportanceDocument
from kohort.project import Project
from kohort.web.api.models.answer import Answer, IsoMoment
from kohort.web.api.models.discovery import Interval, Words


class Goal(Answer):
    """Something wanted of people."""

    name: str = Field(description="An event of the project's outcome, or revenue.")
    label: Words
    horizon: int = Field(description="Within how many microseconds of the split.")
    studied_at: IsoMoment | None = Field(description="Up to when the newest study looked; null before the first.")


class Goals(Answer):
    """The goals of a project."""

    goals: list[Goal]


class GoalCell(Answer):
    """People with a category, with values from low to high, or of whom it is not known: then all three are null."""

    people: int
    goal: Interval = Field(description="The share who reach the goal, or the mean amount.")
    category: str | None
    low: float | None
    high: float | None


class VariableAlone(Answer):
    """What a variable says of the goal without any other."""

    known: float = Field(description="The share of people of whom it is known.")
    strength: Interval = Field(description="From -1 for numbers, from 0 for categories, to 1.")
    p_value: float = Field(description="Adjusted for all variables looked at (Benjamini and Hochberg 1995).")
    is_connected: bool = Field(description="Whether it goes with the goal beyond chance.")
    bits: float = Field(description="Mutual information with the goal.")
    told: float = Field(description="The same as a share of the goal's entropy.")
    cells: list[GoalCell]


class GoalStep(Answer):
    """How far the expected goal is from its mean where a variable has a value, or is of a category."""

    goal: Interval
    value: float | None
    category: str | None


class ImportantVariable(Answer):
    """What was found of one variable; importances are shares of what is open about the goal."""

    name: str
    priority: str = Field(description="strategic, collect, accessory or aside.")
    importance: Interval = Field(description="What the forest loses without it.")
    importance_together: Interval = Field(description="What it loses without it and those that say the same.")
    impurity: float
    same: list[str] = Field(description="The variables that say the same.")
    is_leading: bool
    alone: VariableAlone
    sensitivity: list[GoalStep]


class LeftOutVariable(Answer):
    """A variable that was not looked at."""

    name: str
    fault: str = Field(description="unknown, constant, leaking, identifying or personal.")
    value: float = Field(description="The share or the association that decided.")


class Importance(Answer):
    """Which variables, known at a split, matter for what people did after it; the most important first."""

    goal: str
    label: Words
    at: IsoMoment
    split: IsoMoment
    horizon: int
    people: int
    reached: Interval = Field(description="The share who reach the goal, or the mean amount.")
    is_amount: bool
    is_silent: bool = Field(description="Whether nothing that is known tells the goal beyond chance.")
    skill: Interval = Field(description="The share of what is open that all variables together tell.")
    holdout: str = Field(description="On what it was tried: time (a later one), or people (others).")
    learnt_from: int
    variables: list[ImportantVariable]
    left_out: list[LeftOutVariable]
    names: list[str] = Field(description="The variables in the order of their clusters.")
    clusters: list[int]
    associations: list[list[float]] = Field(description="Between names, from -1 to 1.")


def goals_told(project: Project) -> list[Goal]:
    """Return the goals of a project as they are told."""
    studied = project.studied_goals()
    return [Goal.model_validate({**vars(one), "studied_at": studied[name]}) for name, one in project.goals().items()]


def importance_of(found: ImportanceDocument) -> Importance:
    """Return a study as it is told.

    Its own fields stand beside those of the goal.
    """
    study = found.study
    its = {name: getattr(study, name) for name in Importance.model_fields if hasattr(study, name)}
    return Importance.model_validate(
        {
            **its,
            "reached": study.goal,
            "goal": found.goal.name,
            "label": found.goal.label,
            "horizon": found.goal.horizon,
            "at": found.at,
            "split": found.split,
        }
    )
