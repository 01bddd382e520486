"""Predictions as models of the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kohort.clock import Moment
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.retraining import RetrainingDefinition
from kohort.errors import UsageError
from kohort.learning.drift.matured import Foretold, Performance
from kohort.learning.features.table import FeatureTable, Texts
from kohort.learning.models.scoring import scores_of
from kohort.learning.prediction.thresholds import band_of
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.prediction import predict, said_of_everybody
from kohort.pipeline.learning.prediction_documents import KIND, PredictionDocument
from kohort.pipeline.learning.prediction_examples import Happened, happenings, reached_since
from kohort.pipeline.learning.prediction_features import read_by
from kohort.pipeline.learning.prediction_models import declared, prediction_entry
from kohort.pipeline.learning.retraining.foreseeing import foreseen_of_the_past
from kohort.pipeline.learning.retraining.foreseen import Foreseen
from kohort.pipeline.learning.retraining.model_kind import Progress, Scores, Trained
from kohort.pipeline.learning.signed import Kept, opened, signed_content
from kohort.pipeline.workspace import Workspace
from kohort.stats.intervals import Interval
from kohort.storage.records import ModelFitted


@dataclass(frozen=True)
class PredictionKind:
    """Predictions: what was found and a signed model are the bytes."""

    definition: PredictionDefinition

    @property
    def name(self) -> str:
        """The score's name."""
        return self.definition.name

    @property
    def main_trait(self) -> str:
        """The band of chances: chances themselves are others for everybody with every model."""
        return f"{self.definition.name}_band"

    @property
    def retrain(self) -> RetrainingDefinition:
        """When a new model is proposed."""
        return self.definition.retrain

    @property
    def kind(self) -> str:
        """What the registry calls models of the kind."""
        return KIND

    def parameters(self, workspace: Workspace) -> Mapping[str, Any]:  # noqa: ARG002 - asked of every kind
        """Return what a model learns by."""
        return declared(self.definition)

    def foreseen(self, workspace: Workspace, at: Moment) -> Foreseen:
        """Return the examples of each cut-off, exactly."""
        return foreseen_of_the_past(workspace, self.definition, at)

    def train(
        self, workspace: Workspace, at: Moment, cause: str, why: Bilingual | None, progress: Progress | None = None
    ) -> Trained:
        """Learn from the past as of `at`; raises UsageError where there is too little of it."""
        found = predict(workspace, self.definition, at, progress)
        if isinstance(found, str):
            raise UsageError(f'score "{self.name}": {found}')
        content = signed_content(workspace, found.document, found.model)
        entry = prediction_entry(workspace, self.definition, found.document, content, cause=cause, why=why)
        return Trained(content, entry)

    def opened(self, workspace: Workspace, content: bytes) -> "OpenedPrediction":
        """Read and verify a prediction; raises CorruptionError for one that this project did not sign."""
        return OpenedPrediction(workspace, self.definition, opened(workspace, content, PredictionDocument))


@dataclass(frozen=True, eq=False)
class OpenedPrediction:
    """A prediction whose model was verified, and what people have done, read once for each moment asked about."""

    workspace: Workspace
    definition: PredictionDefinition
    kept: Kept[PredictionDocument]
    _done: dict[Moment, Happened] = field(default_factory=dict)

    @property
    def learnt(self) -> Performance | None:
        """How good the model was on the newest stretch, which judged it."""
        measures = self.kept.found.study.measures
        exact = Interval(1.0, 1.0, 1.0, measures.n)
        return Performance(measures.n, exact, 0.0, measures.brier, measures.auc)

    def scores(self, at: Moment) -> Scores:
        """Return everybody's chance and band as of `at`."""
        return said_of_everybody(self.workspace, self.definition, self.kept, at)

    def features(self, at: Moment) -> FeatureTable | None:
        """Return what the model reads, as it was known at `at`."""
        table = read_by(self.workspace, self.definition, self.kept.model, at)
        return table if table.person_ids else None

    def said(self, table: FeatureTable) -> Texts:
        """Return the band of each person's chance."""
        bands = band_of(scores_of(self.kept.model, table), self.definition.bands)
        return tuple(self.definition.band_names[band] for band in bands.tolist())

    def foretold(self, cut_off: Moment, at: Moment, known: Callable[[], FeatureTable | None]) -> Foretold | None:
        """Return the chances that people had at a cut-off by this model, and who has reached the goal since."""
        if cut_off + self.definition.gap + self.definition.within > at:
            return None
        people = known()
        if people is None:
            return None
        if at not in self._done:
            self._done[at] = happenings(self.workspace, self.definition, at)
        reached = reached_since(self.definition, self._done[at], people.person_ids, cut_off, at)
        moments = np.full(len(people.person_ids), cut_off, dtype=np.int64)
        return Foretold(moments, scores_of(self.kept.model, people), reached)

    def fitted(self, file: str, at: Moment) -> ModelFitted | None:  # noqa: ARG002 - asked of every model
        """Return nothing: predictions are read from the registry."""
        return None
