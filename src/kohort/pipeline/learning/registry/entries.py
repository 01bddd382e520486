"""The registry of models: every training run with its data, parameters, seed, figures and card, and its state.

A model is bytes that this room does not read: their digest is the name of their file. What is told of it is an entry,
a file beside it; runs and promotions are records of the journal, so the registry can be rebuilt like every table.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import msgspec

from kohort.clock import Moment
from kohort.errors import UnknownNameError, UsageError
from kohort.learning.cards import Figure, ModelCard
from kohort.learning.wording import Bilingual
from kohort.pipeline.workspace import Workspace
from kohort.storage.immutable import fetch
from kohort.storage.records import ModelTrained


class State(StrEnum):
    """What becomes of a model: it waits to be promoted, is in force, or was."""

    CANDIDATE = "candidate"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True)
class Learnt:
    """What a model of some `kind` learnt, of how many `people`: with its parameters and seed it can learn it again."""

    score: str
    kind: str
    at: Moment
    parameters: Mapping[str, Any]
    seed: int
    features: tuple[str, ...]
    people: int
    card: ModelCard


@dataclass(frozen=True, kw_only=True)
class ModelEntry(Learnt):
    """What is told of a training run.

    `known` is the newest record of the journal that the data held: with it, `at`, `parameters` and `seed` the run can
    be done again. `digest` is the SHA-256 of the model's bytes. `cause` is "by hand", "schedule" or "drift", and `why`
    says it in words.
    """

    known: int
    digest: str
    cause: str = "by hand"
    why: Bilingual | None = None

    @property
    def figures(self) -> tuple[Figure, ...]:
        """How good the model is."""
        return self.card.figures


@dataclass(frozen=True)
class RegisteredModel:
    """A model of the registry: `number` counts those of its score from 1, `seq` is the record of its training.

    `trained_at` is when that was, `at` the moment of the data; `since` when it came into force, None for a candidate.
    `entry` is None for what was found before there was a registry.
    """

    score: str
    number: int
    seq: int
    trained_at: Moment
    at: Moment
    file: str
    state: State
    since: Moment | None
    entry: ModelEntry | None

    @property
    def named(self) -> str:
        """What people call it: the score and its number."""
        return f"{self.score} {self.number}"


def entry_of(
    workspace: Workspace, learnt: Learnt, content: bytes, *, cause: str, why: Bilingual | None = None
) -> ModelEntry:
    """Return what is told of a model of which `content` are the bytes, learnt from what the tables hold now."""
    said = {one.name: getattr(learnt, one.name) for one in fields(learnt)}
    digest = hashlib.sha256(content).hexdigest()
    return ModelEntry(**said, known=data_known(workspace), digest=digest, cause=cause, why=why)


def record_training(workspace: Workspace, entry: ModelEntry, content: bytes, *, live: bool) -> ModelTrained:
    """Keep a model and what is told of it, and append the run to the journal; it is a candidate unless it is `live`."""
    file = workspace.keep_file("models", content, ".json")
    told = workspace.keep_file("models", msgspec.json.encode(entry), ".json")
    trained = ModelTrained(entry.score, entry.at, file, told, live)
    workspace.journal.append("trained", [msgspec.json.encode(trained)], recorded_at=workspace.clock.now())
    return trained


def data_known(workspace: Workspace) -> int:
    """Return the newest record of the journal that the tables of people, events and traits hold."""
    return max(workspace.data_seq(), workspace.tables.watermark("trait_values"))


def models_of(workspace: Workspace, score: str | None = None) -> list[RegisteredModel]:
    """Return all models, or those of one score, in the order in which they were trained.

    Raises UnknownNameError for a score of which there is none.
    """
    runs = _runs(workspace)
    if score is not None and all(row["score"] != score for row in runs):
        raise UnknownNameError("model", score, {row["score"] for row in runs}, where="the scores that have one")
    live = live_runs(workspace)
    since = {run: moment for _, _, run, moment in sorted(_events(workspace, runs), key=lambda one: one[1])}
    counts: dict[str, int] = {}
    found = []
    for row in runs:
        name = row["score"]
        counts[name] = counts.get(name, 0) + 1
        if score not in {None, name}:
            continue
        is_live, was = live.get(name) == row["seq"], row["seq"] in since
        state = State.LIVE if is_live else State.RETIRED if was else State.CANDIDATE
        entry = _entry(workspace, row["entry"]) if row["entry"] else None
        found.append(
            RegisteredModel(
                name, counts[name], row["seq"], row["recorded_at"], row["at"], row["file"], state,
                since.get(row["seq"]), entry,
            )
        )  # fmt: skip
    return found


def live_runs(workspace: Workspace) -> dict[str, int]:
    """Return the record of training of the model in force, by score; no model is read."""
    events = sorted(_events(workspace, _runs(workspace)), key=lambda one: one[1])
    return {score: run for score, _, run, _ in events}


def newest_trainings(workspace: Workspace) -> dict[str, Moment]:
    """Return when the newest model of each score was trained; no model is read."""
    return {row["score"]: row["recorded_at"] for row in _runs(workspace)}


def candidates_waiting(workspace: Workspace) -> dict[str, int]:
    """Return the number of the newest candidate of each score that has one newer than what is in force."""
    runs, live, counts = _runs(workspace), live_runs(workspace), dict[str, int]()
    waiting = {}
    forced = {run for _, _, run, _ in _events(workspace, runs)}
    for row in runs:
        score = row["score"]
        counts[score] = counts.get(score, 0) + 1
        if row["seq"] not in forced and row["seq"] > live.get(score, 0):
            waiting[score] = counts[score]
    return waiting


def in_force_at(workspace: Workspace, score: str, seq: int) -> tuple[int, str] | None:
    """Return the number and the file of the model of a score in force at a record of the journal, None before one."""
    its = [row for row in _runs(workspace) if row["score"] == score]
    by_then = [one for one in _events(workspace, its) if one[0] == score and one[1] <= seq]
    if not by_then:
        return None
    run = max(by_then, key=lambda one: one[1])[2]
    place = next(place for place, row in enumerate(its) if row["seq"] == run)
    return place + 1, str(its[place]["file"])


def live_model(workspace: Workspace, score: str) -> RegisteredModel | None:
    """Return the model of a score that is in force, None before the first."""
    run = live_runs(workspace).get(score)
    return None if run is None else next(one for one in models_of(workspace, score) if one.seq == run)


def model_numbered(workspace: Workspace, score: str, number: int) -> RegisteredModel:
    """Return a model by its score and number; raises UnknownNameError, or UsageError for a number that none has."""
    found = models_of(workspace, score)
    if not 1 <= number <= len(found):
        raise UsageError(f'"{score}" has no model {number}; it has 1 to {len(found)}; see: kohort models')
    return found[number - 1]


def waiting_candidate(workspace: Workspace, score: str) -> RegisteredModel | None:
    """Return the newest candidate of a score, None where none is newer than what is in force."""
    number = candidates_waiting(workspace).get(score)
    return None if number is None else model_numbered(workspace, score, number)


def live_before(workspace: Workspace, score: str) -> RegisteredModel:
    """Return the model that was in force before the one that is; raises UsageError where there was none."""
    found = {one.seq: one for one in models_of(workspace, score)}
    times = sorted((seq, run) for name, seq, run, _ in _events(workspace, _runs(workspace)) if name == score)
    before = next((run for _, run in reversed(times) if run != times[-1][1]), None)
    if before is None:
        raise UsageError(f'no other model of "{score}" was ever in force, so there is nothing to go back to')
    return found[before]


def content_of(workspace: Workspace, model: RegisteredModel) -> bytes:
    """Return a model's bytes; raises CorruptionError if they are not what their digest says."""
    return fetch(workspace.folder.models, model.file)


