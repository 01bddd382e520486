"""Changes of single conditions: the currency in which all parts of the live engine deal."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places


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

    def of(self, chosen: NDArray[Any] | slice) -> "Flips":
        """Return the flips that `chosen`, a mask, places or a slice, names."""
        return Flips(*(getattr(self, name)[chosen] for name in _COLUMNS))


_COLUMNS = tuple(one.name for one in fields(Flips))
