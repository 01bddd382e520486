"""How much a variable tells of the goal, whatever the form of what joins them: in bits."""

from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.importance.ranks import counted
from kohort.learning.importance.variables import Numbers, Variable

BINS: Final = 10
"""Numbers are cut into so many bins of equal size at most."""


def mutual_information(variable: Variable, goal: Numbers) -> tuple[float, float]:
    """Return the mutual information of a variable with a goal in bits, and as a share of the goal's entropy.

    Shannon 1948; the bias of counting few people is taken off (Miller 1955; Roulston 1999, Physica D 125:285): with
    independent variables it is near 0, and never below. That a variable is missing is a value of its own.

    >>> alternating = np.tile([0.0, 1.0], 500)
    >>> bits, share = mutual_information(Variable("same", alternating), alternating)
    >>> round(bits, 2), round(share, 2)
    (1.0, 1.0)
    """
    table = counted(codes_of(variable), binned(goal))
    n, entropy = int(table.sum()), _entropy(table.sum(axis=0))
    rows, columns = _entropy(table.sum(axis=1)), entropy
    raw = rows + columns - _entropy(table.ravel())
    filled = [int((one > 0).sum()) for one in (table.ravel(), table.sum(axis=1), table.sum(axis=0))]
    bias = (filled[0] - filled[1] - filled[2] + 1) / (2 * n * np.log(2))
    bits = float(max(0.0, raw - bias))
    return bits, min(1.0, bits / entropy) if entropy else 0.0


def codes_of(variable: Variable) -> Numbers:
    """Return the values of a variable as few codes, -1 where it is missing; shape (people,)."""
    codes = np.full(len(variable.values), -1.0)
    known = variable.known
    if known.any():
        values = variable.values[known]
        codes[known] = values if variable.categories is not None else binned(values)
    return codes


def binned(values: Numbers, bins: int = BINS) -> Numbers:
    """Return which bin of equal size each value falls in; equal values fall in one.

    >>> binned(np.array([0.0, 0.0, 0.0, 1.0, 2.0]), 2).tolist()
    [0.0, 0.0, 0.0, 1.0, 1.0]
    """
    top = values.max()
    inner = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    if inner[-1] == top and values.min() < top:
        # Where most have the greatest value, the others are a bin all the same.
        inner = np.unique(np.append(inner[:-1], values[values < top].max()))
    return np.searchsorted(inner, values, side="left").astype(np.float64)


def edges_of(values: Numbers, bins: int) -> Numbers:
    """Return the borders of bins of equal size, the least and the greatest value among them, each once.

    >>> edges_of(np.array([0.0, 0.0, 0.0, 1.0, 2.0]), 2).tolist()
    [0.0, 2.0]
    """
    found: Numbers = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1), method="lower"))
    return found


def _entropy(counts: npt.NDArray[np.int64]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
