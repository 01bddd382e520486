"""Planning a training: which model would learn from what, and why; nothing is read that only training needs."""

import hashlib
from collections.abc import Sequence

import msgspec

from kohort.clock import SECOND, Moment, datetime_of
from kohort.errors import CheckError
from kohort.learning.wording import COLON, Bilingual
from kohort.pipeline.learning.registry.alerts import alerts_of
from kohort.pipeline.learning.registry.entries import RegisteredModel, State, candidates_waiting, data_known, models_of
from kohort.pipeline.learning.retraining.kinds import kind_named
from kohort.pipeline.learning.retraining.model_kind import ModelKind
from kohort.pipeline.learning.training.plan import TrainingPlan
from kohort.pipeline.learning.training.records import Training, TrainingState
from kohort.pipeline.workspace import Workspace


def plan_training(workspace: Workspace, score: str, at: Moment, before: Sequence[Training]) -> TrainingPlan:
    """Return what training a model of a score would learn from; `before` are its trainings, the newest first.

    Raises UnknownNameError for a score without models, UsageError or DefinitionError for one that is declared wrong.
    """
    kind = kind_named(workspace, score)
    known, models = data_known(workspace), _models(workspace, score)
    foreseen = kind.foreseen(workspace, at)
    live = next((one for one in models if one.state is State.LIVE), None)
    candidate = candidates_waiting(workspace).get(score)
    return TrainingPlan(
        score,
        kind.kind,
        at,
        known,
        len(models),
        live.number if live else None,
        candidate,
        foreseen.rows,
        foreseen.reached,
        foreseen.cut_offs,
        foreseen.lack,
        _seconds(before, foreseen.rows),
        _why(workspace, kind, live, candidate),
        parameters_digest(workspace, kind),
    )


def check_training_plan(workspace: Workspace, plan: TrainingPlan) -> None:
    """Raise CheckError if the score is another than the plan says, or a model of it has been trained since."""
    kind = kind_named(workspace, plan.score)
    if parameters_digest(workspace, kind) != plan.parameters:
        raise _stale(f'score "{plan.score}" is declared otherwise than when the plan was made')
    if len(_models(workspace, plan.score)) != plan.trained:
        raise _stale(f'another model of "{plan.score}" has been trained since the plan was made')


def parameters_digest(workspace: Workspace, kind: ModelKind) -> str:
    """Return what differs whenever a model would learn by something else: a SHA-256, in hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(kind.parameters(workspace), order="deterministic")).hexdigest()


def _stale(problem: str) -> CheckError:
    return CheckError(f"{problem}, so nothing was begun; ask for a new plan")


def _models(workspace: Workspace, score: str) -> list[RegisteredModel]:
    return [one for one in models_of(workspace) if one.score == score]


def _seconds(before: Sequence[Training], rows: int) -> int | None:
    for one in before:
        if one.state is TrainingState.DONE and one.rows and one.began_at is not None and one.ended_at is not None:
            return max(1, round((one.ended_at - one.began_at) / SECOND * rows / one.rows))
    return None


def _why(workspace: Workspace, kind: ModelKind, live: RegisteredModel | None, candidate: int | None) -> Bilingual:
    """Return what speaks for a training, and against it."""
    if live is None:
        said = [Bilingual("No model of this score is in force.", "Aucun modèle de ce score n'est en vigueur.")]
    else:
        day = datetime_of(live.at, workspace.settings.zone).date().isoformat()
        said = [
            Bilingual(
                f"Model {live.number}, which is in force, learnt from data as of {day}.",
                f"Le modèle {live.number}, qui est en vigueur, a appris de données au {day}.",
            )
        ]
    names = ", ".join(name for one in alerts_of(workspace) if one.score == kind.name for name in one.drifted)
    if names:
        said.append(Bilingual(f"People have drifted: {names}.", f"Les personnes ont dérivé{COLON} {names}."))
    if candidate is not None:
        said.append(
            Bilingual(f"Model {candidate} waits already.", f"Le modèle {candidate} attend déjà d'être mis en vigueur.")
        )
    return Bilingual(" ".join(one.en for one in said), " ".join(one.fr for one in said))
