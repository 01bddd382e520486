"""Which computation belongs to which score of a family of traits, and what it waits for."""

import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.score import TraitsDefinition
from kohort.definitions.values import ValueType
from kohort.definitions.visits import VisitsDefinition
from kohort.pipeline.families.gathering import known_events
from kohort.pipeline.families.visits import visit_scores
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog


def family_scores(
    workspace: Workspace, definition: TraitsDefinition, at: Moment
) -> tuple[pa.Table, dict[str, ValueType]]:
    """Return what a score finds of people as of `at`, column person_id and one a trait, and the traits' types."""
    match definition:
        case VisitsDefinition():
            return visit_scores(workspace, definition, at)


def waits_for(catalog: Catalog, definition: TraitsDefinition) -> str:
    """Return why a score cannot be computed yet, "" where it can.

    >>> waits_for(Catalog(), VisitsDefinition("visits", ("page_viewed", "searched")))
    'needs page_viewed or searched, which no data have shown yet'
    """
    match definition:
        case VisitsDefinition(events=events):
            return _none_of(events) if not known_events(catalog, events) else ""


def _none_of(names: tuple[str, ...]) -> str:
    return f"needs {' or '.join(names)}, which no data have shown yet"
