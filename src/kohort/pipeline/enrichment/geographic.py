"""Scores of places: what each waits for, what it is computed from, and what computes it."""

from kohort.clock import Moment
from kohort.definitions.enrichment import EnrichmentDefinition
from kohort.definitions.geocoding import GeocodingDefinition
from kohort.definitions.score import GeographicDefinition
from kohort.pipeline.declared_files import content_of
from kohort.pipeline.enrichment.enriching import enriched_traits
from kohort.pipeline.enrichment.geocoding import geocoded_traits, unfinished
from kohort.pipeline.enrichment.placing import placed_traits
from kohort.pipeline.enrichment.repairs import FileTable
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.records import Finding


def geographic_waits_for(catalog: Catalog, score: GeographicDefinition) -> list[str]:
    """Return the traits and events that no data have shown yet, without which a score tells nothing."""
    missing = [name for name in score.columns if name not in catalog.traits]
    if isinstance(score, EnrichmentDefinition | GeocodingDefinition):
        return missing
    return missing + [name for name in score.events if name not in catalog.events]


def geographic_inputs(workspace: Workspace, score: GeographicDefinition) -> str:
    """Return what a score is computed from beside the tables, as text that differs where that does."""
    match score:
        case GeocodingDefinition():
            return f"{score!r} {unfinished(workspace, score)}"
        case EnrichmentDefinition():
            return f"{score!r} {content_of(workspace, score.files)}"
        case _:
            database = (workspace.settings.places.ip_database,) if score.ip is not None else ()
            files = (*score.files, *(one for one in database if one))
            return f"{score!r} {content_of(workspace, files)} {workspace.settings.country}"


def geographic_traits(workspace: Workspace, score: GeographicDefinition, at: Moment) -> tuple[FileTable, list[Finding]]:
    """Return the traits that a score writes as of `at`, and what was found; raises as the one that computes it does."""
    match score:
        case GeocodingDefinition():
            return geocoded_traits(workspace, score, at)
        case EnrichmentDefinition():
            return enriched_traits(workspace, score, at)
        case _:
            return placed_traits(workspace, score, at)
