"""Decision trees as arrays, and the one comparison that they are asked by: x <= threshold, in 64-bit floating point.

Some libraries round features to 32 bits first, or compare by `<`. That is no other comparison but other thresholds:
`moved` finds them, so that a model says the same in Python, in SQL and live, whether or not a database has 32 bits.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kohort.learning.models.arrays import Flags, Floats, Integers, check, finite, flags, floats, integers, keep

LEAF: Final = -1
MOST_NODES: Final = 4_000_000
DEEPEST: Final = 512
LARGEST: Final = float(np.finfo(np.float64).max)
_LARGEST_NARROW: Final = np.finfo(np.float32).max
_NODE: Final = np.dtype([("cut", "<f8"), ("feature", "<i4"), ("left", "<i4"), ("right", "<i4"), ("missing", "<i4")])


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees whose values add up, from `base` in their order, divided by `divisor`, to the margin.

    Nodes stand in arrays of shape (nodes,), tree after tree from each of `roots` on, children after their parent.
    `feature` is -1 for a leaf; else whoever's x <= `threshold` goes `left`, who has none where `missing_left` says,
    others `right`. `value` is what a leaf adds, `weight` how much of the training data came through a node.
    `narrow`: sums are rounded to 32 bits after each tree, as XGBoost's are. `shares`: values are shares of positives,
    so that the margin is a probability.

    Raises UsageError for a child outside its tree, a cycle, a node of two parents or none, or numbers out of bounds.

    >>> stump = Trees([0], [0, -1, -1], [2.0, 0, 0], [1, 0, 0], [2, 0, 0], [True] * 3, [0, -1.0, 1.0], [3, 2, 1], 1)
    >>> stump.leaves, stump.depth
    (2, 1)
    """

    roots: Integers
    feature: Integers
    threshold: Floats
    left: Integers
    right: Integers
    missing_left: Flags
    value: Floats
    weight: Floats
    columns: int
    base: float = 0.0
    divisor: float = 1.0
    narrow: bool = False
    shares: bool = False

    def __post_init__(self) -> None:
        nodes = len(self.feature)
        check(0 < nodes <= MOST_NODES, f"trees have 1 to {MOST_NODES:,} nodes")
        kept: dict[str, npt.NDArray[Any]] = {
            "roots": integers(self.roots, "roots of trees", nodes),
            "feature": integers(self.feature, "features of nodes", self.columns, lowest=LEAF),
            "left": integers(self.left, "children of nodes", nodes),
            "right": integers(self.right, "children of nodes", nodes),
            "missing_left": flags(self.missing_left),
        }
        kept |= {name: floats(getattr(self, name), name, 1) for name in ("threshold", "value", "weight")}
        keep(self, **kept, base=finite(self.base, "base"), divisor=finite(self.divisor, "divisor"))
        for name, array in kept.items():
            check(name == "roots" or len(array) == nodes, "nodes of trees do not have one of everything")
        check(self.divisor > 0, "a sum is not divided by more than 0")
        check(bool((self.weight >= 0).all()), "a node has a negative weight")
        self._check_shape()

    def _check_shape(self) -> None:
        nodes = np.arange(len(self.feature))
        check(len(self.roots) > 0 and self.roots[0] == 0, "the first tree does not begin at the first node")
        check(bool((np.diff(self.roots) > 0).all()), "trees do not stand one after another")
        ends = np.append(self.roots[1:], len(nodes))[np.searchsorted(self.roots, nodes, side="right") - 1]
        inner = self.feature != LEAF
        parents = np.zeros(len(nodes), dtype=np.int64)
        for children in (self.left[inner], self.right[inner]):
            check(bool(((children > nodes[inner]) & (children < ends[inner])).all()), "a tree has a cycle")
            parents += np.bincount(children, minlength=len(nodes))
        parents[self.roots] += 1
        check(bool((parents == 1).all()), "a node has not one parent")
        check(self.depth <= DEEPEST, f"a tree is deeper than {DEEPEST}")

    @property
    def leaves(self) -> int:
        """How many leaves all trees have."""
        return int((self.feature == LEAF).sum())

    @cached_property
    def depth(self) -> int:
        """The most decisions on the way from a root to a leaf."""
        here, deep = self.roots, -1
        while here.size and deep <= DEEPEST:
            inner = here[self.feature[here] != LEAF]
            here, deep = np.concatenate([self.left[inner], self.right[inner]]), deep + 1
        return deep

    @cached_property
    def nodes(self) -> npt.NDArray[Any]:
        """The nodes as records, for kernels: of a leaf `cut` is its value, else the threshold; children are places."""
        records = np.empty(len(self.feature), dtype=_NODE)
        records["cut"] = np.where(self.feature == LEAF, self.value, self.threshold)
        records["feature"], records["left"], records["right"] = self.feature, self.left, self.right
        records["missing"] = np.where(self.missing_left, self.left, self.right)
        return records


def moved(thresholds: Floats, *, strict: bool = False) -> Floats:
    """Return thresholds t' such that x <= t' is what `float32(x) <= t` is, for every finite float64 x.

    `strict`: what `float32(x) < float32(t)` is. Rounding is to the nearest, of two as near to the even one: the last
    double that rounds to the last float32 f within t is halfway to the float32 after f, if f is even.

    >>> (third,) = moved(np.array([1 / 3])).tolist()
    >>> float(np.float32(third)) <= 1 / 3 < float(np.float32(np.nextafter(third, 1)))
    True
    """
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
    above = np.full(nearest.shape, strict) | (nearest > thresholds)
    last = np.where(above, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    open_ended = last >= _LARGEST_NARROW
    last = np.where(open_ended, np.float32(0), last)
    following = np.nextafter(last, np.float32(np.inf)).astype(np.float64)
    halfway = (last.astype(np.float64) + following) / 2
    even = (last.view(np.int32) & 1) == 0
    ends = np.where(even, halfway, np.nextafter(halfway, -np.inf))
    return np.where(open_ended, LARGEST, ends)


def plain_thresholds(thresholds: Floats) -> Floats:
    """Return thresholds that are finite: whoever has a value is below an infinite one, and below the largest double."""
    return np.clip(thresholds, -LARGEST, LARGEST)
