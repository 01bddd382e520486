"""Whom news may concern: of whom who is who has to be found anew, and what that depends on.

A person changes only if one of its actors is named anew, or carries a value that somebody else is seen with. What was
refused stays refused, since evidence only grows; so nothing has to be followed through it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from kohort.definitions.identity import ANONYMOUS, USER
from kohort.pipeline.evidence import merged_sightings
from kohort.pipeline.namings import SIGHTED
from kohort.profiles.graph import Sighting

KEY: Final = "\0"
"""What stands between the kind and the value of an identifier written as one text: no value holds it."""

_OWN_KINDS: Final = pa.array([USER, ANONYMOUS])
_LINKED: Final = ["actor_id", "linked_actor_id"]


@dataclass(frozen=True)
class People:
    """Rows of the tables of people."""

    identifiers: pa.Table
    links: pa.Table
    actors: pa.Table

    @cached_property
    def keys(self) -> pa.ChunkedArray:
        """What each identifier is, as one text."""
        return keys_of(self.identifiers)

    @cached_property
    def refused(self) -> pa.Array:
        """The keys of identifiers that join nobody."""
        return _set(self.keys.filter(pc.is_valid(self.identifiers.column("refused"))))

    def around(self, asked: pa.Array) -> "People":
        """Return what the persons of some actors depend on: theirs, and whatever others have to do with it."""
        actors, kinds = self.identifiers.column("actor_id"), self.identifiers.column("kind")
        theirs = _in(actors, asked)
        shared = _set(_without(self.keys.filter(theirs), self.refused))
        rows = pc.or_(theirs, _in(self.keys, shared))
        links = self.links.filter(pc.or_(*(_in(self.links.column(name), asked) for name in _LINKED)))
        beside = _set(actors.filter(rows), *(links.column(name) for name in _LINKED))
        own = pc.and_(_in(actors, beside), _in(kinds, _OWN_KINDS))
        return People(self.identifiers.filter(pc.or_(rows, own)), links, self.actors)

    def sharing(self, refused: pa.Array, others: Iterable[str]) -> "People":
        """Return the rows of actors who are linked or share a value that is not refused, and of `others`."""
        counted = _without(self.keys, refused).value_counts()
        shared = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
        carriers = self.identifiers.column("actor_id").filter(_in(self.keys, shared))
        linked = (self.links.column(name) for name in _LINKED)
        actors = _set(carriers, *linked, pa.chunked_array([pa.array(list(others), pa.string())]))
        rows = _in(self.identifiers.column("actor_id"), actors)
        return People(self.identifiers.filter(rows), self.links, self.actors)


@dataclass(frozen=True)
class Merged:
    """People with what was said of them; `sightings` and `links` are the rows that tell something new."""

    people: People
    sightings: pa.Table
    links: pa.Table

    def __bool__(self) -> bool:
        return bool(self.sightings.num_rows or self.links.num_rows)


def with_news(people: People, seen: pa.Table, told: pa.Table) -> Merged:
    """Return people with sightings and links added: each once, links as the earliest message told them.

    Of the news `refused` is null. That an identifier was seen later again is no news.
    """
    rest, sightings, is_new = _sighted(people.identifiers, seen)
    others, links, is_new_link = _linked(people.links, told)
    after = People(pa.concat_tables([rest, sightings]), pa.concat_tables([others, links]), people.actors)
    return Merged(after, sightings.filter(is_new), links.filter(is_new_link))


def _sighted(identifiers: pa.Table, seen: pa.Table) -> tuple[pa.Table, pa.Table, pa.ChunkedArray]:
    """Return the rows of whoever is not seen, those of whoever is, and which of these tell something new."""
    theirs = _in(identifiers.column("actor_id"), _set(seen.column("actor_id")))
    known = identifiers.filter(theirs)
    found = merged_sightings([_numbered(known.select(seen.column_names)), _numbered(seen, known=False)])
    before = found.column("row")
    rows = found.append_column("refused", known.column("refused").take(before)).select(identifiers.column_names)
    new = _differ(rows.column("first_seen"), known.column("first_seen").take(before))
    return identifiers.filter(pc.invert(theirs)), rows, new


def _linked(links: pa.Table, told: pa.Table) -> tuple[pa.Table, pa.Table, pa.ChunkedArray]:
    """Return the links of whoever is not named, those of whoever is, and which of these tell something new."""
    theirs = _in(links.column("actor_id"), _set(told.column("actor_id")))
    known = links.filter(theirs)
    both = pa.concat_tables([_numbered(known), _numbered(told, known=False)])
    ordered = both.sort_by([(name, "ascending") for name in links.column_names])
    firsts = ordered.group_by(_LINKED, use_threads=False)
    found = firsts.aggregate([("ts", "first"), ("event_id", "first"), ("row", "max")])
    rows = found.rename_columns([*links.column_names, "row"])
    before = rows.column("row")
    new = pc.or_(*(_differ(rows.column(name), known.column(name).take(before)) for name in ("ts", "event_id")))
    return links.filter(pc.invert(theirs)), rows.drop_columns("row"), new


def concerned(merged: Merged) -> pa.Array:
    """Return the actors of whom who is who has to be found anew."""
    people = merged.people
    carriers, persons = people.identifiers.column("actor_id"), people.actors.column("person_id")
    new = _without(keys_of(merged.sightings), people.refused)
    found = _set(merged.sightings.column("actor_id"), *(merged.links.column(name) for name in _LINKED))
    before = -1
    while len(found) > before:
        before = len(found)
        theirs = _set(persons.filter(_in(people.actors.column("actor_id"), found)))
        found = _set(found, people.actors.column("actor_id").filter(_in(persons, theirs)))
        joining = _set(_without(found, _refused_themselves(people, found)))
        shared = _set(_without(people.keys.filter(_in(carriers, joining)), people.refused), new)
        sharing = _set(carriers.filter(_in(people.keys, shared)))
        found = _set(found, _without(sharing, _refused_themselves(people, sharing)))
    return found


def keys_of(identifiers: pa.Table) -> pa.ChunkedArray:
    """Return what each identifier is, its kind and value, as one text."""
    return pc.binary_join_element_wise(identifiers.column("kind"), identifiers.column("value"), KEY)


def _refused_themselves(people: People, actors: pa.Array) -> pa.Array:
    """Return those of some actors whose own identifier joins nobody."""
    rows = people.identifiers.filter(pc.is_valid(people.identifiers.column("refused")))
    rows = rows.filter(_in(rows.column("actor_id"), actors))
    told = zip(*(rows.column(name).to_pylist() for name in (*SIGHTED, "first_seen")), strict=True)
    return pa.array([one.actor for one in (Sighting(*row) for row in told) if one.is_own], pa.string())


def _numbered(table: pa.Table, *, known: bool = True) -> pa.Table:
    """Return a table with the place of each row if it is known, with none otherwise."""
    length = table.num_rows
    return table.append_column("row", pa.array(range(length), pa.int64()) if known else pa.nulls(length, pa.int64()))


def _differ(values: pa.ChunkedArray, before: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.not_equal(values, before), True)


def _in(values: pa.ChunkedArray, wanted: pa.Array) -> pa.ChunkedArray:
    return pc.is_in(values, value_set=wanted)


def _without(values: pa.ChunkedArray | pa.Array, others: pa.Array) -> pa.ChunkedArray:
    return values.filter(pc.invert(_in(values, others)))


def _set(*parts: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return what stands in any of some columns, each value once."""
    chunks = [chunk for part in parts for chunk in (part.chunks if isinstance(part, pa.ChunkedArray) else [part])]
    return pc.unique(pa.chunked_array(chunks, pa.string()))
