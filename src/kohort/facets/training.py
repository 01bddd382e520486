"""Training models: at once, or asked for by a plan and worked on by a process of its own."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from kohort.errors import UsageError
from kohort.facets.facet import Facet
from kohort.imports import needing_extra
from kohort.storage.lock import write_lock

if TYPE_CHECKING:
    from kohort.clock import Moment
    from kohort.governance.audit import Actor
    from kohort.pipeline.learning.registry.entries import RegisteredModel
    from kohort.pipeline.learning.training.plan import TrainingPlan
    from kohort.pipeline.learning.training.records import Training, Trainings
    from kohort.pipeline.learning.training.standing import TrainingStanding
    from kohort.pipeline.learning.training.working import Worked

_PATIENCE: Final = 1.0
"""The seconds that who works on trainings waits for somebody who only looks whether anybody does."""


class TrainingFacet(Facet):
    """The part of `Project` that trains models."""

    def train_model(
        self,
        score: str,
        at: "str | Moment | None" = None,
        *,
        progress: "Callable[[int, int], None] | None" = None,
    ) -> "RegisteredModel":
        """Train a model of a score on what is known as of `at`, and keep it as a candidate.

        Others write meanwhile: the project's lock is held only before, to bring the tables up, and to record the model.
        `progress` is told how many of how many steps of the learning are done. Raises MissingExtraError without the
        extra `[learn]`, UnknownNameError for a score without models, UsageError where there is too little to learn
        from.
        """
        with needing_extra("learn", "training a model"):
            from kohort.pipeline.learning.retraining.kinds import kind_named
            from kohort.pipeline.learning.training.working import Desk

        moment = self._moment(self._workspace(), at)
        return Desk(self._workspace, self._writing).train(
            lambda workspace: kind_named(workspace, score).train(workspace, moment, "by hand", None, progress),
            lambda _: None,
        )

    @cached_property
    def trainings(self) -> "Trainings":
        """The trainings that were asked for by a plan, and what has become of them; they need no lock."""
        from kohort.pipeline.learning.training.records import Trainings

        return Trainings(self.folder, self.clock)

    def training_standings(self) -> "tuple[TrainingStanding, ...]":
        """Return of each score that was asked for how many trainings ended and how, what runs, and what went wrong."""
        from kohort.pipeline.learning.training.standing import training_standings

        return training_standings(self._workspace(), self.trainings)

    def trainings_asked(self, score: str | None = None, most: int = 100) -> "tuple[Training, ...]":
        """Return the trainings that were asked for, of a score or of all, the newest first, at most so many.

        Raises UnknownNameError for a score that has no models, and of which none was ever asked for.
        """
        found = self.trainings.list(score, most)
        if score is not None and not found:
            with needing_extra("learn", "training a model"):
                from kohort.pipeline.learning.retraining.kinds import kind_named
            kind_named(self._workspace(), score)
        return found

    def plan_training(self, score: str, at: "str | Moment | None" = None) -> "TrainingPlan":
        """Return what training a model of a score would learn from, and why; `start_training` begins it.

        Raises as `train_model`, but for too little to learn from, which the plan tells.
        """
        with needing_extra("learn", "training a model"):
            from kohort.pipeline.learning.training.planning import plan_training

        workspace = self._workspace()
        moment = self._moment(workspace, at)
        return plan_training(workspace, score, moment, self.trainings.list(score))

    def start_training(self, plan: "TrainingPlan", *, by: "Actor | None" = None) -> "Training":
        """Have exactly what a plan says be trained, by the server's process for it, or by `work_on_trainings`.

        The audit says `by` whom it was asked, the operator by default. Raises CheckError while a training of the score
        is under way or waits, and if the score or its models are no longer as the plan says.
        """
        from kohort.governance.audit import OPERATOR
        from kohort.pipeline.learning.training.records import Training

        with needing_extra("learn", "training a model"):
            from kohort.pipeline.learning.training.planning import check_training_plan

        if plan.lack:
            raise UsageError(f'score "{plan.score}": {plan.lack}')
        check_training_plan(self._workspace(), plan)
        actor = by or OPERATOR
        return self.trainings.ask(
            Training(0, plan.score, plan.kind, plan.at, plan.parameters, plan.rows, actor.name, actor.door, 0)
        )

    def work_on_trainings(self, told: "Worked | None" = None) -> int:
        """Train what was asked for, one after another, until nothing is left, and return how many came to an end.

        What a process left under way that has died is interrupted first. `told` hears of each as it begins and ends.
        Raises MissingExtraError without the extra `[learn]`, LockedError while another process works on them.
        """
        with needing_extra("learn", "training a model"):
            from kohort.pipeline.learning.training.working import Desk, work_on

        with write_lock(self.folder.training, _PATIENCE):
            return work_on(self.trainings, Desk(self._workspace, self._writing), self.clock, told or (lambda _: None))
