"""Guard rails and tests of segments, as tables."""

import numpy as np
import pytest

from kohort.clock import DAY
from kohort.definitions.expectation import Expectation, expectations_of
from kohort.definitions.fields import Fields
from kohort.definitions.guards import DEFAULT_GUARDS, Guards, guards_of
from kohort.engines.bits import everyone
from kohort.engines.plan import Bits
from kohort.errors import DefinitionError
from kohort.segments.expectations import Found, outcome_of
from kohort.segments.guards import Effect, broken_guards, near_duplicates


def people(*places: int, of: int = 16) -> Bits:
    mask = np.zeros(of, np.bool_)
    mask[list(places)] = True
    return np.packbits(mask, bitorder="little")


@pytest.mark.parametrize(
    ("effect", "broken"),
    [
        (Effect(30, 30, 0, 0), []),
        (Effect(30, 20, 0, 9), []),
        (Effect(30, 20, 0, 10), ["change"]),
        (Effect(30, 30, 10, 10), ["change"]),
        (Effect(0, 30, 30, 0), []),
        (Effect(20, 19, 0, 1), ["smallest"]),
        (Effect(60, 60, 0, 0), []),
        (Effect(60, 61, 1, 0), ["broadest"]),
        (Effect(0, 0, 0, 0, empty=30 * DAY), ["smallest"]),
        (Effect(0, 0, 0, 0, empty=30 * DAY + 1), ["empty_for", "smallest"]),
        (Effect(0, 0, 0, 0, touched=False, empty=31 * DAY), ["empty_for"]),
        (Effect(90, 90, 0, 0, touched=False), []),
    ],
)
def test_a_guard_rail_is_broken_beyond_its_limit_and_not_at_it(effect: Effect, broken: list[str]) -> None:
    found = broken_guards({"vip": effect}, 100, [], {"vip": DEFAULT_GUARDS})
    assert [one.guard for one in found] == broken
    assert not any(one.stops for one in found)


def test_what_stops_is_what_is_declared_and_only_for_segments_that_change() -> None:
    guards = {name: DEFAULT_GUARDS.refined(Guards(stop=frozenset({"empty_for", "smallest"}))) for name in ("a", "b")}
    empty = {"a": Effect(0, 0, 0, 0, empty=31 * DAY), "b": Effect(0, 0, 0, 0, touched=False, empty=31 * DAY)}
    found = broken_guards(empty, 100, [], guards)
    assert [(one.segment, one.guard, one.stops) for one in found] == [
        ("a", "empty_for", True),
        ("a", "smallest", True),
        ("b", "empty_for", False),
    ]


def test_near_duplicates_are_those_above_the_limit() -> None:
    members = {"a": people(*range(10)), "b": people(*range(9)), "c": people(10, 11), "none": people()}
    strict = {name: DEFAULT_GUARDS.refined(Guards({"alike": 0.89})) for name in members}
    assert near_duplicates(members, ["a", "none"], strict) == [("a", "b", 0.9)]
    usual = dict.fromkeys(members, DEFAULT_GUARDS)
    assert near_duplicates(members, list(members), usual) == []
    off = {name: Guards({"alike": None}) for name in members}
    assert near_duplicates(members, list(members), off) == []


def test_guards_of_a_segment_come_before_those_of_the_project() -> None:
    project = DEFAULT_GUARDS.refined(guards_of(Fields({"smallest": 50, "stop": ["change"]}, "kohort.yaml")))
    own = project.refined(guards_of(Fields({"smallest": False, "empty_for": "7 days", "broadest": "80 %"}, "a.yaml")))
    assert (own.limits["smallest"], own.limits["empty_for"], own.limits["broadest"]) == (None, 7 * DAY, 0.8)
    assert own.stop == frozenset({"change"})
    assert project.refined(guards_of(Fields({"stop": []}, "a.yaml"))).stop == frozenset()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"smalest": 5}, 'did you mean "smallest"'),
        ({"broadest": "much"}, "60 %"),
        ({"broadest": "101 %"}, "60 %"),
        ({"smallest": "few"}, "a whole number"),
        ({"empty_for": "a while"}, "56 days"),
        ({"stop": "smalest"}, 'did you mean "smallest"'),
    ],
)
def test_a_wrong_guard_says_where_and_what_was_meant(document: dict[str, object], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        guards_of(Fields(document, "kohort.yaml"))


FOUND = Found(
    {"vip": people(0, 1, 2), "all": people(*range(8)), "far": people(6, 7)},
    everyone(10),
    {"ada": 0, "eve": 9, "zoe": None},
)


@pytest.mark.parametrize(
    ("test", "state", "found"),
    [
        ({"in": "ada"}, "passed", "in"),
        ({"in": "eve"}, "failed", "out"),
        ({"out": "eve"}, "passed", "out"),
        ({"out": "ada"}, "failed", "in"),
        ({"in": "zoe"}, "failed", "nobody is known by this id"),
        ({"out": "zoe"}, "failed", "nobody is known by this id"),
        ({"size": {"at_least": 3, "at_most": 3}}, "passed", "3"),
        ({"size": {"at_least": 4}}, "failed", "3"),
        ({"size": {"at_most": 2}}, "failed", "3"),
        ({"share": {"at_least": "30 %"}}, "passed", "30.00 % (3 of 10)"),
        ({"share": {"at_most": "29.9 %"}}, "failed", "30.00 % (3 of 10)"),
        ({"disjoint_from": "far"}, "passed", "0 people in both"),
        ({"disjoint_from": "all"}, "failed", "3 people in both"),
        ({"subset_of": "all"}, "passed", "0 of 3 people outside"),
        ({"subset_of": "far"}, "failed", "3 of 3 people outside"),
        ({"subset_of": "carts"}, "skipped", '"carts" cannot be evaluated yet'),
    ],
)
def test_a_test_of_a_segment_says_what_it_found(test: dict[str, object], state: str, found: str) -> None:
    (expectation,) = expectations_of(Fields(test, "a.yaml"))
    outcome = outcome_of("vip", expectation, FOUND)
    assert (outcome.state.value, outcome.found) == (state, found)


def test_somebody_who_is_not_there_yet_is_out() -> None:
    later = Found({"vip": people(0)}, people(0), {"ada": 3})
    assert outcome_of("vip", Expectation("out", "ada"), later).state.value == "passed"
    assert outcome_of("vip", Expectation("in", "ada"), later).state.value == "failed"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"in": "ada", "out": "bob"},
        {"inn": "ada"},
        {"size": {}},
        {"size": {"at_least": 5, "at_most": 4}},
        {"size": {"least": 5}},
        {"share": {"at_least": 0.5}},
        {"size": 5},
    ],
)
def test_a_test_that_says_nothing_clear_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(DefinitionError, match=r"a\.yaml"):
        expectations_of(Fields(document, "a.yaml", "segments[0].tests[0]"))
