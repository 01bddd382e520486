"""How far several ways of flagging the same people or values agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError


@dataclass(frozen=True)
class Overlap:
    """What two methods flag: `both`, only the first (`one_alone`), only the second (`other_alone`)."""

    one: str
    other: str
    both: int
    one_alone: int
    other_alone: int

    @property
    def jaccard(self) -> float | None:
        """The share of what either flags that both do (Jaccard 1901); None where neither flags anything."""
        either = self.both + self.one_alone + self.other_alone
        return self.both / either if either else None


def overlaps(flags: Mapping[str, npt.NDArray[np.bool_]]) -> list[Overlap]:
    """Compare the flags of each two methods; each is bool of shape (n,), of the same n values.

    Raises UsageError if they are of different ones.

    >>> (found,) = overlaps({"iqr": np.array([True, True, False]), "lof": np.array([False, True, False])})
    >>> found, found.jaccard
    (Overlap(one='iqr', other='lof', both=1, one_alone=1, other_alone=0), 0.5)
    """
    if len({len(one) for one in flags.values()}) > 1:
        raise UsageError("flags can be compared where they are of the same values")
    return [
        Overlap(
            one,
            other,
            int((flags[one] & flags[other]).sum()),
            int((flags[one] & ~flags[other]).sum()),
            int((flags[other] & ~flags[one]).sum()),
        )
        for one, other in combinations(flags, 2)
    ]
