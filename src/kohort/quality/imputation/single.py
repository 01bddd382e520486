"""One value for everybody who lacks it: simple, and blind to who they are."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError

Values = npt.NDArray[np.float64]
Value = TypeVar("Value", bound="float | str | bool")

STATISTICS: Final[Mapping[str, Callable[[Values], float]]] = {
    "mean": lambda known: float(known.mean()),
    "median": lambda known: float(np.median(known)),
}


def fill_with_statistic(values: Values, statistic: str) -> Values:
    """Return `values`, float64 of shape (people,) with NaN where missing, filled with their "mean" or "median".

    Raises UsageError if no value is known.

    >>> fill_with_statistic(np.array([1.0, np.nan, 5.0, 6.0]), "median").tolist()
    [1.0, 5.0, 5.0, 6.0]
    """
    known = values[~np.isnan(values)]
    if not known.size:
        raise UsageError(f"the {statistic} of a column without any value is not known; leave the column out")
    filled: Values = np.where(np.isnan(values), STATISTICS[statistic](known), values)
    return filled


def mode_of(values: Iterable[Value | None]) -> Value:
    """Return the most frequent value, the least of several; None is missing.

    Raises UsageError if no value is known.

    >>> mode_of(["b", None, "a", "b", "a", None, None])
    'a'
    """
    counted = Counter(one for one in values if one is not None)
    if not counted:
        raise UsageError("the mode of a column without any value is not known; leave the column out")
    most = max(counted.values())
    return min(value for value, count in counted.items() if count == most)
