"""Flows between two moments: who entered, left and stayed, and from where to where."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given

from kohort.clock import DAY
from kohort.engines.bits import everyone
from kohort.engines.evaluation import Evaluation, Members
from kohort.engines.kernel.choice import plain_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.reference import Person, Reference
from kohort.engines.sql.engine import SqlEngine
from kohort.engines.statistics import Statistics
from kohort.errors import UsageError
from kohort.segments.flows import NOBODY_YET, NONE, flows_between
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.columns import history_of
from kohort.testing.relations import create_relations
from kohort.testing.suite.base import examples
from kohort.testing.worlds import World, worlds

CONNECTION = open_duckdb(threads=1)


def evaluation(at: int, people: str, **members: str) -> Evaluation:
    """Return an evaluation by the names of those who exist, and of the members of each segment."""
    existing = people.split()
    bits = {
        name: np.packbits(np.array([person in names.split() for person in existing], dtype=np.bool_), bitorder="little")
        for name, names in members.items()
    }
    return Evaluation(at, Members(pa.array(existing, pa.string()), bits), everyone(len(existing)), Statistics())


JANUARY = evaluation(1, "ada bob cid dan", vip="ada bob", buyers="ada bob cid")
MARCH = evaluation(3, "ada bob cid dan eve", vip="ada cid", buyers="bob eve")


def test_each_segment_by_itself() -> None:
    rows = flows_between(JANUARY, MARCH, ["vip", "buyers"]).segments
    assert [(row.segment, row.before, row.entered, row.left, row.stayed, row.after) for row in rows] == [
        ("vip", 2, 1, 1, 1, 2),  # cid entered, bob left, ada stayed
        ("buyers", 3, 1, 2, 1, 2),  # eve entered, ada and cid left, bob stayed
    ]


def test_as_states_the_first_segment_of_a_person_counts() -> None:
    found = flows_between(JANUARY, MARCH, ["vip", "buyers"])
    assert {(one.before, one.after): one.people for one in found.transitions} == {
        ("vip", "vip"): 1,  # ada, though she was a buyer as well
        ("vip", "buyers"): 1,  # bob
        ("buyers", "vip"): 1,  # cid
        (NONE, NONE): 1,  # dan
        (NOBODY_YET, "buyers"): 1,  # eve
    }
    other_order = flows_between(JANUARY, MARCH, ["buyers", "vip"])
    assert {(one.before, one.after) for one in other_order.transitions} >= {("buyers", "vip"), ("buyers", "buyers")}


def test_before_the_first_event_there_was_nobody() -> None:
    found = flows_between(evaluation(0, "", vip=""), JANUARY, ["vip"])
    assert {(one.before, one.after): one.people for one in found.transitions} == {
        (NOBODY_YET, "vip"): 2,
        (NOBODY_YET, NONE): 2,
    }
    assert flows_between(evaluation(0, "", vip=""), evaluation(1, "", vip=""), ["vip"]).transitions == ()


def test_flows_go_forward() -> None:
    with pytest.raises(UsageError, match="exchange or change --from and --to"):
        flows_between(MARCH, JANUARY, ["vip"])


@examples(25)
@given(worlds(most_rules=3))
def test_the_flows_are_those_of_the_reference(world: World) -> None:
    create_relations(CONNECTION, world)
    names, since = list(world.rules), world.at - DAY
    found, again = (
        flows_between(engine.evaluate(world.rules, since), engine.evaluate(world.rules, world.at), names)
        for engine in (
            SqlEngine(DuckStore(CONNECTION), world.catalog),
            KernelEngine(history_of(world), world.catalog, plain_kernels()),
        )
    )
    assert found == again, "one engine knows only who exists, the other everybody who ever will"
    then = Reference(world.people, world.catalog, since)
    now = Reference(world.people, world.catalog, world.at)
    expected: dict[tuple[str, str], int] = {}
    for person in now.existing:
        move = (state(world, then, person), state(world, now, person))
        expected[move] = expected.get(move, 0) + 1
    assert {(one.before, one.after): one.people for one in found.transitions} == expected
    before, after = then.evaluate(world.rules), now.evaluate(world.rules)
    for row in found.segments:
        was, is_ = set(before[row.segment]), set(after[row.segment])
        assert (row.entered, row.left, row.stayed) == (len(is_ - was), len(was - is_), len(was & is_))
        assert (row.before, row.after) == (len(was), len(is_))


def state(world: World, reference: Reference, person: Person) -> str:
    if person not in reference.existing:
        return NOBODY_YET
    return next((name for name, rule in world.rules.items() if reference.holds(rule, person)), NONE)
