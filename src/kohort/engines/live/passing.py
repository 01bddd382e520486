"""Time passes: rows enter and leave, conditions flip, and rules are decided, all in one loop in the order of time."""

from typing import Any, NamedTuple

import numpy as np

from kohort.engines.columns import Moments
from kohort.engines.live import flips as flipping
from kohort.engines.live.compiled import compiled, inlined
from kohort.engines.live.loops import (
    FEW,
    Sets,
    are_in_order,
    arrange_many,
    arrange_moments,
    ask_for_person,
    insert,
    most_changes,
    resolve,
)
from kohort.engines.live.sliding import MOMENT, ROW, RUN, Indices, Numbers, after, count, look_ahead
from kohort.engines.live.table import EVENT, WHO

HEAD, OTHER, FLIPS, FOUND, DONE = 0, 1, 2, 3, 4
"""The places of what `pass_time` has done, and how many there are."""

_Arrays = tuple[Any, ...]


class Lags(NamedTuple):
    """What happens to rows some time after their moments, `lengths` later, in runs of visits.

    The runs are, lag by lag, those of rows that came in order, then those of rows that came late, and last that of the
    rows that enter. `spans[run]` are from which span to before which cells are changed, `signs[run]` whether rows are
    added (1) or taken back (-1). `next[log, lag]` is the next row of each log.
    """

    lengths: Moments
    spans: Indices
    signs: Numbers
    next: Numbers


class Asked(NamedTuple):
    """Visits of rows of the first log to be done besides, in the order of time, and the next one of them."""

    visits: Numbers
    next: Numbers


class Room(NamedTuple):
    """Room for visits, for them in the order of time, for how many each stretch of it has, and for flips."""

    visits: Numbers
    ordered: Numbers
    counts: Numbers
    flips: flipping.Lines


@inlined
def due(ts: Moments, log: int, until: int, lags: Lags, stops: Numbers) -> int:
    """Put into `stops` how far rows of a log are due up to a moment; return how many are."""
    found = 0
    lengths, _, _, next_row = lags
    for lag in range(len(lengths)):
        first = next_row[log, lag]
        stops[log, lag] = after(ts, first, len(ts), until - lengths[lag])
        found += stops[log, lag] - first
    return found


@compiled
def count_due(ts: Moments, lags: _Arrays, until: int) -> int:
    """Return how much happens up to a moment to rows of the first log."""
    return due(ts, 0, until, Lags(*lags), np.zeros((2, len(lags[0])), np.int64))


@inlined
def foresee(
    log: int,
    table: _Arrays,
    lags: Lags,
    stops: Numbers,
    its: _Arrays,
    visits: Numbers,
    size: int,
) -> int:
    """Note the visits of a log up to `stops`, one run after another; `lags.next` moves on.

    Returns the next place of visits.
    """
    ts, rows = table
    ranges, cells, _, pool = its
    lengths, spans, _, next_row = lags
    for lag in range(len(lengths)):
        run = log * len(lengths) + lag
        first, stop, some = next_row[log, lag], stops[log, lag], (spans[run, 0], spans[run, 1])
        size = look_ahead(ts, rows, first, stop, lengths[lag], run, some, ranges, cells, pool, visits, size)
        next_row[log, lag] = stop
    return size


@inlined
def put_in_time(visits: Numbers, size: int, until: int, counts: Numbers, ordered: Numbers) -> None:
    """Put visits up to a moment into the order of time, those of one moment into that of their runs.

    They are dealt out to as many stretches of the time as there are `counts`, and put in order there (Knuth, The Art of
    Computer Programming 3, 1998, 5.2, distribution counting).
    """
    first, shift = until, 0
    for visit in range(size):
        first = min(first, visits[visit, MOMENT])
    while (until - first) >> shift >= len(counts):
        shift += 1
    counts[:] = 0
    for visit in range(size):
        counts[(visits[visit, MOMENT] - first) >> shift] += 1
    end, most = 0, 0
    for stretch in range(len(counts)):
        number = counts[stretch]
        counts[stretch] = end
        end += number
        most = max(most, number)
    for visit in range(size):
        stretch = (visits[visit, MOMENT] - first) >> shift
        place = counts[stretch]
        counts[stretch] += 1
        for column in range(3):
            ordered[place, column] = visits[visit, column]
    if most > FEW and not are_in_order(ordered, size):
        arrange_many(ordered, 0, size)
    else:
        insert(ordered, 0, size)


@inlined
def come(  # noqa: PLR0917 - plain arrays, as in `sliding`
    rows: Numbers,
    moment: int,
    run: np.uint32,
    row: int,
    spans: Indices,
    signs: Numbers,
    ranges: Indices,
    cells: Numbers,
    comparisons: Numbers,
    pool: Numbers,
    conditions: Sets,
    members: Sets,
    flips: flipping.Lines,
    size: int,
) -> int:
    """Let a visit come; return how many flips there are then."""
    event, cause = np.uint32(rows[row, WHO] >> EVENT), 1 if run == len(signs) - 1 else 0
    low, high = ranges[event, spans[run, 0]], ranges[event, spans[run, 1]]
    found = count(rows, row, moment, low, high, signs[run], cause, cells, comparisons, pool, flips, size)
    if found > size:
        ask_for_person(conditions, members, flips[size, 1])
    return found


