"""What a prediction's model reads of people at any moment: by the names that it learnt, not by what is there now."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.score import ScoreDefinition
from kohort.definitions.values import ValueType
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.plain import PlainModel
from kohort.pipeline.learning.computing import scores_needed
from kohort.pipeline.learning.importance import days_named, holding, item_named, numbers_told
from kohort.pipeline.learning.known import Known, known_at
from kohort.pipeline.learning.prediction_examples import people_asked
from kohort.pipeline.workspace import Workspace


def read_by(workspace: Workspace, definition: PredictionDefinition, model: PlainModel, at: Moment) -> FeatureTable:
    """Return the features of a model as they were known strictly before `at`, of whom the prediction asks about.

    A trait that nobody had by then is missing for everybody, as it was when it was still unknown.
    """
    scores = scores_needed(workspace, definition.features) if definition.features else None
    return _read(workspace, definition, model, at, scores)


def read_of(
    workspace: Workspace, definition: PredictionDefinition, model: PlainModel, actors: Sequence[str], at: Moment
) -> FeatureTable:
    """Return what `read_by` does of one person, whose actors these are: nobody's history is read but theirs.

    Unless the model reads what compares people, such as RFM: then everybody's is. No row if the person is not asked
    about.
    """
    own = replace(workspace, only=tuple(actors))
    # What is made of a trait, such as the days since a moment, is called by the trait and what follows a colon.
    traits = {one for name in model.features for one in (name, name.partition(": ")[0], name.rpartition(": ")[0])}
    return _read(own, definition, model, at, scores_needed(workspace, traits))


def _read(
    workspace: Workspace,
    definition: PredictionDefinition,
    model: PlainModel,
    at: Moment,
    scores: Sequence[ScoreDefinition] | None,
) -> FeatureTable:
    known = known_at(workspace, at - 1, scores)
    return features_read(known, people_asked(workspace, definition, known, at), model)


def features_read(known: Known, people: Sequence[str], model: PlainModel) -> FeatureTable:
    """Return the features of a model, of some of those known; what nobody has is missing for everybody."""
    places = {one: place for place, one in enumerate(known.people)}
    rows = np.array([places[one] for one in people], dtype=np.int64)
    prepared = model.preparation
    of_texts: set[str] = set()
    if prepared is not None:
        of_texts = {one.name for one in prepared.codes} | {one.name for one in prepared.one_hots}
    names = [name for name in model.features if name not in of_texts]
    values = [_number(known, name)[rows] for name in names]
    texts = {name: tuple(_text(known, name, rows)) for name in model.features if name in of_texts}
    table = np.column_stack(values) if values else np.empty((len(rows), 0))
    return FeatureTable(tuple(people), tuple(names), table, texts)


def _number(known: Known, name: str) -> np.ndarray:
    """Return a variable by its name, as `variables_of` makes it of a trait; NaN where it is not known."""
    for trait, (column, kind) in known.columns.items():
        is_itself = kind in {ValueType.NUMBER, ValueType.BOOLEAN} and name == trait
        if is_itself or (kind is ValueType.MOMENT and name == days_named(trait)):
            return numbers_told(known, trait)
        if kind is ValueType.TEXT_LIST and name.startswith(item_named(trait, "")):
            return holding(name.removeprefix(item_named(trait, "")), column.to_pylist())
    return np.full(len(known.people), np.nan)


def _text(known: Known, name: str, rows: np.ndarray) -> list[str | None]:
    column, kind = known.columns.get(name, (None, ValueType.TEXT))
    if column is None or kind is not ValueType.TEXT:
        return [None] * len(rows)
    told: list[str | None] = column.take(pa.array(rows)).to_pylist()
    return told
