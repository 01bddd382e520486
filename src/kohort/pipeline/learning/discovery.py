"""Discovering clusters on people's traits, keeping what was found, and assigning people to it later."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition, Method
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.clustering.choice import Criteria, Verdict
from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.clustering.folds import k_means_folds, method_folds
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.description import describe
from kohort.pipeline.facts import revenue_of
from kohort.pipeline.learning.cluster_features import ClusterFeatures, features_of
from kohort.pipeline.learning.cluster_maps import cluster_map, cluster_pictures
from kohort.pipeline.learning.compared import dendrogram_tops, method_rows, neighbour_distances
from kohort.pipeline.learning.continuity import generation_of
from kohort.pipeline.learning.documents import DiscoveryDocument, latest_discovery
from kohort.pipeline.learning.habits import habits_of
from kohort.pipeline.learning.persona_rules import rule_for
from kohort.pipeline.learning.registry.cluster_cards import cluster_entry
from kohort.pipeline.learning.registry.entries import record_training
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.showing import candidate_row, currency_symbol, persona_card, preparation_summary
from kohort.pipeline.wording import trait_labels
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import DiscoveryReport
from kohort.stats.intervals import Interval
from kohort.storage.records import ModelFitted


def discover_clusters(
    workspace: Workspace,
    definition: ClustersDefinition,
    at: Moment,
    progress: Callable[[int, int], None] | None = None,
) -> DiscoveryDocument:
    """Look for clusters as of `at`; record the model, and each person's persona as a trait if there are any.

    Raises UsageError if nobody has the features yet, DefinitionError for a feature that is neither number nor text.
    """
    found = find_clusters(workspace, definition, at, progress)
    document, body = found.document, found.content
    entry = cluster_entry(workspace, definition, document.report, body, at=at, people=len(found.person_ids))
    # First what readers of discoveries look for: an interruption then leaves no model in force that nobody finds.
    fitted = fitted_of(document, workspace.keep_file("models", body, ".json"), at)
    workspace.journal.append("model", [msgspec.json.encode(fitted)], recorded_at=workspace.clock.now())
    record_training(workspace, entry, body, live=True)
    if document.model is not None:
        table, types = persona_scores(definition, found)
        record_scores(workspace, definition.name, table, types, at)
    return document


@dataclass(frozen=True, eq=False)
class FoundClusters:
    """A discovery that nobody has recorded: its document, and the cluster of each person, shape (people,)."""

    document: DiscoveryDocument
    person_ids: tuple[str, ...]
    labels: np.ndarray

    @property
    def content(self) -> bytes:
        """The document as it is kept."""
        return msgspec.json.encode(self.document)


def fitted_of(document: DiscoveryDocument, file: str, at: Moment) -> ModelFitted:
    """Return what a record says of a discovery that is in force from the data of `at` on."""
    return ModelFitted(document.name, at, file, document.report.verdict, document.report.k or 0)


def find_clusters(
    workspace: Workspace,
    definition: ClustersDefinition,
    at: Moment,
    progress: Callable[[int, int], None] | None = None,
) -> FoundClusters:
    """Look for clusters as of `at`, and record nothing; raises as `discover_clusters` does."""
    features = features_of(workspace, definition, at)
    table = features.table
    revenue = revenue_of(workspace, at)
    value = np.array([revenue.get(person, 0) / MICRO for person in table.person_ids])
    found = discover(
        table,
        value=value,
        seed=definition.seed,
        ks=range(definition.smallest, definition.largest + 1),
        bootstraps=definition.bootstraps,
        criteria=criteria_of(definition),
        methods=definition.methods,
        options=definition.preparation,
        progress=progress,
    )
    return FoundClusters(_document(workspace, definition, at, found, features, value), table.person_ids, found.labels)


def criteria_of(definition: ClustersDefinition) -> Criteria:
    """Return what a number of clusters must meet, as the score declares it."""
    return Criteria(
        smallest_share=definition.smallest_share,
        smallest_people=definition.smallest_people,
        silhouette=definition.silhouette,
    )


def assign_clusters(workspace: Workspace, definition: ClustersDefinition, at: Moment) -> str:
    """Give everybody with features the persona of the latest model discovered up to `at`; return what was done."""
    document = latest_discovery(workspace, definition.name, at)
    if document is None or document.model is None:
        return "no stable clusters to assign people to"
    found = assigned(workspace, definition, document, at)
    table, types = persona_scores(definition, found)
    record_scores(workspace, definition.name, table, types, at)
    told = f"{len(document.report.personas)} personas of {table.num_rows:,} people"
    outside = len(found.person_ids) - table.num_rows
    return f"{told}, {outside:,} in none" if outside else told


def assigned(
    workspace: Workspace, definition: ClustersDefinition, document: DiscoveryDocument, at: Moment
) -> FoundClusters:
    """Give everybody with features as of `at` their cluster of an earlier discovery; none has one if it has none."""
    table = features_of(workspace, definition, at).table
    if document.model is None:
        return FoundClusters(document, table.person_ids, np.full(len(table.person_ids), -1))
    return FoundClusters(document, table.person_ids, ClusterModel.from_json(document.model).assign(table))


def persona_scores(definition: ClustersDefinition, found: FoundClusters) -> tuple[pa.Table, dict[str, ValueType]]:
    """Return the persona of everyone in a cluster (column person_id and one a trait), and the traits' types."""
    document, person_ids, labels = found.document, found.person_ids, found.labels
    names = [card.name.en for card in document.report.personas]
    identities = [card.identity for card in document.report.personas]
    inside = np.nonzero(labels >= 0)[0]
    columns = {
        "person_id": pa.array([person_ids[row] for row in inside], pa.string()),
        definition.name: pa.array([names[label] for label in labels[inside]], pa.string()),
        f"{definition.name}_number": pa.array((labels[inside] + 1) * MICRO, pa.int64()),
        f"{definition.name}_id": pa.array([identities[label] for label in labels[inside]], pa.string()),
    }
    types = {
        definition.name: ValueType.TEXT,
        f"{definition.name}_number": ValueType.NUMBER,
        f"{definition.name}_id": ValueType.TEXT,
    }
    return pa.table(columns), types


