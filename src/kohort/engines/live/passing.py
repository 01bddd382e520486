"""Time passes: rows enter and leave, conditions flip, and rules are decided, all in one loop in the order of time."""

from typing import Any, NamedTuple

import numpy as np

from kohort.engines.columns import Moments
from kohort.engines.live import flips as flipping
from kohort.engines.live.compiled import compiled, inlined
from kohort.engines.live.loops import arrange, fetch, resolve
from kohort.engines.live.sliding import MOMENT, ROW, Indices, Numbers, after, count, look_ahead
from kohort.engines.live.table import EVENT, WHO

HEAD, OTHER, FLIPS, FOUND, SEEN = 0, 1, 2, 3, 4
"""The places of what `pass_time` has done; `SEEN` is a number without meaning that what is read ahead goes into."""

_Arrays = tuple[Any, ...]


class Lags(NamedTuple):
    """What happens to rows some time after their moments: how much later, to which span, added (1) or taken back (-1).

    `next[log, lag]` is the next row of each log, of those that came in order and of those that came late. Of spans,
    the first `entered` are entered at once.
    """

    lengths: Moments
    spans: Indices
    signs: Numbers
    next: Numbers
    entered: int


class Asked(NamedTuple):
    """Visits of rows of the first log to be done besides, by lags and in the order of time: from `next` to `ends`."""

    visits: Numbers
    next: Numbers
    ends: Numbers


class Room(NamedTuple):
    """Room for visits, for where those of each log and lag are, the next moment of each, and for flips."""

    visits: Numbers
    at: Numbers
    next: Numbers
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


@compiled
def count_due(ts: Moments, lags: _Arrays, until: int) -> int:
    """Return how much happens up to a moment to rows of the first log."""
    return due(ts, 0, until, Lags(*lags), np.zeros((2, len(lags[0])), np.int64))


@inlined
def foresee(  # noqa: PLR0917 - plain arrays, as in `sliding`
    log: int,
    table: _Arrays,
    lags: Lags,
    stops: Numbers,
    its: _Arrays,
    visits: Numbers,
    at: Numbers,
    soon: Numbers,
    size: int,
    asked: Asked,
    until: int,
) -> tuple[int, int]:
    """Note the visits of a log up to `stops`, those of each lag from `at` on, and in `soon` the first moment of these.

    Of the first log, those `asked` for `until` a moment stand before. `lags.next` moves on. Returns the next place of
    visits, and a number without meaning.
    """
    ts, rows = table
    ranges, cells, _, pool = its
    number, seen = len(lags.lengths), 0
    for lag in range(number):
        at[log * number + lag] = size
        spans = lags.spans[lag], lags.spans[lag] + np.uint32(1)
        first, stop, length = lags.next[log, lag], stops[log, lag], lags.lengths[lag]
        begin = size
        while log == 0 and asked.next[lag] < asked.ends[lag] and asked.visits[asked.next[lag], MOMENT] <= until:
            visits[size, MOMENT] = asked.visits[asked.next[lag], MOMENT]
            visits[size, ROW] = asked.visits[asked.next[lag], ROW]
            asked.next[lag] += 1
            size += 1
        size, read = look_ahead(ts, rows, first, stop, length, spans, ranges, cells, pool, visits, size)
        soon[log * number + lag] = visits[begin, MOMENT]
        seen += read
        lags.next[log, lag] = stop
    return size, seen


@inlined
def come_due(  # noqa: PLR0917 - plain arrays, as in `sliding`
    log: int,
    moment: int,
    rows: Numbers,
    visits: Numbers,
    at: Numbers,
    soon: Numbers,
    spans: Indices,
    signs: Numbers,
    its: _Arrays,
    flips: flipping.Lines,
    size: int,
) -> int:
    """Let the visits of a log with these rows come that are due by a moment; return how many flips there are then."""
    ranges, cells, comparisons, pool = its
    for lag in range(len(signs)):
        run = log * len(signs) + lag
        while soon[run] <= moment:
            row, due_at = visits[at[run], ROW], visits[at[run], MOMENT]
            event, span = np.uint32(rows[row, WHO] >> EVENT), spans[lag]
            low, high = ranges[event, span], ranges[event, span + np.uint32(1)]
            size = count(rows, row, due_at, low, high, signs[lag], 0, cells, comparisons, pool, flips, size)
            at[run] += 1
            soon[run] = visits[at[run], MOMENT]
    return size


@inlined
def take_turn(
    counted: _Arrays, others: flipping.Lines, stop: int, until: int, room: _Arrays, stops: Numbers, done: Numbers
) -> int:
    """Let rows up to `stop` enter, and what is due up to a moment happen; return how many flips there are."""
    now, late, lags, its, asked = counted[0], counted[1], Lags(*counted[2]), counted[3], Asked(*counted[4])
    visits, at, soon, flips = room
    ranges, cells, comparisons, pool = its
    lag_spans, signs, is_late = lags.spans, lags.signs, len(late[0]) > 0
    first, seen = foresee(0, now, lags, stops, its, visits, at, soon, 0, asked, until)
    if is_late:
        first, more = foresee(1, late, lags, stops, its, visits, at, soon, first, asked, until)
        seen += more
    spans = np.uint32(0), np.uint32(lags.entered)
    _, more = look_ahead(now[0], now[1], done[HEAD], stop, 0, spans, ranges, cells, pool, visits, first)
    done[SEEN] += seen + more
    size, head, other = 0, first, done[OTHER]
    while True:
        moment, begin = min(visits[head, MOMENT], until), size
        size = come_due(0, moment, now[1], visits, at, soon, lag_spans, signs, its, flips, size)
        if is_late:
            size = come_due(1, moment, late[1], visits, at, soon, lag_spans, signs, its, flips, size)
        while visits[head, MOMENT] == moment:
            row = visits[head, ROW]
            event = np.uint32(now[1][row, WHO] >> EVENT)
            low, high = ranges[event, spans[0]], ranges[event, spans[1]]
            size = count(now[1], row, moment, low, high, 1, 1, cells, comparisons, pool, flips, size)
            head += 1
        while other < len(others) and others[other, 0] <= moment:
            for column in range(3):
                flips[size, column] = others[other, column]
            size, other = size + 1, other + 1
        arrange(flips, begin, size)
        if moment == until:
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
            visited, flipped = later + enter + stops.size + 1, enter * most[0] + later * most[1] + len(others)
            if visited > len(room[0]) or flipped > len(flips):
                return visited, flipped, 0
            done[FLIPS] = take_turn(counted, others, stop, until, room, stops, done)
        changed, seen = fetch(flips, done[FLIPS], first_dependent, conditions, members)
        done[SEEN] += seen
        if done[FOUND] + changed > len(whose):
            return 0, 0, done[FOUND] + changed
        done[FOUND] = resolve(
            flips, done[FLIPS], conditions, members, code, first_dependent, dependents, starts,
            whose, rules, since, enters, causes, done[FOUND],
        )  # fmt: skip
        done[FLIPS] = 0
        if done[HEAD] == len(ts):
            return 0, 0, 0
