"""Clusters as models of the registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.retraining import RetrainingDefinition
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable, Texts
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.discovery import assigned, find_clusters, fitted_of, persona_scores
from kohort.pipeline.learning.documents import DiscoveryDocument
from kohort.pipeline.learning.periods import features_at
from kohort.pipeline.learning.registry.cluster_cards import KIND, cluster_entry
from kohort.pipeline.learning.retraining.foreseeing import foreseen_of_everybody
from kohort.pipeline.learning.retraining.foreseen import Foreseen
from kohort.pipeline.learning.retraining.model_kind import ForetellsNothing, Progress, Scores, Trained
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import ModelFitted


@dataclass(frozen=True)
class ClusterKind:
    """Clusters: a discovery's document is the model."""

    definition: ClustersDefinition

    @property
    def name(self) -> str:
        """The score's name."""
        return self.definition.name

    @property
    def main_trait(self) -> str:
        """The persona's lasting id: a new name for the same group is no other group."""
        return f"{self.definition.name}_id"

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
        return dict(msgspec.to_builtins(self.definition))

    def foreseen(self, workspace: Workspace, at: Moment) -> Foreseen:
        """Return everybody known: those with the features are learnt from, and nobody says who belongs where."""
        return foreseen_of_everybody(workspace, at)

    def train(
        self, workspace: Workspace, at: Moment, cause: str, why: Bilingual | None, progress: Progress | None = None
    ) -> Trained:
        """Look for clusters as of `at`; raises UsageError if nobody has the features."""
        found = find_clusters(workspace, self.definition, at, progress)
        content, people = found.content, len(found.person_ids)
        report = found.document.report
        entry = cluster_entry(workspace, self.definition, report, content, at=at, people=people, cause=cause, why=why)
        return Trained(content, entry)

    def opened(self, workspace: Workspace, content: bytes) -> "OpenedClusters":
        """Read a discovery's document."""
        return OpenedClusters(workspace, self.definition, msgspec.json.decode(content, type=DiscoveryDocument))


@dataclass(frozen=True, eq=False)
class OpenedClusters(ForetellsNothing):
    """A discovery that assigns people."""

    workspace: Workspace
    definition: ClustersDefinition
    document: DiscoveryDocument

    def scores(self, at: Moment) -> Scores:
        """Return the persona of everybody as of `at`."""
        return persona_scores(self.definition, assigned(self.workspace, self.definition, self.document, at))

    def features(self, at: Moment) -> FeatureTable | None:
        """Return the numbers that the clusters are found by, as they were known at `at`."""
        return features_at(self.workspace, self.definition, at)

    def said(self, table: FeatureTable) -> Texts:
        """Return the lasting id of each person's persona, None for whoever has none."""
        if self.document.model is None:
            return (None,) * len(table.person_ids)
        identities = [card.identity for card in self.document.report.personas]
        labels = ClusterModel.from_json(self.document.model).assign(table).tolist()
        return tuple(identities[label] if label >= 0 else None for label in labels)

    def fitted(self, file: str, at: Moment) -> ModelFitted | None:
        """Return the discovery as those read it who show personas."""
        return fitted_of(self.document, file, at)
