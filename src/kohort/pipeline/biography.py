"""What a person did, what was told of them, and which segments they are in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from kohort.clock import Moment, datetime_of
from kohort.definitions.families import Family
from kohort.definitions.provenance import provenance_of
from kohort.definitions.repair import repaired_trait
from kohort.definitions.values import VALUE_COLUMNS, ValueType, decimal_of
from kohort.engines.evaluation import Explanation, Fact, Shown
from kohort.pipeline.identified import who_is
from kohort.pipeline.recording import memberships_now
from kohort.pipeline.trait_families import trait_families
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.storage.histories import Place, events_of, trait_values_of

_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True)
class LivedEvent:
    """Something that a person did, with the properties that it has."""

    event_id: str
    name: str
    at: Moment
    received_at: Moment
    source: str
    properties: Mapping[str, Shown]


@dataclass(frozen=True)
class HeldTrait:
    """The value of a trait, since when it is, when that was learnt, and from which source.

    `mark` says what was done to a value that nobody told as it is, such as "imputed by mice"; it is "" for others.
    `family` is what kind of thing the trait says of somebody.
    """

    name: str
    type: str
    value: Shown
    set_at: Moment
    recorded_at: Moment
    source: str
    mark: str = ""
    family: Family = Family.OTHER


@dataclass(frozen=True)
class HeldMembership:
    """A segment that a person is in; `entered_at` is None where the population's numbers decided."""

    segment: str
    version: int
    entered_at: Moment | None


def timeline_of(
    workspace: Workspace, person: str, before: Place | None, most: int, event: str | None = None
) -> list[LivedEvent]:
    """Return what a person did, the newest first, before a place, at most `most`; only of one `event` if it is named.

    Raises UnknownNameError.
    """
    catalog = workspace.catalog({})
    rows = events_of(workspace.tables, who_is(workspace, person).actors, before=before, most=most, event=event)
    return [
        LivedEvent(
            row["event_id"], row["name"], row["ts"], row["received_at"], row["source"], _properties(row, catalog)
        )
        for row in rows
    ]


def traits_of(workspace: Workspace, person: str, at: Moment) -> list[HeldTrait]:
    """Return a person's traits as of a moment, by name; raises UnknownNameError."""
    types, families = workspace.catalog({}).traits, trait_families(workspace)
    newest: dict[str, dict[str, Any]] = {}
    for row in trait_values_of(workspace.tables, who_is(workspace, person).actors, at):
        newest.setdefault(row["name"], row)
    held = []
    for name, row in sorted(newest.items()):
        # Two sources may tell a trait in two types: each value is shown as it was told.
        kinds = (kind for kind, column in VALUE_COLUMNS.items() if row.get(column) is not None)
        kind = None if name not in types or row["removed"] else next(kinds, None)
        if kind is not None:
            source = provenance_of(row["source"])
            value = shown_value(row[VALUE_COLUMNS[kind]], kind)
            family = families.of(name, source.name)
            held.append(
                HeldTrait(name, kind, value, row["set_at"], row["recorded_at"], row["source"], source.mark, family)
            )
    return held


def with_marks(workspace: Workspace, person: str, at: Moment, explanation: Explanation) -> Explanation:
    """Return an explanation of a person in which each trait's value that nobody told says how it was made."""
    if not any(_may_be_made(fact) for node in _nodes(explanation) for fact in node.facts):
        return explanation
    marks = {one.name: one.mark for one in traits_of(workspace, person, at)}
    return _marked(explanation, marks)


def _nodes(explanation: Explanation) -> Iterator[Explanation]:
    yield explanation
    for part in explanation.parts:
        yield from _nodes(part)


def _may_be_made(fact: Fact) -> bool:
    return fact.property is None and fact.value is not None and repaired_trait(fact.name) != fact.name


def _marked(explanation: Explanation, marks: Mapping[str, str]) -> Explanation:
    facts = tuple(
        replace(fact, mark=marks.get(fact.name, "")) if _may_be_made(fact) else fact for fact in explanation.facts
    )
    return replace(explanation, facts=facts, parts=tuple(_marked(one, marks) for one in explanation.parts))


def memberships_of(workspace: Workspace, person: str) -> list[HeldMembership]:
    """Return the segments in force that a person is in by what is recorded, by name; raises UnknownNameError."""
    identity, force = who_is(workspace, person).person_id, workspace.in_force().versions
    its = memberships_now(workspace.tables, identity)
    return [
        HeldMembership(row["segment"], row["version"], row["entered_at"])
        for row in its.sort_by("segment").to_pylist()
        if row["left_at"] is None and row["segment"] in force
    ]


def _properties(row: Mapping[str, Any], catalog: Catalog) -> dict[str, Shown]:
    found: dict[str, Shown] = {}
    for name, types in sorted(catalog.events.get(row["name"], {}).items()):
        for kind, column in types.items():
            if row.get(column) is not None:
                found[name] = shown_value(row[column], kind)
    return found


def shown_value(value: Any, kind: ValueType) -> Shown:
    """Return a value as it is stored as people are shown it.

    >>> shown_value(12_500_000, ValueType.NUMBER)
    Decimal('12.5')
    """
    match kind:
        case ValueType.NUMBER:
            return decimal_of(value)
        case ValueType.MOMENT:
            return datetime_of(value, _UTC)
        case ValueType.TEXT_LIST:
            return tuple(value)
    shown: Shown = value
    return shown
