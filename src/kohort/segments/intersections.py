"""Who is in exactly which of several segments: the counts of an UpSet plot.

Lex, Gehlenborg, Strobelt, Vuillemot and Pfister 2014, "UpSet: Visualization of Intersecting Sets", IEEE Transactions on
Visualization and Computer Graphics 20(12):1983-1992.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.engines.bits import mask_of, size_of
from kohort.engines.plan import Bits

_MOST_BITS: Final = 30


@dataclass(frozen=True)
class Intersection:
    """The people who are in all of `segments` and in no other of those compared; of none, the people outside all."""

    segments: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Pair:
    """The people whom two segments share, and how alike that makes them.

    `jaccard` is the share of those in either who are in both (Jaccard 1901), `overlap_coefficient` the share of the
    smaller segment that is in the larger one (Szymkiewicz 1934, Simpson 1943); both are 0 where a segment is empty.
    """

    first: str
    second: str
    shared: int
    jaccard: float
    overlap_coefficient: float


@dataclass(frozen=True)
class Intersections:
    """How several segments lie in one another: their sizes, every intersection that somebody is in, every pair.

    Intersections share nobody, so that their sizes add up to `population`; the largest come first.
    """

    population: int
    sizes: Mapping[str, int]
    intersections: tuple[Intersection, ...]
    pairs: tuple[Pair, ...]


def intersections_of(members: Mapping[str, Bits], existing: Bits) -> Intersections:
    """Return how segments lie in one another; `members` and `existing`, who is there at all, are one bit a person.

    >>> vip, new, existing = np.array([[0b0011], [0b0110], [0b1111]], dtype=np.uint8)
    >>> found = intersections_of({"vip": vip, "new": new}, existing)
    >>> [(one.segments, one.size) for one in found.intersections]
    [(('vip',), 1), (('new',), 1), (('vip', 'new'), 1), ((), 1)]
    >>> found.pairs[0].shared, found.pairs[0].overlap_coefficient
    (1, 0.5)
    """
    names = list(members)
    sizes = {name: size_of(bits) for name, bits in members.items()}
    there = mask_of(existing)
    found = [
        Intersection(tuple(name for name, inside in zip(names, row, strict=True) if inside), size)
        for row, size in _counted([mask_of(bits)[there] for bits in members.values()], int(np.count_nonzero(there)))
    ]
    order = {name: place for place, name in enumerate(names)}
    found.sort(key=lambda one: (-one.size, not one.segments, len(one.segments), [order[name] for name in one.segments]))
    pairs = tuple(
        _pair(one, other, size_of(members[one] & members[other]), sizes) for one, other in combinations(names, 2)
    )
    return Intersections(size_of(existing), sizes, tuple(found), pairs)


def _pair(one: str, other: str, shared: int, sizes: Mapping[str, int]) -> Pair:
    either, smaller = sizes[one] + sizes[other] - shared, min(sizes[one], sizes[other])
    return Pair(one, other, shared, shared / either if either else 0.0, shared / smaller if smaller else 0.0)


def _counted(masks: Sequence[NDArray[np.bool_]], people: int) -> Iterator[tuple[list[bool], int]]:
    """Yield every combination of truths that somebody has, and how many people have it."""
    codes = np.zeros(people, dtype=np.int64)
    for number, mask in enumerate(masks, start=1):
        codes = codes << 1 | mask
        if number % _MOST_BITS == 0:
            # As many codes as people at most: numbered anew, they leave room for more bits.
            codes = np.unique(codes, return_inverse=True)[1]
    _, first, sizes = np.unique(codes, return_index=True, return_counts=True)
    for person, size in zip(first.tolist(), sizes.tolist(), strict=True):
        yield [bool(mask[person]) for mask in masks], size
