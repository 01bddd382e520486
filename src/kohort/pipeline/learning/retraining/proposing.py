"""Training again on schedule or on drift: a candidate is made, and never put in force by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from kohort.clock import DAY, Moment
from kohort.errors import UsageError
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.kept_documents import keep_document
from kohort.pipeline.learning.months import month_ends
from kohort.pipeline.learning.registry.entries import (
    RegisteredModel,
    live_model,
    models_of,
    record_training,
    waiting_candidate,
)
from kohort.pipeline.learning.retraining.kinds import kinds_of
from kohort.pipeline.learning.retraining.looks import DriftLook
from kohort.pipeline.learning.retraining.model_kind import ModelKind, Trained
from kohort.pipeline.learning.retraining.watching import look_for_drift
from kohort.pipeline.results import StepOutcome
from kohort.pipeline.steps import CatchUp
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import DriftWatched


@dataclass(frozen=True)
class _Reason:
    cause: str
    words: Bilingual


def propose_models(workspace: Workspace, at: Moment, catch_up: CatchUp) -> Iterator[StepOutcome]:
    """Train anew what scores ask to be trained anew, as of `at`, yielding what became of each.

    A score whose candidate waits is left alone: somebody has to promote it, or train by hand. A month is looked at for
    drift once.
    """
    for name, kind in kinds_of(workspace).items():
        if kind.retrain.is_empty or live_model(workspace, name) is None:
            continue
        waiting = waiting_candidate(workspace, name)
        if waiting is not None:
            yield StepOutcome(f"model {name}", "skipped", f"{waiting.named} waits; {_see(name)}")
            continue
        reason, said = _reason(workspace, kind, at, catch_up)
        if reason is None:
            yield StepOutcome(f"model {name}", "skipped", said)
            continue
        model = keep_candidate(workspace, kind.train(workspace, at, reason.cause, reason.words), catch_up)
        yield StepOutcome(
            f"model {name}", "done", f"trained again: {reason.words.en} {model.named} waits; {_see(name)}"
        )


def keep_candidate(workspace: Workspace, trained: Trained, catch_up: CatchUp) -> RegisteredModel:
    """Record a model that was trained, as a candidate that waits."""
    record_training(workspace, trained.entry, trained.content, live=False)
    catch_up()
    return models_of(workspace, trained.entry.score)[-1]


def _see(name: str) -> str:
    return f"see who would enter and leave with: kohort models plan {name}"


def _reason(workspace: Workspace, kind: ModelKind, at: Moment, catch_up: CatchUp) -> tuple[_Reason | None, str]:
    """Return why to train a model anew, None with why not."""
    newest = max(one.at for one in models_of(workspace, kind.name))
    every = kind.retrain.every
    if every is not None and at >= newest + every:
        return _Reason("schedule", _every(every // DAY)), ""
    if not kind.retrain.on_drift:
        return None, "not due yet"
    try:
        look = _look_once(workspace, kind, at, catch_up)
    except UsageError as error:
        return None, str(error)
    if look is None:
        return None, "the last month that has ended was looked at already, and there is no reason to train again"
    if not look.proposes:
        return None, look.words.en
    return _Reason("drift", look.words), ""


def _every(days: int) -> Bilingual:
    if days == 1:
        return Bilingual("It learns anew every day.", "Il apprend de nouveau chaque jour.")
    return Bilingual(f"It learns anew every {days} days.", f"Il apprend de nouveau tous les {days} jours.")


def _look_once(workspace: Workspace, kind: ModelKind, at: Moment, catch_up: CatchUp) -> DriftLook | None:
    """Look at the last month, and record it; None where that was done for this model before."""
    live = live_model(workspace, kind.name)
    [end] = month_ends(at, 1, workspace)
    rows = workspace.tables.read("model_drift").to_pylist()
    if live is None or any(row["run"] == live.seq and row["at"] == end for row in rows):
        return None
    look = look_for_drift(workspace, kind.name, at)
    found, run = list(look.found), live.seq
    keep_document(
        workspace, "drift", look, lambda file: DriftWatched(kind.name, look.at, run, file, found, look.proposes)
    )
    catch_up()
    return look
