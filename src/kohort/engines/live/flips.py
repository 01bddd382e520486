"""Changes of single conditions: the currency in which all parts of the live engine deal."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places

Lines = NDArray[np.int64]
"""Flips as loops write them, one a row of moment, person, and `1 * holds + 2 * cause + 8 * condition`."""


class Cause(IntEnum):
    """Why something changed: time passed, something happened at that very moment, or the population's numbers did."""

    TIME = 0
    EVENT = 1
    EPOCH = 2


@dataclass(frozen=True)
class Flips:
    """From a moment on a condition holds, or no longer holds, for a person; one a row.

    `conditions` are numbers of what a `Program` asks, `causes` values of `Cause`. A flip that changes nothing is
    allowed: it says what is so.
    """

    moments: Moments
    people: Places
    conditions: Places
    holds: NDArray[np.bool_]
    causes: NDArray[np.int8]

    @staticmethod
    @cache
    def none() -> "Flips":
        """Return no flips."""
        nobody = np.zeros(0, np.int32)
        return Flips(np.zeros(0, np.int64), nobody, nobody, np.zeros(0, np.bool_), np.zeros(0, np.int8))

    @staticmethod
    def joined(parts: Sequence["Flips"]) -> "Flips":
        """Return all flips of several parts, in their order.

        >>> len(Flips.joined([Flips.none(), Flips.none()]).moments)
        0
        """
        parts = [part for part in parts if len(part.moments)]
        if len(parts) <= 1:
            return parts[0] if parts else Flips.none()
        return Flips(*(np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS))

    @staticmethod
    def of_lines(lines: Lines) -> "Flips":
        """Return what a loop has written.

        >>> Flips.of_lines(np.array([[5, 0, 8 * 7 + 2 * Cause.EVENT + 1]]))
        Flips(moments=array([5]), people=array([0], dtype=int32), conditions=array([7], dtype=int32), holds=array([ True]), causes=array([1], dtype=int8))
        """  # noqa: E501 - as it is printed
        moments, people, what = lines.T
        return Flips(
            moments.copy(),
            people.astype(np.int32),
            (what >> 3).astype(np.int32),
            what & 1 == 1,
            (what >> 1 & 3).astype(np.int8),
        )

    def lines(self) -> Lines:
        """Return the flips as loops write them."""
        found = np.empty((len(self.moments), 3), np.int64)
        found[:, 0], found[:, 1] = self.moments, self.people
        found[:, 2] = self.conditions.astype(np.int64) * 8 + self.causes * 2 + self.holds
        return found

    def of(self, chosen: NDArray[Any] | slice) -> "Flips":
        """Return the flips that `chosen`, a mask, places or a slice, names."""
        return Flips(*(getattr(self, name)[chosen] for name in _COLUMNS))


_COLUMNS = tuple(one.name for one in fields(Flips))


def in_order(parts: Sequence[Lines]) -> Lines:
    """Return what loops have written in the order of moments; of one moment it keeps its order.

    >>> in_order([np.array([[5, 0, 9]]), np.array([[4, 0, 8]])]).tolist()
    [[4, 0, 8], [5, 0, 9]]
    """
    parts = [part for part in parts if len(part)]
    if not parts:
        return np.zeros((0, 3), np.int64)
    lines = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return lines.take(np.argsort(lines[:, 0], kind="stable"), axis=0)
