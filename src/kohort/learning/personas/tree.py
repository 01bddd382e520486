"""A small decision tree that tells a cluster from everyone else, with round thresholds, and how well it does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeClassifier

from kohort.definitions.values import MICRO
from kohort.errors import UsageError
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.boxes import Box, Mask, Micros, Range, holding, simplified
from kohort.stats.intervals import Interval, wilson_interval

POOR: Final = 0.7
"""The F1 below which a rule is said to describe its persona poorly."""
_DEPTH: Final = 3
_LEAST_LEAF: Final = 5
_LEAF_SHARE: Final = 0.01
_HELD_OUT: Final = 0.3
_MOST_PEOPLE: Final = 100_000
_SHIFTED: Final = 0.01
_WORTH_A_LEVEL: Final = 0.01
_RESAMPLES: Final = 2_000
_ROUNDEST: Final = 13


@dataclass(frozen=True)
class Fidelity:
    """How well a rule finds the people of a cluster, on people it was not made of.

    `precision` is how many of those found are of the cluster and `recall` how many of the cluster are found, with
    Wilson intervals; None where nobody was found, or nobody was there. `f1` is their harmonic mean, with its percentile
    bootstrap interval.
    """

    precision: Interval | None
    recall: Interval | None
    f1: Interval
    held_out: int

    @property
    def is_poor(self) -> bool:
        """Whether the rule is no good description."""
        return self.f1.estimate < POOR


@dataclass(frozen=True)
class Described:
    """A cluster as ranges of traits: whoever is in one of the `boxes`. `whole` are traits with whole values only."""

    boxes: tuple[Box, ...]
    whole: frozenset[str]
    fidelity: Fidelity


@dataclass(frozen=True)
class _Leaf:
    box: Box
    members: int
    people: int


@dataclass(frozen=True)
class _Node:
    """People of a node: where they stand among those that the tree learns from, and the ranges they share."""

    number: int
    people: npt.NDArray[np.int64]
    box: dict[str, Range]


def described(table: FeatureTable, inside: Mask, *, seed: int, depth: int = _DEPTH) -> Described:
    """Describe the people that `inside`, shape (people,), marks by a tree of at most `depth` questions.

    CART (Breiman et al. 1984) on seven tenths of at most 100,000 people, drawn by `seed`; of the depths, the least that
    is within 0.01 of the best F1 there. Of its leaves, those are taken whose union has the best F1. A threshold is the
    roundest number that moves at most one in a hundred of a node's people. Leaves have at least 5 people, and one in a
    hundred of all. Fidelity is measured on the other three tenths.

    Raises UsageError unless both sides have at least two people.

    >>> random = np.random.default_rng(1)
    >>> values = np.column_stack([random.integers(1, 21, 400), random.normal(size=400)])
    >>> table = FeatureTable(tuple(map(str, range(400))), ("orders", "noise"), values)
    >>> found = described(table, values[:, 0] > 12, seed=1)
    >>> found.boxes, found.fidelity.f1.estimate
    (({'orders': Range(low=13000000, high=None, missing=False, known=True)},), 1.0)
    """
    if inside.shape != (len(table.person_ids),) or min(int(inside.sum()), int((~inside).sum())) < 2:  # noqa: PLR2004
        raise UsageError("describing a cluster needs at least two people in it, two outside, and a mark for everyone")
    learnt, held = _parts(inside, seed)
    columns = {name: _column(table, name) for name in table.names}
    grown = [_leaves(columns, inside, learnt, one, seed) for one in range(1, depth + 1)]
    chosen = [_best_union(leaves) for leaves in grown]
    scores = [score for _, score in chosen]
    boxes = next(found for found, score in chosen if score >= max(scores) - _WORTH_A_LEVEL)
    always = {name for name, (_, there) in columns.items() if there.all()}
    told = simplified([_plain(box, always) for box in boxes])
    people = {name: (values[held], there[held]) for name, (values, there) in columns.items()}
    found = holding(told, people, len(held))
    whole = frozenset(name for name, (values, there) in columns.items() if not (values[there] % MICRO).any())
    return Described(told, whole, fidelity_of(found, inside[held], seed=seed))


def fidelity_of(found: Mask, inside: Mask, *, seed: int) -> Fidelity:
    """Return how well `found` meets `inside`, both of shape (people,).

    >>> fidelity_of(np.array([True, True, False, False]), np.array([True, False, True, False]), seed=1).f1.estimate
    0.5
    """
    hits, false, missed = (int((one).sum()) for one in (found & inside, found & ~inside, ~found & inside))
    people = len(found)
    drawn = np.random.default_rng(seed).multinomial(
        people, [hits / people, false / people, missed / people, 1 - (hits + false + missed) / people], _RESAMPLES
    )
    scores = 2 * drawn[:, 0] / np.maximum(2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2], 1)
    low, high = np.quantile(scores, [0.025, 0.975])
    return Fidelity(
        precision=wilson_interval(hits, hits + false) if hits + false else None,
        recall=wilson_interval(hits, hits + missed) if hits + missed else None,
        f1=Interval(_f1(hits, hits + false, hits + missed), float(low), float(high), people),
        held_out=people,
    )


def _f1(hits: int, found: int, members: int) -> float:
    return 2 * hits / (found + members) if hits else 0.0


def _parts(inside: Mask, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the places of the people that the tree learns from and of those held out, members in equal shares."""
    random = np.random.default_rng(seed)
    learnt, held = [], []
    share = min(1.0, _MOST_PEOPLE / len(inside))
    for side in (inside, ~inside):
        drawn = random.permutation(np.flatnonzero(side))
        drawn = drawn[: max(2, int(len(drawn) * share))]
        cut = min(len(drawn) - 1, max(1, round(len(drawn) * (1 - _HELD_OUT))))
        learnt.append(drawn[:cut])
        held.append(drawn[cut:])
    return np.sort(np.concatenate(learnt)), np.sort(np.concatenate(held))


