"""The inner loops over rows in the order of time: what they add to cells, and when they take it back."""

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places
from kohort.engines.live.compiled import compiled
from kohort.engines.live.layout import FOREVER

Numbers = NDArray[np.int64]
NO_ROW = 2**63 - 1


@compiled
def count(  # noqa: PLR0917 - plain numbers and arrays, so that it compiles
    person: int,
    start: int,
    first: int,
    last: int,
    bits: int,
    values: Numbers,
    row: int,
    sign: int,
    cells: Numbers,
    comparisons: Numbers,
    pool: Numbers,
    moment: int,
    cause: int,
    flips: Numbers,
    found: int,
) -> int:
    """Add a row to the cells from `first` to before `last`, or with the sign -1 take it back; put what flips into `flips`.

    Each cell is a row of `cells`: its place in the person's block, which begins at `start`, its stream, its column (-1:
    it counts rows), and the bounds of its comparisons. A comparison is a row of `comparisons`: low, high, negated,
    number. Returns how many flips there are then.
    """
    for cell in range(first, last):
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
def allot(people: Places, events: Numbers, sizes: Places, blocks: Places, starts: Places, used: int) -> int:
    """Put into `starts` where each row's cells begin, of a person's first row of an event a new block.

    Returns how much of the pool is used then.
    """
    for row in range(len(people)):
        start = blocks[people[row], events[row]]
        if start < 0:
            start = used
            blocks[people[row], events[row]] = used
            used += sizes[events[row]]
        starts[row] = start
    return used


@compiled
def fill(  # noqa: PLR0917 - as above
    people: Places,
    events: Numbers,
    bits: NDArray[np.uint64],
    values: Numbers,
    starts: Places,
    ranges: Places,
    cells: Numbers,
    comparisons: Numbers,
    pool: Numbers,
    first: Numbers,
    last: Numbers,
    moment: int,
    flips: Numbers,
) -> int:
    """Add to the cells of each span the rows from `first[span]` to before `last[span]`, all at one moment.

    `ranges[event, span]` and the next are the bounds of an event's cells. `flips` has room for what all rows flip.
    Returns how many flips there are.
    """
    found = 0
    for span in range(len(first)):
        for row in range(first[span], last[span]):
            low, high = ranges[events[row], span], ranges[events[row], span + 1]
            if low < high:
                found = count(
                    people[row], starts[row], low, high, bits[row], values, row, 1, cells, comparisons, pool,
                    moment, 1, flips, found,
                )  # fmt: skip
    return found


@compiled
def next_of(ts: Moments, head: int, tail: int, enter: int, leave: int) -> int:
    """Return when the next row enters or leaves, `NO_ROW` if none does; of one moment those that leave come first."""
    moment = NO_ROW
    if head < len(ts):
        moment = ts[head] + enter
    if leave != FOREVER and tail < head:
        moment = min(moment, ts[tail] + leave)
    return moment


@compiled
def slide(  # noqa: PLR0917 - as above
    people: Places,
    events: Numbers,
    bits: NDArray[np.uint64],
    values: Numbers,
    ts: Moments,
    starts: Places,
    late_people: Places,
    late_events: Numbers,
    late_bits: NDArray[np.uint64],
    late_values: Numbers,
    late_ts: Moments,
    late_starts: Places,
    heads: Numbers,
    tails: Numbers,
    enters: Moments,
    leaves: Moments,
    now: int,
    ranges: Places,
    cells: Numbers,
    comparisons: Numbers,
    pool: Numbers,
    flips: Numbers,
    most: int,
) -> tuple[int, bool]:
    """Let rows enter and leave every span up to `now`, in the order of time; put what flips into `flips`.

    Both logs, of rows that came in order and of rows that came late, stand in the order of time. `heads` and `tails`,
    shape (2, spans), are their next rows to enter and to leave, and are moved on. A row flips at most `most`. Returns how
    many flips there are, and whether there was room for all.
    """
    found = 0
    for span in range(len(enters)):
        enter, leave = enters[span], leaves[span]
        while True:
            log = 0
            moment = next_of(ts, heads[0, span], tails[0, span], enter, leave)
            if len(late_ts) > 0:
                other = next_of(late_ts, heads[1, span], tails[1, span], enter, leave)
                if other < moment:
                    log, moment = 1, other
            if moment > now:
                break
            if found + most > flips.shape[1]:
                return found, False
            head, tail = heads[log, span], tails[log, span]
            its = ts if log == 0 else late_ts
            leaving = leave != FOREVER and tail < head and its[tail] + leave == moment
            row = tail if leaving else head
            if leaving:
                tails[log, span] += 1
            else:
                heads[log, span] += 1
            sign, cause = -1 if leaving else 1, 1 if enter == 0 and not leaving else 0
            if log == 0:
                low, high = ranges[events[row], span], ranges[events[row], span + 1]
                if low < high:
                    found = count(
                        people[row], starts[row], low, high, bits[row], values, row, sign, cells, comparisons, pool,
                        moment, cause, flips, found,
                    )  # fmt: skip
            else:
                low, high = ranges[late_events[row], span], ranges[late_events[row], span + 1]
                if low < high:
                    found = count(
                        late_people[row], late_starts[row], low, high, late_bits[row], late_values, row, sign, cells,
                        comparisons, pool, moment, cause, flips, found,
                    )  # fmt: skip
    return found, True


@compiled
def read_cells(blocks: Places, event: int, offset: int, pool: Numbers, values: Numbers) -> None:
    """Put everybody's value of a cell into `values`."""
    for person in range(len(values)):
        start = blocks[person, event]
        values[person] = 0 if start < 0 else pool[start + offset]
