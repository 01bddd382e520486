"""What people most like somebody have: the mean of the nearest neighbours who have the value."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.quality.imputation.limits import refuse_neighbours

Values = npt.NDArray[np.float64]

_WORTH_COMPILING: Final = 20_000_000
"""The comparisons from which on compiled loops save more than loading the compiler costs."""
_AT_ONCE: Final = 256
_THREADS: Final = 2


def fill_from_neighbours(
    values: Values, *, neighbours: int = 5, donors: int = 0, seed: int = 0, compiled: bool | None = None
) -> Values:
    """Return `values`, float64 of shape (people, columns), NaN where missing, filled from the nearest neighbours.

    Troyanskaya et al. 2001, Bioinformatics 17:520. Two people are as far apart as the root mean square difference of
    the columns that both have (Dixon 1979, IEEE Transactions on Systems, Man and Cybernetics 9:617), so the columns
    should be on one scale. A missing value is the mean of the `neighbours` nearest people who have it, the first of
    those equally near; the column's mean where nobody shares a column. So does scikit-learn's KNNImputer.

    With `donors` above zero only so many people, drawn by `seed`, are asked. `compiled` tells whether loops are
    compiled, by default where that pays; distances are then in single precision. It takes time in people × donors
    × columns, and memory in people × columns.

    Raises UsageError, before it begins, if that is too much (`limits.MOST_COMPARISONS`), or for a column without
    values.

    >>> filled = fill_from_neighbours(np.array([[1.0, 10.0], [1.1, 12.0], [9.0, 90.0], [1.05, np.nan]]), neighbours=2)
    >>> filled[3].tolist()
    [1.05, 11.0]
    """
    known = ~np.isnan(values)
    if neighbours < 1 or not known.any(axis=0).all():
        raise UsageError("nearest neighbours need at least one of them, and columns in which somebody has a value")
    receivers = np.flatnonzero(~known.all(axis=1))
    chosen = _donors(len(values), donors, seed)
    if not known[chosen].any(axis=0).all():
        raise UsageError(f"among {len(chosen):,} donors nobody has a value of one of the columns; take more donors")
    refuse_neighbours(len(receivers), len(chosen), values.shape[1])
    work = len(receivers) * len(chosen) * values.shape[1]
    fill = _compiled if (work >= _WORTH_COMPILING if compiled is None else compiled) else _plain
    filled = values.copy()
    if len(receivers):
        filled[receivers] = fill(values[receivers], values[chosen], neighbours)
    return filled


def _donors(people: int, donors: int, seed: int) -> npt.NDArray[np.int64]:
    if not 0 < donors < people:
        return np.arange(people)
    return np.sort(np.random.default_rng(seed).choice(people, donors, replace=False))


def _plain(receivers: Values, donors: Values, neighbours: int) -> Values:
    """Fill in numpy, some receivers at once: the definition, which the compiled loops are held to."""
    filled = receivers.copy()
    there = ~np.isnan(donors)
    means = np.nanmean(donors, axis=0)
    for start in range(0, len(receivers), _AT_ONCE):
        part = receivers[start : start + _AT_ONCE]
        distances = _distances(part, donors)
        for column in range(donors.shape[1]):
            rows = np.flatnonzero(np.isnan(part[:, column]))
            candidates = np.flatnonzero(there[:, column])
            apart = distances[np.ix_(rows, candidates)]
            nearest = np.argsort(apart, axis=1, kind="stable")[:, :neighbours]
            comparable = np.isfinite(np.take_along_axis(apart, nearest, axis=1))
            taken = np.where(comparable, donors[candidates, column][nearest], 0.0).sum(axis=1)
            counts = comparable.sum(axis=1)
            found = np.where(counts > 0, taken / np.maximum(counts, 1), means[column])
            filled[start + rows, column] = found
    return filled


def _distances(receivers: Values, donors: Values) -> Values:
    """Return mean squared differences of shared columns, shape (receivers, donors); infinite where none is shared."""
    total = np.zeros((len(receivers), len(donors)))
    shared = np.zeros_like(total)
    for column in range(donors.shape[1]):
        apart = receivers[:, column, None] - donors[None, :, column]
        there = ~np.isnan(apart)
        total += np.where(there, apart, 0.0) ** 2
        shared += there
    return np.where(shared > 0, total / np.maximum(shared, 1), np.inf)


def _compiled(receivers: Values, donors: Values, neighbours: int) -> Values:
    # A compiler takes a second to load, which few people are not worth.
    from kohort.quality.imputation import neighbour_kernel as kernel  # noqa: PLC0415

    blocks, there = kernel.blocks_of(donors)
    filled = receivers.copy()
    means = np.nanmean(donors, axis=0)
    parts = [slice(start, start + kernel.GROUP) for start in range(0, len(receivers), kernel.GROUP)]
    with ThreadPoolExecutor(_THREADS) as threads:
        # The loops release the interpreter's lock; each part of `filled` is written by one of them.
        list(
            threads.map(
                lambda part: kernel.fill(receivers[part], blocks, there, donors, means, neighbours, filled[part]), parts
            )
        )
    return filled
