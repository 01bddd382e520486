"""What is drawn of a tree of merges is the tree: held against SciPy's own cuts of the same merges."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from method_builder import tree
from scipy.cluster.hierarchy import fcluster, linkage

from kohort.definitions.clusters import Method
from kohort.learning.clustering.methods.hierarchy import Tree, dendrogram
from kohort.reports.dendrograms import branches, cut_height, cuts, parts
from kohort.reports.method_data import DendrogramMerge, DendrogramTop

PEOPLE = 40


def grown(seed: int, merges: int) -> tuple[Tree, DendrogramTop]:
    """Return the whole tree of random people, and its top as it is kept."""
    points = np.random.default_rng(seed).normal(size=(PEOPLE, 2))
    whole = linkage(points, "average")
    top = dendrogram(points, whole, Method.AVERAGE, merges=merges)
    kept = tuple(DendrogramMerge(one.left, one.right, one.height, one.people) for one in top.merges)
    return whole, DendrogramTop("average", top.leaves, kept, PEOPLE, top.cophenetic, PEOPLE)


@given(st.integers(0, 50), st.integers(4, 30), st.data())
def test_a_cut_makes_the_groups_that_scipy_makes(seed: int, merges: int, data: st.DataObject) -> None:
    whole, top = grown(seed, merges)
    groups = data.draw(st.integers(2, merges))
    height = cut_height(top, groups)
    assert height is not None
    labels = fcluster(whole, height, criterion="distance")
    assert len(np.unique(labels)) == groups
    assert sorted(one.people for one in parts(top, groups)) == sorted(np.bincount(labels)[1:].tolist())


@given(st.integers(0, 50), st.integers(4, 30))
def test_no_side_of_a_branch_passes_through_the_bar_of_another(seed: int, merges: int) -> None:
    _, top = grown(seed, merges)
    drawn = branches(top)
    assert len(drawn) == merges
    for bar in drawn:
        for other in drawn:
            for place, foot in ((other.left, other.left_foot), (other.right, other.right_foot)):
                assert not (bar.left < place < bar.right and foot < bar.height < other.height)


def test_each_cut_undoes_one_merge_from_the_top() -> None:
    assert [(one.groups, one.height, one.one, one.other) for one in cuts(tree())] == [
        (2, 9.0, 7, 3), (3, 4.0, 4, 3), (4, 1.0, 2, 1),
    ]  # fmt: skip
    assert [(one.place, one.people) for one in parts(tree(), 3)] == [(0.0, 3), (1.0, 4), (2.5, 3)]
    assert (cut_height(tree(), 3), cut_height(tree(), 1), cut_height(tree(), 99)) == (2.5, None, None)
