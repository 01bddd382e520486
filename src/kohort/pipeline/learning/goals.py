"""What a project wants of people, and what was found of which variables matter for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kohort.clock import Moment
from kohort.definitions.project import OutcomeDefinition
from kohort.errors import DefinitionError, UnknownNameError
from kohort.learning.importance.results import ImportanceStudy
from kohort.pipeline.learning.kept_documents import kept_rows, latest_document
from kohort.pipeline.workspace import Workspace

REVENUE: Final = "revenue"
"""What the goal is called that is no event: what people spend."""


@dataclass(frozen=True)
class Goal:
    """What is wanted of people within `horizon` microseconds: an event, or to spend (`event` is None)."""

    name: str
    event: str | None
    label: Mapping[str, str]
    horizon: int


@dataclass(frozen=True)
class ImportanceDocument:
    """Which variables matter for a goal: known at `split`, for what people did from then to `at`."""

    goal: Goal
    at: Moment
    split: Moment
    study: ImportanceStudy


def goals_of(workspace: Workspace) -> dict[str, Goal]:
    """Return the goals of a project by name: its outcome's events, and `revenue` if it says what that is."""
    outcome = workspace.settings.outcome
    horizon = OutcomeDefinition({}).horizon if outcome is None else outcome.horizon
    events = {} if outcome is None else outcome.events
    goals = {event: Goal(event, event, words, horizon) for event, words in events.items()}
    if workspace.settings.revenue is not None:
        goals.setdefault(REVENUE, Goal(REVENUE, None, {"en": "revenue", "fr": "chiffre d'affaires"}, horizon))
    return goals


def goal_of(workspace: Workspace, name: str | None) -> Goal:
    """Return a goal by name, the first one by default.

    Raises UnknownNameError for one that there is not, DefinitionError where none is declared or named.
    """
    goals = goals_of(workspace)
    if not goals and name is None:
        raise DefinitionError(
            "kohort.yaml declares no goal; say what success is under outcome:, or what revenue: is (docs/importance.md)"
        )
    if name is not None and name not in goals:
        raise UnknownNameError("goal", name, goals, where="kohort.yaml, outcome and revenue")
    return next(iter(goals.values())) if name is None else goals[name]


def studied_goals(workspace: Workspace) -> dict[str, Moment | None]:
    """Return the goals of a project, and up to when the newest study of each looked, None before the first."""
    newest = {row["goal"]: row["at"] for row in kept_rows(workspace, "importance_studies", {})}
    return {name: newest.get(name) for name in goals_of(workspace)}


def latest_importance(workspace: Workspace, goal: str) -> ImportanceDocument | None:
    """Return the newest study of a goal, None before the first."""
    return latest_document(workspace, "importance_studies", ImportanceDocument, {"goal": goal})
