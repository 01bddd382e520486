"""Supervised segments as models of the registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kohort.clock import Moment
from kohort.definitions.retraining import RetrainingDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.errors import UsageError
from kohort.learning.features.table import FeatureTable, Texts
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.retraining.foreseeing import foreseen_of_answers
from kohort.pipeline.learning.retraining.foreseen import Foreseen
from kohort.pipeline.learning.retraining.model_kind import (
    ForetellsNothing,
    Progress,
    Scores,
    Trained,
    chosen_by,
)
from kohort.pipeline.learning.seeds import seed_rules
from kohort.pipeline.learning.signed import Kept, opened, signed_content
from kohort.pipeline.learning.supervised.cards import learnt_by, supervised_entry
from kohort.pipeline.learning.supervised.documents import KIND, SupervisedDocument
from kohort.pipeline.learning.supervised.scoring import features_asked, file_digest, find_supervised, said_of_asked
from kohort.pipeline.workspace import Workspace


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

    @property
    def kind(self) -> str:
        """What the registry calls models of the kind."""
        return KIND

    def parameters(self, workspace: Workspace) -> Mapping[str, Any]:
        """Return what a model learns by."""
        seeds = seed_rules(workspace, self.definition)
        return learnt_by(self.definition, seeds, file_digest(workspace, self.definition))

    def foreseen(self, workspace: Workspace, at: Moment) -> Foreseen:
        """Return the examples with one answer, and how many of them are a yes."""
        return foreseen_of_answers(workspace, self.definition, at)

    def train(
        self, workspace: Workspace, at: Moment, cause: str, why: Bilingual | None, progress: Progress | None = None
    ) -> Trained:
        """Learn from the examples as of `at`; raises UsageError where there are too few."""
        seeds = seed_rules(workspace, self.definition)
        found = find_supervised(workspace, self.definition, seeds, at, progress)
        if isinstance(found, str):
            raise UsageError(f'score "{self.name}": {found}')
        content = signed_content(workspace, found.document, found.model)
        parameters = learnt_by(self.definition, seeds, file_digest(workspace, self.definition))
        return Trained(content, supervised_entry(workspace, parameters, found.document, content, cause=cause, why=why))

    def opened(self, workspace: Workspace, content: bytes) -> "OpenedSupervised":
        """Read and verify a model; raises CorruptionError for one that this project did not sign."""
        return OpenedSupervised(workspace, self.definition, opened(workspace, content, SupervisedDocument))


@dataclass(frozen=True, eq=False)
class OpenedSupervised(ForetellsNothing):
    """A supervised segment whose model was verified."""

    workspace: Workspace
    definition: SupervisedDefinition
    kept: Kept[SupervisedDocument]

    def scores(self, at: Moment) -> Scores:
        """Return everybody's chance as of `at`, and who is chosen."""
        return said_of_asked(self.workspace, self.definition, self.kept, at)

    def features(self, at: Moment) -> FeatureTable | None:
        """Return what the model reads, as it was known at `at`."""
        table = features_asked(self.workspace, self.definition, self.kept.model, at)
        return table if table.person_ids else None

    def said(self, table: FeatureTable) -> Texts:
        """Return whether each person is chosen."""
        return chosen_by(self.kept.model, self.kept.found.threshold, table)
