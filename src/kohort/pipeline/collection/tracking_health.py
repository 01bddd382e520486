"""The tracking plan beside what has come: how often each event was seen, what its values are, what was rejected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from kohort.clock import Moment
from kohort.collection.segment_messages import EVENT_OF_TYPE
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.values import ValueType
from kohort.pipeline.workspace import Workspace
from kohort.storage.lookups import ask

_MOST: Final = 100
# The place of a row differs from row to row, and is no part of why it was rejected.
_LETTERS: Final = """
SELECT source, file, field, regexp_replace(reason, '^(line|row) [0-9,]+: ', '') AS why, count(*) AS count,
    max(recorded_at) AS last_at, arg_max(raw, recorded_at) AS raw
FROM dead_letters WHERE replayed_at IS NULL
GROUP BY source, file, field, why ORDER BY count DESC, last_at DESC, source, field, why LIMIT ?
"""
_OPEN: Final = "SELECT count(*) AS count FROM dead_letters WHERE replayed_at IS NULL"


@dataclass(frozen=True)
class PlannedProperty:
    """A property of an event: the type that is declared ("" for none), whether it is required, the types it has had."""

    name: str
    declared: str
    required: bool
    seen: tuple[str, ...]

    @property
    def breaks(self) -> bool:
        """Whether values came of another type than the declared one, or of several where none is."""
        return bool({*self.seen} - {self.declared}) if self.declared else len(self.seen) > 1


@dataclass(frozen=True)
class PlannedEvent:
    """An event: whether it is declared, how often it has come, its properties, and how many like it were rejected."""

    name: str
    aliases: tuple[str, ...]
    declared: bool
    count: int
    properties: tuple[PlannedProperty, ...]
    rejected: int


@dataclass(frozen=True)
class LetterGroup:
    """Dead letters that have the same fault: their source, the field and the reason; `raw` is the newest of them.

    `event` is the key of the event that the newest one would have been, "" where that cannot be told.
    """

    source: str
    file: str
    field: str
    reason: str
    count: int
    last_at: Moment
    event: str
    raw: str


@dataclass(frozen=True)
class TrackingHealth:
    """Every event that is declared or has come, by name; what was rejected, the most frequent fault first."""

    events: tuple[PlannedEvent, ...]
    letters: tuple[LetterGroup, ...]
    open_letters: int


def tracking_health(workspace: Workspace) -> TrackingHealth:
    """Return how well what comes fits what is declared."""
    plan, tables = workspace.plan, workspace.tables
    letters = [
        LetterGroup(
            row["source"], row["file"], row["field"], row["why"], row["count"], row["last_at"],
            _event_of(row["raw"], plan), row["raw"],
        )
        for row in ask(tables, _LETTERS, [_MOST])
    ]  # fmt: skip
    rejected: Counter[str] = Counter()
    for one in letters:
        rejected[one.event] += one.count
    counts, seen = tables.counts("events"), _types_seen(workspace)
    events = tuple(
        PlannedEvent(
            name,
            plan.events[name].aliases if name in plan.events else (),
            name in plan.events,
            counts.get(name, 0),
            _properties(plan.types_of(name), plan.required_of(name), seen.get(name, {})),
            rejected[name],
        )
        for name in sorted(workspace.catalog({}).events)
    )
    return TrackingHealth(events, tuple(letters), ask(tables, _OPEN)[0]["count"])


def _types_seen(workspace: Workspace) -> dict[str, dict[str, set[str]]]:
    """Return the types that each property of each event has had."""
    seen: dict[str, dict[str, set[str]]] = {}
    for row in workspace.tables.read("names").to_pylist():
        if row["event"] and row["name"]:
            seen.setdefault(row["event"], {}).setdefault(row["name"], set()).add(row["type"])
    return seen


def _properties(
    declared: Mapping[str, ValueType], required: Sequence[str], seen: Mapping[str, set[str]]
) -> tuple[PlannedProperty, ...]:
    return tuple(
        PlannedProperty(name, str(declared.get(name, "")), name in required, tuple(sorted(seen.get(name, ()))))
        for name in sorted({*declared, *seen})
    )


def _event_of(raw: str, plan: TrackingPlan) -> str:
    try:
        sent = msgspec.json.decode(raw)
        if not isinstance(sent, dict):
            return ""
        kind, name = sent.get("type"), sent.get("event")
        if isinstance(kind, str) and kind in EVENT_OF_TYPE:
            return EVENT_OF_TYPE[kind]
        return plan.key_of(name) if isinstance(name, str) else ""
    except (msgspec.DecodeError, RecursionError, ValueError):
        return ""
