"""What of the models somebody should look at: candidates that wait, and drift that was found."""

from dataclasses import dataclass

from kohort.clock import Moment
from kohort.pipeline.learning.registry.entries import candidates_waiting, live_runs
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True)
class ModelAlert:
    """How a score's model stands: `candidate` is the number of one that waits to be promoted, None where none does.

    `drifted` names what the last look at the live model found drifted, `looked` the month looked at (its end), None
    where nobody has looked since it came into force.
    """

    score: str
    candidate: int | None
    drifted: tuple[str, ...]
    looked: Moment | None

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to look at."""
        return self.candidate is None and not self.drifted


def alerts_of(workspace: Workspace) -> tuple[ModelAlert, ...]:
    """Return how the model of each score that has one stands, by the tables alone: no model is read."""
    rows = workspace.tables.read("model_drift").sort_by("seq").to_pylist()
    looks = {(row["score"], row["run"]): row for row in rows}
    waiting = candidates_waiting(workspace)
    found = []
    for score, run in live_runs(workspace).items():
        look = looks.get((score, run))
        drifted = tuple(look["found"]) if look else ()
        found.append(ModelAlert(score, waiting.get(score), drifted, look["at"] if look else None))
    return tuple(found)
