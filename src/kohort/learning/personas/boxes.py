"""Ranges of traits that describe people, and the rule that says the same."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from operator import and_, or_
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.definitions.values import MICRO
from kohort.rules.expressions import RuleExpression
from kohort.rules.python import trait

Micros = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Range:
    """Values of one trait in micros, from `low` to below `high` (None: no bound), and whether a missing value is in it.

    Where nothing `known` is in it, it is of missing values alone.
    """

    low: int | None = None
    high: int | None = None
    missing: bool = True
    known: bool = True

    @property
    def is_everything(self) -> bool:
        """Whether every value is in it, and a missing one too."""
        return self.known and self.missing and self.low is None and self.high is None

    @property
    def is_bounded(self) -> bool:
        """Whether some known values are not in it."""
        return not self.known or self.low is not None or self.high is not None

    def below(self, bound: int | None, *, missing: bool) -> "Range":
        """Return the part below a bound (None: all that is known); `missing` tells whether missing values are there."""
        high = self.high if bound is None else bound if self.high is None else min(self.high, bound)
        return replace(self, high=high, missing=self.missing and missing)

    def from_on(self, bound: int | None, *, missing: bool) -> "Range":
        """Return the part from a bound on (None: nothing that is known)."""
        if bound is None:
            return replace(self, known=False, missing=self.missing and missing)
        low = bound if self.low is None else max(self.low, bound)
        return replace(self, low=low, missing=self.missing and missing)

    def joined(self, other: "Range") -> "Range | None":
        """Return what is in either, None where that is no range.

        >>> Range(1, 5, missing=False).joined(Range(5, None))
        Range(low=1, high=None, missing=True, known=True)
        """
        missing = self.missing or other.missing
        if not (self.known and other.known):
            return replace(self if self.known else other, missing=missing)
        first, last = (self, other) if _least(self.low) <= _least(other.low) else (other, self)
        if _most(first.high) < _least(last.low):
            return None
        high = None if None in (first.high, last.high) else max(_most(first.high), _most(last.high))
        return Range(first.low, high, missing)

    def holds(self, values: Micros, there: Mask) -> Mask:
        """Return whose value is in it; `there` marks who has one, both of shape (people,)."""
        inside = there & self.known
        if self.low is not None:
            inside &= values >= self.low
        if self.high is not None:
            inside &= values < self.high
        found: Mask = inside | (~there & self.missing)
        return found


Box = Mapping[str, Range]
"""Ranges by trait, all of which hold; a trait that is not in it may be anything."""

_FAR: Final = 2**63


def _least(low: int | None) -> int:
    return -_FAR if low is None else low


def _most(high: int | None) -> int:
    return _FAR if high is None else high


def holding(boxes: Sequence[Box], values: Mapping[str, tuple[Micros, Mask]], people: int) -> Mask:
    """Return who is in any of the boxes; `values` gives for each trait the values and who has one.

    >>> orders = np.array([MICRO, 3 * MICRO]), np.array([True, True])
    >>> holding([{"orders": Range(2 * MICRO)}], {"orders": orders}, 2).tolist()
    [False, True]
    """
    found = np.zeros(people, dtype=bool)
    for box in boxes:
        inside = np.ones(people, dtype=bool)
        for name, one in box.items():
            inside &= one.holds(*values[name])
        found |= inside
    return found


def simplified(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Return boxes that hold the same people, joined where two differ in one trait whose ranges make one.

    >>> simplified([{"a": Range(high=5)}, {"a": Range(low=5, missing=False)}])
    ({},)
    """
    left = [_without_everything(box) for box in boxes]
    for place, box in enumerate(left):
        for later in range(place + 1, len(left)):
            whole = _whole_of(box, left[later])
            if whole is not None:
                rest = [one for at, one in enumerate(left) if at not in {place, later}]
                return simplified([*rest[:place], whole, *rest[place:]])
    return tuple(left)


def _without_everything(box: Box) -> Box:
    return {name: one for name, one in box.items() if not one.is_everything}


def _whole_of(box: Box, other: Box) -> Box | None:
    different = [name for name in {**box, **other} if box.get(name) != other.get(name)]
    if not different:
        return box
    if len(different) > 1:
        return None
    name = different[0]
    joined = box.get(name, Range()).joined(other.get(name, Range()))
    return None if joined is None else _without_everything({**box, name: joined})


def rule_of(boxes: Sequence[Box], some_trait: str, *, whole: AbstractSet[str] = frozenset()) -> RuleExpression:
    """Return the rule that holds for who is in any of the boxes, of which there is one at least.

    `whole` are traits with whole values only: a range of one value becomes an equality. A box that holds everyone is
    said of `some_trait`.

    >>> str(rule_of([{"orders": Range(2 * MICRO, 5 * MICRO, missing=False)}], "orders"))
    'orders >= 2 and orders < 5'
    >>> str(rule_of([{"orders": Range(MICRO, 2 * MICRO)}], "orders", whole={"orders"}))
    'orders = 1 or orders is missing'
    """
    return reduce(or_, (_box_rule(box, some_trait, whole) for box in boxes))


def _box_rule(box: Box, some_trait: str, whole: AbstractSet[str]) -> RuleExpression:
    conditions = [_range_rule(name, one, is_whole=name in whole) for name, one in box.items()]
    return reduce(and_, conditions) if conditions else trait(some_trait).exists() | trait(some_trait).is_missing()


def _range_rule(name: str, one: Range, *, is_whole: bool) -> RuleExpression:
    if not one.known:
        return trait(name).is_missing()
    if not one.is_bounded:
        return trait(name).exists()
    low, high = one.low, one.high
    if is_whole and low is not None and high == low + MICRO and low % MICRO == 0:
        found = trait(name) == _number(low)
    else:
        bounds = [trait(name) >= _number(low)] if low is not None else []
        bounds += [trait(name) < _number(high)] if high is not None else []
        found = reduce(and_, bounds)
    return found | trait(name).is_missing() if one.missing else found


def _number(micros: int) -> Decimal:
    return Decimal(micros) / MICRO
