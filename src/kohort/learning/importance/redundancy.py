"""How variables go together, and which say the same: clusters of which one is enough."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from kohort.learning.importance.ranks import counted, cramers_v, rank_epsilon
from kohort.learning.importance.variables import Numbers, Variable

SAME: Final = 0.7
"""From this mean association on variables say the same."""
_FEWEST: Final = 10


@dataclass(frozen=True, eq=False)
class Redundancy:
    """Associations of `names`, float64 of shape (variables, variables), and the cluster of each, from 0 on.

    Between numbers they are Spearman's rank correlations, from -1 to 1; between categories Cramér's V without its
    bias, from 0 to 1; between the two the root of epsilon squared of the ranks, from 0 to 1. Variables stand in the
    order of the tree that joins them, so that those which go together are neighbours.
    """

    names: tuple[str, ...]
    associations: Numbers
    clusters: tuple[int, ...]

    def cluster_of(self, name: str) -> tuple[str, ...]:
        """Return the variables that say the same as one, itself among them."""
        cluster = self.clusters[self.names.index(name)]
        return tuple(one for one, its in zip(self.names, self.clusters, strict=True) if its == cluster)


def redundancy_of(variables: tuple[Variable, ...], *, same: float = SAME) -> Redundancy:
    """Return how variables go together, over people of whom both are known, and their clusters.

    Clusters of average linkage (Sokal and Michener 1958) end where the mean association, its sign aside, is below
    `same`. That importance be asked of such clusters: Gregorutti, Michel and Saint-Pierre 2017, Stat. Comput. 27:659.

    >>> number = np.arange(20.0)
    >>> other = np.tile([3.0, 1.0, 4.0, 1.0, 5.0], 4)
    >>> found = redundancy_of((Variable("a", number), Variable("b", -number**3), Variable("c", other)))
    >>> sorted(found.cluster_of("a")), found.cluster_of("c")
    (['a', 'b'], ('c',))
    """
    count = len(variables)
    associations = np.eye(count)
    for one in range(count):
        for other in range(one):
            associations[one, other] = associations[other, one] = _association(variables[one], variables[other])
    if count == 1:
        return Redundancy((variables[0].name,), associations, (0,))
    tree = linkage(squareform(1 - np.abs(associations), checks=False), "average")
    order = leaves_list(tree)
    labels = fcluster(tree, 1 - same, "distance")[order]
    _, first = np.unique(labels, return_index=True)
    ranks = {int(labels[place]): number for number, place in enumerate(np.sort(first))}
    names = tuple(variables[place].name for place in order)
    return Redundancy(names, associations[np.ix_(order, order)], tuple(ranks[int(one)] for one in labels))


def _association(one: Variable, other: Variable) -> float:
    both = one.known & other.known
    if both.sum() < _FEWEST:
        return 0.0
    first, second = one.values[both], other.values[both]
    match one.categories is None, other.categories is None:
        case True, True:
            return _rank_correlation(first, second)
        case False, False:
            return cramers_v(counted(first, second))
        case True, False:
            first, second = second, first
    return rank_epsilon(first, second)


def _rank_correlation(one: Numbers, other: Numbers) -> float:
    if one.min() == one.max() or other.min() == other.max():
        return 0.0
    return float(np.clip(np.corrcoef(rankdata(one), rankdata(other))[0, 1], -1.0, 1.0))
