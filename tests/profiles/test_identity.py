"""Who is who: blocked values, limits, merges and splits; the order of arrival must not matter."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.identity import Form, IdentityDefinition, Origin, UniqueIdentifier
from kohort.profiles.graph import BLOCKED, OVER_LIMIT, Edit, Evidence, Link, Sighting, nearer
from kohort.profiles.identity import actor_id_of

KINDS = ("user_id", "user_id", "user_id", "anonymous_id", "anonymous_id", "anonymous_id")
OWN = [(kind, f"{kind[0]}{number}") for number, kind in enumerate(KINDS)]
ACTORS = [actor_id_of(*one) for one in OWN]
USERS, VISITORS = ACTORS[:3], ACTORS[3:]
EMAIL = UniqueIdentifier("email", Origin.TRAIT, "email", Form.EMAIL, limit=2)
DEFINITION = IdentityDefinition((EMAIL,), {"user_id": 2, "anonymous_id": 2}, {"email": ("shop@x.org",)})
EMAILS = ("ada@x.org", "bob@x.org", "shop@x.org")


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    """Six actors with a few links, shared e-mails, merges and splits."""
    actor, moment = st.sampled_from(ACTORS), st.integers(0, 3)
    seen = draw(st.lists(moment, min_size=6, max_size=6))
    shared = draw(st.lists(st.tuples(st.sampled_from(EMAILS), actor), max_size=6, unique=True))
    pairs = draw(st.lists(st.tuples(actor, actor).filter(lambda pair: pair[0] != pair[1]), max_size=7, unique=True))
    sightings = [Sighting(*one, actor, ts) for one, actor, ts in zip(OWN, ACTORS, seen, strict=True)]
    sightings += [Sighting("email", value, actor, draw(moment)) for value, actor in shared]
    changes = draw(st.lists(st.tuples(st.sampled_from(("merge", "split")), st.permutations(ACTORS)), max_size=3))
    edits = [
        Edit(seq, 9, change, *((tuple(some[:2]),) if change == "merge" else (tuple(some[:2]), tuple(some[2:4]))))
        for seq, (change, some) in enumerate(changes)
    ]
    links = [Link(one, other, draw(moment)) for one, other in pairs]
    return Evidence(sightings, links, DEFINITION, edits)


def components(nodes: list[object], edges: list[tuple[object, object]]) -> dict[object, set[object]]:
    """Slow and obvious: spread along edges until nothing changes."""
    group = {node: {node} for node in nodes}
    for _ in nodes:
        for one, other in edges:
            together = group[one] | group[other]
            for node in together:
                group[node] = together
    return group


def reference(evidence: Evidence) -> dict[str, str]:
    """Return the person of each actor, as the meaning of identity says it."""
    kind_of = {actor: kind for (kind, _), actor in zip(OWN, ACTORS, strict=True)}
    linked = [(link.actor, link.other) for link in evidence.links]
    crowded = {
        actor
        for actor in ACTORS
        if len({o for pair in linked for o in pair if actor in pair and kind_of[o] != kind_of[actor]}) > 2
    }
    shared = {(one.value, one.actor) for one in evidence.sightings if one.kind == "email"}
    allowed = [value for value in EMAILS[:2] if len([1 for one, _ in shared if one == value]) <= 2]
    edges: list[tuple[object, object]] = [pair for pair in linked if not crowded & set(pair)]
    edges += [(actor, ("email", value)) for value, actor in shared if value in allowed and actor not in crowded]
    edges += [edit.apart for edit in evidence.edits if edit.change == "merge"]  # type: ignore[misc]  # two actors
    nodes: list[object] = [*ACTORS, *(("email", value) for value in EMAILS)]
    for split in [edit for edit in evidence.edits if edit.change == "split"]:
        without = [edge for edge in edges if not set(edge) & set(split.apart)]
        group = components(nodes, without)
        rest = set().union(*(group[actor] for actor in split.rest))
        edges = [
            (one, other)
            for one, other in edges
            if not ((one in split.apart and other in rest) or (other in split.apart and one in rest))
        ]
    group = components(nodes, edges)
    seen = {one.actor: one.first_seen for one in evidence.sightings if one.kind != "email"}
    people = {actor: [one for one in ACTORS if one in group[actor]] for actor in ACTORS}
    return {actor: min(its, key=lambda one: (seen[one], one)) for actor, its in people.items()}


@given(evidences(), st.randoms(use_true_random=False))
def test_persons_are_what_the_meaning_says_in_whatever_order_evidence_came(evidence: Evidence, random: Random) -> None:
    found = evidence.persons()
    assert dict(found.person_of) == reference(evidence)
    sightings, links = list(evidence.sightings), list(evidence.links)
    random.shuffle(sightings)
    random.shuffle(links)
    shuffled = replace(evidence, sightings=sightings, links=links).persons()
    assert (shuffled.person_of, shuffled.merges) == (found.person_of, found.merges)


@given(evidences())
def test_merges_are_exactly_what_joins_the_persons(evidence: Evidence) -> None:
    found = evidence.persons()
    joined = components(list(ACTORS), [(one.actor, one.other) for one in found.merges])
    assert len(found.merges) == len(ACTORS) - len(set(found.person_of.values()))
    for actor in ACTORS:
        assert joined[actor] == {one for one in ACTORS if found.person_of[one] == found.person_of[actor]}


@given(evidences())
def test_a_split_keeps_its_sides_apart_and_taken_back_restores_what_was_before(evidence: Evidence) -> None:
    plain = replace(evidence, edits=[edit for edit in evidence.edits if edit.change == "merge"])
    before = plain.persons().person_of
    one = ACTORS[0]
    other = next((actor for actor in ACTORS[1:] if before[actor] == before[one]), None)
    if other is None:
        return
    along = nearer(plain.edges, one, other)
    rest = tuple(actor for actor in ACTORS if before[actor] == before[one] and actor not in along)
    split = Edit(7, 9, "split", tuple(along), rest)
    after = replace(plain, edits=[*plain.edits, split]).persons().person_of
    assert {after[actor] for actor in along}.isdisjoint({after[actor] for actor in rest})
    assert {actor: after[actor] for actor in ACTORS if actor not in {*along, *rest}} == {
        actor: before[actor] for actor in ACTORS if actor not in {*along, *rest}
    }
    back = Edit(8, 9, "merge", (), (), cancels=(7,))
    assert replace(plain, edits=[*plain.edits, split, back]).persons().person_of == before


def evidence_of(*sightings: tuple[str, str, str], links: tuple[tuple[str, str], ...] = ()) -> Evidence:
    """All six actors, seen one after another; sightings and links at moment 9."""
    own = [Sighting(*one, actor, ts) for ts, (one, actor) in enumerate(zip(OWN, ACTORS, strict=True))]
    seen = [*own, *(Sighting(*one, 9) for one in sightings)]
    pairs = [Link(*pair, 9) for pair in links]
    return Evidence(seen, pairs, DEFINITION)


def test_a_value_over_its_limit_joins_nobody() -> None:
    two = [("email", "ada@x.org", actor) for actor in USERS[:2]]
    assert evidence_of(*two).persons().person_of[USERS[1]] == USERS[0]
    three = evidence_of(*two, ("email", "ada@x.org", USERS[2]))
    assert set(three.persons().person_of.values()) == set(ACTORS)
    assert three.refused == {("email", "ada@x.org"): OVER_LIMIT}


def test_a_device_of_too_many_users_joins_none_of_them() -> None:
    kiosk = evidence_of(links=tuple((user, VISITORS[0]) for user in USERS))
    assert set(kiosk.persons().person_of.values()) == set(ACTORS)
    assert kiosk.refused == {OWN[3]: OVER_LIMIT}


def test_a_blocked_value_joins_nobody() -> None:
    shared = evidence_of(*(("email", "shop@x.org", actor) for actor in USERS[:2]))
    assert set(shared.persons().person_of.values()) == set(ACTORS)
    assert shared.refused == {("email", "shop@x.org"): BLOCKED}


def test_a_kind_that_is_not_declared_joins_nobody() -> None:
    assert evidence_of(*(("phone", "+33612345678", actor) for actor in USERS[:2])).persons().merges == []
