"""Time passes: rows enter and leave, conditions flip, and rules are decided, all in one loop in the order of time."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places
from kohort.engines.live import flips as flipping
from kohort.engines.live.compiled import compiled, inlined
from kohort.engines.live.loops import arrange, fetch, resolve
from kohort.engines.live.sliding import Counters, Kinds, Lines, Numbers, after, count, look_in, look_out

HEAD, OTHER, FLIPS, FOUND, SEEN = 0, 1, 2, 3, 4
"""The places of what `pass_time` has done; `SEEN` is a number without meaning that what is read ahead goes into."""

_Arrays = tuple[Any, ...]


class Lags(NamedTuple):
    """What happens to rows some time after their moments: how much later, to which span, added (1) or taken back (-1).

    `next[log, lag]` is the next row of each log, of those that came in order and of those that came late. Of spans,
    the first `entered` are entered at once.
    """

    lengths: Moments
    spans: Places
    signs: Numbers
    next: Numbers
    entered: int


class Room(NamedTuple):
    """Room for rows that are due, their moments, and flips."""

    rows: Places
    moments: Moments
    flips: flipping.Lines


@inlined
def due(ts: Moments, log: int, until: int, lags: Lags, stops: Numbers) -> int:
    """Put into `stops` how far rows of a log are due up to a moment; return how many are."""
    found = 0
    for lag in range(len(lags.lengths)):
        first = lags.next[log, lag]
        stops[log, lag] = after(ts, first, len(ts), until - lags.lengths[lag])
        found += stops[log, lag] - first
    return found


@inlined
def foresee(
    lines: Lines, late: Lines, stops: Numbers, lags: Lags, its: Counters, rows: Places, moments: Moments, at: Numbers
) -> int:
    """Note rows that are due, up to `stops`, and their moments, for each lag those of either log, which begin at `at`.

    `lags.next` moves on. Returns a number without meaning.
    """
    size, seen = 0, 0
    _, events, _, _, ts, starts = lines
    _, late_events, _, _, late_ts, late_starts = late
    lengths, spans, _, following, _ = lags
    ranges, cells, _, _, pool = its
    for lag in range(len(lengths)):
        at[0, lag] = size
        size, read = look_out(
            events, ts, starts, following[0, lag], stops[0, lag], lengths[lag], spans[lag], ranges, cells, pool,
            rows, moments, size,
        )  # fmt: skip
        at[1, lag] = size
        size, more = look_out(
            late_events, late_ts, late_starts, following[1, lag], stops[1, lag], lengths[lag], spans[lag], ranges,
            cells, pool, rows, moments, size,
        )  # fmt: skip
        seen += read + more
        following[0, lag], following[1, lag] = stops[0, lag], stops[1, lag]
    return seen


@inlined
def pass_lags(  # noqa: PLR0917 - plain arrays: a tuple of arrays would be counted as used at every access
    moment: int,
    at: Numbers,
    rows: Places,
    moments: Moments,
    spans: Places,
    signs: Numbers,
    people: Places,
    events: Kinds,
    bits: NDArray[np.uint64],
    values: Numbers,
    starts: Places,
    late_people: Places,
    late_events: Kinds,
    late_bits: NDArray[np.uint64],
    late_values: Numbers,
    late_starts: Places,
    ranges: Places,
    cells: Places,
    bounds: Numbers,
    asks: Places,
    pool: Numbers,
    flips: flipping.Lines,
    found: int,
) -> int:
    """Let happen to the rows that were foreseen what is due up to a moment; return how many flips there are then."""
    for lag in range(len(spans)):
        span, sign = spans[lag], signs[lag]
        while True:
            first, other = moments[at[0, lag]], moments[at[1, lag]]
            if min(first, other) > moment:
                break
            if first <= other:
                row = rows[at[0, lag]]
                at[0, lag] += 1
                low, high = ranges[events[row], span], ranges[events[row], span + 1]
                found = count(
                    people[row], starts[row], low, high, bits[row], values, row, sign, cells, bounds, asks, pool,
                    first, 0, flips, found,
                )  # fmt: skip
            else:
                row = rows[at[1, lag]]
                at[1, lag] += 1
                event = late_events[row]
                found = count(
                    late_people[row], late_starts[row], ranges[event, span], ranges[event, span + 1], late_bits[row],
                    late_values, row, sign, cells, bounds, asks, pool, other, 0, flips, found,
                )  # fmt: skip
    return found


@inlined
def take_turn(
    counted: _Arrays, others: flipping.Lines, stop: int, until: int, room: _Arrays, stops: Numbers, done: Numbers
) -> int:
    """Let rows up to `stop` enter, and what is due up to a moment happen; return how many flips there are."""
    lines, late, lags, its = Lines(*counted[0]), Lines(*counted[1]), Lags(*counted[2]), Counters(*counted[3])
    people, events, bits, values, ts, starts = lines
    late_people, late_events, late_bits, late_values, _, late_starts = late
    _, spans, signs, _, entered = lags
    ranges, cells, bounds, asks, pool = its
    rows, moments, flips = room
    at = np.zeros(stops.shape, np.int64)
    done[SEEN] += foresee(lines, late, stops, lags, its, rows, moments, at)
    done[SEEN] += look_in(events, starts, done[HEAD], stop, ranges, pool)
    size, head, other = 0, done[HEAD], done[OTHER]
    while True:
        moment, begin = ts[head] if head < stop else until, size
        size = pass_lags(
            moment, at, rows, moments, spans, signs, people, events, bits, values, starts,
            late_people, late_events, late_bits, late_values, late_starts,
            ranges, cells, bounds, asks, pool, flips, size,
        )  # fmt: skip
        while head < stop and ts[head] == moment:
            event = events[head]
            size = count(
                people[head], starts[head], ranges[event, 0], ranges[event, entered], bits[head], values, head, 1,
                cells, bounds, asks, pool, moment, 1, flips, size,
            )  # fmt: skip
            head += 1
        while other < len(others) and others[other, 0] <= moment:
            for column in range(3):
                flips[size, column] = others[other, column]
            size, other = size + 1, other + 1
        arrange(flips, begin, size)
        if moment == until:
            done[HEAD], done[OTHER] = head, other
            return size


@compiled
def pass_time(
    counted: _Arrays,
    others: flipping.Lines,
    now: int,
    most: tuple[int, int, int],
    known: _Arrays,
    room: _Arrays,
    changes: _Arrays,
    done: Numbers,
) -> tuple[int, int, int]:
    """Let rows enter, and happen to all rows what is due up to `now`; take flips of `others`, which are in order.

    `counted` are `Lines` of rows that came in order and of those that came late, `Lags` and `Counters`. `done` says how
    far that has come: rows that have entered, `others` taken, flips to be resolved, changes found. What changes goes
    into the columns of `changes`, in the order of moments, people and rules. A row flips at most `most[0]` conditions
    when it happens, and `most[1]` later; about `most[2]` rows enter in one turn. Returns how much room is missing, of
    rows, flips and changes: with that the caller has to go on; none of any if all is done.
    """
    ts, late, flips = counted[0][4], counted[1][4], room[2]
    conditions, members, code, first_dependent, dependents, starts, marks = known
    whose, rules, since, enters, causes = changes
    stops = np.zeros((2, len(counted[2][0])), np.int64)
    while True:
        if done[FLIPS] == 0:
            stop = min(done[HEAD] + most[2], len(ts))
            while 0 < stop < len(ts) and ts[stop] == ts[stop - 1]:
                stop += 1
            until = now if stop == len(ts) else ts[stop - 1]
            later = due(ts, 0, until, Lags(*counted[2]), stops) + due(late, 1, until, Lags(*counted[2]), stops)
            flipped = (stop - done[HEAD]) * most[0] + later * most[1] + len(others) - done[OTHER]
            if later + stops.size > len(room[0]) or flipped > len(flips):
                return later + stops.size, flipped, 0
            done[FLIPS] = take_turn(counted, others, stop, until, room, stops, done)
        changed, seen = fetch(flips, done[FLIPS], first_dependent, conditions, members)
        done[SEEN] += seen
        if done[FOUND] + changed > len(whose):
            return 0, 0, done[FOUND] + changed
        done[FOUND] = resolve(
            flips, done[FLIPS], conditions, members, code, first_dependent, dependents, starts, marks,
            whose, rules, since, enters, causes, done[FOUND],
        )  # fmt: skip
        done[FLIPS] = 0
        if done[HEAD] == len(ts):
            return 0, 0, 0
