"""How the trainings of each score stand: how many ended and how, what is under way, and what went wrong last."""

from collections.abc import Mapping
from dataclasses import dataclass

from kohort.clock import Moment
from kohort.pipeline.learning.registry.entries import newest_trainings
from kohort.pipeline.learning.training.records import ENDED, Training, Trainings, TrainingState
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True)
class TrainingStanding:
    """How the trainings of a score stand that were asked for by a plan.

    `ended` tells how many came to each end that was noted. It never falls. `waiting` are those that have not begun;
    `running_since` is when the one under way began, None for none. `lasted` is how long, in microseconds, the newest
    took of which a model came, None where none did. `failed` is the newest training if it failed or was interrupted,
    None if it was not, or if a model of the score has been trained since in any way.
    """

    score: str
    ended: Mapping[TrainingState, int]
    waiting: int
    running_since: Moment | None
    lasted: int | None
    failed: Training | None


def training_standings(workspace: Workspace, trainings: Trainings | None = None) -> tuple[TrainingStanding, ...]:
    """Return how the trainings of each score stand that scores/ declares and that was ever asked for, by its name.

    No model is read. Whoever asks every few seconds hands over `trainings`, whose store is open already.
    """
    if not workspace.folder.state.exists():
        return ()  # who only looks makes none
    trainings = trainings or Trainings(workspace.folder, workspace.clock)
    newest = trainings.newest()
    if not newest:
        return ()
    declared = {one.name for one in workspace.scores}
    counts, done, trained = trainings.counts(), trainings.newest(TrainingState.DONE), newest_trainings(workspace)
    found = []
    for score in sorted(declared & newest.keys()):
        last = newest[score]
        running = last.began_at if last.state is TrainingState.RUNNING else None
        ended = {state: counts.get((score, state), 0) for state in ENDED}
        waiting = counts.get((score, TrainingState.WAITING), 0)
        found.append(
            TrainingStanding(
                score, ended, waiting, running, _lasted(done.get(score)), _failed(last, trained.get(score))
            )
        )
    return tuple(found)


def _lasted(done: Training | None) -> int | None:
    if done is None or done.began_at is None or done.ended_at is None:
        return None
    return done.ended_at - done.began_at


def _failed(last: Training, trained: Moment | None) -> Training | None:
    """Return the newest training if nothing came of it, unless a model was trained after it was asked for."""
    if last.state not in {TrainingState.FAILED, TrainingState.INTERRUPTED}:
        return None
    return None if trained is not None and trained > last.asked_at else last
