"""Which persona of one generation is which of the generation before: they keep their identity, appear, or go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kohort.errors import UsageError
from kohort.learning.clustering.kmeans import Labels
from kohort.learning.clustering.match import match_clusterings


@dataclass(frozen=True)
class Kept:
    """A persona that goes on, and the Jaccard similarity of its people before and after."""

    identity: str
    jaccard: float


@dataclass(frozen=True)
class Born:
    """A new persona, and the earlier one that more than half of its people come from, if any: it split off."""

    identity: str
    split_from: str | None


@dataclass(frozen=True)
class Gone:
    """A persona that is no more, and the one that took more than half of its people, if any: it merged into it."""

    identity: str
    merged_into: str | None


@dataclass(frozen=True)
class Succession:
    """What became of the personas: `now` by cluster, from 0; those that are gone."""

    now: tuple[Kept | Born, ...]
    gone: tuple[Gone, ...]


def succession(
    before: Labels, after: Labels, identities: Sequence[str], clusters: int, fresh: Iterator[str]
) -> Succession:
    """Return who continues whom: clusters of the same people matched one to one, below a Jaccard of 0.5 nobody.

    `before` and `after`, int64 of shape (people,), number the clusters from 0; -1 is in no cluster, and such people are
    left out. `identities` are those of the earlier clusters, `clusters` is how many there are now, `fresh` gives new
    identities. Hungarian method on the Jaccard similarities; see `learning.clustering.match`.

    Raises UsageError if the labels are not of the same people, or a label has no identity.

    >>> import numpy as np
    >>> before, after = np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 1, 0, 0, 2])
    >>> found = succession(before, after, ["a", "b"], 3, iter(["c"]))
    >>> [one.identity for one in found.now], found.now[2].split_from, found.gone
    (['b', 'a', 'c'], 'b', ())
    """
    if before.shape != after.shape:
        raise UsageError("personas are followed on the same people: two equally long arrays of labels")
    both = (before >= 0) & (after >= 0)
    if both.any() and (before.max() >= len(identities) or after.max() >= clusters):
        raise UsageError("give one identity for each earlier cluster, and how many clusters there are now")
    matching = match_clusterings(before[both], after[both]) if both.any() else None
    kept = {one.after: one for one in matching.matches} if matching else {}
    split_from = {one.after: one.split_from for one in matching.appeared} if matching else {}
    merged_into = {one.before: one.merged_into for one in matching.dissolved} if matching else {}
    now: list[Kept | Born] = []
    for cluster in range(clusters):
        if cluster in kept:
            now.append(Kept(identities[kept[cluster].before], kept[cluster].jaccard))
        else:
            now.append(Born(next(fresh), _identity(split_from.get(cluster), identities)))
    names = [one.identity for one in now]
    going_on = {one.before for one in kept.values()}
    gone = (
        Gone(identity, _identity(merged_into.get(cluster), names))
        for cluster, identity in enumerate(identities)
        if cluster not in going_on
    )
    return Succession(tuple(now), tuple(gone))


def _identity(cluster: int | None, identities: Sequence[str]) -> str | None:
    return None if cluster is None else identities[cluster]
