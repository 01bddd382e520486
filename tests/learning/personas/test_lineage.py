"""Who continues whom when clusters are looked for anew, against matching by trying every pairing."""

from itertools import count, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import UsageError
from kohort.learning.personas.lineage import Born, Gone, Kept, Succession, succession

BOTH = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=40)


def followed(before: list[int], after: list[int], identities: str = "abcd", clusters: int = 4) -> Succession:
    fresh = (f"new {one}" for one in count(1))
    return succession(np.array(before), np.array(after), list(identities), clusters, fresh)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.permutations(range(4)))
def test_the_numbers_that_clusters_bear_never_matter(before: list[int], order: list[int]) -> None:
    found = followed(before, [order[one] for one in before])
    for cluster, identity in enumerate("abcd"):
        if cluster in before:
            assert found.now[order[cluster]] == Kept(identity, 1.0)
    assert {one.identity for one in found.gone} == {"abcd"[one] for one in range(4) if one not in before}


@given(BOTH)
def test_identities_are_never_given_twice_and_everyone_is_told_of(pairs: list[tuple[int, int]]) -> None:
    found = followed([one for one, _ in pairs], [one for _, one in pairs])
    identities = [one.identity for one in found.now]
    assert len(set(identities)) == 4
    kept = {one.identity for one in found.now if isinstance(one, Kept)}
    assert kept | {one.identity for one in found.gone} == set("abcd")
    assert not kept & {one.identity for one in found.gone}


@given(BOTH)
def test_the_matching_is_the_best_of_all_and_none_is_below_a_half(pairs: list[tuple[int, int]]) -> None:
    there = [(one, other) for one, other in pairs if min(one, other) >= 0]
    found = followed([one for one, _ in pairs], [one for _, one in pairs])

    def jaccard(one: int, other: int) -> float:
        both = sum(pair == (one, other) for pair in there)
        either = sum(pair[0] == one or pair[1] == other for pair in there)
        return both / either if either else 0.0

    best = max(sum(jaccard(one, order[one]) for one in range(4)) for order in permutations(range(4)))
    kept = {cluster: one for cluster, one in enumerate(found.now) if isinstance(one, Kept)}
    assert sum(one.jaccard for one in kept.values()) <= best + 1e-9
    for cluster, one in kept.items():
        assert one.jaccard == pytest.approx(jaccard("abcd".index(one.identity), cluster))
        assert one.jaccard >= 0.5
    clear = [(one, other) for one in range(4) for other in range(4) if jaccard(one, other) > 2 / 3]
    for before, after in clear:
        assert found.now[after].identity == "abcd"[before], "two thirds in common can have no better partner"


def test_a_merge_and_a_split_are_told() -> None:
    merged = followed([0] * 60 + [1] * 40 + [2] * 50, [0] * 100 + [1] * 50, "abc", 2)
    assert merged.now == (Kept("a", 0.6), Kept("c", 1.0))
    assert merged.gone == (Gone("b", "a"),)
    split = followed([0] * 100 + [1] * 50, [0] * 60 + [2] * 40 + [1] * 50, "ab", 3)
    assert split.now == (Kept("a", 0.6), Kept("b", 1.0), Born("new 1", "a"))
    assert split.gone == ()


def test_without_anybody_in_common_all_are_new() -> None:
    found = followed([-1, 0], [0, -1], "a", 1)
    assert found == Succession((Born("new 1", None),), (Gone("a", None),))


def test_labels_must_be_of_the_same_people_and_have_identities() -> None:
    with pytest.raises(UsageError, match="same people"):
        followed([0], [0, 1])
    with pytest.raises(UsageError, match="identity for each"):
        followed([2], [0], "ab")
