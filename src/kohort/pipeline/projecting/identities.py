"""Identifiers, links and persons, brought up to date with what messages said, settings, merges and splits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.identity import IdentityDefinition, Origin, normalised
from kohort.pipeline.adoption import identity_in_force
from kohort.pipeline.projecting.concerned import (
    ACTOR,
    KEY,
    VALUE,
    Around,
    Merged,
    concerned,
    everybody,
    keys_of,
    with_news,
)
from kohort.pipeline.projecting.evidence import Evidence as Gathered
from kohort.pipeline.projecting.pairs import NO_PAIRS, Pairs, pairs_in
from kohort.profiles.graph import BLOCKED, Edit, Evidence, Link, Persons, Sighting, Value, in_force
from kohort.profiles.identity import trait_texts
from kohort.storage.indexed import distinct
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

MANY: Final = 100_000
"""Where something new is told of so many actors, and of a quarter of those known, whom it may concern is not asked."""


@dataclass(frozen=True)
class Changed:
    """Rows of a table of people: in place of all that some actors have, or of the whole table if `whose` is None."""

    whose: pa.Array | None
    rows: pa.Table

    def write(self, tables: Tables, name: str, watermark: int) -> None:
        """Write them, in one commit with the watermark; nothing is done where the table has it already."""
        if self.whose is None:
            tables.replace(name, self.rows, watermark=watermark)
        else:
            tables.amend(name, self.whose, self.rows, watermark=watermark)


def identity_changes(tables: Tables, said: Gathered, *, many: int = MANY) -> dict[str, Changed]:
    """Return what changes in the tables of people by what was said, table by table in the order of writing.

    Rows are read of those whom it may concern alone, but where nobody was known, somebody was split by hand, or it is
    told of `many`.
    """
    if not said:
        return {}
    edits, seen, told = edits_of(tables), said.sightings(), said.links()
    if _is_of_many(seen, many, tables.count("actors")):
        # It is less work to look at everybody than to find out whom it concerns, or to look rows up.
        around, refused = everybody(tables.read("identifiers"), tables.read("links"), seen, told)
        return _content_of_all(around, refused, tables, edits, seen)
    merged = with_news(tables.indexed("identifiers"), tables.indexed("links"), tables.indexed("actors"), seen, told)
    if not merged:
        # Known people came back: who is who stays as it is.
        return {"identifiers": Changed(merged.identifiers.whose, merged.identifiers.rows)}
    if any(edit.change == "split" for edit in edits):
        # A split cuts whatever leads from one side to the other, however far.
        around = Around(merged.identifiers.whole(), merged.links_after.whole())
        content = _content_of_all(around, merged.refused, tables, edits, merged.sightings)
    else:
        content = _content(merged, tables, edits, concerned(merged))
    return content if merged.links.num_rows else {name: rows for name, rows in content.items() if name != "links"}


def _is_of_many(seen: pa.Table, many: int, known: int) -> bool:
    told: int = pc.count_distinct(seen.column("actor_id")).as_py()
    return told >= max(many, known / 4) or not known


def identity_tables_anew(tables: Tables) -> dict[str, Changed]:
    """Return the content of the tables of people by the settings and edits that are in force now.

    Traits that were set before their kind was declared unique are looked through as well.
    """
    seen, told = _seen_in_traits(tables, identity_in_force(tables)), SCHEMAS["links"].empty_table()
    around, _ = everybody(tables.read("identifiers"), tables.read("links"), seen, told)
    return _content_of_all(around, {}, tables, edits_of(tables), around.identifiers)


def evidence_of(tables: Tables) -> Evidence:
    """Return all that the tables hold on who is who."""
    identifiers, links = tables.read("identifiers"), tables.read("links")
    return Evidence(_sightings(identifiers), _pairs(links), identity_in_force(tables), edits_of(tables))


@dataclass(frozen=True)
class _Found:
    """What joined some actors, their persons with when they were first seen, and why values join nobody."""

    merges: pa.Table
    actors: pa.Table
    refused: dict[Value, str]


def _content_of_all(
    around: Around, refused: Mapping[str, str], tables: Tables, edits: list[Edit], new: pa.Table
) -> dict[str, Changed]:
    """Return the tables of people with everybody's persons found anew; see `_content`."""
    found = _found(around, around.identifiers, refused, identity_in_force(tables), edits, new)
    # In the order of writing: links and identifiers that are known already tell that the others are up to date.
    return {
        "merges": Changed(None, found.merges),
        "actors": Changed(None, found.actors),
        "links": Changed(None, around.links),
        "identifiers": Changed(None, _marked(around.identifiers, found.refused)),
    }


