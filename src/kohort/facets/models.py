"""The registry of models: what was trained, what is in force, what has drifted, and changing which model is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kohort.facets.facet import Facet
from kohort.imports import needing_extra

if TYPE_CHECKING:
    from kohort.clock import Moment
    from kohort.governance.audit import Actor
    from kohort.pipeline.learning.prediction_documents import PredictionDocument
    from kohort.pipeline.learning.registry.alerts import ModelAlert
    from kohort.pipeline.learning.registry.entries import RegisteredModel
    from kohort.pipeline.learning.registry.standing import ModelStanding
    from kohort.pipeline.learning.retraining.looks import DriftLook
    from kohort.reports.predictions_data import LookalikesShown, PredictionShown
    from kohort.segments.change_plan import ChangePlan


class ModelsFacet(Facet):
    """The part of `Project` that tells of models and puts them in force."""

    def models(self, score: str | None = None) -> "list[RegisteredModel]":
        """Return every model that was ever trained, or those of one score, the oldest first.

        Raises UnknownNameError for a score that has none.
        """
        from kohort.pipeline.learning.registry.entries import models_of

        return models_of(self._workspace(), score)

    def model_alerts(self) -> "tuple[ModelAlert, ...]":
        """Return for each score that has a model whether a candidate waits, and what has drifted."""
        from kohort.pipeline.learning.registry.alerts import alerts_of

        return alerts_of(self._workspace())

    def model_standings(self) -> "tuple[ModelStanding, ...]":
        """Return of each score with models which is in force, which waits, and what has drifted."""
        from kohort.pipeline.learning.registry.standing import standings_of

        return standings_of(self._workspace())

    def model_document(self, model: "RegisteredModel") -> "PredictionDocument | None":
        """Return what was found when a model that predicts was trained, None for any other kind.

        Raises CorruptionError if it is not what was kept.
        """
        from kohort.pipeline.learning.prediction_documents import kept_document

        return kept_document(self._workspace(), model)

    def predictions_shown(self) -> "tuple[PredictionShown, ...]":
        """Return each prediction in force, with what was found when it learnt and at the last look for drift."""
        from kohort.pipeline.learning.predictions_shown import predictions_shown

        return tuple(predictions_shown(self._workspace()))

    def lookalikes_shown(self) -> "tuple[LookalikesShown, ...]":
        """Return the look-alikes in force, with how good they are."""
        from kohort.pipeline.learning.predictions_shown import lookalikes_shown

        return tuple(lookalikes_shown(self._workspace()))

    def supervised_shown(self) -> "tuple[PredictionShown, ...]":
        """Return the supervised segments in force, with what was found when they learnt and at the last look."""
        from kohort.pipeline.learning.predictions_shown import supervised_shown

        return tuple(supervised_shown(self._workspace()))

    def model(self, score: str, number: int | None = None) -> "RegisteredModel":
        """Return a model by its number, by default the one in force, or the newest candidate where none is.

        Raises UnknownNameError for a score that has none, UsageError for a number that none has.
        """
        from kohort.pipeline.learning.registry.entries import live_model, model_numbered, models_of

        workspace = self._workspace()
        if number is not None:
            return model_numbered(workspace, score, number)
        return live_model(workspace, score) or models_of(workspace, score)[-1]

    def plan_promotion(self, score: str, number: int | None = None, at: "str | Moment | None" = None) -> "ChangePlan":
        """Return what putting a model in force would change, by default the newest candidate; `apply` does it.

        Raises MissingExtraError without the extra `[learn]`, UnknownNameError for a score without models, UsageError
        where no candidate waits.
        """
        with needing_extra("learn", "scoring with a model"):
            from kohort.pipeline.learning.retraining.promoting import plan_promotion

        workspace = self._workspace()
        return plan_promotion(workspace, score, number, self._moment(workspace, at))

    def plan_model_rollback(
        self, score: str, number: int | None = None, at: "str | Moment | None" = None
    ) -> "ChangePlan":
        """Return what going back to a model would change, by default the one in force before; `apply` does it.

        Raises as `plan_promotion`, and UsageError where there is nothing to go back to.
        """
        with needing_extra("learn", "scoring with a model"):
            from kohort.pipeline.learning.retraining.promoting import plan_model_rollback

        workspace = self._workspace()
        return plan_model_rollback(workspace, score, number, self._moment(workspace, at))

    def drift_looks(self, score: str) -> "tuple[DriftLook, ...]":
        """Return the looks at a score's model in force that runs have kept, a month each, the oldest first.

        Raises UnknownNameError for a score without models.
        """
        from kohort.pipeline.learning.retraining.looks import looks_of

        return looks_of(self._workspace(), score)

    def drift(self, score: str, at: "str | Moment | None" = None) -> "DriftLook":
        """Look whether people are still as a score's live model knows them, in the last month that ended by `at`.

        Nothing is written. Raises MissingExtraError without the extra `[learn]`, UsageError where there is nothing to
        compare.
        """
        with needing_extra("learn", "watching a model"):
            from kohort.pipeline.learning.retraining.watching import look_for_drift

        workspace = self._workspace()
        return look_for_drift(workspace, score, self._moment(workspace, at))

    def _apply_model(self, plan: "ChangePlan", despite: Sequence[str], reason: str, by: "Actor | None") -> None:
        """Put the model of a plan in force, as `Project.apply`, and have the audit say `by` whom."""
        from kohort.governance.audit import OPERATOR, Audit
        from kohort.pipeline.steps import StepRunner
        from kohort.storage.state import State

        with needing_extra("learn", "scoring with a model"):
            from kohort.pipeline.learning.retraining.promoting import apply_promotion
        with self._writing() as (workspace, catch_up):
            apply_promotion(StepRunner(workspace, plan.at, catch_up), plan, despite, reason)
        if (model := plan.model) is not None:
            action = "model taken back to" if plan.cause == "rollback" else "model promoted"
            before = "" if model.before is None else f"{model.score} {model.before}"
            audit = Audit(State(self.folder.state), self.clock)
            audit.note(by or OPERATOR, action, f"{model.score} {model.run}", before)
