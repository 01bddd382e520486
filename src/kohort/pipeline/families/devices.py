"""The traits of devices, computed as a score declares."""

import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.devices import DevicesDefinition
from kohort.definitions.values import ValueType
from kohort.pipeline.families.gathering import Everybody, TextCodes, Wanted, gather, known_events
from kohort.pipeline.families.tables import joined_table
from kohort.profiles.devices import TRAITS, Agent, device_traits, read_agent
from kohort.rules.catalog import Catalog


def device_scores(everybody: Everybody, definition: DevicesDefinition, at: Moment) -> pa.Table:
    """Return the traits of devices of everybody who told a user agent up to `at`.

    Each distinct user agent is read once. Raises UnknownNameError for a property that no event has, MissingExtraError
    without the extra `[people]`.
    """
    known: dict[Agent, int] = {}
    wanted = Wanted(definition.user_agent, TextCodes(lambda text: known.setdefault(read_agent(text), len(known))))
    events = telling_events(everybody.catalog, definition)
    parts = []
    for block in gather(everybody, events, {"agent": wanted}, at=at, where=f'score "{definition.name}"'):
        told = block.codes["agent"] >= 0
        people = block.people[told]
        parts.append((block.ids_of(people), device_traits(people, block.codes["agent"][told], list(known))))
    return joined_table(parts, TRAITS)


def telling_events(catalog: Catalog, definition: DevicesDefinition) -> list[str]:
    """Return the events whose user agents are read, in the order of names unless they are declared."""
    if definition.events:
        return known_events(catalog, definition.events)
    return [
        key for key in sorted(catalog.events) if ValueType.TEXT in catalog.events[key].get(definition.user_agent, {})
    ]
