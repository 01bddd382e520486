"""Compare two clusterings of the same people, whatever numbers their clusters bear."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from kohort.errors import UsageError

Labels = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Match:
    """A cluster that persists: its number before and after, and the Jaccard similarity of its people."""

    before: int
    after: int
    jaccard: float


@dataclass(frozen=True)
class Appearance:
    """A new cluster, and the old one that more than half of its people come from, if any: it split off."""

    after: int
    split_from: int | None


@dataclass(frozen=True)
class Dissolution:
    """A cluster that is gone, and the one that took more than half of its people, if any: it merged into it."""

    before: int
    merged_into: int | None


@dataclass(frozen=True)
class Matching:
    """What became of the clusters: who persists, who is new, who is gone."""

    matches: tuple[Match, ...]
    appeared: tuple[Appearance, ...]
    dissolved: tuple[Dissolution, ...]


def contingency(before: Labels, after: Labels, rows: int, columns: int) -> npt.NDArray[np.int64]:
    """Return how many people are in cluster i before and j after, shape (rows, columns); of -1, in none, nobody.

    >>> contingency(np.array([0, 0, 1]), np.array([1, 1, 0]), 2, 2).tolist()
    [[0, 2], [1, 0]]
    """
    inside = (before >= 0) & (after >= 0)
    return np.bincount(before[inside] * columns + after[inside], minlength=rows * columns).reshape(rows, columns)


def jaccard_matrix(before: Labels, after: Labels, rows: int, columns: int) -> Shares:
    """Return people in common over people in either, for each pair of clusters; 0 for two empty ones.

    >>> jaccard_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, 2).tolist()
    [[0.5, 0.3333333333333333], [0.0, 0.5]]
    """
    common = contingency(before, after, rows, columns)
    sizes = (np.bincount(one[one >= 0], minlength=count) for one, count in ((before, rows), (after, columns)))
    either = np.add.outer(*sizes) - common
    similarity: Shares = common / np.maximum(either, 1)
    return similarity


def cluster_stability(labels: Labels, others: Labels, k: int) -> Shares:
    """Return, per cluster of `labels`, the similarity to its partner under the best one-to-one matching, shape (k,).

    Jaccard per cluster after Hennig 2007, Computational Statistics and Data Analysis 52:258; partners by the
    Hungarian method (Kuhn 1955), so that the numbers that clusters bear never matter. A cluster without a partner is 0
    similar to any, and people in no cluster, -1, count as members of nothing.

    >>> cluster_stability(np.array([0, 0, 1, 2]), np.array([2, 2, 0, 1]), 3).tolist()
    [1.0, 1.0, 1.0]
    >>> cluster_stability(np.array([0, 0, 1, -1]), np.array([1, 1, 1, 0]), 2).round(2).tolist()
    [0.67, 0.0]
    """
    similarity = jaccard_matrix(labels, others, k, int(others.max(initial=-1)) + 1)
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    matched = np.zeros(k)
    matched[rows] = similarity[rows, columns]
    return matched


def match_clusterings(before: Labels, after: Labels, *, smallest: float = 0.5) -> Matching:
    """Match the clusters of two clusterings of the same people, given in the same order.

    A pair less similar than `smallest` is no match: the old cluster is dissolved and the new one has appeared. People
    in no cluster, -1, are members of nothing.

    Raises UsageError if the labels are not of the same people, or a label is below -1.

    >>> matching = match_clusterings(np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 1, 0, 0, 2]))
    >>> [(match.before, match.after) for match in matching.matches], matching.appeared
    ([(0, 1), (1, 0)], (Appearance(after=2, split_from=1),))
    """
    if before.shape != after.shape or before.size == 0 or min(before.min(), after.min()) < -1:
        raise UsageError("clusterings are matched on the same people: two equally long arrays of labels from -1 up")
    rows, columns = int(before.max()) + 1, int(after.max()) + 1
    common = contingency(before, after, rows, columns)
    similarity = jaccard_matrix(before, after, rows, columns)
    pairs = zip(*linear_sum_assignment(similarity, maximize=True), strict=True)
    matches = tuple(
        Match(int(row), int(column), float(similarity[row, column]))
        for row, column in pairs
        if similarity[row, column] >= smallest
    )
    gone = sorted(set(range(rows)) - {match.before for match in matches})
    new = sorted(set(range(columns)) - {match.after for match in matches})
    return Matching(
        matches,
        tuple(Appearance(column, _majority(common[:, column])) for column in new),
        tuple(Dissolution(row, _majority(common[row])) for row in gone),
    )


def _majority(counts: npt.NDArray[np.int64]) -> int | None:
    if not counts.size:
        return None
    largest = int(counts.argmax())
    return largest if 2 * counts[largest] > counts.sum() else None
