"""Which computation belongs to which score of a family of traits, and what it waits for."""

from collections.abc import Sequence

import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.devices import DevicesDefinition
from kohort.definitions.engagement import EngagementDefinition
from kohort.definitions.score import TraitsDefinition
from kohort.definitions.values import ValueType
from kohort.definitions.visits import VisitsDefinition
from kohort.pipeline.declared_files import refuse_told_traits
from kohort.pipeline.families.devices import device_scores, telling_events
from kohort.pipeline.families.engagement import engagement_scores
from kohort.pipeline.families.gathering import Everybody, known_events
from kohort.pipeline.families.visits import visit_scores
from kohort.pipeline.workspace import Workspace
from kohort.profiles import devices, engagement, visits
from kohort.rules.catalog import Catalog


def family_scores(
    workspace: Workspace, definition: TraitsDefinition, at: Moment
) -> tuple[pa.Table, dict[str, ValueType]]:
    """Return what a score finds of people as of `at`, column person_id and one a trait, and the traits' types.

    Raises DefinitionError for a trait that a source, or another score, tells.
    """
    everybody = Everybody.of(workspace)
    match definition:
        case VisitsDefinition():
            table = visit_scores(everybody, definition, at)
        case EngagementDefinition():
            table = engagement_scores(everybody, definition, at)
        case DevicesDefinition():
            table = device_scores(everybody, definition, at)
    types = family_types(definition)
    refuse_told_traits(workspace, definition.name, list(types))
    return table.rename_columns(["person_id", *types]), types


def family_types(definition: TraitsDefinition) -> dict[str, ValueType]:
    """Return the traits that a score writes, with their types.

    >>> list(family_types(DevicesDefinition("devices", prefix="last_")))[0]
    'last_devices'
    """
    match definition:
        case VisitsDefinition():
            traits = visits.TRAITS
        case EngagementDefinition():
            traits = engagement.TRAITS
        case DevicesDefinition():
            traits = devices.TRAITS
    return {definition.prefix + trait: kind for trait, kind in traits.items()}


def waits_for(catalog: Catalog, definition: TraitsDefinition) -> str:
    """Return why a score cannot be computed yet, "" where it can.

    >>> waits_for(Catalog(), VisitsDefinition("visits", ("page_viewed", "searched")))
    'needs page_viewed or searched, which no data have shown yet'
    """
    match definition:
        case VisitsDefinition(events=events):
            return _none_of(catalog, events)
        case EngagementDefinition(channels=channels):
            return _none_of(catalog, [one.sent for one in channels])
        case DevicesDefinition(user_agent=told, events=events):
            if events:
                return _none_of(catalog, events)
            return "" if telling_events(catalog, definition) else f"needs the text {told}, which no event has yet"


def _none_of(catalog: Catalog, events: Sequence[str]) -> str:
    return "" if known_events(catalog, events) else f"needs {' or '.join(events)}, which no data have shown yet"
