from collections.abc import Sequence
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kohort.quality.duplicates.clusters import Pair, bridges_of, clusters_of

RECORDS = 9
PAIRS = list(combinations(range(RECORDS), 2))
LINKS = st.lists(st.sampled_from(PAIRS), unique=True, max_size=14)


def spread(links: Sequence[Pair]) -> list[int]:
    """The first record that each can be reached from, found by asking again and again."""
    clusters = list(range(RECORDS))
    changed = True
    while changed:
        changed = False
        for one, other in links:
            least = min(clusters[one], clusters[other])
            if clusters[one] != least or clusters[other] != least:
                clusters[one] = clusters[other] = least
                changed = True
    return clusters


@given(LINKS)
def test_clusters_are_what_links_reach(links: list[Pair]) -> None:
    assert clusters_of(RECORDS, links).tolist() == spread(links)


@given(LINKS, LINKS)
def test_what_must_stay_apart_stays_apart_and_every_cluster_hangs_together(
    links: list[Pair], apart: list[Pair]
) -> None:
    clusters = clusters_of(RECORDS, links, apart)
    assert not [pair for pair in apart if clusters[pair[0]] == clusters[pair[1]]]
    inside = [pair for pair in links if clusters[pair[0]] == clusters[pair[1]]]
    assert clusters.tolist() == spread(inside)


@given(LINKS)
def test_bridges_are_the_links_whose_removal_splits_a_cluster_in_two_parts_of_two_or_more(links: list[Pair]) -> None:
    clusters = clusters_of(RECORDS, links)
    expected = {}
    for link in links:
        without = spread([one for one in links if one != link])
        if without[link[0]] != without[link[1]]:
            sizes = [without.count(without[end]) for end in link]
            if min(sizes) > 1:
                expected[link] = sorted(sizes)
    found = bridges_of(clusters, links, np.linspace(0.9, 1, len(links)).tolist())
    assert {(one.left, one.right): sorted(one.sizes) for one in found} == expected
    assert [one.probability for one in found] == sorted(one.probability for one in found)
