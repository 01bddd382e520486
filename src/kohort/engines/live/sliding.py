"""The inner loops over rows in the order of time: what they add to cells, and when they take it back."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, Moments, Places
from kohort.engines.live import flips as flipping
from kohort.engines.live.compiled import Whole, ask_for, compiled, inlined
from kohort.engines.live.table import BITS, EVENT, PEOPLE, START, VALUE, WHO

Numbers = NDArray[np.int64]
Indices = NDArray[np.uint32]
"""Places that are never negative, which a loop need not look for from the end."""

_LINE: Final = 8
_AHEAD: Final = 16

OFFSET, STREAM, COLUMN, FIRST, LAST, EDGES = 0, 1, 2, 3, 4, 5
"""The columns of what is known of a cell."""

_LAST_EDGE: Final = 63

MOMENT, RUN, ROW = 0, 1, 2
"""The columns of what is known of a visit: that a row is added to cells, or taken back, when its moment comes."""


class Counters(NamedTuple):
    """Cells by event and span, their comparisons, and everybody's values; see `count`.

    `ranges[event, span]` and the next are the bounds of an event's cells of a span, which are rows of `cells`.
    """

    ranges: Indices
    cells: Numbers
    comparisons: Numbers
    pool: Numbers


# What Python calls is handed plain tuples, of which numba needs to know no class: that takes longer than many a loop.
# What the loops call is handed arrays one by one: a tuple of arrays would be counted as used at every access.
# Places are told to be np.uint32 where they cannot be negative: numba then asks at no access whether they are.


@inlined
def count(  # noqa: PLR0917 - see above
    rows: Numbers,
    row: int,
    moment: int,
    low: Whole,
    high: Whole,
    sign: int,
    cause: int,
    cells: Numbers,
    comparisons: Numbers,
    pool: Numbers,
    flips: flipping.Lines,
    found: int,
) -> int:
    """Add a row to the cells from `low` to before `high`, or with the sign -1 take it back; put flips into `flips`.

    Each cell is a row of `cells`: its place in the person's block, its stream, its column (-1: it counts rows), the
    bounds of its comparisons, and its `edges`. A comparison is a row of `comparisons`: from which value to which it
    holds, and eight times its number, and whether it is negated. Returns how many flips there are then.
    """
    start, bits = rows[row, START], rows[row, BITS]
    for one in range(low, high):
        cell = np.uint32(one)
        if (bits >> cells[cell, STREAM]) & 1 == 0:
            continue
        place, column = np.uint32(start + cells[cell, OFFSET]), cells[cell, COLUMN]
        before = pool[place]
        if column < 0:
            after = before + sign
            pool[place] = after
            if (cells[cell, EDGES] >> min(max(before, after), _LAST_EDGE)) & 1 == 0:
                continue
        else:
            value = rows[row, np.uint32(VALUE + column)]
            after = before if value == MISSING else before + sign * value
            pool[place] = after
        for another in range(cells[cell, FIRST], cells[cell, LAST]):
            comparison = np.uint32(another)
            least, most = comparisons[comparison, 0], comparisons[comparison, 1]
            inside, was = (least <= after) & (after <= most), (least <= before) & (before <= most)
            # No branch, which no processor foresees: what is not a flip is written over.
            flips[found, 0], flips[found, 1] = moment, rows[row, WHO] & PEOPLE
            flips[found, 2] = (comparisons[comparison, 2] ^ (1 if inside else 0)) + 2 * cause
            found += 1 if inside != was else 0
    return found


def edges(comparisons: Numbers) -> int:
    """Return at which counts, as bits, one row more or less may change what holds; what is great shares the last.

    A bit is set if the greater of the counts before and after it is an edge of a comparison.

    >>> f"{edges(np.array([[2, 2**63 - 1, 0], [0, 4, 8]])) & 255:b}"
    '100101'
    """
    found = 1 << _LAST_EDGE
    for low, high in comparisons[:, :2].tolist():
        for edge in (low, high + 1):
            found |= 1 << min(edge, _LAST_EDGE) if edge >= 0 else 0
    return found - 2**64


@compiled
def allot(rows: Numbers, sizes: Places, blocks: Places, used: int) -> int:
    """Put into rows where their cells begin, of a person's first row of an event a new block.

    Returns how much of the pool is used then.
    """
    for row in range(len(rows)):
        if row + _AHEAD < len(rows):
            who = rows[row + _AHEAD, WHO]
            ask_for(blocks, who & PEOPLE, blocks.itemsize * (who >> EVENT))
        who = rows[row, WHO]
        person, event = np.uint32(who & PEOPLE), np.uint32(who >> EVENT)
        start = blocks[person, event]
        if start < 0:
            start = used
            blocks[person, event] = used
            used += sizes[event]
        rows[row, START] = start
    return used


@compiled
def fill(rows: Numbers, first: Numbers, last: Numbers, its: tuple[Any, ...], moment: int, flips: flipping.Lines) -> int:
    """Add to the cells of each span the rows from `first[span]` to before `last[span]`, all at one moment.

    `flips` has room for what all rows flip. Returns how many flips there are.
    """
    found = 0
    ranges, cells, comparisons, pool = its
    for span in range(len(first)):
        for row in range(first[span], last[span]):
            event = np.uint32(rows[row, WHO] >> EVENT)
            low, high = ranges[event, span], ranges[event, span + 1]
            found = count(rows, row, moment, low, high, 1, 1, cells, comparisons, pool, flips, found)
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


@compiled
def look_ahead(  # noqa: PLR0917 - see above
    ts: Moments,
    rows: Numbers,
    first: int,
    last: int,
    lag: int,
    run: int,
    spans: tuple[Whole, Whole],
    ranges: Indices,
    cells: Numbers,
    pool: Numbers,
    visits: Numbers,
    size: int,
) -> int:
    """Note visits of the rows from `first` to before `last` that change cells of spans, `lag` after their own moments.

    They are put into `visits` from place `size` on, as of a run. The cells are asked for, so that the cache has them
    when they are counted. Returns the next place.
    """
    begin = size
    for row in range(first, last):
        event = np.uint32(rows[row, WHO] >> EVENT)
        low, high = ranges[event, spans[0]], ranges[event, spans[1]]
        # No branch, which no processor foresees: what is not a visit is written over.
        visits[size, MOMENT], visits[size, RUN], visits[size, ROW] = ts[row] + lag, run, row
        size += 1 if low < high else 0
    for visit in range(begin, size):
        row = visits[visit, ROW]
        event, start = np.uint32(rows[row, WHO] >> EVENT), rows[row, START]
        low, high = ranges[event, spans[0]], ranges[event, spans[1]]
        for place in range(start + cells[low, OFFSET], start + cells[high - 1, OFFSET] + 1, _LINE):
            ask_for(pool, place, 0)
    return size


@compiled
def read_cells(blocks: Places, event: int, offset: int, pool: Numbers, values: Numbers) -> None:
    """Put everybody's value of a cell into `values`."""
    for person in range(len(values)):
        start = blocks[person, event]
        values[person] = 0 if start < 0 else pool[start + offset]
