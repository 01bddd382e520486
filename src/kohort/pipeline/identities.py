"""Identifiers, links and persons, brought up to date with new messages."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from kohort.clock import Moment
from kohort.profiles.identity import ANONYMOUS, USER, actor_id_of, persons_of
from kohort.storage.messages import Message
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables


def identity_tables(tables: Tables, messages: Sequence[Message]) -> dict[str, pa.Table]:
    """Return the content of `identifiers`, `links` and `actors` after `messages`; nothing without messages."""
    seen = [(kind, value, message.ts) for message in messages for kind, value in identifiers_of(message)]
    if not seen:
        return {}
    identifiers = _merged_identifiers(tables.read("identifiers"), seen)
    links = _merged_links(tables.read("links"), messages)
    first_seen: dict[str, Moment] = dict(
        zip(identifiers.column("actor_id").to_pylist(), identifiers.column("first_seen").to_pylist(), strict=True)
    )
    pairs = zip(links.column("actor_id").to_pylist(), links.column("linked_actor_id").to_pylist(), strict=True)
    persons = persons_of(first_seen, pairs)
    actors = pa.table([list(persons), list(persons.values()), list(first_seen.values())], schema=SCHEMAS["actors"])
    return {"identifiers": identifiers, "links": links, "actors": actors}


def identifiers_of(message: Message) -> Iterable[tuple[str, str]]:
    """Return the identifiers that a message carries, the actor's own first."""
    if message.user_id:
        yield USER, message.user_id
    if message.anonymous_id:
        yield ANONYMOUS, message.anonymous_id
    if message.previous_id:
        yield USER, message.previous_id


def _merged_identifiers(stored: pa.Table, seen: Sequence[tuple[str, str, Moment]]) -> pa.Table:
    kinds, values, moments = zip(*seen, strict=True)
    ids = [actor_id_of(kind, value) for kind, value in zip(kinds, values, strict=True)]
    new = pa.table([list(kinds), list(values), ids, list(moments), list(moments)], schema=SCHEMAS["identifiers"])
    merged = pa.concat_tables([stored.select(new.column_names), new]).group_by(["kind", "value", "actor_id"])
    table = merged.aggregate([("first_seen", "min"), ("last_seen", "max")])
    ordered = table.select(["kind", "value", "actor_id", "first_seen_min", "last_seen_max"])
    return ordered.rename_columns(SCHEMAS["identifiers"].names).sort_by([("actor_id", "ascending")])


def _merged_links(stored: pa.Table, messages: Iterable[Message]) -> pa.Table:
    known = set(zip(stored.column("actor_id").to_pylist(), stored.column("linked_actor_id").to_pylist(), strict=True))
    rows = []
    for message in messages:
        own, *others = (actor_id_of(kind, value) for kind, value in identifiers_of(message))
        for other in others:
            if (own, other) not in known:
                known.add((own, other))
                rows.append({"actor_id": own, "linked_actor_id": other, "ts": message.ts, "event_id": message.event_id})
    new = pa.Table.from_pylist(rows, schema=SCHEMAS["links"])
    return pa.concat_tables([stored.select(new.column_names), new])
