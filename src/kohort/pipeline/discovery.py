"""Discovering clusters on people's traits, keeping what was found, and assigning people to it later."""

from collections.abc import Callable

import msgspec
import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import DefinitionError, UnknownNameError, UsageError
from kohort.learning.clustering.choice import Verdict
from kohort.learning.clustering.discovery import Discovery, discover
from kohort.learning.clustering.folds import k_means_folds
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.projection import project
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.categories import CategoricalTrait
from kohort.learning.personas.description import describe
from kohort.learning.traits import label_of
from kohort.learning.wording import Bilingual
from kohort.pipeline.continuity import generation_of
from kohort.pipeline.documents import DiscoveryDocument, latest_discovery
from kohort.pipeline.facts import revenue_of, traits_at
from kohort.pipeline.habits import habits_of
from kohort.pipeline.persona_rules import rule_for
from kohort.pipeline.scoring import record_scores
from kohort.pipeline.showing import candidate_row, currency_symbol, persona_card
from kohort.pipeline.wording import trait_labels
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import ClusterMap, DiscoveryReport, Loading, MapPoint
from kohort.stats.intervals import Interval
from kohort.storage.records import ModelFitted


def discover_clusters(
    workspace: Workspace,
    definition: ClustersDefinition,
    at: Moment,
    progress: Callable[[int, int], None] | None = None,
) -> DiscoveryDocument:
    """Look for clusters as of `at`; record the model, and each person's persona as a trait if there are any.

    Raises UsageError if nobody has the features yet, DefinitionError for a feature that is no number.
    """
    table, profile = _features(workspace, definition, at)
    revenue = revenue_of(workspace, at)
    value = np.array([revenue.get(person, 0) / MICRO for person in table.person_ids])
    found = discover(
        table,
        value=value,
        seed=definition.seed,
        ks=range(definition.smallest, definition.largest + 1),
        bootstraps=definition.bootstraps,
        options=definition.preparation,
        progress=progress,
    )
    document = _document(workspace, definition, at, found, table, profile, value)
    body = msgspec.json.encode(document)
    file = workspace.keep_file("models", body, ".json")
    fitted = ModelFitted(definition.name, at, file, document.report.verdict, document.report.k or 0)
    workspace.journal.append("model", [msgspec.json.encode(fitted)], recorded_at=workspace.clock.now())
    if found.model is not None:
        _record(workspace, definition, document, table.person_ids, found.labels, at)
    return document


def assign_clusters(workspace: Workspace, definition: ClustersDefinition, at: Moment) -> str:
    """Give everybody with features the persona of the latest model discovered up to `at`; return what was done."""
    document = latest_discovery(workspace, definition.name, at)
    if document is None or document.model is None:
        return "no stable clusters to assign people to"
    table, _ = _features(workspace, definition, at)
    labels = ClusterModel.from_json(document.model).assign(table)
    _record(workspace, definition, document, table.person_ids, labels, at)
    return f"{len(document.report.personas)} personas of {len(table.person_ids):,} people"


def _record(
    workspace: Workspace,
    definition: ClustersDefinition,
    document: DiscoveryDocument,
    person_ids: tuple[str, ...],
    labels: np.ndarray,
    at: Moment,
) -> None:
    names = [card.name.en for card in document.report.personas]
    identities = [card.identity for card in document.report.personas]
    columns = {
        "person_id": list(person_ids),
        definition.name: [names[label] for label in labels],
        f"{definition.name}_number": (labels + 1) * MICRO,
        f"{definition.name}_id": [identities[label] for label in labels],
    }
    types = {
        definition.name: ValueType.TEXT,
        f"{definition.name}_number": ValueType.NUMBER,
        f"{definition.name}_id": ValueType.TEXT,
    }
    record_scores(workspace, definition.name, pa.table(columns), types, at)


def _features(
    workspace: Workspace, definition: ClustersDefinition, at: Moment
) -> tuple[FeatureTable, list[CategoricalTrait]]:
    catalog = workspace.catalog({})
    for name in (*definition.features, *definition.profile):
        if name not in catalog.traits:
            raise UnknownNameError("trait", name, catalog.traits, where=f'score "{definition.name}"')
    for name in definition.features:
        if catalog.traits[name] is not ValueType.NUMBER:
            raise DefinitionError(
                f'score "{definition.name}": the feature {name} should be a number and is a {catalog.traits[name]}'
            )
    with workspace.views(catalog) as views:
        names = [*definition.features, *definition.profile]
        traits = traits_at(views, [(name, catalog.traits[name]) for name in names], at=at)
    known = np.zeros(traits.num_rows, dtype=bool)
    for name in definition.features:
        known |= traits.column(name).is_valid().to_numpy()
    traits = traits.filter(pa.array(known))
    if not traits.num_rows:
        raise UsageError(f'score "{definition.name}": nobody has its features at that moment; run first: kohort run')
    values = np.column_stack([_floats(traits.column(name)) for name in definition.features])
    profile = [CategoricalTrait(name, tuple(_texts(traits.column(name)))) for name in definition.profile]
    return FeatureTable(tuple(traits.column("person_id").to_pylist()), definition.features, values), profile


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    values: np.ndarray = column.cast(pa.float64()).to_numpy() / MICRO
    return values


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return [None if value is None else str(value) for value in column.to_pylist()]


def _document(
    workspace: Workspace,
    definition: ClustersDefinition,
    at: Moment,
    found: Discovery,
    table: FeatureTable,
    profile: list[CategoricalTrait],
    value: np.ndarray,
) -> DiscoveryDocument:
    labels = trait_labels(definition)
    symbol = currency_symbol(workspace.settings.currency)
    habits = habits_of(workspace, table.person_ids, at) if found.model is not None else []
    personas = describe(found, table, value=value, labels=labels, categories=profile, habits=habits, currency=symbol)
    generation = generation_of(workspace, definition.name, at, table, found, [one.name for one in personas])
    report = DiscoveryReport(
        verdict=found.choice.verdict.value,
        words=found.choice.words,
        k=found.choice.k,
        elbow=found.elbow,
        gradual=found.choice.verdict is Verdict.CONTINUUM,
        required_stability=found.criteria.stability,
        candidates=tuple(candidate_row(one) for one in found.candidates),
        map=None if found.model is None else _map(definition, found, table),
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
        folds=_folds(definition, found, table),
    )
    return DiscoveryDocument(definition.name, at, report, None if found.model is None else found.model.to_json())


def _folds(definition: ClustersDefinition, found: Discovery, table: FeatureTable) -> tuple[Interval, ...]:
    if found.model is None:
        return ()
    points, centroids = found.preparation.apply(table), np.array(found.model.centroids)
    return k_means_folds(points, found.labels, centroids, seed=definition.seed)


def _map(definition: ClustersDefinition, found: Discovery, table: FeatureTable) -> ClusterMap:
    flat = project(found.preparation.apply(table), seed=definition.seed)
    labels = trait_labels(definition)
    wordings = [label_of(name, labels) for name in found.preparation.names]
    return ClusterMap(
        points=tuple(
            MapPoint(round(float(x), 3), round(float(y), 3), int(found.labels[person]))
            for person, (x, y) in zip(flat.people, flat.positions, strict=True)
        ),
        explained=(float(flat.explained[0]), float(flat.explained[1])),
        loadings=tuple(
            Loading(Bilingual(one.en, one.fr), float(x), float(y))
            for one, x, y in zip(wordings, flat.loadings[0], flat.loadings[1], strict=True)
        ),
    )
