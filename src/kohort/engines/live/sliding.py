"""The inner loops over rows in the order of time: what they add to cells, and when they take it back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places
from kohort.engines.live.compiled import compiled
from kohort.engines.live.layout import FOREVER

Numbers = NDArray[np.int64]
NO_ROW = 2**63 - 1


@compiled
def count(  # noqa: PLR0917 - one loop over plain arrays, so that it compiles to one
    person: int,
    event: int,
    span: int,
    bits: int,
    values: Numbers,
    row: int,
    sign: int,
    ranges: Places,
    cells: Numbers,
    comparisons: Numbers,
    blocks: Places,
    pool: Numbers,
    moment: int,
    cause: int,
    flips: Numbers,
    found: int,
) -> int:
    """Add a row to its person's cells of a span, or with the sign -1 take it back; put what flips into `flips`.

    `ranges[event, span]` and the next are the bounds of its cells, of which each is a row of `cells`: its place in the
    person's block, its stream, its column (-1: it counts rows), and the bounds of its comparisons. A comparison is a row
    of `comparisons`: low, high, negated, number. Returns how many flips there are then.
    """
    start = blocks[person, event]
    for cell in range(ranges[event, span], ranges[event, span + 1]):
        if (bits >> np.uint64(cells[cell, 1])) & np.uint64(1) == 0:
            continue
        column = cells[cell, 2]
        change = sign if column < 0 else sign * values[row, column]
        if change == 0:
            continue
        place = start + cells[cell, 0]
        before = pool[place]
        after = before + change
        pool[place] = after
        for one in range(cells[cell, 3], cells[cell, 4]):
            low, high = comparisons[one, 0], comparisons[one, 1]
            inside = low <= after <= high
            if inside != (low <= before <= high):
                flips[0, found], flips[1, found] = moment, person
                flips[2, found], flips[3, found] = comparisons[one, 3], inside != (comparisons[one, 2] == 1)
                flips[4, found] = cause
                found += 1
    return found


@compiled
def allot(people: Places, events: Places, sizes: Places, blocks: Places, used: int) -> int:
    """Give each person who does an event for the first time a block of cells; return how much of the pool is used."""
    for row in range(len(people)):
        if blocks[people[row], events[row]] < 0:
            blocks[people[row], events[row]] = used
            used += sizes[events[row]]
    return used


@compiled
def fill(  # noqa: PLR0917 - as above
    people: Places,
    events: Places,
    bits: NDArray[np.uint64],
    values: Numbers,
    ranges: Places,
    cells: Numbers,
    comparisons: Numbers,
    blocks: Places,
    pool: Numbers,
    first: Numbers,
    last: Numbers,
    moment: int,
    flips: Numbers,
) -> int:
    """Add to the cells of each span the rows from `first[span]` to before `last[span]`, all at one moment.

    `flips` has room for what all of them flip. Returns how many flips there are.
    """
    found = 0
    for span in range(len(first)):
        for row in range(first[span], last[span]):
            event = events[row]
            if ranges[event, span] < ranges[event, span + 1]:
                found = count(
                    people[row], event, span, bits[row], values, row, 1, ranges, cells, comparisons, blocks, pool,
                    moment, 1, flips, found,
                )  # fmt: skip
    return found


@compiled
def slide(  # noqa: PLR0917 - as above
    logs: Any,
    heads: Numbers,
    tails: Numbers,
    enters: Moments,
    leaves: Moments,
    now: int,
    ranges: Places,
    cells: Numbers,
    comparisons: Numbers,
    blocks: Places,
    pool: Numbers,
    flips: Numbers,
    most: int,
) -> tuple[int, bool]:
    """Let rows enter and leave every span up to `now`, in the order of time; put what flips into `flips`.

    `logs` are rows in the order of time: people, events, bits, values, moments of those that came in order, then of
    those that came late. `heads` and `tails`, shape (logs, spans), are the next rows to enter and to leave, and are moved on.
    A row flips at most `most`. Returns how many flips there are, and whether there was room for all.
    """
    found = 0
    for span in range(len(enters)):
        enter, leave = enters[span], leaves[span]
        while True:
            moment, log, leaving = NO_ROW, 0, False
            for one in range(2):
                ts = logs[one][4]
                head, tail = heads[one, span], tails[one, span]
                if head < len(ts) and ts[head] + enter < moment:
                    moment, log, leaving = ts[head] + enter, one, False
                if leave != FOREVER and tail < head and ts[tail] + leave <= moment:
                    moment, log, leaving = ts[tail] + leave, one, True
            if moment > now:
                break
            if found + most > flips.shape[1]:
                return found, False
            people, events, bits, values, _ = logs[log]
            if leaving:
                row = tails[log, span]
                tails[log, span] += 1
            else:
                row = heads[log, span]
                heads[log, span] += 1
            event = events[row]
            if ranges[event, span] < ranges[event, span + 1]:
                found = count(
                    people[row], event, span, bits[row], values, row, -1 if leaving else 1, ranges, cells, comparisons,
                    blocks, pool, moment, 1 if enter == 0 and not leaving else 0, flips, found,
                )  # fmt: skip
    return found, True


@compiled
def read_cells(blocks: Places, event: int, offset: int, pool: Numbers, values: Numbers) -> None:
    """Put everybody's value of a cell into `values`."""
    for person in range(len(values)):
        start = blocks[person, event]
        values[person] = 0 if start < 0 else pool[start + offset]
