"""How right a search for duplicates is where the truth is known: pairs and people, with intervals."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.quality.duplicates.clusters import Pair
from kohort.stats.intervals import Interval

_RESAMPLES: Final = 2_000


@dataclass(frozen=True)
class Accuracy:
    """Precision, recall and their harmonic mean, each with the 95 % bootstrap interval over true people."""

    precision: Interval
    recall: Interval
    f1: Interval


def pair_accuracy(found: Iterable[Pair], person: Sequence[Hashable], *, seed: int) -> Accuracy:
    """Return how right pairs of records are; `person` says whose each record is.

    >>> measured = pair_accuracy([(0, 1), (1, 2)], ["ada", "ada", "bob", "bob"], seed=1)
    >>> measured.precision.estimate, measured.recall.estimate
    (0.5, 0.5)
    """
    numbers = _numbered(person)
    right, wrong = np.zeros(max(numbers) + 1), np.zeros(max(numbers) + 1)
    for left, other in {(min(pair), max(pair)) for pair in found}:
        if numbers[left] == numbers[other]:
            right[numbers[left]] += 1
        else:  # half an error of each of the two people
            wrong[numbers[left]] += 0.5
            wrong[numbers[other]] += 0.5
    sizes = np.bincount(numbers).astype(np.float64)
    return _accuracy(right, wrong, sizes * (sizes - 1) / 2, seed)


def linked_accuracy(
    clusters: Sequence[int] | npt.NDArray[np.int64], person: Sequence[Hashable], *, seed: int
) -> Accuracy:
    """Return how right the pairs are that clusters mean: all pairs of each cluster, linked or not."""
    members = defaultdict[int, list[int]](list)
    for record, cluster in enumerate(clusters):
        members[int(cluster)].append(record)
    return pair_accuracy((pair for one in members.values() for pair in combinations(one, 2)), person, seed=seed)


def cluster_accuracy(
    clusters: Sequence[int] | npt.NDArray[np.int64], person: Sequence[Hashable], *, seed: int
) -> Accuracy:
    """Return how many clusters of several records are exactly one person's records, and how many people are so found.

    >>> measured = cluster_accuracy([0, 0, 2, 3, 3], ["ada", "ada", "ada", "bob", "bob"], seed=1)
    >>> measured.precision.estimate, measured.recall.estimate
    (0.5, 0.5)
    """
    numbers = _numbered(person)
    sizes = np.bincount(numbers)
    inside = Counter(zip(map(int, clusters), numbers, strict=True))
    wholes = Counter(map(int, clusters))
    right, wrong = np.zeros(len(sizes)), np.zeros(len(sizes))
    told = set[int]()
    for record, cluster in enumerate(map(int, clusters)):
        if wholes[cluster] > 1 and cluster not in told:
            told.add(cluster)
            one = numbers[record]
            exact = inside[cluster, one] == wholes[cluster] == sizes[one]
            (right if exact else wrong)[one] += 1
    return _accuracy(right, wrong, (sizes > 1).astype(np.float64), seed)


def _numbered(person: Sequence[Hashable]) -> list[int]:
    known: dict[Hashable, int] = {}
    return [known.setdefault(one, len(known)) for one in person]


def _accuracy(
    right: npt.NDArray[np.float64], wrong: npt.NDArray[np.float64], true: npt.NDArray[np.float64], seed: int
) -> Accuracy:
    """Return the measures and their intervals, by people drawn with replacement (Efron and Tibshirani 1993, 13.3)."""
    random = np.random.default_rng(seed)
    # People without duplicates and errors change nothing: they are drawn, and not looked at.
    told = (right + wrong + true) > 0
    parts = np.stack([right[told], wrong[told], true[told]], axis=1)
    drawn = np.array([
        parts[random.integers(0, len(parts), len(parts))].sum(axis=0) for _ in range(_RESAMPLES)
    ]) if len(parts) else np.zeros((1, 3))  # fmt: skip
    whole = _ratios(parts.sum(axis=0)[None, :])[0]
    low, high = np.quantile(_ratios(drawn), [0.025, 0.975], axis=0)
    return Accuracy(*(Interval(float(whole[k]), float(low[k]), float(high[k]), int(told.sum())) for k in range(3)))


def _ratios(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    right, wrong, true = sums[:, 0], sums[:, 1], sums[:, 2]
    precision = np.divide(right, right + wrong, out=np.ones_like(right), where=right + wrong > 0)
    recall = np.divide(right, true, out=np.ones_like(right), where=true > 0)
    both = precision + recall
    return np.stack(
        [precision, recall, np.divide(2 * precision * recall, both, out=np.zeros_like(right), where=both > 0)], axis=1
    )
