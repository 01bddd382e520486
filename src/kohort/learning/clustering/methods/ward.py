"""Ward's tree (Ward 1963, JASA 58:236) in memory that grows with people, not with pairs of people."""

import numpy as np
import numpy.typing as npt

from kohort.learning.features.table import Points


def ward_linkage(points: Points) -> npt.NDArray[np.float64]:
    """Return the merges of Ward's method in SciPy's format, float64 of shape (people - 1, 4).

    Each row holds the two clusters merged, the height √(2ab/(a+b))·|distance of the centres| and the number of
    people. Found along chains of nearest neighbours (Murtagh 1983, Computer Journal 26:354), which for Ward's
    criterion give the same tree as always merging the nearest pair.

    >>> ward_linkage(np.array([[0.0], [1.0], [5.0]])).round(4).tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 5.1962, 3.0]]
    """
    forest = _Forest(points)
    merges: list[tuple[int, int, float]] = []
    chain: list[int] = []
    while len(merges) < len(points) - 1:
        if not chain:
            chain.append(forest.any())
        nearest, distance = forest.nearest(chain[-1], chain[-2] if len(chain) > 1 else None)
        if len(chain) > 1 and nearest == chain[-2]:
            one, other = chain.pop(), chain.pop()
            merges.append((min(one, other), max(one, other), distance))
            forest.merge(one, other)
        else:
            chain.append(nearest)
        if forest.sparse and len(merges) < len(points) - 1:
            forest.compact()
    return _numbered(merges, len(points))


class _Forest:
    """The clusters that are not merged yet: centre, people, and a person who stands for each."""

    def __init__(self, points: Points) -> None:
        self._centres = np.array(points.T, order="C")
        self._people = np.ones(len(points))
        self._ids = np.arange(len(points))
        self._places = np.arange(len(points))
        self._alive = len(points)

    @property
    def sparse(self) -> bool:
        """Tell whether most places are empty, so that moving the others together pays."""
        return self._alive < 0.7 * len(self._ids)

    def any(self) -> int:
        """Return a cluster."""
        return int(self._ids[np.isfinite(self._centres[0]).argmax()])

    def nearest(self, cluster: int, preferred: int | None) -> tuple[int, float]:
        """Return the nearest other cluster, of equally near ones `preferred`, and its squared Ward distance."""
        place = self._places[cluster]
        difference = self._centres - self._centres[:, [place]]
        difference *= difference
        distances = difference.sum(axis=0)
        # The same bits from either side, or a chain might run in a circle; merged clusters are infinitely far away.
        distances *= 2 * (self._people * self._people[place]) / (self._people + self._people[place])
        distances[place] = np.inf
        best = int(distances.argmin())
        if preferred is not None and distances[self._places[preferred]] <= distances[best]:
            best = int(self._places[preferred])
        return int(self._ids[best]), float(distances[best])

    def merge(self, one: int, other: int) -> None:
        """Put `other` into `one`."""
        kept, gone = self._places[one], self._places[other]
        total = self._people[kept] + self._people[gone]
        weights = self._people[[kept, gone]] / total
        self._centres[:, kept] = self._centres[:, [kept, gone]] @ weights
        self._people[kept] = total
        self._centres[:, gone] = np.inf
        self._alive -= 1

    def compact(self) -> None:
        """Move what is left together."""
        left = np.isfinite(self._centres[0])
        self._centres = np.ascontiguousarray(self._centres[:, left])
        self._people, self._ids = self._people[left], self._ids[left]
        self._places[self._ids] = np.arange(len(self._ids))


def _numbered(merges: list[tuple[int, int, float]], people: int) -> npt.NDArray[np.float64]:
    """Sort merges by height and number the clusters that they make, as SciPy does."""
    merges.sort(key=lambda merge: merge[2])
    tree = np.empty((len(merges), 4))
    parent = np.arange(people)
    number, size = np.arange(people), np.ones(people)

    def root(person: int) -> int:
        while parent[person] != person:
            parent[person] = parent[parent[person]]
            person = int(parent[person])
        return person

    for made, (one, other, squared) in enumerate(merges):
        left, right = sorted((root(one), root(other)), key=lambda place: int(number[place]))
        size[left] += size[right]
        tree[made] = (number[left], number[right], np.sqrt(squared), size[left])
        parent[right], number[left] = left, people + made
    return tree
