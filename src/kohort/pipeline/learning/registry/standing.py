"""How the models of each score stand: in force, drifting, or with another that waits and who asked for it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.clock import Moment
from kohort.pipeline.learning.registry.alerts import alerts_of
from kohort.pipeline.learning.registry.entries import RegisteredModel, State, candidates_waiting, models_of
from kohort.pipeline.workspace import Workspace

_PROPOSING: Final = frozenset({"schedule", "drift"})


class Standing(StrEnum):
    """What is most to be known of the models of a score."""

    IN_FORCE = "in force"
    DRIFTING = "drifting"
    CANDIDATE = "candidate"
    PROPOSED = "retraining proposed"


@dataclass(frozen=True)
class ModelStanding:
    """The models of a score: which is `live`, and which `candidate` newer than it waits to be promoted, if any.

    `drifted` names what the last look at the live model found drifted, `looked` the month looked at (its end).
    """

    score: str
    live: RegisteredModel | None
    candidate: RegisteredModel | None
    drifted: tuple[str, ...]
    looked: Moment | None

    @property
    def standing(self) -> Standing:
        """A candidate that was trained by schedule or because of drift is a proposal; one by hand is just that."""
        if self.candidate is not None:
            entry = self.candidate.entry
            return Standing.PROPOSED if entry is not None and entry.cause in _PROPOSING else Standing.CANDIDATE
        return Standing.DRIFTING if self.drifted else Standing.IN_FORCE


def standings_of(workspace: Workspace) -> tuple[ModelStanding, ...]:
    """Return how the models of each score stand that has any, in the order in which scores were first trained."""
    models, alerts = models_of(workspace), {one.score: one for one in alerts_of(workspace)}
    waiting = candidates_waiting(workspace)
    found = []
    for score in dict.fromkeys(one.score for one in models):
        its = [one for one in models if one.score == score]
        live = next((one for one in its if one.state is State.LIVE), None)
        candidate = its[waiting[score] - 1] if score in waiting else None
        alert = alerts.get(score)
        found.append(
            ModelStanding(score, live, candidate, alert.drifted if alert else (), alert.looked if alert else None)
        )
    return tuple(found)
