"""Predictions as scores: learnt from the project's past, judged on its newest stretch, written as traits."""

from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from kohort.clock import DAY, Moment
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.importance.results import LeftOut
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.dates import DateRanges, date_ranges
from kohort.learning.prediction.examples import FEWEST
from kohort.learning.prediction.fitting import Balance
from kohort.learning.prediction.folds import Fold
from kohort.learning.prediction.model import TrainedModel
from kohort.learning.prediction.study import PredictionStudy, train
from kohort.learning.prediction.thresholds import Costs, band_of
from kohort.pipeline.cluster_features import telling_features
from kohort.pipeline.prediction_examples import PastExamples, past_examples
from kohort.pipeline.prediction_models import prediction_content, prediction_entry
from kohort.pipeline.registry.entries import record_training
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.workspace import Workspace
from kohort.storage.immutable import fetch
from kohort.storage.records import PredictionStudied


@dataclass(frozen=True)
class PredictionDocument:
    """What a prediction found as of `at`: learnt at all `cut_offs` but the last, which judged it.

    `alarms` are features that alone tell so well who does it that they most likely know; `scored` counts the people
    of today who were told a chance, `in_bands` those of each band, the lowest first.
    """

    score: str
    at: Moment
    target: str
    event: str
    within: int
    cut_offs: tuple[Moment, ...]
    study: PredictionStudy
    left_out: tuple[LeftOut, ...]
    alarms: tuple[LeftOut, ...]
    scored: int
    in_bands: tuple[int, ...]
    dates: DateRanges | None = None


@dataclass(frozen=True, eq=False)
class Predicted:
    """What was found, the model, and what it says of everybody today."""

    document: PredictionDocument
    model: TrainedModel
    table: pa.Table
    types: dict[str, ValueType]


def predict(workspace: Workspace, definition: PredictionDefinition, at: Moment) -> Predicted | str:
    """Return chances as of `at` and how good they are, or why nothing can be said yet.

    The models that judge learnt only from cut-offs whose labels were over at the last one. The final model learns
    from all of them.
    """
    past = past_examples(workspace, definition, at)
    folds = _last_held_out(past, definition)
    lack = _lacking(past, folds)
    if lack:
        return lack
    costs = None if definition.costs is None else Costs(*definition.costs)
    plan = Plan(definition.models, balance=Balance(definition.balance), costs=costs, seed=definition.seed)
    done = train(past.examples, plan, folds=folds, rule=definition.rule or None, limits=definition.bands)
    chances = done.model.chances(past.today)
    bands = band_of(chances, definition.bands)
    names = definition.band_names
    columns: dict[str, object] = {
        "person_id": list(past.today.person_ids),
        definition.name: np.rint(chances * MICRO).astype(np.int64),
        f"{definition.name}_band": [names[band] for band in bands.tolist()],
    }
    types = {definition.name: ValueType.NUMBER, f"{definition.name}_band": ValueType.TEXT}
    dates = None
    if definition.dates:
        dates = date_ranges(done.chances, past.waited[done.rows], past.happened[done.rows], seed=definition.seed)
        columns |= _moments(definition, dates, chances, at)
        types |= dict.fromkeys(definition.moments, ValueType.MOMENT)
    document = PredictionDocument(
        definition.name, at, definition.target, definition.event, definition.within, past.cut_offs, done.study,
        past.left_out, telling_features(past.examples.table, past.examples.reached), len(chances),
        tuple(np.bincount(bands, minlength=len(names)).tolist()), dates,
    )  # fmt: skip
    return Predicted(document, done.model, pa.table(columns), types)


def _moments(
    definition: PredictionDefinition, dates: DateRanges, chances: np.ndarray, at: Moment
) -> dict[str, pa.Array]:
    """Return when people do it next, low and high; null where nobody was watched so long."""
    low, middle, high = dates.of(chances)
    found = {}
    for name, days in zip(definition.moments, (middle, low, high), strict=True):
        unknown = np.isinf(days)
        found[name] = pa.array(at + np.rint(np.where(unknown, 0, days) * DAY).astype(np.int64), mask=unknown)
    return found


def record_prediction(workspace: Workspace, definition: PredictionDefinition, at: Moment) -> str:
    """Write each person's chance and band as traits, keep what was found, and return it in words."""
    found = predict(workspace, definition, at)
    if isinstance(found, str):
        return found
    study = found.document.study
    file = workspace.keep_file("models", msgspec.json.encode(found.document), ".json")
    body = msgspec.json.encode(PredictionStudied(definition.name, at, file, study.chosen))
    workspace.journal.append("predict", [body], recorded_at=workspace.clock.now())
    content = prediction_content(workspace, found.model)
    record_training(workspace, prediction_entry(workspace, definition, study, content, at), content, live=True)
    record_scores(workspace, definition.name, found.table, found.types, at)
    area, rule = study.measures.auc, study.rule
    beside = f"beats {rule.name} alone" if rule.is_beaten else f"does not beat {rule.name} alone, take that"
    return (
        f"chances of {found.document.scored:,} people by {study.chosen}, AUC {area.estimate:.3f} "
        f"({area.low:.3f} to {area.high:.3f}) on the last {study.measures.n:,} examples, {beside}"
    )


def latest_prediction(workspace: Workspace, score: str) -> PredictionDocument | None:
    """Return the newest study of a prediction, None before the first."""
    rows = [row for row in workspace.tables.read("prediction_studies").to_pylist() if row["score"] == score]
    if not rows:
        return None
    newest = max(rows, key=lambda row: row["seq"])
    return msgspec.json.decode(fetch(workspace.folder.models, newest["file"]), type=PredictionDocument)


def declared_predictions(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the predictions that a project declares."""
    return tuple(one.name for one in workspace.scores if isinstance(one, PredictionDefinition))


def _last_held_out(past: PastExamples, definition: PredictionDefinition) -> tuple[Fold, ...]:
    times = past.examples.times
    if times is None or not past.cut_offs:
        return ()
    last = past.cut_offs[-1]
    learnt = np.flatnonzero(times + definition.gap + definition.within <= last)
    return (Fold(learnt, np.flatnonzero(times == last)),)


def _lacking(past: PastExamples, folds: tuple[Fold, ...]) -> str:
    for rows in (folds[0].learnt, folds[0].judged) if folds else (np.zeros(0, dtype=np.int64),):
        reached = past.examples.reached[rows]
        inside, outside = int(reached.sum()), int((~reached).sum())
        if min(inside, outside) < FEWEST:
            return (
                f"too little of the past to learn from: {FEWEST} people who did it and {FEWEST} who did not are needed "
                f"before the last cut-off and after it, and there are {inside} and {outside}"
            )
    return ""
