"""Sets of people as packed bits: one bit a person, in Arrow's order (`numpy.packbits`, little)."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.engines.plan import Bits


def everyone(people: int) -> Bits:
    """Return the set of all of so many people; what fills its last byte is zero.

    >>> everyone(10).tolist()
    [255, 3]
    """
    return packed(np.ones(people, dtype=np.bool_))


def packed(mask: NDArray[np.bool_]) -> Bits:
    """Return a mask, one boolean a person, as a set.

    >>> packed(np.array([True, False, True])).tolist()
    [5]
    """
    return np.packbits(mask, bitorder="little")


def size_of(bits: Bits) -> int:
    """Return how many people are in a set whose last byte is filled with zeros.

    >>> size_of(everyone(10))
    10
    """
    return int(np.bitwise_count(bits).sum())


def mask_of(bits: Bits, people: int | None = None) -> NDArray[np.bool_]:
    """Return one boolean a person, without `people` also for those who would fill the last byte.

    >>> mask_of(np.array([5], dtype=np.uint8), 3).tolist()
    [True, False, True]
    """
    return np.unpackbits(bits, count=people, bitorder="little").view(np.bool_)


def arrow_mask(bits: Bits, people: int) -> pa.BooleanArray:
    """Return packed bits as the Arrow array that they already are in memory.

    >>> arrow_mask(np.array([5], dtype=np.uint8), 3).to_pylist()
    [True, False, True]
    """
    return pa.Array.from_buffers(pa.bool_(), people, [None, pa.py_buffer(np.ascontiguousarray(bits))])
