"""Running the tests of segment files on the members that their rules give."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kohort.definitions.expectation import Expectation
from kohort.engines.bits import size_of
from kohort.engines.plan import Bits


class State(StrEnum):
    """What became of a test."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """A segment that it speaks of cannot be evaluated yet."""


@dataclass(frozen=True)
class Verdict:
    """One test of a segment: its words, what became of it, and what was found."""

    segment: str
    test: str
    state: State
    found: str


@dataclass(frozen=True)
class Found:
    """What tests are run on: members by segment, one bit a person; everybody who exists; places of people by name.

    `places` maps each person that a test names to their place in the bits, None for one whom nobody knows.
    """

    members: Mapping[str, Bits]
    existing: Bits
    places: Mapping[str, int | None]


def outcome_of(segment: str, test: Expectation, found: Found) -> Verdict:
    """Run one test of a segment that can be evaluated.

    >>> import numpy as np
    >>> found = Found({"vip": np.array([1], np.uint8)}, np.array([3], np.uint8), {"ada": 0})
    >>> outcome_of("vip", Expectation("in", "ada"), found).state.value
    'passed'
    """
    passed, said = _judged(found.members[segment], test, found)
    state = State.SKIPPED if passed is None else State.PASSED if passed else State.FAILED
    return Verdict(segment, test.words, state, said)


def _judged(inside: Bits, test: Expectation, found: Found) -> tuple[bool | None, str]:
    if test.form in {"in", "out"}:
        return _person_judged(inside, test, found)
    size, population = size_of(inside), size_of(found.existing)
    if test.form == "size":
        return _within(test, size), f"{size:,}"
    if test.form == "share":
        share = size / population if population else 0.0
        return _within(test, share), f"{100 * share:.2f} % ({size:,} of {population:,})"
    if test.name not in found.members:
        return None, f'"{test.name}" cannot be evaluated yet'
    shared = size_of(inside & found.members[test.name])
    if test.form == "disjoint_from":
        return shared == 0, f"{shared:,} people in both"
    return shared == size, f"{size - shared:,} of {size:,} people outside"


def _person_judged(inside: Bits, test: Expectation, found: Found) -> tuple[bool, str]:
    place = found.places[test.name]
    if place is None:
        return False, "nobody is known by this id"
    if not _has(found.existing, place):
        return test.form == "out", "not yet a person at that moment"
    holds = _has(inside, place)
    return holds == (test.form == "in"), "in" if holds else "out"


def _has(bits: Bits, place: int) -> bool:
    return bool(bits[place >> 3] >> (place & 7) & 1)


def _within(test: Expectation, value: float) -> bool:
    return (test.least is None or value >= test.least) and (test.most is None or value <= test.most)
