"""The loops of nearest neighbours, compiled: `neighbours._plain` says what they do.

Donors stand in blocks that a processor keeps near, column by column, so that one instruction compares several of
them; a block is compared with a whole group of receivers before the next one is fetched.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kohort.engines.kernel.numba_kernels import compiled

Values = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

BLOCK: Final = 512
GROUP: Final = 64
_NEVER: Final = np.float32(np.inf)


def blocks_of(donors: Values) -> tuple[Singles, Singles]:
    """Return donors' values, zero where missing, and ones where there is one; (blocks, columns + 1, `BLOCK`).

    The last column has no value of anybody: it makes the number of columns that are compared a multiple of four.
    """
    people, columns = donors.shape
    padded = np.full((-(-people // BLOCK) * BLOCK, columns + 1), np.nan, np.float32)
    padded[:people, :columns] = donors
    turned = np.ascontiguousarray(padded.reshape(-1, BLOCK, columns + 1).transpose(0, 2, 1))
    there = ~np.isnan(turned)
    return np.where(there, turned, np.float32(0)), there.astype(np.float32)


@compiled
def _add_four(  # noqa: PLR0917 - four columns at once keep the sums in registers
    total: Singles, shared: Singles, a: Any, there_a: Any, at_a: Any, b: Any, there_b: Any, at_b: Any,
    c: Any, there_c: Any, at_c: Any, d: Any, there_d: Any, at_d: Any,
) -> None:  # fmt: skip
    for one in range(BLOCK):
        by_a, by_b, by_c, by_d = at_a - a[one], at_b - b[one], at_c - c[one], at_d - d[one]
        total[one] += (there_a[one] * (by_a * by_a) + there_b[one] * (by_b * by_b)) + (
            there_c[one] * (by_c * by_c) + there_d[one] * (by_d * by_d)
        )
        shared[one] += (there_a[one] + there_b[one]) + (there_c[one] + there_d[one])


@compiled
def _compare(at: Singles, known: Any, block: Singles, there: Singles, total: Singles, shared: Singles) -> None:
    total[:] = 0
    shared[:] = 0
    for first in range(0, len(known), 4):
        a, b, c, d = known[first], known[first + 1], known[first + 2], known[first + 3]
        _add_four(
            total, shared, block[a], there[a], at[a], block[b], there[b], at[b],
            block[c], there[c], at[c], block[d], there[d], at[d],
        )  # fmt: skip


@compiled
def _take(distance: Any, donor: int, nearest: Singles, who: Any) -> None:
    """Put a donor among the nearest, behind those equally near."""
    place = len(nearest) - 1
    while place > 0 and nearest[place - 1] > distance:
        nearest[place] = nearest[place - 1]
        who[place] = who[place - 1]
        place -= 1
    nearest[place] = distance
    who[place] = donor


@compiled
def _ask(
    receiver: Values, total: Singles, shared: Singles, there: Singles, first: int, nearest: Singles, who: Any,
    farthest: Any,
) -> Any:  # fmt: skip
    """Take the donors of a block that are nearer than the farthest taken so far, and return how far that is now."""
    for one in range(BLOCK):
        if total[one] < farthest * shared[one]:
            distance = total[one] / shared[one]
            farthest = np.float32(0)
            for column in range(len(receiver)):
                if np.isnan(receiver[column]):
                    if there[column, one] > 0 and distance < nearest[column, -1]:
                        _take(distance, first + one, nearest[column], who[column])
                    farthest = max(farthest, nearest[column, -1])
    return farthest


@compiled
def _put(receiver: Values, donors: Values, means: Values, who: Any, filled: Values) -> None:
    for column in range(len(receiver)):
        if np.isnan(receiver[column]):
            taken, found = 0.0, 0
            for donor in who[column]:
                if donor >= 0:
                    taken += donors[donor, column]
                    found += 1
            filled[column] = taken / found if found else means[column]


@compiled
def fill(
    receivers: Values, blocks: Singles, there: Singles, donors: Values, means: Values, neighbours: int, filled: Values
) -> None:
    """Fill the missing values of at most `GROUP` receivers into `filled`."""
    people, columns = receivers.shape
    total, shared = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    nearest = np.full((people, columns, neighbours), _NEVER)
    who = np.full((people, columns, neighbours), -1)
    farthest = np.full(people, _NEVER)
    at = np.zeros((people, columns + 1), np.float32)
    known = np.full((people, columns + 4), columns)
    counts = np.zeros(people, np.int64)
    for receiver in range(people):
        for column in range(columns):
            if not np.isnan(receivers[receiver, column]):
                known[receiver, counts[receiver]] = column
                counts[receiver] += 1
                at[receiver, column] = receivers[receiver, column]
    for block in range(len(blocks)):
        for one in range(people):
            its = known[one, : (counts[one] + 3) // 4 * 4]
            _compare(at[one], its, blocks[block], there[block], total, shared)
            farthest[one] = _ask(
                receivers[one], total, shared, there[block], block * BLOCK, nearest[one], who[one], farthest[one]
            )
    for one in range(people):
        _put(receivers[one], donors, means, who[one], filled[one])
