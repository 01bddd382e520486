"""The kernels compiled by numba; `kohort.engines.kernel.numpy_kernels` says what each does.

They are compiled for this machine when first used, a few seconds once, and kept in the user's cache folder. They
release the interpreter's lock while they run.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, NO_CODE, Moments, Places, Values
from kohort.engines.kernel import numpy_kernels
from kohort.engines.kernel.bounds import RANGES
from kohort.engines.kernel.steps import Steps

Chosen = NDArray[np.bool_] | None


def digest_of(engines: Path) -> str:
    """Return what tells apart all that loops in the folder `engines` are made of.

    numba compiles a loop anew where its own file has changed, but keeps it where only another has that is inlined into
    it, and fails where a class went away that it was handed.
    """
    content = hashlib.sha256()
    for path in sorted([engines / "columns.py", *engines.glob("kernel/*.py"), *engines.glob("live/*.py")]):
        content.update(path.read_bytes())
    return content.hexdigest()[:16]


# Set before anything is compiled: by default numba writes beside the source, which an installation may not allow.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kohort" / "loops"
_FOLDER = Path(os.environ.get("NUMBA_CACHE_DIR") or _CACHE) / digest_of(Path(__file__).parents[1])
vars(numba.config).update(CACHE_DIR=str(_FOLDER))
_WORD = 64
_DONE, _ABSENT, _NEVER = 0, 1, 2
_FOREVER = 2**62
_NO_MORE = 2**63 - 1
_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function, *, inline: bool = False) -> _Function:
    """Return `function` compiled for the types it is called with, or `inline` into its callers; kept in a cache.

    What is inlined must make no arrays: it does not count who uses those that it is given, as its callers hold them.
    That would take a fifth of the time of the loops that call it at every step.
    """
    options: Any = {"nogil": True, "cache": True, "forceinline": inline, "_nrt": not inline}
    return cast("_Function", numba.njit(**options)(function))


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


def put(people: Places, values: Values, into: Moments) -> None:
    """See `numpy_kernels.put`."""
    _put(people, values, into)


def take_first(people: Places, chosen: Chosen, start: int, rows: Places) -> None:
    """See `numpy_kernels.take_first`."""
    _first(people, _all(people) if chosen is None else chosen, start, rows)


def take_last(people: Places, chosen: Chosen, start: int, rows: Places) -> None:
    """See `numpy_kernels.take_last`."""
    if chosen is None:
        _last(people, start, rows)
    else:
        _last_chosen(people, chosen, start, rows)


def within(values: Values, bounds: Values) -> NDArray[np.uint8]:
    """See `numpy_kernels.within`."""
    if len(values) % _WORD:
        return numpy_kernels.within(values, bounds)
    words = np.empty((len(bounds), len(values) // _WORD), np.uint64)
    _within(values, bounds, bounds.dtype.type(RANGES[bounds.dtype.itemsize][1]), words)
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
        np.array([one.ts[0] if len(one.ts) else _NO_MORE for one in steps.streams], np.int64),
        longest,
        within,
        np.array([gap for _, gap in absent], np.int64),
        _FOREVER if steps.limit is None else steps.limit,
        at,
        size,
    )


def _all(people: Places) -> NDArray[np.bool_]:
    return np.ones(len(people), np.bool_)


@compiled
def _count(people: Places, counts: NDArray[Any]) -> None:
    for row in range(len(people)):
        counts[people[row]] += 1


@compiled
def _count_chosen(people: Places, chosen: NDArray[np.bool_], counts: NDArray[Any]) -> None:
    for row in range(len(people)):
        counts[people[row]] += chosen[row]


@compiled
def _total(people: Places, values: Values, totals: Moments) -> None:
    for row in range(len(people)):
        if values[row] != MISSING:
            totals[people[row]] += values[row]


@compiled
def _total_chosen(people: Places, values: Values, chosen: NDArray[np.bool_], totals: Moments) -> None:
    for row in range(len(people)):
        if chosen[row] and values[row] != MISSING:
            totals[people[row]] += values[row]


@compiled
def _greatest(people: Places, values: Values, greatest: Moments) -> None:
    for row in range(len(people)):
        greatest[people[row]] = max(greatest[people[row]], values[row])


@compiled
def _put(people: Places, values: Values, into: Moments) -> None:
    for row in range(len(people)):
        into[people[row]] = values[row]


@compiled
def _first(people: Places, chosen: NDArray[np.bool_], start: int, rows: Places) -> None:
    for row in range(len(people) - 1, -1, -1):
        if chosen[row]:
            rows[people[row]] = start + row


@compiled
def _last(people: Places, start: int, rows: Places) -> None:
    for row in range(len(people) - 1, -1, -1):
        if rows[people[row]] == NO_CODE:
            rows[people[row]] = start + row


@compiled
def _last_chosen(people: Places, chosen: NDArray[np.bool_], start: int, rows: Places) -> None:
    for row in range(len(people) - 1, -1, -1):
        if chosen[row] and rows[people[row]] == NO_CODE:
            rows[people[row]] = start + row


@compiled
def _within(values: Values, bounds: Values, greatest: int, words: NDArray[np.uint64]) -> None:
    for pair in range(len(bounds)):
        low, high = bounds[pair, 0], bounds[pair, 1]
        for word in range(words.shape[1]):
            bits = np.uint64(0)
            first = word * _WORD
            # Two loops, since one comparison is half the work of two and most thresholds have no upper end.
            if high == greatest:
                for place in range(_WORD):
                    bits |= np.uint64(values[first + place] >= low) << np.uint64(place)
            else:
                for place in range(_WORD):
                    value = values[first + place]
                    bits |= np.uint64((value >= low) & (value <= high)) << np.uint64(place)
            words[pair, word] = bits


@compiled
def _is_undone(state: Moments, gaps: Moments, first: int, step: int, before: int) -> bool:
    """Return whether an absent row of a step's gap was seen, in the columns from `first` on, after `before`."""
    undone = False
    for one in range(len(gaps)):
        undone = undone or (gaps[one] == step and state[first + one] > before)
    return undone