def _column(table: FeatureTable, name: str) -> tuple[Micros, Mask]:
    values = table.column(name)
    there = ~np.isnan(values)
    return np.rint(np.where(there, values, 0) * MICRO).astype(np.int64), there


def _leaves(
    columns: Mapping[str, tuple[Micros, Mask]],
    inside: Mask,
    learnt: npt.NDArray[np.int64],
    depth: int,
    seed: int,
) -> list[_Leaf]:
    """Return the leaves of a tree; it sees ranks in place of values, which 32 bits hold exactly."""
    names = list(columns)
    ranks = np.empty((len(learnt), len(names)), np.float32)
    for place, (values, there) in enumerate(columns.values()):
        ranks[:, place] = np.unique(values[learnt], return_inverse=True)[1]
        ranks[~there[learnt], place] = np.nan
    least = max(_LEAST_LEAF, int(len(learnt) * _LEAF_SHARE))
    least = min(least, int(inside[learnt].sum()))
    model = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=least, random_state=seed)
    tree = model.fit(ranks, inside[learnt]).tree_

    def walk(node: _Node) -> Iterator[_Leaf]:
        if tree.children_left[node.number] < 0:
            yield _Leaf(node.box, int(inside[learnt[node.people]].sum()), len(node.people))
            return
        place = tree.feature[node.number]
        name, missing_left = names[place], bool(tree.missing_go_to_left[node.number])
        values, there = columns[name][0][learnt[node.people]], columns[name][1][learnt[node.people]]
        bound = None
        if np.isfinite(tree.threshold[node.number]):
            below = there & (ranks[node.people, place] <= tree.threshold[node.number])
            bound = round_bound(values[there], int(below.sum()))
        span = node.box.get(name, Range())
        left = span.below(bound, missing=missing_left)
        right = span.from_on(bound, missing=not missing_left)
        for child, one in ((tree.children_left[node.number], left), (tree.children_right[node.number], right)):
            people = node.people[one.holds(values, there)]
            yield from walk(_Node(child, people, {**node.box, name: one}))

    return list(walk(_Node(0, np.arange(len(learnt)), {})))


def round_bound(values: Micros, below: int) -> int:
    """Return the roundest bound such that about so many `values` are below it, in micros; at most 1 % are moved.

    >>> round_bound(np.array([1, 3, 8, 9]) * MICRO, 2) / MICRO
    5.0
    """
    ordered = np.sort(values)
    slack = int(len(ordered) * _SHIFTED)
    low = int(ordered[max(0, below - 1 - slack)])
    high = int(ordered[min(len(ordered) - 1, below + slack)])
    middle = (int(ordered[below - 1]) + int(ordered[min(len(ordered) - 1, below)])) / 2
    for power in range(_ROUNDEST, -1, -1):
        for step in (10**power, 5 * 10 ** (power - 1) if power else 1, 2 * 10 ** (power - 1) if power else 1):
            nearest = round(middle / step) * step
            found = [one for one in (nearest, nearest - step, nearest + step) if low < one <= high]
            if found:
                return found[0]
    return high


def _best_union(leaves: list[_Leaf]) -> tuple[list[Box], float]:
    """Return the leaves, purest first, whose union has the best F1 among those that the tree learnt from."""
    full = [leaf for leaf in leaves if leaf.people]
    ordered = sorted(full, key=lambda leaf: (-leaf.members / leaf.people, -leaf.people))
    members = sum(leaf.members for leaf in ordered)
    hits = np.cumsum([leaf.members for leaf in ordered])
    found = np.cumsum([leaf.people for leaf in ordered])
    scores = 2 * hits / (found + members)
    best = int(scores.argmax())
    return [leaf.box for leaf in ordered[: best + 1]], float(scores[best])


def _plain(box: Box, always: set[str]) -> Box:
    """Return a box without what is said of missing values where nobody's is missing."""
    return {
        name: Range(one.low, one.high, missing=not one.is_bounded, known=True) if name in always else one
        for name, one in box.items()
    }
