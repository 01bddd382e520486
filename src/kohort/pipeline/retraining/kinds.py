"""What the registry asks of each kind of model: to be trained without being recorded, to score, to tell its features.

The border is narrow: bytes, which only their own kind reads, and what is told of them. A new kind of score is told to
`kind_of`, and everything else here is as for all others.
"""

from dataclasses import dataclass
from typing import Protocol

import msgspec
import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.retraining import RetrainingDefinition
from kohort.definitions.score import ScoreDefinition
from kohort.definitions.values import ValueType
from kohort.errors import UnknownNameError
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable, Texts
from kohort.learning.wording import Bilingual
from kohort.pipeline.discovery import assigned, find_clusters, fitted_of, persona_scores
from kohort.pipeline.documents import DiscoveryDocument
from kohort.pipeline.periods import features_at
from kohort.pipeline.registry.cluster_cards import cluster_entry
from kohort.pipeline.registry.entries import ModelEntry
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import ModelFitted

Scores = tuple[pa.Table, dict[str, ValueType]]
"""People (column person_id) with a column for each trait of a score, and the traits' types."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A model that nobody has recorded: its bytes, and what is told of it."""

    content: bytes
    entry: ModelEntry


class ModelKind(Protocol):
    """What a kind of score does with its models, here those of one declared score."""

    @property
    def name(self) -> str:
        """The score's name."""
        ...

    @property
    def main_trait(self) -> str:
        """The trait by which it is counted how many people's score changes."""
        ...

    @property
    def retrain(self) -> RetrainingDefinition:
        """When a new model is proposed."""
        ...

    def train(self, workspace: Workspace, at: Moment, cause: str, why: Bilingual | None) -> Trained:
        """Train a model on what is known as of `at`, and record nothing."""
        ...

    def scores(self, workspace: Workspace, content: bytes, at: Moment) -> Scores:
        """Return what a model says of everybody as of `at`."""
        ...

    def features(self, workspace: Workspace, at: Moment) -> FeatureTable | None:
        """Return the model's features as they were known at `at`, None where nobody had any."""
        ...

    def said(self, content: bytes, table: FeatureTable) -> Texts:
        """Return what a model says of the people of a table, in words: a group, or a band of chances."""
        ...

    def fitted(self, content: bytes, file: str, at: Moment) -> ModelFitted | None:
        """Return what else a promotion says, for readers who look for the model elsewhere."""
        ...


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

    def train(self, workspace: Workspace, at: Moment, cause: str, why: Bilingual | None) -> Trained:
        """Look for clusters as of `at`; raises UsageError if nobody has the features."""
        found = find_clusters(workspace, self.definition, at)
        content, people = found.content, len(found.person_ids)
        report = found.document.report
        entry = cluster_entry(workspace, self.definition, report, content, at=at, people=people, cause=cause, why=why)
        return Trained(content, entry)

    def scores(self, workspace: Workspace, content: bytes, at: Moment) -> Scores:
        """Return the persona of everybody as of `at`."""
        return persona_scores(self.definition, assigned(workspace, self.definition, _document(content), at))

    def features(self, workspace: Workspace, at: Moment) -> FeatureTable | None:
        """Return the numbers that the clusters are found by, as they were known at `at`."""
        return features_at(workspace, self.definition, at)

    def said(self, content: bytes, table: FeatureTable) -> Texts:
        """Return the lasting id of each person's persona, None for whoever has none."""
        document = _document(content)
        if document.model is None:
            return (None,) * len(table.person_ids)
        identities = [card.identity for card in document.report.personas]
        labels = ClusterModel.from_json(document.model).assign(table).tolist()
        return tuple(identities[label] if label >= 0 else None for label in labels)

    def fitted(self, content: bytes, file: str, at: Moment) -> ModelFitted | None:
        """Return the discovery as those read it who show personas."""
        return fitted_of(_document(content), file, at)


def _document(content: bytes) -> DiscoveryDocument:
    return msgspec.json.decode(content, type=DiscoveryDocument)


def kind_of(score: ScoreDefinition) -> ModelKind | None:
    """Return what a score does with its models, None for one that has none."""
    return ClusterKind(score) if isinstance(score, ClustersDefinition) else None


def kinds_of(workspace: Workspace) -> dict[str, ModelKind]:
    """Return the scores of a project that have models, by name."""
    return {one.name: kind for one in workspace.scores if (kind := kind_of(one)) is not None}


def kind_named(workspace: Workspace, score: str) -> ModelKind:
    """Return a score that has models; raises UnknownNameError for any other."""
    found = kinds_of(workspace)
    if score not in found:
        raise UnknownNameError("score", score, found, where="the scores with models that scores/ declares")
    return found[score]