def _runs(workspace: Workspace) -> list[dict[str, Any]]:
    """Return the rows of `model_runs`, and before them discoveries of the time before there was a registry."""
    runs: list[dict[str, Any]] = workspace.tables.read("model_runs").to_pylist()
    known = {row["file"] for row in runs}
    older = [
        {"seq": row["seq"], "recorded_at": row["recorded_at"], "score": row["name"], "at": row["at"],
         "file": row["file"], "entry": "", "live": True}
        for row in workspace.tables.read("models").to_pylist()
        if row["file"] not in known
    ]  # fmt: skip
    return sorted([*older, *runs], key=lambda row: row["seq"])


def _events(workspace: Workspace, runs: list[dict[str, Any]]) -> list[tuple[str, int, int, Moment]]:
    """Return each time a model came into force: its score, the record that did it, its run, and when."""
    made = [(row["score"], row["seq"], row["seq"], row["recorded_at"]) for row in runs if row["live"]]
    promoted = workspace.tables.read("model_promotions").to_pylist()
    return made + [(row["score"], row["seq"], row["run"], row["recorded_at"]) for row in promoted]


def _entry(workspace: Workspace, file: str) -> ModelEntry:
    return msgspec.json.decode(fetch(workspace.folder.models, file), type=ModelEntry)
