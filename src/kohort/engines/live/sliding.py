"""The inner loops over rows in the order of time: what they add to cells, and when they take it back."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places
from kohort.engines.live.compiled import compiled
from kohort.engines.live.layout import FOREVER

Numbers = NDArray[np.int64]
Kinds = NDArray[np.int16]
NO_ROW = 2**63 - 1


class Lines(NamedTuple):
    """A table of rows as the loops read it; see `kohort.engines.live.table.Table`."""

    people: Places
    events: Kinds
    bits: NDArray[np.uint64]
    values: Numbers
    ts: Moments
    starts: Places


class Counters(NamedTuple):
    """Cells by event and span, their comparisons, and everybody's values; see `count`.

    `ranges[event, span]` and the next are the bounds of an event's cells of a span, which are rows of `cells`.
    """

    ranges: Places
    cells: Numbers
    comparisons: Numbers
    pool: Numbers


# What the loops call is handed arrays one by one: a tuple of arrays would be counted as used at every access.


@compiled
def count(  # noqa: PLR0917 - see above
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
    """Add a row to the cells from `first` to before `last`, or with the sign -1 take it back; put flips into `flips`.

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
def allot(people: Places, events: Kinds, sizes: Places, blocks: Places, starts: Places, used: int) -> int:
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
def fill(lines: Lines, first: Numbers, last: Numbers, its: Counters, moment: int, flips: Numbers) -> int:
    """Add to the cells of each span the rows from `first[span]` to before `last[span]`, all at one moment.

    `flips` has room for what all rows flip. Returns how many flips there are.
    """
    found = 0
    people, events, bits, values, _, starts = lines
    ranges, cells, comparisons, pool = its
    for span in range(len(first)):
        for row in range(first[span], last[span]):
            low, high = ranges[events[row], span], ranges[events[row], span + 1]
            found = count(
                people[row], starts[row], low, high, bits[row], values, row, 1, cells, comparisons, pool, moment, 1,
                flips, found,
            )  # fmt: skip
    return found


@compiled
def next_of(ts: Moments, head: int, tail: int, enter: int, leave: int) -> int:
    """Return when the next row enters or leaves, `NO_ROW` if none does."""
    moment = NO_ROW
    if head < len(ts):
        moment = ts[head] + enter
    if leave != FOREVER and tail < head:
        moment = min(moment, ts[tail] + leave)
    return moment


@compiled
def touch(  # noqa: PLR0917 - see above
    events: Kinds,
    ts: Moments,
    starts: Places,
    first: int,
    until: int,
    span: int,
    ranges: Places,
    cells: Numbers,
    pool: Numbers,
) -> int:
    """Read the cells of a span that rows up to a moment will change, so that the cache has them.

    These reads do not wait for one another, as those of the loop that decides on each do: most of its time otherwise.
    What is returned is without meaning: it keeps a compiler from leaving them out.
    """  # fmt: skip
    seen = 0
    for row in range(first, len(ts)):
        if ts[row] > until:
            break
        low = ranges[events[row], span]
        if low < ranges[events[row], span + 1]:
            seen += pool[starts[row] + cells[low, 0]]
    return seen


@compiled
def run(  # noqa: PLR0917 - see above
    people: Places,
    events: Kinds,
    bits: NDArray[np.uint64],
    values: Numbers,
    ts: Moments,
    starts: Places,
    heads: Numbers,
    tails: Numbers,
    span: int,
    enter: int,
    leave: int,
    until: int,
    ranges: Places,
    cells: Numbers,
    comparisons: Numbers,
    pool: Numbers,
    flips: Numbers,
    found: int,
    most: int,
) -> int:
    """Let rows of one log enter and leave a span up to a moment, as long as there is room for flips.

    `heads[span]` and `tails[span]` are the next rows to enter and to leave, and are moved on; of one moment those that
    leave come first. Returns how many flips there are then.
    """  # fmt: skip
    head, tail = heads[span], tails[span]
    while found + most <= flips.shape[1]:
        row, moment, sign = head, NO_ROW, 1
        if head < len(ts):
            moment = ts[head] + enter
        if leave != FOREVER and tail < head and ts[tail] + leave <= moment:
            row, moment, sign = tail, ts[tail] + leave, -1
        if moment > until:
            break
        if sign < 0:
            tail += 1
        else:
            head += 1
        low, high = ranges[events[row], span], ranges[events[row], span + 1]
        if low < high:
            cause = 1 if enter == 0 and sign > 0 else 0
            found = count(
                people[row], starts[row], low, high, bits[row], values, row, sign, cells, comparisons, pool, moment,
                cause, flips, found,
            )  # fmt: skip
    heads[span], tails[span] = head, tail
    return found


@compiled
def slide(  # noqa: PLR0917 - see above
    lines: Lines,
    late: Lines,
    heads: Numbers,
    tails: Numbers,
    enters: Moments,
    leaves: Moments,
    now: int,
    its: Counters,
    flips: Numbers,
    most: int,
) -> tuple[int, bool, int]:
    """Let rows enter and leave every span up to `now`, in the order of time; put what flips into `flips`.

    Both logs, of rows that came in order and of rows that came late, stand in the order of time. `heads` and `tails`,
    shape (2, spans), are their next rows to enter and to leave, and are moved on. A row flips at most `most`. Returns
    how many flips there are, whether there was room for all, and what `touch` does.
    """  # fmt: skip
    people, events, bits, values, ts, starts = lines
    late_people, late_events, late_bits, late_values, late_ts, late_starts = late
    ranges, cells, comparisons, pool = its
    found, seen = 0, 0
    for span in range(len(enters)):
        enter, leave = enters[span], leaves[span]
        seen += touch(events, ts, starts, heads[0, span], now - enter, span, ranges, cells, pool)
        if leave != FOREVER:
            seen += touch(events, ts, starts, tails[0, span], now - leave, span, ranges, cells, pool)
        while True:
            other = next_of(late_ts, heads[1, span], tails[1, span], enter, leave)
            found = run(
                people, events, bits, values, ts, starts, heads[0], tails[0], span, enter, leave, min(other, now),
                ranges, cells, comparisons, pool, flips, found, most,
            )  # fmt: skip
            if found + most > flips.shape[1]:
                return found, False, seen
            if other > now:
                break
            found = run(
                late_people, late_events, late_bits, late_values, late_ts, late_starts, heads[1], tails[1], span,
                enter, leave, other, ranges, cells, comparisons, pool, flips, found, most,
            )  # fmt: skip
    return found, True, seen


@compiled
def read_cells(blocks: Places, event: int, offset: int, pool: Numbers, values: Numbers) -> None:
    """Put everybody's value of a cell into `values`."""
    for person in range(len(values)):
        start = blocks[person, event]
        values[person] = 0 if start < 0 else pool[start + offset]
