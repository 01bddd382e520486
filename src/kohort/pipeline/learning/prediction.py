"""Predictions as scores: learnt from the project's past, judged on its newest stretch, written as traits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kohort.clock import DAY, Moment
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.explanation.summaries import groups_of
from kohort.learning.models.explanation.usual import weights_of
from kohort.learning.models.plain import PlainModel
from kohort.learning.models.scoring import scores_of
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.dates import DateRanges, date_ranges
from kohort.learning.prediction.examples import FEWEST
from kohort.learning.prediction.fitting import Balance
from kohort.learning.prediction.folds import Fold
from kohort.learning.prediction.study import train
from kohort.learning.prediction.thresholds import Costs, band_of
from kohort.pipeline.learning.cluster_features import telling_features
from kohort.pipeline.learning.explained.kept import keep_scored, scored_of
from kohort.pipeline.learning.explained.opened import version_of
from kohort.pipeline.learning.prediction_documents import PredictionDocument
from kohort.pipeline.learning.prediction_examples import past_examples
from kohort.pipeline.learning.prediction_features import read_by
from kohort.pipeline.learning.prediction_models import (
    declared,
    plain_prediction,
    prediction_entry,
)
from kohort.pipeline.learning.registry.entries import content_of, live_model, record_training
from kohort.pipeline.learning.signed import Kept, opened, signed_content
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Predicted:
    """What was found, the model, what it says of everybody today (`table`, whose traits have `types`), and of whom."""

    document: PredictionDocument
    model: PlainModel
    table: pa.Table
    types: dict[str, ValueType]
    people: FeatureTable


def predict(
    workspace: Workspace,
    definition: PredictionDefinition,
    at: Moment,
    progress: Callable[[int, int], None] | None = None,
) -> Predicted | str:
    """Return chances as of `at` and how good they are, or why nothing can be said yet.

    The models that judge learnt only from cut-offs whose labels were over at the last one. The final model learns
    from all of them. `progress` is told how many of how many steps of the learning are done.
    """
    past = past_examples(workspace, definition, at)
    folds = last_held_out(past.examples.times, past.cut_offs, definition)
    lack = lacking(past.examples.reached, folds)
    if lack:
        return lack
    costs = None if definition.costs is None else Costs(*definition.costs)
    plan = Plan(definition.models, balance=Balance(definition.balance), costs=costs, seed=definition.seed)
    rule = definition.rule or None
    done = train(past.examples, plan, folds=folds, rule=rule, limits=definition.bands, progress=progress)
    chances = done.model.chances(past.today)
    dates = None
    if definition.dates:
        dates = date_ranges(done.chances, past.waited[done.rows], past.happened[done.rows], seed=definition.seed)
    table, types, in_bands = _written(definition, past.today.person_ids, chances, dates, at)
    examples, model = past.examples.table, plain_prediction(done.model, past.examples.table)
    seed, features = definition.seed, done.model.preparation.features
    alike = groups_of(examples, features, seed=seed)
    document = PredictionDocument(
        definition.name, at, definition.target, definition.event, definition.within, past.cut_offs, done.study,
        past.left_out, telling_features(examples, past.examples.reached), len(chances), in_bands, dates,
        weights_of(model, past.today, alike, seed=seed), alike,
    )  # fmt: skip
    return Predicted(document, model, table, types, past.today)


def _written(
    definition: PredictionDefinition,
    people: Sequence[str],
    chances: np.ndarray,
    dates: DateRanges | None,
    at: Moment,
) -> tuple[pa.Table, dict[str, ValueType], tuple[int, ...]]:
    """Return the traits of a prediction (column person_id and one a trait), their types, and the people by band."""
    bands, names = band_of(chances, definition.bands), definition.band_names
    columns: dict[str, object] = {
        "person_id": pa.array(people, pa.string()),
        definition.name: np.rint(chances * MICRO).astype(np.int64),
        f"{definition.name}_band": pa.array([names[band] for band in bands.tolist()], pa.string()),
    }
    types = {definition.name: ValueType.NUMBER, f"{definition.name}_band": ValueType.TEXT}
    if dates is not None and definition.dates:
        columns |= _moments(definition, dates, chances, at)
        types |= dict.fromkeys(definition.moments, ValueType.MOMENT)
    return pa.table(columns), types, tuple(np.bincount(bands, minlength=len(names)).tolist())


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
    """Write each person's chance and band as traits, by the model in force; return what was done, in words.

    Where none is in force, or the declaration has another thing to learn than the one in force, a model learns, and is
    in force at once: whoever wrote the declaration asked for it. Later ones come into force by a plan.
    """
    live = live_model(workspace, definition.name)
    if live is not None and live.entry is not None and live.entry.parameters == declared(definition):
        kept = opened(workspace, content_of(workspace, live), PredictionDocument)
        people = read_by(workspace, definition, kept.model, at)
        table, types = _said(definition, kept, people, at)
        _record(workspace, definition, _Scored(table, types, kept.model, people), live.file, at)
        return f"chances of {table.num_rows:,} people by {live.named}"
    found = predict(workspace, definition, at)
    if isinstance(found, str):
        return found
    study, content = found.document.study, signed_content(workspace, found.document, found.model)
    trained = record_training(
        workspace, prediction_entry(workspace, definition, found.document, content), content, live=True
    )
    _record(workspace, definition, _Scored(found.table, found.types, found.model, found.people), trained.file, at)
    area, rule = study.measures.auc, study.rule
    beside = f"beats {rule.name} alone" if rule.is_beaten else f"does not beat {rule.name} alone, take that"
    return (
        f"chances of {found.document.scored:,} people by {study.chosen}, AUC {area.estimate:.3f} "
        f"({area.low:.3f} to {area.high:.3f}) on the last {study.measures.n:,} examples, {beside}"
    )


def said_of_everybody(
    workspace: Workspace, definition: PredictionDefinition, kept: Kept[PredictionDocument], at: Moment
) -> tuple[pa.Table, dict[str, ValueType]]:
    """Return what a kept model says of everybody as of `at` (column person_id and one a trait), and the traits' types.

    `kept` is what `opened` gives, which verifies it.
    """
    return _said(definition, kept, read_by(workspace, definition, kept.model, at), at)


def _said(
    definition: PredictionDefinition, kept: Kept[PredictionDocument], people: FeatureTable, at: Moment
) -> tuple[pa.Table, dict[str, ValueType]]:
    chances = scores_of(kept.model, people)
    table, types, _ = _written(definition, people.person_ids, chances, kept.found.dates, at)
    return table, types


@dataclass(frozen=True, eq=False)
class _Scored:
    """What a model says, with the types of the traits, and what it read of whom."""

    table: pa.Table
    types: dict[str, ValueType]
    model: PlainModel
    people: FeatureTable


def _record(workspace: Workspace, definition: PredictionDefinition, scored: _Scored, file: str, at: Moment) -> None:
    """Write scores as traits, and keep what the model, of which this is the file, read: it is what explains them."""
    run = record_scores(workspace, definition.name, scored.table, scored.types, at)
    keep_scored(workspace, run, version_of(file), scored_of(workspace, run, scored.model, scored.people))


def last_held_out(
    times: np.ndarray | None, cut_offs: Sequence[Moment], definition: PredictionDefinition
) -> tuple[Fold, ...]:
    """Return the examples of the last cut-off as those that judge, and those whose time was over by then to learn from.

    `times` are the cut-offs of the rows, shape (rows,); nothing is returned where there are none.
    """
    if times is None or not cut_offs:
        return ()
    last = cut_offs[-1]
    learnt = np.flatnonzero(times + definition.gap + definition.within <= last)
    return (Fold(learnt, np.flatnonzero(times == last)),)


def lacking(reached: np.ndarray, folds: Sequence[Fold]) -> str:
    """Return why nothing can be learnt from rows of whom it is known who `reached` the goal, "" where it can."""
    for rows in (folds[0].learnt, folds[0].judged) if folds else (np.zeros(0, dtype=np.int64),):
        inside, outside = int(reached[rows].sum()), int((~reached[rows]).sum())
        if min(inside, outside) < FEWEST:
            return (
                f"too little of the past to learn from: {FEWEST} people who did it and {FEWEST} who did not are needed "
                f"before the last cut-off and after it, and there are {inside} and {outside}"
            )
    return ""
