"""Supervised segments as models of the registry."""

from collections.abc import Callable
from dataclasses import dataclass

from kohort.clock import Moment
from kohort.definitions.retraining import RetrainingDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.errors import UsageError
from kohort.learning.drift.matured import Foretold, Performance
from kohort.learning.features.table import FeatureTable, Texts
from kohort.learning.models.scoring import scores_of
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.prediction_models import signed_content
from kohort.pipeline.learning.retraining.model_kind import Scores, Trained
from kohort.pipeline.learning.seeds import seed_rules
from kohort.pipeline.learning.supervised.documents import (
    KeptSupervised,
    learnt_by,
    opened_supervised,
    supervised_entry,
)
from kohort.pipeline.learning.supervised.scoring import features_asked, file_digest, find_supervised, said_of_asked
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import ModelFitted


@dataclass(frozen=True)
class SupervisedKind:
    """Supervised segments: what was found and a signed model are the bytes."""

    definition: SupervisedDefinition

    @property
    def name(self) -> str:
        """The score's name."""
        return self.definition.name

    @property
    def main_trait(self) -> str:
        """Whether somebody is chosen: the chance itself is another for everybody with every model."""
        return self.definition.traits[1]

    @property
    def retrain(self) -> RetrainingDefinition:
        """When a new model is proposed."""
        return self.definition.retrain

    def train(self, workspace: Workspace, at: Moment, cause: str, why: Bilingual | None) -> Trained:
        """Learn from the examples as of `at`; raises UsageError where there are too few."""
        seeds = seed_rules(workspace, self.definition)
        found = find_supervised(workspace, self.definition, seeds, at)
        if isinstance(found, str):
            raise UsageError(f'score "{self.name}": {found}')
        content = signed_content(workspace, found.document, found.model)
        parameters = learnt_by(self.definition, seeds, file_digest(workspace, self.definition))
        return Trained(content, supervised_entry(workspace, parameters, found.document, content, cause=cause, why=why))

    def opened(self, workspace: Workspace, content: bytes) -> "OpenedSupervised":
        """Read and verify a model; raises CorruptionError for one that this project did not sign."""
        return OpenedSupervised(workspace, self.definition, opened_supervised(workspace, content))


@dataclass(frozen=True, eq=False)
class OpenedSupervised:
    """A supervised segment whose model was verified."""

    workspace: Workspace
    definition: SupervisedDefinition
    kept: KeptSupervised

    @property
    def learnt(self) -> Performance | None:
        """Nothing: what was said of people is not over at some time."""
        return None

    def scores(self, at: Moment) -> Scores:
        """Return everybody's chance as of `at`, and who is chosen."""
        return said_of_asked(self.workspace, self.definition, self.kept, at)

    def features(self, at: Moment) -> FeatureTable | None:
        """Return what the model reads, as it was known at `at`."""
        table = features_asked(self.workspace, self.definition, self.kept.model, at)
        return table if table.person_ids else None

    def said(self, table: FeatureTable) -> Texts:
        """Return whether each person is chosen."""
        chances = scores_of(self.kept.model, table)
        return tuple("chosen" if one >= self.kept.found.threshold else "others" for one in chances.tolist())

    def foretold(
        self,
        cut_off: Moment,  # noqa: ARG002 - asked of every model
        at: Moment,  # noqa: ARG002
        known: Callable[[], FeatureTable | None],  # noqa: ARG002
    ) -> Foretold | None:
        """Return nothing: that somebody is as the examples never comes true."""
        return None

    def fitted(self, file: str, at: Moment) -> ModelFitted | None:  # noqa: ARG002 - asked of every model
        """Return nothing: supervised segments are read from the registry."""
        return None