def _document(
    workspace: Workspace,
    definition: ClustersDefinition,
    at: Moment,
    found: Discovery,
    features: ClusterFeatures,
    value: np.ndarray,
) -> DiscoveryDocument:
    labels, table = trait_labels(definition), features.table
    symbol = currency_symbol(workspace.settings.currency)
    habits = habits_of(workspace, table.person_ids, at) if found.model is not None else []
    personas = describe(
        found, table, value=value, labels=labels, categories=features.profile, habits=habits, currency=symbol
    )
    generation = generation_of(workspace, definition.name, at, table, found, [one.name for one in personas])
    report = DiscoveryReport(
        verdict=found.choice.verdict.value,
        words=found.choice.words,
        k=found.choice.k,
        elbow=found.elbow,
        gradual=found.choice.verdict is Verdict.CONTINUUM,
        required_stability=found.criteria.stability,
        candidates=tuple(candidate_row(one) for one in found.candidates),
        map=cluster_map(definition, found, table),
        personas=tuple(
            persona_card(
                one,
                symbol,
                generation.identities[one.cluster],
                generation.histories[one.cluster],
                rule_for(table, found.labels, one.cluster, seed=definition.seed),
            )
            for one in personas
        ),
        lineage=generation.lineage,
        required_share=found.criteria.smallest(len(table.person_ids)),
        silhouette_guide=found.criteria.silhouette,
        folds=_folds(definition, found, table),
        method=found.method.value,
        methods=method_rows(found),
        dendrograms=dendrogram_tops(found),
        distances=neighbour_distances(found),
        preparation=preparation_summary(found.preparation, table, labels),
        pictures=cluster_pictures(definition, found, table),
        outside=int((found.labels < 0).sum()),
    )
    return DiscoveryDocument(definition.name, at, report, None if found.model is None else found.model.to_json())


def _folds(definition: ClustersDefinition, found: Discovery, table: FeatureTable) -> tuple[Interval, ...]:
    if found.model is None:
        return ()
    points = found.preparation.apply(table)
    if found.method is not Method.K_MEANS:
        return method_folds(points, found.labels, found.again, seed=definition.seed)
    return k_means_folds(points, found.labels, np.array(found.model.centroids), seed=definition.seed)
