"""The kernels compiled by numba; `kohort.engines.kernel.numpy_kernels` says what each does.

They are compiled for this machine when first used, a few seconds once, and kept in the user's cache folder. They
release the interpreter's lock while they run.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, NO_CODE, Moments, Places, Values
from kohort.engines.kernel import numpy_kernels
from kohort.engines.kernel.steps import Steps
from kohort.engines.plan import Bits

Chosen = NDArray[np.bool_] | None

# Set before anything is compiled: by default numba writes beside the source, which an installation may not allow.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kohort" / "kernels"
vars(numba.config).update(CACHE_DIR=os.environ.get("NUMBA_CACHE_DIR") or str(_CACHE))
_WORD = 64
_DONE, _ABSENT, _NEVER = 0, 1, 2
_FOREVER = 2**62
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    return cast("_Function", numba.njit(nogil=True, cache=True)(function))


def add_counts(people: Places, chosen: Chosen, counts: NDArray[Any]) -> None:
    """See `numpy_kernels.add_counts`."""
    if chosen is None:
        _count(people, counts)
    else:
        _count_chosen(people, chosen, counts)


def add_totals(people: Places, values: Values, chosen: Chosen, totals: Moments) -> None:
    """See `numpy_kernels.add_totals`."""
    if chosen is None:
        _total(people, values, totals)
    else:
        _total_chosen(people, values, chosen, totals)


def take_greatest(people: Places, values: Values, chosen: Chosen, greatest: Moments) -> None:
    """See `numpy_kernels.take_greatest`."""
    _greatest(people, values if chosen is None else np.where(chosen, values, MISSING), greatest)


def take_first(people: Places, chosen: Chosen, start: int, rows: Places) -> None:
    """See `numpy_kernels.take_first`."""
    _first(people, _all(people) if chosen is None else chosen, start, rows)


def take_last(people: Places, chosen: Chosen, start: int, rows: Places) -> None:
    """See `numpy_kernels.take_last`."""
    _last(people, _all(people) if chosen is None else chosen, start, rows)


def within(values: Values, low: int, high: int) -> Bits:
    """See `numpy_kernels.within`."""
    least, greatest = numpy_kernels.RANGES[values.dtype.itemsize]
    if len(values) % _WORD or low > greatest or high < least or low > high:
        return numpy_kernels.within(values, low, high)
    words = np.empty(len(values) // _WORD, np.uint64)
    kind = values.dtype.type
    if high >= greatest:
        _at_least(values, kind(max(low, least)), words)
    else:
        _between(values, kind(max(low, least)), kind(high), words)
    return words.view(np.uint8)


def did_steps(steps: Steps, at: int, size: int) -> NDArray[np.bool_]:
    """See `numpy_kernels.did_steps`: here by one pass over all steps' rows in the order of time."""
    role, place, longest = np.full(len(steps.streams), _DONE), *np.zeros((2, len(steps.streams)), np.int64)
    within = np.full(len(steps.later) + 1, _FOREVER)
    absent = [(stream, gap) for gap, step in enumerate(steps.later, start=1) for stream in step.absent]
    for gap, step in enumerate(steps.later, start=1):
        place[step.stream] = gap
        within[gap] = _FOREVER if step.within is None else step.within
    for number, (stream, _) in enumerate(absent):
        role[stream], place[stream] = _ABSENT, number
    for never in steps.never:
        role[never.stream], longest[never.stream] = _NEVER, never.within
    return _did(
        np.concatenate([one.people for one in steps.streams]),
        np.concatenate([one.ts for one in steps.streams]),
        np.cumsum([0, *(len(one.ts) for one in steps.streams)]),
        role,
        place,
        longest,
        within,
        np.array([gap for _, gap in absent], np.int64),
        _FOREVER if steps.limit is None else steps.limit,
        at,
        size,
    )


def _all(people: Places) -> NDArray[np.bool_]:
    return np.ones(len(people), np.bool_)


@_compiled
def _count(people: Places, counts: NDArray[Any]) -> None:
    for row in range(len(people)):
        counts[people[row]] += 1


@_compiled
def _count_chosen(people: Places, chosen: NDArray[np.bool_], counts: NDArray[Any]) -> None:
    for row in range(len(people)):
        counts[people[row]] += chosen[row]


@_compiled
def _total(people: Places, values: Values, totals: Moments) -> None:
    for row in range(len(people)):
        if values[row] != MISSING:
            totals[people[row]] += values[row]


