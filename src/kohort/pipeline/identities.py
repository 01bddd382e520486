"""Identifiers, links and persons, brought up to date with new messages, settings, merges and splits."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.identity import IdentityDefinition, Origin, normalised
from kohort.pipeline.adoption import identity_in_force
from kohort.profiles.graph import Edit, Evidence, Link, Persons, Sighting
from kohort.profiles.identity import actor_id_of, named_in, trait_texts
from kohort.storage.messages import Message
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

_ORDER: Final = [("actor_id", "ascending"), ("kind", "ascending"), ("value", "ascending")]

Seen = tuple[str, str, str, Moment]
"""An identifier, the actor that was seen with it, and when."""


def identity_tables(tables: Tables, messages: Sequence[Message]) -> dict[str, pa.Table]:
    """Return the content of the tables of people after `messages`; nothing without messages."""
    if not messages:
        return {}
    definition = identity_in_force(tables)
    seen: list[Seen] = []
    links: list[dict[str, Any]] = []
    for message in messages:
        named = named_in(message, definition)
        own = actor_id_of(*named.actor)
        seen += [(*one, actor_id_of(*one), message.ts) for one in (named.actor, *named.others)]
        seen += [(*one, own, message.ts) for one in named.carried]
        fixed = {"actor_id": own, "ts": message.ts, "event_id": message.event_id}
        links += [fixed | {"linked_actor_id": actor_id_of(*other)} for other in named.others]
    return _content(tables, definition, seen, links, anew=False)


def identity_tables_anew(tables: Tables) -> dict[str, pa.Table]:
    """Return the content of the tables of people by the settings and edits that are in force now.

    Traits that were set before their kind was declared unique are looked through as well.
    """
    definition = identity_in_force(tables)
    return _content(tables, definition, _seen_in_traits(tables, definition), [], anew=True)


def evidence_of(tables: Tables) -> Evidence:
    """Return all that the tables hold on who is who."""
    return _evidence(tables, identity_in_force(tables), tables.read("identifiers"), tables.read("links"))


def _content(
    tables: Tables, definition: IdentityDefinition, seen: Sequence[Seen], links: Sequence[dict[str, Any]], *, anew: bool
) -> dict[str, pa.Table]:
    stored, stored_links = tables.read("identifiers").sort_by(_ORDER), tables.read("links")
    identifiers = _merged_identifiers(stored, seen)
    merged_links = _merged_links(stored_links, links)
    if not anew and _says_nothing_new(identifiers, stored) and merged_links.equals(_merged_links(stored_links, [])):
        # Known people came back: who is who stays as it is.
        return {"identifiers": identifiers.append_column("refused", stored.column("refused"))}
    evidence = _evidence(tables, definition, identifiers, merged_links)
    persons = evidence.persons()
    refused = [
        evidence.refused.get((kind, value))
        for kind, value in zip(
            identifiers.column("kind").to_pylist(), identifiers.column("value").to_pylist(), strict=True
        )
    ]
    marked = identifiers.append_column("refused", pa.array(refused, pa.string()))
    # In the order of writing: links and identifiers that are known already tell that the others are up to date.
    return {
        "merges": _merges(persons),
        "actors": _actors(persons, evidence),
        "links": merged_links,
        "identifiers": marked.select(SCHEMAS["identifiers"].names),
    }


def _says_nothing_new(identifiers: pa.Table, stored: pa.Table) -> bool:
    """Return whether two tables of identifiers, in one order, differ in nothing but when each was seen last."""
    names = ["kind", "value", "actor_id", "first_seen"]
    return bool(identifiers.select(names).equals(stored.select(names)))


def _evidence(tables: Tables, definition: IdentityDefinition, identifiers: pa.Table, links: pa.Table) -> Evidence:
    columns = ("kind", "value", "actor_id", "first_seen")
    sightings = [Sighting(*row) for row in _rows(identifiers, columns)]
    pairs = [Link(*row) for row in _rows(links, ("actor_id", "linked_actor_id", "ts"))]
    edits = [
        Edit(
            row["seq"], row["recorded_at"], row["change"], tuple(row["apart"]), tuple(row["rest"]),
            tuple(row["cancels"]), row["reason"],
        )
        for row in tables.read("people_edits").to_pylist()
    ]  # fmt: skip
    return Evidence(sightings, pairs, definition, edits)


def _rows(table: pa.Table, names: Iterable[str]) -> Iterable[tuple[Any, ...]]:
    return zip(*(table.column(name).to_pylist() for name in names), strict=True)


def _actors(persons: Persons, evidence: Evidence) -> pa.Table:
    people = persons.person_of
    ordered = sorted(people)
    columns = [ordered, [people[one] for one in ordered], [evidence.first_seen[one] for one in ordered]]
    return pa.table(columns, schema=SCHEMAS["actors"])


def _merges(persons: Persons) -> pa.Table:
    columns = list(zip(*persons.merges, strict=True)) or [()] * len(SCHEMAS["merges"])
    return pa.table([list(column) for column in columns], schema=SCHEMAS["merges"])


def _merged_identifiers(stored: pa.Table, seen: Sequence[Seen]) -> pa.Table:
    """Return identifiers with the actors that were seen with them, each once, in a fixed order."""
    keys = ["kind", "value", "actor_id"]
    kinds, values, actors, moments = zip(*seen, strict=True) if seen else ((), (), (), ())
    new = pa.table(
        [list(kinds), list(values), list(actors), list(moments), list(moments)],
        schema=pa.schema([SCHEMAS["identifiers"].field(name) for name in (*keys, "first_seen", "last_seen")]),
    )
    merged = pa.concat_tables([stored.select(new.column_names), new]).group_by(keys)
    table = merged.aggregate([("first_seen", "min"), ("last_seen", "max")])
    ordered = table.select([*keys, "first_seen_min", "last_seen_max"]).rename_columns(new.column_names)
    return ordered.sort_by(_ORDER)


def _merged_links(stored: pa.Table, new: Sequence[dict[str, Any]]) -> pa.Table:
    """Return links, each once, as the earliest message told them; ties by the message's id."""
    links = pa.concat_tables([stored, pa.Table.from_pylist(list(new), schema=SCHEMAS["links"])])
    ordered = links.sort_by([(name, "ascending") for name in SCHEMAS["links"].names])
    firsts = ordered.group_by(["actor_id", "linked_actor_id"], use_threads=False)
    return firsts.aggregate([("ts", "first"), ("event_id", "first")]).rename_columns(SCHEMAS["links"].names)


def _seen_in_traits(tables: Tables, definition: IdentityDefinition) -> list[Seen]:
    found: list[Seen] = []
    for one in definition.unique:
        if one.origin is Origin.TRAIT:
            stored = tables.read("trait_values").select(["actor_id", "name", "set_at", "text", "number", "list"])
            found += [
                (one.kind, value, row["actor_id"], row["set_at"])
                for row in stored.filter(pc.equal(stored.column("name"), one.name)).to_pylist()
                for text in trait_texts(row["text"], row["number"], row["list"])
                if (value := normalised(text, one.form))
            ]
    return found
