"""Pairs of actors: found by columns, they are what the graph of all would find."""

from dataclasses import replace

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.identity import ANONYMOUS, USER, IdentityDefinition, Origin, UniqueIdentifier
from kohort.pipeline.projecting.concerned import KEY, Around
from kohort.pipeline.projecting.pairs import pairs_in
from kohort.profiles.graph import Evidence, Link, Merge, Sighting
from kohort.profiles.identity import actor_id_of
from kohort.storage.schemas import SCHEMAS

OWN = [(USER, "ada"), (USER, "bob"), (USER, "null"), (USER, "cyd"), *((ANONYMOUS, f"v{n}") for n in range(4))]
ACTORS = [actor_id_of(*one) for one in OWN]
EMAIL = UniqueIdentifier("email", Origin.TRAIT, "email", limit=2)
MOMENTS = st.integers(0, 2)


def table(name: str, rows: list[tuple[object, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMAS[name].names, row, strict=True)) for row in rows], SCHEMAS[name])


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    """Eight actors, one with a blocked id, with links, limits, and shared values that may be somebody's own."""
    actor = st.sampled_from(ACTORS)
    sightings = [Sighting(*one, its, draw(MOMENTS)) for one, its in zip(OWN, ACTORS, strict=True)]
    carried = st.tuples(st.sampled_from([("email", "x"), ("email", "y"), OWN[0], OWN[4]]), actor)
    for value, its in draw(st.lists(carried, max_size=3, unique=True)):
        if actor_id_of(*value) != its:
            sightings.append(Sighting(*value, its, draw(MOMENTS)))
    linked = draw(st.lists(st.tuples(actor, actor).filter(lambda two: two[0] != two[1]), max_size=5, unique=True))
    limits = draw(st.sampled_from([{USER: 2, ANONYMOUS: 2}, {USER: 1, ANONYMOUS: 0}, {USER: 1, ANONYMOUS: 1}]))
    refused = draw(st.sets(st.sampled_from(OWN), max_size=1))
    links = [Link(*two, draw(MOMENTS)) for two in linked]
    return Evidence(
        sightings, links, IdentityDefinition((EMAIL,), limits), (), dict.fromkeys(refused, "over the limit")
    )


@given(evidences())
def test_pairs_and_the_persons_of_all_others_are_the_persons_of_all(evidence: Evidence) -> None:
    around = Around(
        table("identifiers", [(*one, one.first_seen, None) for one in evidence.sightings]),
        table("links", [(*one, "1") for one in evidence.links]),
    )
    refused = {KEY.join(value): reason for value, reason in evidence.known_refused.items()}
    pairs, left = pairs_in(around, refused, evidence.definition)
    columns = ("kind", "value", "actor_id", "first_seen")
    sightings = [Sighting(*(row[name] for name in columns)) for row in left.identifiers.to_pylist()]
    links = [Link(row["actor_id"], row["linked_actor_id"], row["ts"]) for row in left.links.to_pylist()]
    others = replace(evidence, sightings=sightings, links=links).persons()
    expected = evidence.persons()
    found = dict(zip(pairs.actors.to_pylist(), pairs.persons.to_pylist(), strict=True))
    assert not found.keys() & others.person_of.keys()
    assert found | dict(others.person_of) == expected.person_of
    merges = [Merge(*row.values()) for row in pairs.merges.to_pylist()]
    assert sorted([*merges, *others.merges]) == sorted(expected.merges)


def test_only_those_who_have_to_do_with_nobody_else_are_a_pair() -> None:
    ada, bob, _, cyd, *visitors = ACTORS
    around = Around(
        table("identifiers", [(*one, its, 5, 5, None) for one, its in zip(OWN, ACTORS, strict=True)]),
        table("links", [(ada, visitors[0], 7, "1"), (bob, visitors[1], 8, "2"), (cyd, visitors[1], 9, "3")]),
    )
    pairs, left = pairs_in(around, {}, IdentityDefinition())
    assert set(pairs.actors.to_pylist()) == {ada, visitors[0]}
    assert pairs.merges.to_pylist() == [
        {"actor_id": ada, "linked_actor_id": visitors[0], "kind": ANONYMOUS, "value": "v0", "ts": 7}
    ]
    assert left.links.column("actor_id").to_pylist() == [bob, cyd]
