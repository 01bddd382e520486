"""Whom news may concern: of whom who is who has to be found anew, and what that depends on.

A person changes only if one of its actors is named anew, or carries a value that somebody else is seen with. What was
refused stays refused, since evidence only grows; so nothing has to be followed through it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from kohort.definitions.identity import ANONYMOUS, USER
from kohort.pipeline.projecting.evidence import merged_sightings
from kohort.pipeline.projecting.namings import SIGHTED
from kohort.profiles.graph import Sighting
from kohort.storage.indexed import SEPARATOR, Indexed, Rows, distinct, texts_of

KEY: Final = SEPARATOR
"""What stands between the kind and the value of an identifier written as one text: no value holds it."""

ACTOR: Final = ("actor_id",)
PERSON: Final = ("person_id",)
OTHER: Final = ("linked_actor_id",)
VALUE: Final = ("kind", "value")

OWN_KINDS: Final = pa.array([USER, ANONYMOUS])
LINKED: Final = ["actor_id", "linked_actor_id"]


@dataclass(frozen=True)
class WithNews:
    """Rows that are looked up, but for some actors, who have other `rows`."""

    before: Indexed
    whose: pa.Array
    rows: pa.Table

    def of(self, columns: tuple[str, ...], values: pa.Array) -> pa.Table:
        """Return the rows that hold one of some values."""
        stood = self.before.of(columns, values)
        stood = stood.filter(pc.invert(_in(stood.column("actor_id"), self.whose)))
        return pa.concat_tables([stood, self.rows.filter(_in(texts_of(self.rows, columns), values))])

    def whole(self) -> pa.Table:
        """Return all rows."""
        stood = self.before.whole()
        return pa.concat_tables([stood.filter(pc.invert(_in(stood.column("actor_id"), self.whose))), self.rows])


@dataclass(frozen=True)
class Around:
    """Rows of `identifiers` and `links` that persons depend on."""

    identifiers: pa.Table
    links: pa.Table

    def sharing(self, refused: Mapping[str, str], others: Iterable[str]) -> "Around":
        """Return the rows of actors who are linked or share a value that is not refused, and of `others`."""
        counted = _without(keys_of(self.identifiers), refused).value_counts()
        shared = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
        carriers = self.identifiers.column("actor_id").filter(_in(keys_of(self.identifiers), shared))
        linked = (self.links.column(name) for name in LINKED)
        actors = distinct(carriers, *linked, pa.array(list(others), pa.string()))
        return Around(self.identifiers.filter(_in(self.identifiers.column("actor_id"), actors)), self.links)


@dataclass(frozen=True)
class Merged:
    """The tables of people with what was said of them; `sightings` and `links` are the rows that tell something new.

    `refused` tells why values join nobody that were refused before, by what they are as one text.
    """

    identifiers: WithNews
    links_after: WithNews
    actors: Rows
    refused: Mapping[str, str]
    sightings: pa.Table
    links: pa.Table

    def __bool__(self) -> bool:
        return bool(self.sightings.num_rows or self.links.num_rows)

    def around(self, asked: pa.Array) -> Around:
        """Return what the persons of some actors depend on: theirs, and whatever others have to do with it."""
        theirs = self.identifiers.of(ACTOR, asked)
        shared = self.identifiers.of(VALUE, distinct(_without(keys_of(theirs), self.refused)))
        links = _distinct_rows([self.links_after.of(ACTOR, asked), self.links_after.of(OTHER, asked)])
        beside = distinct(
            theirs.column("actor_id"), shared.column("actor_id"), *(links.column(name) for name in LINKED)
        )
        own = self.identifiers.of(ACTOR, beside)
        return Around(_distinct_rows([theirs, shared, own.filter(_in(own.column("kind"), OWN_KINDS))]), links)


def with_news(identifiers: Indexed, links: Indexed, actors: Rows, seen: pa.Table, told: pa.Table) -> Merged:
    """Return people with sightings, each of which is told once, and links added, as the earliest message told them.

    Of the news `refused` is null. That an identifier was seen later again is no news.
    """
    seeing, is_new = _sighted(identifiers, seen)
    linking, is_new_link = _linked(links, told)
    return Merged(
        seeing, linking, actors, identifiers.notes, seeing.rows.filter(is_new), linking.rows.filter(is_new_link)
    )


def everybody(identifiers: pa.Table, links: pa.Table, seen: pa.Table, told: pa.Table) -> tuple[Around, dict[str, str]]:
    """Return all rows of people with sightings and links added, of which none is marked refused, and what was refused.

    >>> from kohort.storage.schemas import SCHEMAS
    >>> one = {"kind": ["user_id"], "value": ["ada"], "actor_id": ["a"], "first_seen": [3], "last_seen": [4]}
    >>> known, no_links = pa.table(one | {"refused": ["blocked"]}), SCHEMAS["links"].empty_table()
    >>> around, refused = everybody(known, no_links, pa.table(one | {"first_seen": [2]}), no_links)
    >>> around.identifiers["first_seen"].to_pylist(), around.identifiers["refused"].to_pylist(), [*refused.values()]
    ([2], [None], ['blocked'])
    """
    marked = identifiers.filter(pc.is_valid(identifiers.column("refused")))
    refused = dict(zip(keys_of(marked).to_pylist(), marked.column("refused").to_pylist(), strict=True))
    both = merged_sightings([identifiers.select(seen.column_names), seen])
    both = both.append_column("refused", pa.nulls(both.num_rows, pa.string())).select(identifiers.column_names)
    return Around(both, _first_links(pa.concat_tables([links, told]))), refused


def _sighted(identifiers: Indexed, seen: pa.Table) -> tuple[WithNews, pa.ChunkedArray]:
    """Return the rows of whoever is seen, and which of these tell something new."""
    whose = distinct(seen.column("actor_id"))
    known = identifiers.of(ACTOR, whose)
    found = _numbered(seen, known=False)
    if known.num_rows:
        found = merged_sightings([_numbered(known.select(seen.column_names)), found])
    before = found.column("row")
    rows = found.append_column("refused", known.column("refused").take(before)).select(known.column_names)
    new = _differ(rows.column("first_seen"), known.column("first_seen").take(before))
    return WithNews(identifiers, whose, rows), new


def _linked(links: Indexed, told: pa.Table) -> tuple[WithNews, pa.ChunkedArray]:
    """Return the links of whoever is named, and which of these tell something new."""
    whose = distinct(told.column("actor_id"))
    known = links.of(ACTOR, whose)
    rows = _first_links(pa.concat_tables([_numbered(known), _numbered(told, known=False)]))
    before = rows.column("row")
    new = pc.or_(*(_differ(rows.column(name), known.column(name).take(before)) for name in ("ts", "event_id")))
    return WithNews(links, whose, rows.drop_columns("row")), new


def _first_links(links: pa.Table) -> pa.Table:
    """Return each link once, as the earliest message tells it; of a column `row` the greatest is kept."""
    ordered = links.sort_by([("ts", "ascending"), ("event_id", "ascending")])
    kept = {"ts": "first", "event_id": "first", "row": "max"}
    asked = [(name, kept[name]) for name in links.column_names if name in kept]
    found = ordered.group_by(LINKED, use_threads=False).aggregate(asked)
    return found.rename_columns([*LINKED, *(name for name, _ in asked)])


def concerned(merged: Merged) -> pa.Array:
    """Return the actors of whom who is who has to be found anew."""
    identifiers, actors = merged.identifiers, merged.actors
    new = _without(keys_of(merged.sightings), merged.refused)
    found = distinct(merged.sightings.column("actor_id"), *(merged.links.column(name) for name in LINKED))
    before = -1
    while len(found) > before:
        before = len(found)
        theirs = distinct(actors.of(ACTOR, found).column("person_id"))
        found = distinct(found, actors.of(PERSON, theirs).column("actor_id"))
        carried = identifiers.of(ACTOR, found)
        joining = carried.filter(pc.invert(_in(carried.column("actor_id"), _refused_themselves(carried))))
        shared = distinct(_without(keys_of(joining), merged.refused), new)
        sharing = distinct(identifiers.of(VALUE, shared).column("actor_id"))
        others = distinct(_outside(sharing, found))
        found = distinct(found, _outside(others, _refused_themselves(identifiers.of(ACTOR, others))))
    return found


def keys_of(identifiers: pa.Table) -> pa.ChunkedArray:
    """Return what each identifier is, its kind and value, as one text."""
    return texts_of(identifiers, VALUE)


def _refused_themselves(identifiers: pa.Table) -> pa.Array:
    """Return the actors whose own identifier joins nobody, of those whose identifiers are given."""
    rows = identifiers.filter(pc.is_valid(identifiers.column("refused")))
    told = zip(*(rows.column(name).to_pylist() for name in (*SIGHTED, "first_seen")), strict=True)
    return pa.array([one.actor for one in (Sighting(*row) for row in told) if one.is_own], pa.string())


def _distinct_rows(parts: list[pa.Table]) -> pa.Table:
    """Return the rows of some tables, each once."""
    together = pa.concat_tables(parts)
    return together.group_by(together.column_names).aggregate([])


def _numbered(table: pa.Table, *, known: bool = True) -> pa.Table:
    """Return a table with the place of each row if it is known, with none otherwise."""
    length = table.num_rows
    return table.append_column("row", pa.array(range(length), pa.int64()) if known else pa.nulls(length, pa.int64()))


def _differ(values: pa.ChunkedArray, before: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.not_equal(values, before), True)


def _in(values: pa.ChunkedArray, wanted: pa.Array) -> pa.ChunkedArray:
    return pc.is_in(values, value_set=wanted)


def _without(keys: pa.ChunkedArray, refused: Mapping[str, str]) -> pa.ChunkedArray:
    """Return the keys of identifiers that are not refused, however many others are."""
    if not refused:
        return keys
    return keys.filter(pa.array([one not in refused for one in keys.to_pylist()], pa.bool_()))


def _outside(values: pa.Array, others: pa.Array) -> pa.Array:
    return values.filter(pc.invert(pc.is_in(values, value_set=others)))
