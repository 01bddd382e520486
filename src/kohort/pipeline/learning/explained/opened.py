"""The model that made a run of a prediction, opened once: its file never changes, so nor does what is held of it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from kohort.clock import Moment
from kohort.definitions.prediction import PredictionDefinition
from kohort.errors import UnknownNameError
from kohort.learning.models.document import signing_key
from kohort.learning.models.explanation.weights import Group
from kohort.learning.models.plain import PlainModel
from kohort.pipeline.learning.prediction_documents import PredictionDocument
from kohort.pipeline.learning.registry.entries import in_force_at
from kohort.pipeline.learning.signed import found_in, signed_model
from kohort.pipeline.workspace import Workspace
from kohort.storage.immutable import fetch
from kohort.storage.lookups import Standing
from kohort.storage.state import State

NEWEST = 2**63 - 1


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A model that predicts: the `number` that the registry gives it, its `version` (SHA-256), and itself.

    `alike` are its features in groups of those that say the same.
    """

    score: str
    number: int
    version: str
    plain: PlainModel
    alike: tuple[Group, ...]


@dataclass(frozen=True)
class ScoringRun:
    """A run of a prediction: the record of the journal, the moment it speaks of, and the file of what it found."""

    score: str
    seq: int
    at: Moment
    file: str


def predictions_of(workspace: Workspace, score: str | None = None) -> list[PredictionDefinition]:
    """Return the predictions that a project declares, or the one named; raises UnknownNameError for another name."""
    found = {one.name: one for one in workspace.scores if isinstance(one, PredictionDefinition)}
    if score is None:
        return list(found.values())
    if score not in found:
        raise UnknownNameError("prediction", score, found, where="scores of the kind prediction")
    return [found[score]]


def run_by(workspace: Workspace, score: str, until: Moment = NEWEST) -> ScoringRun | None:
    """Return the run of a score that decides what people have at a moment: the latest it speaks of, then the newest."""
    runs = workspace.tables.read("score_runs")
    names, moments, seqs = (runs.column(name).to_numpy(zero_copy_only=False) for name in ("score", "at", "seq"))
    rows = np.flatnonzero((names == score) & (moments <= until))
    if not len(rows):
        return None
    last = int(rows[np.lexsort((seqs[rows], moments[rows]))[-1]])
    return ScoringRun(score, int(seqs[last]), int(moments[last]), runs.column("file")[last].as_py())


def run_and_model(workspace: Workspace, score: str, until: Moment = NEWEST) -> tuple[ScoringRun, OpenedModel] | None:
    """Return the run of `run_by`, and the model that was in force when it was recorded, which made it; None before.

    Raises CorruptionError for a model that this project did not sign, ProjectError for one that cannot be read.
    """
    run, made = _run_and_model(_Runs(workspace), score, until)
    return None if run is None or made is None else (run, _opened_in(workspace, score, *made))


def model_in_force(workspace: Workspace, score: str) -> OpenedModel | None:
    """Return the model of a score in force, None before the first; raises as `run_and_model`."""
    found = in_force_at(workspace, score, NEWEST)
    return None if found is None else _opened_in(workspace, score, *found)


class _Runs:
    """A project whose runs and models are asked for: equal to another while none was added."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._key = Standing(workspace.tables, "score_runs", "model_runs", "model_promotions", "models")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Runs) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=64)
def _run_and_model(runs: _Runs, score: str, until: Moment) -> tuple[ScoringRun | None, tuple[int, str] | None]:
    run = run_by(runs.workspace, score, until)
    return run, None if run is None else in_force_at(runs.workspace, score, run.seq)


def _opened_in(workspace: Workspace, score: str, number: int, file: str) -> OpenedModel:
    return _opened(workspace.folder.models, workspace.folder.state, score, number, file)


def version_of(file: str) -> str:
    """Return the version of a model by its file: the SHA-256 of its bytes.

    >>> version_of("44136fa3.json")
    '44136fa3'
    """
    return Path(file).stem


@lru_cache(maxsize=16)
def _opened(folder: Path, state: Path, score: str, number: int, file: str) -> OpenedModel:
    content = fetch(folder, file)
    plain = signed_model(content, signing_key(State(state)))
    return OpenedModel(score, number, version_of(file), plain, found_in(content, PredictionDocument).alike)
