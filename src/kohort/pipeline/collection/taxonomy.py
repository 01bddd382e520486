"""What rules can speak of: events with their properties, traits, and the values that these have most often."""

from collections.abc import Mapping
from dataclasses import dataclass

from kohort.definitions.families import Family
from kohort.definitions.provenance import provenance_of
from kohort.definitions.values import ValueType
from kohort.errors import UnknownNameError, UsageError
from kohort.pipeline.trait_families import trait_families
from kohort.pipeline.workspace import Workspace
from kohort.storage.values import CHOSEN, frequent_trait_values, frequent_values, last_sources
from kohort.storage.views import count_by


@dataclass(frozen=True)
class KnownProperty:
    """A property of an event: the types that it has had, whether tracking.yaml declares and requires it."""

    name: str
    types: tuple[str, ...]
    declared: bool
    required: bool


@dataclass(frozen=True)
class KnownEvent:
    """An event: its key, the other names under which it arrives, how often it has happened, and its properties."""

    name: str
    aliases: tuple[str, ...]
    declared: bool
    count: int
    properties: tuple[KnownProperty, ...]


@dataclass(frozen=True)
class KnownTrait:
    """A trait, scores included: its type, for how many values it was set, and what kind of thing it says."""

    name: str
    type: str
    count: int
    family: Family


@dataclass(frozen=True)
class Taxonomy:
    """Every event and trait that a rule can speak of, by name."""

    events: tuple[KnownEvent, ...]
    traits: tuple[KnownTrait, ...]


@dataclass(frozen=True)
class FrequentValue:
    """A value, and how many actors have it."""

    value: str
    actors: int


def taxonomy(workspace: Workspace) -> Taxonomy:
    """Return what data have shown and what is declared."""
    catalog, plan = workspace.catalog({}), workspace.plan
    counts = count_by(workspace.tables, "events", "name")
    aliases: dict[str, list[str]] = {}
    for alias, key in catalog.aliases.items():
        if alias != key:
            aliases.setdefault(key, []).append(alias)
    events = tuple(
        KnownEvent(
            key,
            tuple(sorted(aliases.get(key, ()))),
            key in plan.events,
            counts.get(key, 0),
            _properties(catalog.events[key], plan.types_of(key), plan.required_of(key)),
        )
        for key in sorted(catalog.events)
    )
    told = count_by(workspace.tables, "trait_values", "name")
    sources, families = last_sources(workspace.tables), trait_families(workspace)
    traits = tuple(
        KnownTrait(name, kind, told.get(name, 0), families.of(name, provenance_of(sources.get(name, "")).name))
        for name, kind in sorted(catalog.traits.items())
    )
    return Taxonomy(events, traits)


def _properties(
    known: Mapping[str, Mapping[ValueType, str]], declared: Mapping[str, ValueType], required: tuple[str, ...]
) -> tuple[KnownProperty, ...]:
    return tuple(
        KnownProperty(name, tuple(sorted(known[name])), name in declared, name in required) for name in sorted(known)
    )


def property_values(workspace: Workspace, event: str, name: str, prefix: str, most: int) -> list[FrequentValue]:
    """Return the most frequent values of an event's property that begin with `prefix`, at most `most`.

    Raises UnknownNameError for an event or a property that nobody knows, UsageError for a property of numbers or
    moments only, which people write and do not choose.
    """
    catalog = workspace.catalog({})
    key = catalog.aliases.get(event, event)
    if key not in catalog.events:
        raise UnknownNameError("event", event, [*catalog.events, *catalog.aliases])
    known = catalog.events[key]
    if name not in known:
        raise UnknownNameError("property", name, known)
    kind = next((kind for kind in sorted(known[name]) if kind in CHOSEN), None)
    if kind is None:
        raise UsageError(f"{key}.{name} is a {' or '.join(known[name])}, of which there are too many to choose from")
    if known[name][kind] not in workspace.tables.columns("events"):
        return []  # declared, and shown by no event yet
    found = frequent_values(
        workspace.tables,
        "events",
        known[name][kind],
        among={"name": key},
        listed=kind is ValueType.TEXT_LIST,
        prefix=prefix,
        most=most,
    )
    return [FrequentValue(value, actors) for value, actors in found]


def trait_values(workspace: Workspace, name: str, prefix: str, most: int) -> list[FrequentValue]:
    """Return the most frequent values that a trait was ever set to, as `property_values` does."""
    traits = workspace.catalog({}).traits
    if name not in traits:
        raise UnknownNameError("trait", name, traits)
    kind = traits[name]
    if kind not in CHOSEN:
        raise UsageError(f'the trait "{name}" is a {kind}, of which there are too many to choose from')
    found = frequent_trait_values(workspace.tables, name, kind, prefix, most)
    return [FrequentValue(value, actors) for value, actors in found]
