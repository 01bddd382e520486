"""Working on the trainings that were asked for, one after another: others write to the project meanwhile."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from kohort.clock import SECOND, Clock, Moment
from kohort.errors import CheckError, KohortError, StorageError
from kohort.pipeline.learning.registry.entries import RegisteredModel, models_of
from kohort.pipeline.learning.retraining.kinds import kind_named
from kohort.pipeline.learning.retraining.model_kind import Trained
from kohort.pipeline.learning.retraining.proposing import keep_candidate
from kohort.pipeline.learning.training.planning import parameters_digest
from kohort.pipeline.learning.training.records import Stage, Training, Trainings, TrainingState
from kohort.pipeline.steps import CatchUp
from kohort.pipeline.workspace import Workspace

Worked = Callable[[Training], None]
"""What hears of a training as it begins, and as it ends."""


@dataclass(frozen=True)
class Desk:
    """How a project is read, at any time, and written to, which holds its lock."""

    reading: Callable[[], Workspace]
    writing: Callable[[], AbstractContextManager[tuple[Workspace, CatchUp]]]

    def train(self, learn: Callable[[Workspace], Trained], keeping: Callable[[Trained], None]) -> RegisteredModel:
        """Have a model learn from tables that are up to date, and record it as a candidate.

        The lock is held only before, to bring the tables up, and to record; `keeping` is told before that.
        """
        with self.writing():
            pass
        try:
            trained = learn(self.reading())
        except FileNotFoundError as error:
            # A rebuild drops all tables while somebody reads them.
            raise StorageError("the tables were made anew while they were learnt from; train again") from error
        keeping(trained)
        with self.writing() as (workspace, catch_up):
            return keep_candidate(workspace, trained, catch_up)


def work_on(trainings: Trainings, desk: Desk, clock: Clock, told: Worked) -> int:
    """Train what waits until nothing does, and return how many came to an end; what has died is interrupted first.

    The caller holds the lock of trainings.
    """
    trainings.settle(lambda one: _kept(desk.reading(), one))
    ended = 0
    while True:
        begun = trainings.begin_next()
        if begun is None:
            # Who asks after this has the process begin again, and who has asked before is found.
            trainings.rest()
            begun = trainings.begin_next()
        if begun is None:
            return ended
        told(begun)
        told(_worked(trainings, desk, clock, begun))
        ended += 1


def _worked(trainings: Trainings, desk: Desk, clock: Clock, begun: Training) -> Training:
    def learn(workspace: Workspace) -> Trained:
        kind = kind_named(workspace, begun.score)
        if parameters_digest(workspace, kind) != begun.parameters:
            raise CheckError(f'score "{begun.score}" is declared otherwise than when it was planned; plan anew')
        return kind.train(workspace, begun.at, "by hand", None, _Steps(trainings, clock, begun.training_id).tell)

    def keeping(trained: Trained) -> None:
        trainings.tell(begun.training_id, Stage.KEEPING, digest=trained.entry.digest)

    try:
        model = desk.train(learn, keeping)
    except KohortError as error:
        return trainings.end(begun, TrainingState.FAILED, reason=str(error))
    return trainings.end(begun, TrainingState.DONE, model=model.number)


class _Steps:
    """Notes how many steps of the learning are done, at most once a second."""

    def __init__(self, trainings: Trainings, clock: Clock, training_id: int) -> None:
        self._trainings, self._clock, self._training_id = trainings, clock, training_id
        self._noted: Moment | None = None

    def tell(self, done: int, whole: int) -> None:
        """Hear that so many steps of so many are done."""
        now = self._clock.now()
        if self._noted is None or not self._noted <= now < self._noted + SECOND:
            self._noted = now
            self._trainings.tell(self._training_id, Stage.LEARNING, done, whole)


def _kept(workspace: Workspace, left: Training) -> int | None:
    """Return the number of the model of a training that was left under way, None where it was not recorded."""
    for one in reversed(models_of(workspace)):
        if one.score == left.score and one.entry is not None and one.entry.digest == left.digest:
            return one.number if left.began_at is not None and one.trained_at >= left.began_at else None
    return None
