"""Identifiers, links and persons, brought up to date with what messages said, settings, merges and splits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.identity import IdentityDefinition, Origin, normalised
from kohort.pipeline.adoption import identity_in_force
from kohort.pipeline.concerned import KEY, People, concerned, keys_of, with_news
from kohort.pipeline.evidence import Evidence as Gathered
from kohort.profiles.graph import BLOCKED, Edit, Evidence, Link, Persons, Sighting, Value, in_force
from kohort.profiles.identity import trait_texts
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables


def identity_tables(tables: Tables, said: Gathered) -> dict[str, pa.Table]:
    """Return the content of the tables of people after what was said, of those that it changes."""
    if not said:
        return {}
    people, edits = _people(tables), _edits(tables)
    merged = with_news(people, said.sightings(), said.links())
    if not merged:
        # Known people came back: who is who stays as it is.
        return {"identifiers": merged.people.identifiers}
    # A split cuts whatever leads from one side to the other, however far: then everybody is looked at, as where nobody
    # was known before.
    of_all = not people.actors.num_rows or any(edit.change == "split" for edit in edits)
    asked = None if of_all else concerned(merged)
    content = _content(tables, merged.people, edits, asked, merged.sightings)
    return content if merged.links.num_rows else {name: rows for name, rows in content.items() if name != "links"}


def identity_tables_anew(tables: Tables) -> dict[str, pa.Table]:
    """Return the content of the tables of people by the settings and edits that are in force now.

    Traits that were set before their kind was declared unique are looked through as well.
    """
    people = _people(tables)
    seen = _seen_in_traits(tables, identity_in_force(tables))
    merged = with_news(people, seen, SCHEMAS["links"].empty_table()).people
    nothing = pa.nulls(merged.identifiers.num_rows, pa.string())
    identifiers = merged.identifiers.drop_columns("refused").append_column("refused", nothing)
    return _content(tables, People(identifiers, merged.links, merged.actors), _edits(tables), None, identifiers)


def evidence_of(tables: Tables) -> Evidence:
    """Return all that the tables hold on who is who."""
    people = _people(tables)
    return Evidence(_sightings(people.identifiers), _pairs(people.links), identity_in_force(tables), _edits(tables))


@dataclass(frozen=True)
class _Found:
    """The persons of some actors with when those were first seen, and why values join nobody."""

    persons: Persons
    actors: pa.Table
    refused: dict[Value, str]


def _content(
    tables: Tables, people: People, edits: list[Edit], asked: pa.Array | None, new: pa.Table
) -> dict[str, pa.Table]:
    """Return the tables of people with the persons of the actors `asked` found anew, of all if that is None.

    Whether `new` identifiers are blocked is not known yet.
    """
    found = _found(people, identity_in_force(tables), edits, asked, new)
    # In the order of writing: links and identifiers that are known already tell that the others are up to date.
    content = {
        "merges": _with(tables.read("merges"), _table(found.persons.merges, "merges"), asked),
        "actors": _with(people.actors, found.actors, asked),
        "links": people.links,
        "identifiers": _marked(people.identifiers, found.refused),
    }
    return {name: rows for name, rows in content.items() if rows is not None}


def _with(stored: pa.Table, rows: pa.Table, asked: pa.Array | None) -> pa.Table | None:
    """Return a table with other rows for the actors `asked`, for all if that is None; None where they have those."""
    actors = stored.column("actor_id")
    theirs = pc.is_in(actors, value_set=asked) if asked is not None else pc.is_valid(actors)
    order = [(name, "ascending") for name in stored.column_names]
    if stored.filter(theirs).sort_by(order).equals(rows.sort_by(order)):
        return None
    return pa.concat_tables([stored.filter(pc.invert(theirs)), rows])


def _found(
    people: People, definition: IdentityDefinition, edits: list[Edit], asked: pa.Array | None, new: pa.Table
) -> _Found:
    """Find the persons of some actors; who shares nothing with anybody is a person."""
    its, told = people, people.identifiers
    if asked is not None:
        its, told = people.around(asked), told.filter(pc.is_in(told.column("actor_id"), value_set=asked))
    known = _refused(people, its)
    sharing = its.sharing(people.refused, [actor for edit in edits for actor in (*edit.apart, *edit.rest)])
    evidence = Evidence(_sightings(sharing.identifiers), _pairs(sharing.links), definition, _of(edits, sharing), known)
    persons = evidence.persons()
    named = new.group_by("kind").aggregate([("value", "list")])
    blocked = {
        (kind, value): BLOCKED
        for kind, values in _rows(named, ("kind", "value_list"))
        for value in definition.blocked_among(kind, values)
    }
    firsts = told.group_by("actor_id").aggregate([("first_seen", "min")])
    return _Found(persons, _actors(firsts, persons), {**evidence.refused, **blocked})


def _actors(firsts: pa.Table, persons: Persons) -> pa.Table:
    """Return rows of `actors`; who is not among the persons found is one."""
    actors, names = firsts.column("actor_id"), [*persons.person_of]
    theirs = pa.chunked_array([pa.array([persons.person_of[one] for one in names], pa.string())])
    found = theirs.take(pc.index_in(actors, value_set=pa.array(names, pa.string())))
    return pa.table([actors, pc.coalesce(found, actors), firsts.column("first_seen_min")], schema=SCHEMAS["actors"])


def _refused(people: People, its: People) -> dict[Value, str]:
    """Return why values that some people carry are refused, whoever else carries them."""
    rows = people.identifiers.filter(pc.is_valid(people.identifiers.column("refused")))
    carried = rows.filter(pc.is_in(keys_of(rows), value_set=pc.unique(its.keys)))
    names = ["kind", "value", "refused"]
    return {(kind, value): reason for kind, value, reason in _rows(carried.group_by(names).aggregate([]), names)}


def _of(edits: list[Edit], people: People) -> list[Edit]:
    """Return the edits in force that speak of some people."""
    known = set(people.identifiers.column("actor_id").to_pylist())
    return [edit for edit in in_force(edits) if known.issuperset(edit.apart)]


def _marked(identifiers: pa.Table, refused: dict[Value, str]) -> pa.Table:
    """Return identifiers with why they join nobody; those of which nothing is said stay as they are."""
    keys = pa.array([KEY.join(one) for one in refused], pa.string())
    places = pc.index_in(keys_of(identifiers), value_set=keys)
    reasons = pa.chunked_array([pa.array(list(refused.values()), pa.string())]).take(places)
    marks = pc.coalesce(reasons, identifiers.column("refused"))
    return identifiers.drop_columns("refused").append_column("refused", marks)


def _people(tables: Tables) -> People:
    return People(tables.read("identifiers"), tables.read("links"), tables.read("actors"))


def _edits(tables: Tables) -> list[Edit]:
    return [
        Edit(
            row["seq"], row["recorded_at"], row["change"], tuple(row["apart"]), tuple(row["rest"]),
            tuple(row["cancels"]), row["reason"],
        )
        for row in tables.read("people_edits").to_pylist()
    ]  # fmt: skip


def _rows(table: pa.Table, names: Iterable[str]) -> Iterable[tuple[Any, ...]]:
    return zip(*(table.column(name).to_pylist() for name in names), strict=True)


def _table(rows: Sequence[tuple[Any, ...]], name: str) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMAS[name])
    return pa.table([list(one) for one in columns], schema=SCHEMAS[name])


def _sightings(identifiers: pa.Table) -> list[Sighting]:
    return [Sighting(*row) for row in _rows(identifiers, ("kind", "value", "actor_id", "first_seen"))]


def _pairs(links: pa.Table) -> list[Link]:
    return [Link(*row) for row in _rows(links, ("actor_id", "linked_actor_id", "ts"))]


def _seen_in_traits(tables: Tables, definition: IdentityDefinition) -> pa.Table:
    found: list[tuple[str, str, str, Moment, Moment]] = []
    for one in definition.unique:
        if one.origin is Origin.TRAIT:
            stored = tables.read("trait_values").select(["actor_id", "name", "set_at", "text", "number", "list"])
            found += [
                (one.kind, value, row["actor_id"], row["set_at"], row["set_at"])
                for row in stored.filter(pc.equal(stored.column("name"), one.name)).to_pylist()
                for text in trait_texts(row["text"], row["number"], row["list"])
                if (value := normalised(text, one.form))
            ]
    return _table([(*one, None) for one in found], "identifiers").drop_columns("refused")
