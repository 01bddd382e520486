"""What comparing methods of clustering found, as it is kept and shown."""

from dataclasses import dataclass
from typing import Final

from kohort.learning.wording import Bilingual

_SHARES: Final = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
_LEAST_ERROR: Final = 1e-3
"""Of a few crowds without clusters that are alike to the last bit: nothing is infinitely beyond chance."""


@dataclass(frozen=True)
class MethodRow:
    """One method's best clustering, measured on the same people as those of the others.

    `method` is its name in files and `name` in sentences; `taken` tells that the personas are its clusters. `sizes`
    are shares of all people, `outside` the share in no cluster. Silhouettes are of people in clusters. `stability` is
    the mean Jaccard similarity of each cluster. `gap`, with its error, is how much more the clusters are worth than
    those found in a crowd without any, in the method's own measure; `valley` the people at the border of the least
    separated pair per person at the emptier centre; `density` the density validity from -1 to 1; `certainty` the mean
    probability of the cluster that people are put in, of mixtures. `better` is by how much it exceeds k-means. `same`
    is the adjusted Rand index with each other method. `holds` tells that every bar is met, `words` how it fared.
    `weakest` is the stability of the least stable cluster, None without clusters; `beyond_chance` the gap in its
    standard errors.
    """

    method: str
    name: Bilingual
    taken: bool
    k: int
    outside: float
    sizes: tuple[float, ...]
    silhouette: float | None
    silhouette_error: float | None
    silhouette_squared: float | None
    stability: tuple[float, ...]
    gap: float | None
    gap_error: float | None
    valley: float | None
    density: float | None
    certainty: float | None
    better: float | None
    better_error: float | None
    same: tuple[tuple[str, float], ...]
    holds: bool
    words: Bilingual
    seconds: float

    @property
    def weakest(self) -> float | None:
        """The mean Jaccard similarity of the least stable cluster, None without clusters."""
        return min(self.stability, default=None)

    @property
    def beyond_chance(self) -> float | None:
        """How many standard errors the gap is above zero, None where it was not measured."""
        return None if self.gap is None else self.gap / max(self.gap_error or 0.0, _LEAST_ERROR)


@dataclass(frozen=True)
class DendrogramMerge:
    """Two branches that meet at `height`: numbers count the leaves first, then the merges in their order."""

    left: int
    right: int
    height: float
    people: int


@dataclass(frozen=True)
class DendrogramTop:
    """The top of a tree of merges: people on each leaf, the merges above, the highest last.

    `cophenetic` is the correlation of the heights at which people meet with their distances, on `cophenetic_people`
    people; `people` is how many the tree was grown on.
    """

    method: str
    leaves: tuple[int, ...]
    merges: tuple[DendrogramMerge, ...]
    people: int
    cophenetic: float
    cophenetic_people: int


@dataclass(frozen=True)
class NeighbourDistances:
    """The distance to the k-th neighbour (`neighbours`), ascending, at even ranks; `eps` is where it bends upwards."""

    neighbours: int
    distances: tuple[float, ...]
    eps: float

    @property
    def by_share(self) -> tuple[tuple[float, float], ...]:
        """Shares of people, and the distance within which so many have their k-th neighbour.

        >>> NeighbourDistances(5, (0.1, 0.2, 0.9), 0.2).by_share[2]
        (0.5, 0.2)
        """
        last = len(self.distances) - 1
        return tuple((share, self.distances[round(share * last)]) for share in _SHARES) if last >= 0 else ()