def _content(merged: Merged, tables: Tables, edits: list[Edit], asked: pa.Array) -> dict[str, Changed]:
    """Return what changes in the tables of people with the persons of the actors `asked` found anew.

    Whether new identifiers are blocked is not known yet.
    """
    told = merged.identifiers.of(ACTOR, asked)
    around = merged.around(asked)
    found = _found(around, told, merged.refused, identity_in_force(tables), edits, merged.sightings)
    # A value that is refused from now on joins nobody, whoever carries it.
    keys = {KEY.join(value): reason for value, reason in found.refused.items()}
    newly = pa.array([key for key, reason in keys.items() if merged.refused.get(key) != reason], pa.string())
    whose = distinct(merged.identifiers.whose, merged.identifiers.of(VALUE, newly).column("actor_id"))
    identifiers = _marked(merged.identifiers.of(ACTOR, whose), found.refused)
    content = {
        "merges": _differing(tables.indexed("merges").of(ACTOR, asked), found.merges),
        "actors": _differing(tables.indexed("actors").of(ACTOR, asked), found.actors),
        "links": Changed(merged.links_after.whose, merged.links_after.rows),
        "identifiers": Changed(whose, identifiers),
    }
    return {name: changed for name, changed in content.items() if changed is not None}


def _differing(before: pa.Table, after: pa.Table) -> Changed | None:
    """Return the rows of the actors who have not the same rows as before; None where all have."""
    one, other = (set(_rows(rows, before.column_names)) for rows in (before, after))
    place = before.column_names.index("actor_id")
    whose = pa.array(sorted({row[place] for row in one ^ other}), pa.string())
    return Changed(whose, after.filter(pc.is_in(after.column("actor_id"), whose))) if len(whose) else None


def _found(
    around: Around,
    told: pa.Table,
    refused: Mapping[str, str],
    definition: IdentityDefinition,
    edits: list[Edit],
    new: pa.Table,
) -> _Found:
    """Find the persons of those who have the identifiers `told`; who shares nothing with anybody is a person."""
    sharing = around.sharing(refused, [actor for edit in edits for actor in (*edit.apart, *edit.rest)])
    known = _refused(around.identifiers, refused)
    pairs, left = (NO_PAIRS, sharing) if edits else pairs_in(sharing, refused, definition)
    evidence = Evidence(
        _sightings(left.identifiers), _pairs(left.links), definition, _of(edits, left.identifiers), known
    )
    persons = evidence.persons()
    named = new.group_by("kind").aggregate([("value", "list")])
    blocked = {
        (kind, value): BLOCKED
        for kind, values in _rows(named, ("kind", "value_list"))
        for value in definition.blocked_among(kind, values)
    }
    firsts = told.group_by("actor_id").aggregate([("first_seen", "min")])
    merges = pa.concat_tables([pairs.merges, _table(persons.merges, "merges")])
    return _Found(merges, _actors(firsts, pairs, persons), {**evidence.refused, **blocked})


def _actors(firsts: pa.Table, pairs: Pairs, persons: Persons) -> pa.Table:
    """Return rows of `actors`; who is not among the persons found is one."""
    actors, others = firsts.column("actor_id"), persons.person_of
    names, theirs = (
        pa.concat_arrays([its, pa.array([*found], pa.string())])
        for its, found in ((pairs.actors, others.keys()), (pairs.persons, others.values()))
    )
    found = theirs.take(pc.index_in(actors, value_set=names))
    return pa.table([actors, pc.coalesce(found, actors), firsts.column("first_seen_min")], schema=SCHEMAS["actors"])


def _refused(identifiers: pa.Table, refused: Mapping[str, str]) -> dict[Value, str]:
    """Return why values that some people carry are refused, whoever else carries them."""
    carried = pc.unique(keys_of(identifiers)).to_pylist() if refused else []
    found = {key: refused[key] for key in carried if key in refused}
    return {(kind, value): reason for key, reason in found.items() for kind, _, value in [key.partition(KEY)]}


def _of(edits: list[Edit], identifiers: pa.Table) -> list[Edit]:
    """Return the edits in force that speak of some people."""
    known = set(identifiers.column("actor_id").to_pylist())
    return [edit for edit in in_force(edits) if known.issuperset(edit.apart)]


def _marked(identifiers: pa.Table, refused: dict[Value, str]) -> pa.Table:
    """Return identifiers with why they join nobody; those of which nothing is said stay as they are."""
    if not refused:
        return identifiers
    keys = pa.array([KEY.join(one) for one in refused], pa.string())
    places = pc.index_in(keys_of(identifiers), value_set=keys)
    reasons = pa.chunked_array([pa.array(list(refused.values()), pa.string())]).take(places)
    marks = pc.coalesce(reasons, identifiers.column("refused"))
    return identifiers.drop_columns("refused").append_column("refused", marks)


def edits_of(tables: Tables) -> list[Edit]:
    """Return what was said by hand of who is who, also what was taken back since."""
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
