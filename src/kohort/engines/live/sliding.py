"""The inner loops over rows in the order of time: what they add to cells, and when they take it back."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, Moments, Places
from kohort.engines.live import flips as flipping
from kohort.engines.live.compiled import compiled, inlined

Numbers = NDArray[np.int64]
Kinds = NDArray[np.int16]
NO_ROW = 2**63 - 1
_LINE = 8

OFFSET, STREAM, COLUMN, FIRST, LAST = 0, 1, 2, 3, 4
"""The columns of what is known of a cell."""


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
    cells: Places
    bounds: Numbers
    asks: Places
    pool: Numbers


# What Python calls is handed plain tuples, of which numba needs to know no class: that takes longer than many a loop.
# What the loops call is handed arrays one by one: a tuple of arrays would be counted as used at every access.


@inlined
def count(  # noqa: PLR0917 - see above
    person: int,
    start: int,
    first: int,
    last: int,
    bits: int,
    values: Numbers,
    row: int,
    sign: int,
    cells: Places,
    bounds: Numbers,
    asks: Places,
    pool: Numbers,
    moment: int,
    cause: int,
    flips: flipping.Lines,
    found: int,
) -> int:
    """Add a row to the cells from `first` to before `last`, or with the sign -1 take it back; put flips into `flips`.

    Each cell is a row of `cells`: its place in the person's block, which begins at `start`, its stream, its column (-1:
    it counts rows), and the bounds of its comparisons. A comparison is a row of `bounds`, from which value to which it
    holds, and of `asks`: eight times its number, and whether it is negated. Returns how many flips there are then.
    """
    for cell in range(first, last):
        if (bits >> np.uint64(cells[cell, STREAM])) & np.uint64(1) == 0:
            continue
        change = sign
        if cells[cell, COLUMN] >= 0:
            value = values[row, cells[cell, COLUMN]]
            change = 0 if value == MISSING else sign * value
        place = start + cells[cell, OFFSET]
        before = pool[place]
        after = before + change
        pool[place] = after
        for one in range(cells[cell, FIRST], cells[cell, LAST]):
            inside = (bounds[one, 0] <= after) & (after <= bounds[one, 1])
            if inside != ((bounds[one, 0] <= before) & (before <= bounds[one, 1])):
                flips[found, 0], flips[found, 1] = moment, person
                flips[found, 2] = (asks[one] ^ (1 if inside else 0)) + 2 * cause
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
def fill(
    lines: tuple[Any, ...],
    first: Numbers,
    last: Numbers,
    its: tuple[Any, ...],
    moment: int,
    flips: flipping.Lines,
) -> int:
    """Add to the cells of each span the rows from `first[span]` to before `last[span]`, all at one moment.

    `flips` has room for what all rows flip. Returns how many flips there are.
    """
    found = 0
    people, events, bits, values, _, starts = lines
    ranges, cells, bounds, asks, pool = its
    for span in range(len(first)):
        for row in range(first[span], last[span]):
            low, high = ranges[events[row], span], ranges[events[row], span + 1]
            found = count(
                people[row], starts[row], low, high, bits[row], values, row, 1, cells, bounds, asks, pool, moment, 1,
                flips, found,
            )  # fmt: skip
    return found


@inlined
def after(ts: Moments, first: int, last: int, moment: int) -> int:
    """Return the first row, of those from `first` to before `last`, that is later than a moment; it is near."""
    step = 1
    while first + step <= last and ts[first + step - 1] <= moment:
        first += step
        step *= 2
    while step > 0:
        if first + step <= last and ts[first + step - 1] <= moment:
            first += step
        step //= 2
    return first


@inlined
def look_out(  # noqa: PLR0917 - see above
    lines_events: Kinds,
    ts: Moments,
    starts: Places,
    first: int,
    last: int,
    lag: int,
    span: int,
    ranges: Places,
    cells: Places,
    pool: Numbers,
    rows: Places,
    moments: Moments,
    size: int,
) -> tuple[int, int]:
    """Note the rows from `first` to before `last` that change cells of a span, and when: `lag` after their own moments.

    They are put into `rows` and `moments` from place `size` on, and after them a moment that never comes. The cells are
    read, so that the cache has them: these reads do not wait for one another, as those of the loop that decides on each
    do, most of its time otherwise. Returns the next place, and a number without meaning, that keeps a compiler from
    leaving out the reads.
    """
    begin, seen = size, 0
    for row in range(first, last):
        event = lines_events[row]
        rows[size], moments[size] = row, ts[row] + lag
        size += 1 if ranges[event, span] < ranges[event, span + 1] else 0
    moments[size] = NO_ROW
    for place in range(begin, size):
        row = rows[place]
        seen += pool[starts[row] + cells[ranges[lines_events[row], span], OFFSET]]
    return size + 1, seen


@inlined
def look_in(events: Kinds, starts: Places, first: int, last: int, ranges: Places, pool: Numbers) -> int:
    """Read the cells of rows that enter, as `look_out` does; return a number without meaning."""
    seen = 0
    for row in range(first, last):
        size = ranges[events[row], -1] - ranges[events[row], 0]
        for place in range(starts[row], starts[row] + size, _LINE):
            seen += pool[place]
    return seen


@compiled
def read_cells(blocks: Places, event: int, offset: int, pool: Numbers, values: Numbers) -> None:
    """Put everybody's value of a cell into `values`."""
    for person in range(len(values)):
        start = blocks[person, event]
        values[person] = 0 if start < 0 else pool[start + offset]
