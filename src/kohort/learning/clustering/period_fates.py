"""What became of each cluster of the first period: by the people that clusters share, else by where their people are.

Most is seen by people of the later period, to whom both models give a cluster. A model without centres puts nobody
in a cluster who stands far from all whom it knows: a cluster that moved far looks gone, and another new. So of these
two it is asked whether the same persons are in them, and, where too few persons are known in both periods, whether
their people are alike in the means and spreads of features.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from kohort.learning.clustering.match import Labels, contingency
from kohort.learning.clustering.period_results import Fate
from kohort.learning.features.table import Points

PART: Final = 0.2
"""The share of a cluster's people below which hardly anybody is in it."""
_PERSISTS: Final = 0.5
_FEWEST_KNOWN: Final = 10
_NEAR: Final = 0.5
"""How far a cluster may have moved and be the same, of the way to the nearest other cluster of the first period."""


@dataclass(frozen=True, eq=False)
class Crossing:
    """People in old clusters and new ones: `common`, shape (old, new), and the sizes `old` and `new` of the clusters.

    Whoever is in a cluster of one and in none of the other counts in the size of that cluster.
    """

    common: npt.NDArray[np.int64]
    old: npt.NDArray[np.int64]
    new: npt.NDArray[np.int64]

    @classmethod
    def of(cls, before: Labels, after: Labels, rows: int, columns: int) -> "Crossing":
        """Count the people of two clusterings of the same people; -1 is in none.

        >>> Crossing.of(np.array([0, 0, 1, -1]), np.array([0, -1, 1, 1]), 2, 2).new.tolist()
        [1, 2]
        """
        sizes = [np.bincount(one[one >= 0], minlength=k) for one, k in ((before, rows), (after, columns))]
        return cls(contingency(before, after, rows, columns), sizes[0], sizes[1])

    @property
    def jaccard(self) -> npt.NDArray[np.float64]:
        """People in both over people in either, shape (old, new)."""
        either = self.old[:, None] + self.new - self.common
        similarity: npt.NDArray[np.float64] = self.common / np.maximum(either, 1)
        return similarity


FateFound = tuple[Fate, tuple[int, ...]]


def fates_of(people: Crossing, appeared: Sequence[int], gone: npt.NDArray[np.bool_]) -> list[FateFound]:
    """Return what became of each old cluster, and into which new ones its people went.

    `appeared` are the new clusters whose people were not there before, `gone`, shape (old,), the old clusters that
    hardly anybody is in. A cluster is *split* if two new ones each have a fifth of its people and most of their own
    from it, *merged* if most of its people are in a new one with a fifth from elsewhere, and it *persists* in its
    partner of a Jaccard similarity of at least 0.5.

    >>> def crossing(*common): return Crossing(np.array(common), np.sum(common, axis=1), np.sum(common, axis=0))
    >>> [fate.value for fate, _ in fates_of(crossing([50, 48, 0], [0, 2, 90]), (), np.array([False, False]))]
    ['split', 'persists']
    >>> [fate.value for fate, _ in fates_of(crossing([60, 0], [40, 0], [0, 99]), (), np.zeros(3, dtype=bool))]
    ['merged', 'merged', 'persists']
    """
    common, old, new, similar = people.common, people.old, people.new, people.jaccard
    partner = dict(zip(*linear_sum_assignment(similar, maximize=True), strict=True))
    found: list[FateFound] = []
    for cluster in range(len(old) if len(new) else 0):
        mostly = 2 * common[cluster] > new
        large = common[cluster] >= PART * old[cluster]
        parts = [int(one) for one in np.flatnonzero(mostly & large) if one not in appeared]
        home = int(common[cluster].argmax())
        strangers = new[home] - common[cluster, home]
        others = np.delete(common[:, home] > old / 2, cluster).any()
        mate = partner.get(cluster)
        if gone[cluster]:
            found.append((Fate.DISSOLVED, ()))
        elif len(parts) > 1:
            found.append((Fate.SPLIT, tuple(parts)))
        elif others and 2 * common[cluster, home] > old[cluster] and strangers >= PART * new[home]:
            found.append((Fate.MERGED, (home,)))
        elif mate is not None and similar[cluster, mate] >= _PERSISTS:
            found.append((Fate.PERSISTS, (int(mate),)))
        else:
            found.append((Fate.DISSOLVED, ()))
    return found or [(Fate.DISSOLVED, ())] * len(old)


def continued(
    fates: Sequence[FateFound], returning: Crossing, before: Points, after: Points
) -> tuple[list[FateFound], tuple[int, ...]]:
    """Return the fates, in which clusters that look gone have moved, and the new clusters that these are.

    `returning` crosses the people known in both periods, each by the clusters of their period; `before` and `after`
    are what the clusters' people are like, means and logarithms of spreads, shapes (old, measures) and (new, measures).
    Of clusters that look gone and new, two are one if of these people at least ten are in either and half of them in
    both; if fewer than ten are known, if they are the nearest to each other, and less than half as far apart as the
    old one is from any other old one.

    >>> fates = [(Fate.PERSISTS, (0,)), (Fate.DISSOLVED, ())]
    >>> nobody = Crossing(np.zeros((2, 2), dtype=int), np.zeros(2, dtype=int), np.zeros(2, dtype=int))
    >>> before, after = np.array([[0.0], [9.0]]), np.array([[0.0], [12.0]])
    >>> continued(fates, nobody, before, after)[1], continued(fates, nobody, before, after + 3)[1]
    ((1,), ())
    """
    taken = {one for _, into in fates for one in into}
    lost = [place for place, (fate, _) in enumerate(fates) if fate is Fate.DISSOLVED]
    pairs = dict(_moved(lost, [one for one in range(len(after)) if one not in taken], returning, before, after))
    kept = [(Fate.MOVED, (pairs[place],)) if place in pairs else fate for place, fate in enumerate(fates)]
    return kept, tuple(pairs.values())


def _moved(
    lost: Sequence[int], fresh: Sequence[int], returning: Crossing, before: Points, after: Points
) -> Iterator[tuple[int, int]]:
    apart = np.linalg.norm(before[:, None] - before, axis=2)
    np.fill_diagonal(apart, np.inf)
    apart[np.isnan(apart)] = np.inf
    away = np.linalg.norm(before[:, None] - after, axis=2)
    away[np.isnan(away)] = np.inf
    for old in lost:
        if not fresh:
            return
        if returning.old[old] >= _FEWEST_KNOWN:
            new = max(fresh, key=lambda one: returning.jaccard[old, one])
            if returning.new[new] >= _FEWEST_KNOWN and returning.jaccard[old, new] >= _PERSISTS:
                yield old, new
            continue
        new = min(fresh, key=lambda one: away[old, one])
        mutual = away[:, new].argmin() == old
        if returning.new[new] < _FEWEST_KNOWN and mutual and away[old, new] < _NEAR * apart[old].min():
            yield old, new