@compiled
def _did(  # noqa: C901, PLR0917 - one loop, written out so that it compiles to one
    people: Places,
    ts: Moments,
    offsets: Moments,
    role: Moments,
    place: Moments,
    heads: Moments,
    longest: Moments,
    within: Moments,
    gaps: Moments,
    limit: int,
    at: int,
    size: int,
) -> NDArray[np.bool_]:
    """Read the rows of all streams in the order of time, of one moment those of the last stream first.

    So whatever a row looks back at is strictly before it. A person's state stands in one row: the latest end of each
    step but the last; the earliest end of the last step that nothing has undone, since what undoes it undoes every
    later one up to then as well; the latest row of each absent stream; and under a limit each end's beginning. `heads`
    are the moments of the streams' next rows.
    """
    pending = len(within) - 1
    seen, begins = pending + 1, pending + 1 + len(gaps)
    limited = limit != _FOREVER
    state = np.full((size, begins + (pending if limited else 0)), MISSING)
    rows = offsets[:-1].copy()
    while True:
        stream, moment = 0, heads[0]
        for one in range(1, len(heads)):
            if heads[one] <= moment:
                stream, moment = one, heads[one]
        if moment == _NO_MORE:
            break
        person, step = state[people[rows[stream]]], place[stream]
        rows[stream] += 1
        heads[stream] = ts[rows[stream]] if rows[stream] < offsets[stream + 1] else _NO_MORE
        if role[stream] == _NEVER:
            if person[pending] != MISSING and moment - person[pending] <= longest[stream]:
                person[pending] = MISSING
        elif role[stream] == _ABSENT:
            person[seen + step] = moment
        else:
            reached, begin = step == 0, moment
            if step > 0 and person[step - 1] != MISSING and moment - person[step - 1] <= within[step]:
                begin = person[begins + step - 1] if limited else moment
                reached = moment - begin <= limit and not _is_undone(person, gaps, seen, step, person[step - 1])
            if reached and (step < pending or person[pending] == MISSING):
                person[step] = moment
                if limited and step < pending:
                    person[begins + step] = begin
    done = np.zeros(size, np.bool_)
    for one in range(size):
        done[one] = state[one, pending] != MISSING and state[one, pending] <= at - longest.max()
    return done
