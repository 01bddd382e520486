"""Look-alikes as models of the registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.retraining import RetrainingDefinition
from kohort.errors import UsageError
from kohort.learning.features.table import FeatureTable, Texts
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.lookalikes.cards import learnt_by, lookalike_entry
from kohort.pipeline.learning.lookalikes.documents import KIND, LookalikeDocument
from kohort.pipeline.learning.lookalikes.examples import people_outside
from kohort.pipeline.learning.lookalikes.scoring import find_lookalikes, said_of_others
from kohort.pipeline.learning.prediction_features import features_read
from kohort.pipeline.learning.retraining.foreseeing import foreseen_of_a_seed
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
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True)
class LookalikeKind:
    """Look-alikes: what was found and a signed model are the bytes."""

    definition: LookalikeDefinition

    @property
    def name(self) -> str:
        """The score's name."""
        return self.definition.name

    @property
    def main_trait(self) -> str:
        """Whether somebody is chosen: the likeness itself is another for everybody with every model."""
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
        return learnt_by(self.definition, seed_rules(workspace, self.definition))

    def foreseen(self, workspace: Workspace, at: Moment) -> Foreseen:
        """Return who is known and asked about, and how many of them are of the seed at `at`."""
        return foreseen_of_a_seed(workspace, self.definition, at)

    def train(
        self, workspace: Workspace, at: Moment, cause: str, why: Bilingual | None, progress: Progress | None = None
    ) -> Trained:
        """Learn from the seed as of `at`; raises UsageError where it is too small."""
        seed = seed_rules(workspace, self.definition)
        found = find_lookalikes(workspace, self.definition, seed, at, progress)
        if isinstance(found, str):
            raise UsageError(f'score "{self.name}": {found}')
        content = signed_content(workspace, found.document, found.model)
        entry = lookalike_entry(workspace, self.definition, seed, found.document, content, cause=cause, why=why)
        return Trained(content, entry)

    def opened(self, workspace: Workspace, content: bytes) -> "OpenedLookalikes":
        """Read and verify a model; raises CorruptionError for one that this project did not sign."""
        return OpenedLookalikes(workspace, self.definition, opened(workspace, content, LookalikeDocument))


@dataclass(frozen=True, eq=False)
class OpenedLookalikes(ForetellsNothing):
    """Look-alikes whose model was verified."""

    workspace: Workspace
    definition: LookalikeDefinition
    kept: Kept[LookalikeDocument]

    def scores(self, at: Moment) -> Scores:
        """Return how like the seed everybody outside it is as of `at`, and who is chosen."""
        return said_of_others(self.workspace, self.definition, self.kept.model, at)

    def features(self, at: Moment) -> FeatureTable | None:
        """Return what the model reads of people outside the seed, as it was known at `at`."""
        seed = seed_rules(self.workspace, self.definition)
        known, people = people_outside(self.workspace, self.definition, seed, at)
        return features_read(known, people, self.kept.model) if people else None

    def said(self, table: FeatureTable) -> Texts:
        """Return whether each person would have been chosen when the model learnt."""
        return chosen_by(self.kept.model, self.kept.found.threshold, table)
