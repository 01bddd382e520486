"""What messages mean to the tables, said message by message: slow and obvious, for `kohort.pipeline` to be held to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa

from kohort.definitions.identity import ANONYMOUS, USER, IdentityDefinition
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.pipeline.columns import EVENT_TYPES, Names, spread
from kohort.profiles.identity import actor_id_of, named_in
from kohort.storage.messages import Message, Values
from kohort.storage.schemas import ARROW_TYPES, SCHEMAS

Cells = tuple[list[int], list[Any]]
"""The rows that have a value in a column, and the values."""


@dataclass
class SortedOut:
    """Messages that nobody has sent before, conflicts (the first stays), and how many were known."""

    fresh: list[Message] = field(default_factory=list)
    conflicts: list[Message] = field(default_factory=list)
    known: int = 0


def sort_out(known: dict[tuple[str, str], int], messages: Sequence[Message]) -> SortedOut:
    """Tell messages that are new from repeats and from conflicts; `known` learns what they say."""
    result = SortedOut()
    for one in messages:
        identity = one.source, one.event_id
        if identity not in known:
            known[identity] = one.digest()
            result.fresh.append(one)
        elif known[identity] == one.digest():
            result.known += 1
        else:
            result.conflicts.append(one)
    return result


def attributed(message: Message, definition: IdentityDefinition) -> Message:
    """Return a message as its events and traits are kept: without a blocked user id, where a visitor is known."""
    if message.user_id and named_in(message, definition).actor[0] == ANONYMOUS:
        return msgspec.structs.replace(message, user_id="")
    return message


def actor_of(message: Message) -> str:
    """Return the actor that did a message: the known user where there is one, else the anonymous visitor."""
    kind, value = (USER, message.user_id) if message.user_id else (ANONYMOUS, message.anonymous_id)
    return actor_id_of(kind, value)


def sightings_of(messages: Iterable[Message], definition: IdentityDefinition) -> dict[tuple[str, str, str], list[int]]:
    """Return when each identifier was seen with each actor, first and last."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for message in messages:
        named = named_in(message, definition)
        own = actor_id_of(*named.actor)
        seen = [(*one, actor_id_of(*one)) for one in (named.actor, *named.others)]
        for one in [*seen, *((*each, own) for each in named.carried)]:
            before = found.get(one, [message.ts, message.ts])
            found[one] = [min(before[0], message.ts), max(before[1], message.ts)]
    return found


def links_of(messages: Iterable[Message], definition: IdentityDefinition) -> dict[tuple[str, str], tuple[int, str]]:
    """Return the earliest message that named two actors together, ties by its id."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for message in messages:
        named = named_in(message, definition)
        for other in named.others:
            pair = actor_id_of(*named.actor), actor_id_of(*other)
            found[pair] = min(found.get(pair, (message.ts, message.event_id)), (message.ts, message.event_id))
    return found


def choice_rows(messages: Iterable[Message], definition: IdentityDefinition) -> list[dict[str, Any]]:
    """Return rows of `consent_choices`."""
    rows = []
    for message in messages:
        named = named_in(message, definition)
        told = message.choices
        for actor in (named.actor, *named.others) if told else ():
            assert told
            choices = dict.fromkeys(told.granted, True) | dict.fromkeys(told.denied, False)
            rows += [
                {
                    "actor_id": actor_id_of(*actor),
                    "category": category,
                    "granted": granted,
                    "effective_at": message.ts,
                    "recorded_at": message.received_at,
                    "source": message.source,
                    "form": told.form,
                    "proof": told.proof,
                    "event_id": message.event_id,
                }
                for category, granted in choices.items()
            ]
    return rows


def typed_values(values: Values) -> list[tuple[ValueType, Mapping[str, Any]]]:
    """Return the values that rules can speak of, by type."""
    return [
        (kind, group)
        for kind, group in (
            (ValueType.NUMBER, values.numbers),
            (ValueType.TEXT, values.texts),
            (ValueType.BOOLEAN, values.booleans),
            (ValueType.MOMENT, values.moments),
            (ValueType.TEXT_LIST, values.lists),
        )
        if group
    ]


def event_rows(messages: Sequence[Message], names: Names) -> pa.Table:
    """Return rows of `events`, sorted by name and time, one column for each property met."""
    events = [message for message in messages if message.type in EVENT_TYPES]
    cells: dict[str, dict[ValueType, dict[str, Cells]]] = {}
    found: dict[tuple[str, ValueType], Cells] = {}
    for index, message in enumerate(events):
        its = cells.get(message.name)
        if its is None:
            names.event(message.name)
            its = cells[message.name] = {kind: {} for kind in ValueType}
        for kind, group in typed_values(message.values):
            columns = its[kind]
            for name, value in group.items():
                if name not in columns:
                    columns[name] = found.setdefault((names.column(message.name, name, kind), kind), ([], []))
                positions, values = columns[name]
                positions.append(index)
                values.append(value)
    table = pa.table(
        {
            "event_id": [one.event_id for one in events],
            "actor_id": [actor_of(one) for one in events],
            "name": [one.name for one in events],
            "ts": [one.ts for one in events],
            "received_at": [one.received_at for one in events],
            "source": [one.source for one in events],
        },
        schema=SCHEMAS["events"],
    )
    for (column, kind), (positions, values) in found.items():
        table = table.append_column(column, spread(len(events), positions, pa.array(values, ARROW_TYPES[kind])))
    return table.sort_by([(column, "ascending") for column in ("name", "ts", "event_id", "source")])


def identify_rows(messages: Iterable[Message], names: Names) -> pa.Table:
    """Return rows of `trait_values` for what identify messages say."""
    rows: dict[str, list[Any]] = {name: [] for name in SCHEMAS["trait_values"].names}
    for message in messages:
        if message.type != "identify":
            continue
        said = []
        for kind, group in typed_values(message.values):
            for name, value in group.items():
                names.trait(name, kind)
                said.append((name, VALUE_COLUMNS[kind], value))
        actor = actor_of(message)
        for name, column, value in [*said, *((name, "removed", True) for name in message.values.removed)]:
            row = {
                "actor_id": actor,
                "name": name,
                "value_id": message.event_id,
                "set_at": message.ts,
                "recorded_at": message.received_at,
                "source": message.source,
                "removed": False,
                column: value,
            }
            for key, values in rows.items():
                values.append(row.get(key))
    return pa.table(rows, schema=SCHEMAS["trait_values"])
