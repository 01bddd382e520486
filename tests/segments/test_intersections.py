"""Who is in exactly which segments: every person counts once, in the one intersection that is theirs."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.engines.bits import everyone
from kohort.segments.intersections import Intersections, intersections_of

PEOPLE = ["ada", "bob", "cid", "dan", "eve"]


def intersections(**members: str) -> Intersections:
    """Return the intersections of segments given by the names of their members."""
    bits = {
        name: np.packbits([person in names.split() for person in PEOPLE], bitorder="little")
        for name, names in members.items()
    }
    return intersections_of(bits, everyone(len(PEOPLE)))


def test_everybody_is_counted_where_they_are_and_nowhere_else() -> None:
    found = intersections(vip="ada bob", new="bob cid", lapsed="dan")
    assert {one.segments: one.size for one in found.intersections} == {
        ("vip",): 1,  # ada
        ("vip", "new"): 1,  # bob
        ("new",): 1,  # cid
        ("lapsed",): 1,  # dan
        (): 1,  # eve
    }
    assert found.sizes == {"vip": 2, "new": 2, "lapsed": 1}


def test_the_largest_come_first_and_nobody_s_is_told_last_of_its_size() -> None:
    found = intersections(vip="ada bob cid", new="dan")
    assert [(one.segments, one.size) for one in found.intersections] == [(("vip",), 3), (("new",), 1), ((), 1)]


@pytest.mark.parametrize(
    ("vip", "new", "shared", "jaccard", "coefficient"),
    [
        ("ada bob", "bob cid", 1, 1 / 3, 1 / 2),
        ("ada", "ada bob cid dan", 1, 1 / 4, 1.0),  # all of vip is in new
        ("ada", "bob", 0, 0.0, 0.0),
        ("ada", "", 0, 0.0, 0.0),
        ("", "", 0, 0.0, 0.0),
    ],
)
def test_a_pair(vip: str, new: str, shared: int, jaccard: float, coefficient: float) -> None:
    [pair] = intersections(vip=vip, new=new).pairs
    assert (pair.shared, pair.jaccard, pair.overlap_coefficient) == (shared, jaccard, coefficient)


@given(st.integers(0, 20), st.integers(1, 70), st.integers(0, 2**32 - 2))
def test_the_counts_are_those_of_counting_one_person_after_another(people: int, segments: int, seed: int) -> None:
    # Few different people, so that they share intersections, of more segments than a machine word has bits.
    kinds = np.random.default_rng(seed).random((3, segments)) < 0.5
    masks = kinds[np.random.default_rng(seed + 1).integers(0, 3, size=people)]
    names = [f"s{number}" for number in range(segments)]
    bits = {name: np.packbits(masks[:, number], bitorder="little") for number, name in enumerate(names)}
    found = intersections_of(bits, everyone(people))
    expected = Counter(tuple(name for name, inside in zip(names, row, strict=True) if inside) for row in masks.tolist())
    assert {one.segments: one.size for one in found.intersections} == expected
    assert sum(one.size for one in found.intersections) == people
    for pair, (one, other) in zip(found.pairs, combinations(range(segments), 2), strict=True):
        assert pair.shared == np.count_nonzero(masks[:, one] & masks[:, other])
