import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import UsageError
from kohort.learning.clustering.match import (
    Appearance,
    Dissolution,
    Match,
    cluster_stability,
    jaccard_matrix,
    match_clusterings,
)

K = 4
LABELS = st.lists(st.tuples(st.integers(0, K - 1), st.integers(0, K - 1)), min_size=1, max_size=30)


@given(LABELS)
def test_the_matching_is_the_best_of_all_permutations(pairs: list[tuple[int, int]]) -> None:
    before, after = np.array(pairs).T
    groups = [
        [{person for person, label in enumerate(labels) if label == cluster} for cluster in range(K)]
        for labels in (before, after)
    ]

    def similarity(one: int, other: int) -> float:
        either = groups[0][one] | groups[1][other]
        return len(groups[0][one] & groups[1][other]) / len(either) if either else 0.0

    best = max(sum(similarity(i, order[i]) for i in range(K)) for order in itertools.permutations(range(K)))
    assert cluster_stability(before, after, K).sum() == pytest.approx(best)


@given(st.lists(st.integers(0, K - 1), min_size=1), st.permutations(range(K)))
def test_renumbering_clusters_changes_nothing(labels: list[int], order: list[int]) -> None:
    before = np.array(labels)
    renumbered = np.array(order)[before]
    stability = cluster_stability(before, renumbered, K)
    assert all(stability[cluster] == 1.0 for cluster in set(labels))
    matching = match_clusterings(before, renumbered)
    assert {(match.before, match.after) for match in matching.matches} == {(one, order[one]) for one in set(labels)}
    assert all(match.jaccard == 1.0 for match in matching.matches)


def test_a_split_is_reported_with_the_cluster_it_came_from() -> None:
    before = np.repeat([0, 1], [10, 10])
    after = np.repeat([0, 2, 1], [6, 4, 10])
    matching = match_clusterings(before, after)
    assert matching.matches == (Match(0, 0, 0.6), Match(1, 1, 1.0))
    assert matching.appeared == (Appearance(2, split_from=0),)
    assert matching.dissolved == ()


def test_a_merger_is_reported_with_the_cluster_that_took_its_people() -> None:
    before = np.repeat([0, 2, 1], [6, 4, 10])
    after = np.repeat([0, 1], [10, 10])
    matching = match_clusterings(before, after)
    assert matching.dissolved == (Dissolution(2, merged_into=0),)


def test_a_cluster_scattered_over_many_is_dissolved_into_none() -> None:
    before, after = np.zeros(9, dtype=np.int64), np.repeat([0, 1, 2], 3)
    matching = match_clusterings(before, after)
    assert matching.matches == ()
    assert matching.dissolved == (Dissolution(0, merged_into=None),)


@pytest.mark.parametrize(("before", "after"), [([0, 1], [0]), ([], []), ([0, -2], [0, 1])])
def test_clusterings_of_different_people_are_refused(before: list[int], after: list[int]) -> None:
    with pytest.raises(UsageError, match="same people"):
        match_clusterings(np.array(before, dtype=np.int64), np.array(after, dtype=np.int64))


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 4)), min_size=1, max_size=40))
def test_people_in_no_cluster_are_members_of_nothing(pairs: list[tuple[int, int]]) -> None:
    before, after = np.array(pairs, dtype=np.int64).T
    found = jaccard_matrix(before, after, 4, 5)
    for one in range(4):
        for other in range(5):
            mine = {person for person, (left, _) in enumerate(pairs) if left == one}
            theirs = {person for person, (_, right) in enumerate(pairs) if right == other}
            assert found[one, other] == pytest.approx(len(mine & theirs) / max(len(mine | theirs), 1))
    stability = cluster_stability(before, after, 4)
    assert ((stability >= 0) & (stability <= found.max(axis=1) + 1e-12)).all()
    if before.max() < 0:
        assert match_clusterings(before, after).matches == ()


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=40), st.permutations(range(4)))
def test_the_numbers_that_clusters_bear_never_matter(labels: list[int], numbers: list[int]) -> None:
    mine = np.array(labels, dtype=np.int64)
    theirs = np.array([numbers[label] if label >= 0 else -1 for label in labels], dtype=np.int64)
    present = np.isin(np.arange(4), mine)
    assert (cluster_stability(mine, theirs, 4)[present] == 1).all()