@_compiled
def _total_chosen(people: Places, values: Values, chosen: NDArray[np.bool_], totals: Moments) -> None:
    for row in range(len(people)):
        if chosen[row] and values[row] != MISSING:
            totals[people[row]] += values[row]


@_compiled
def _greatest(people: Places, values: Values, greatest: Moments) -> None:
    for row in range(len(people)):
        greatest[people[row]] = max(greatest[people[row]], values[row])


@_compiled
def _first(people: Places, chosen: NDArray[np.bool_], start: int, rows: Places) -> None:
    for row in range(len(people) - 1, -1, -1):
        if chosen[row]:
            rows[people[row]] = start + row


@_compiled
def _last(people: Places, chosen: NDArray[np.bool_], start: int, rows: Places) -> None:
    for row in range(len(people) - 1, -1, -1):
        if chosen[row] and rows[people[row]] == NO_CODE:
            rows[people[row]] = start + row


@_compiled
def _at_least(values: Values, low: int, words: NDArray[np.uint64]) -> None:
    for word in range(len(words)):
        bits = np.uint64(0)
        for place in range(_WORD):
            bits |= np.uint64(values[word * _WORD + place] >= low) << np.uint64(place)
        words[word] = bits


@_compiled
def _between(values: Values, low: int, high: int, words: NDArray[np.uint64]) -> None:
    for word in range(len(words)):
        bits = np.uint64(0)
        for place in range(_WORD):
            value = values[word * _WORD + place]
            bits |= np.uint64((value >= low) & (value <= high)) << np.uint64(place)
        words[word] = bits


@_compiled
def _earliest(ts: Moments, next_row: Moments, offsets: Moments) -> int:
    """Return the stream whose next row is the earliest, of equal ones the last; -1 if all have been read."""
    stream = -1
    for one in range(len(next_row)):
        if next_row[one] < offsets[one + 1] and (stream < 0 or ts[next_row[one]] <= ts[next_row[stream]]):
            stream = one
    return stream


@_compiled
def _is_undone(seen: Moments, gaps: Moments, step: int, before: int) -> bool:
    """Return whether one of the absent rows of a step's gap was seen after the step before it ended."""
    undone = False
    for one in range(len(gaps)):
        undone = undone or (gaps[one] == step and seen[one] > before)
    return undone


@_compiled
def _did(  # noqa: PLR0917 - one loop, written out so that it compiles to one
    people: Places,
    ts: Moments,
    offsets: Moments,
    role: Moments,
    place: Moments,
    longest: Moments,
    within: Moments,
    gaps: Moments,
    limit: int,
    at: int,
    size: int,
) -> NDArray[np.bool_]:
    """Read the rows of all streams in the order of time, of one moment those of the last stream first.

    So whatever a row looks back at is strictly before it. `ends` and `begins` hold the latest end of each step but the
    last, and its beginning; `seen` the latest row of each absent stream; `pending` the earliest end of the last step
    that nothing has undone: what undoes it undoes every later one up to then as well.
    """
    last = len(within) - 1
    ends, begins = np.full((size, last), MISSING), np.full((size, last), MISSING)
    seen, pending = np.full((size, len(gaps)), MISSING), np.full(size, MISSING)
    next_row = offsets[:-1].copy()
    stream = _earliest(ts, next_row, offsets)
    while stream >= 0:
        row = next_row[stream]
        next_row[stream] += 1
        person, moment, step = people[row], ts[row], place[stream]
        if role[stream] == _NEVER:
            if pending[person] != MISSING and moment - pending[person] <= longest[stream]:
                pending[person] = MISSING
        elif role[stream] == _ABSENT:
            seen[person, step] = moment
        else:
            begin, reached = moment, True
            if step > 0:
                before, begin = ends[person, step - 1], begins[person, step - 1]
                reached = before != MISSING and moment - before <= within[step] and moment - begin <= limit
                reached = reached and not _is_undone(seen[person], gaps, step, before)
            if reached and step < last:
                ends[person, step], begins[person, step] = moment, begin
            elif reached and pending[person] == MISSING:
                pending[person] = moment
        stream = _earliest(ts, next_row, offsets)
    done = np.zeros(size, np.bool_)
    for person in range(size):
        done[person] = pending[person] != MISSING and pending[person] <= at - longest.max()
    return done