@inlined
def note_all(
    counted: _Arrays,
    rows: tuple[int, int],
    until: int,
    stops: Numbers,
    visits: Numbers,
    counts: Numbers,
    ordered: Numbers,
) -> int:
    """Note the visits of rows that are asked for or due by a moment, and of `rows` that enter, in the order of time.

    Returns how many there are.
    """
    now, late, lags, its, asked = counted[0], counted[1], Lags(*counted[2]), counted[3], Asked(*counted[4])
    ranges, cells, _, pool = its
    size = 0
    asked_for, next_asked = asked
    while next_asked[0] < len(asked_for) and asked_for[next_asked[0], MOMENT] <= until:
        for column in range(3):
            visits[size, column] = asked_for[next_asked[0], column]
        next_asked[0] += 1
        size += 1
    size = foresee(0, now, lags, stops, its, visits, size)
    if len(late[0]) > 0:
        size = foresee(1, late, lags, stops, its, visits, size)
    enter = len(lags.signs) - 1
    spans = lags.spans[enter, 0], lags.spans[enter, 1]
    size = look_ahead(now[0], now[1], rows[0], rows[1], 0, enter, spans, ranges, cells, pool, visits, size)
    put_in_time(visits, size, until, counts, ordered)
    return size


@inlined
def take_turn(  # noqa: PLR0917 - plain arrays, as in `sliding`
    counted: _Arrays,
    others: flipping.Lines,
    stop: int,
    until: int,
    conditions: Sets,
    members: Sets,
    room: _Arrays,
    stops: Numbers,
    done: Numbers,
) -> int:
    """Let rows up to `stop` enter, and what is due up to a moment happen; return how many flips there are, in order."""
    visits, ordered, counts, flips = room
    visited = note_all(counted, (done[HEAD], stop), until, stops, visits, counts, ordered)
    # Arrays, not the tuples of them, are handed on: each access to a tuple counts one as used, which takes long.
    rows, late_rows = counted[0][1], counted[1][1]
    lengths, spans, signs, _ = counted[2]
    ranges, cells, comparisons, pool = counted[3]
    first_late, enter = len(lengths), 2 * len(lengths)
    size, other = 0, done[OTHER]
    for visit in range(visited + 1):
        moment = ordered[visit, MOMENT] if visit < visited else until + 1
        while other < len(others) and others[other, 0] < moment:
            for column in range(3):
                flips[size, column] = others[other, column]
            ask_for_person(conditions, members, others[other, 1])
            size, other = size + 1, other + 1
        if visit == visited:
            break
        run, row = np.uint32(ordered[visit, RUN]), ordered[visit, ROW]
        if first_late <= run < enter:
            size = come(
                late_rows, moment, run, row, spans, signs, ranges, cells, comparisons, pool,
                conditions, members, flips, size,
            )  # fmt: skip
        else:
            size = come(
                rows, moment, run, row, spans, signs, ranges, cells, comparisons, pool,
                conditions, members, flips, size,
            )  # fmt: skip
    arrange_moments(flips, size)
    done[HEAD], done[OTHER] = stop, other
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

    `counted` are the moments and rows of those that came in order and of those that came late, `Lags`, `Counters` and
    `Asked`.
    `done` says how far that has come: rows that have entered, `others` taken, flips to be resolved, changes found. What
    changes goes into the columns of `changes`, in the order of moments, people and rules. A row flips at most `most[0]`
    conditions when it happens, and `most[1]` later; about `most[2]` rows enter in one turn. Returns how much room is
    missing, of visits, flips and changes: with that the caller has to go on; none of any if all is done.
    """
    ts, late, flips = counted[0][0], counted[1][0], room[3]
    conditions, members, code, first_dependent, dependents, starts = known
    whose, rules, since, enters, causes = changes
    stops = np.zeros((2, len(counted[2][0])), np.int64)
    while True:
        if done[FLIPS] == 0:
            stop = min(done[HEAD] + most[2], len(ts))
            while 0 < stop < len(ts) and ts[stop] == ts[stop - 1]:
                stop += 1
            until = now if stop == len(ts) else ts[stop - 1]
            later = due(ts, 0, until, Lags(*counted[2]), stops) + due(late, 1, until, Lags(*counted[2]), stops)
            later += len(counted[4][0])
            enter = stop - done[HEAD]
            visited, flipped = later + enter + 1, enter * most[0] + later * most[1] + len(others)
            if visited > len(room[0]) or flipped > len(flips):
                return visited, flipped, 0
            done[FLIPS] = take_turn(counted, others, stop, until, conditions, members, room, stops, done)
        changed = most_changes(flips, done[FLIPS], first_dependent)
        if done[FOUND] + changed > len(whose):
            return 0, 0, done[FOUND] + changed
        done[FOUND] = resolve(
            flips, done[FLIPS], conditions, members, code, first_dependent, dependents, starts,
            whose, rules, since, enters, causes, done[FOUND],
        )  # fmt: skip
        done[FLIPS] = 0
        if done[HEAD] == len(ts):
            return 0, 0, 0
