"""The inner loops over sequences: what a row makes of everybody's steps so far, and the deadlines that pass."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, Moments, Places
from kohort.engines.live.compiled import Whole, ask_for, compiled, inlined
from kohort.engines.live.layout import FOREVER
from kohort.engines.live.sliding import Indices, Numbers
from kohort.engines.live.table import BITS, EVENT, PEOPLE, WHO

DONE, ABSENT, NEVER = 0, 1, 2
"""What a row is to a sequence: a step, what must not stand between two steps, what must not follow the last."""

STEPS, WITHINS, LIMIT, WINDOW, WAIT, NUMBER, ABSENTS, SIZE = 0, 1, 2, 3, 4, 5, 6, 7
"""The columns of what is known of a sequence; `WITHINS` and `ABSENTS` are first rows of tables of their own."""

_PER_STEP = 4
_A_TURN = 128
"""So many rows are read ahead: what they ask for fits into the nearest caches."""


class Known(NamedTuple):
    """What sequences ask, and whose deadlines are to come.

    `uses[first_use[event]:first_use[event + 1]]` say what an event is to sequences, the last steps of each first:
    sequence, stream, role, and which step, absence, or none. `facts` has the columns above; `withins` are the longest
    times before each step, `gaps` the steps that absences stand before. `apart[sequence, person]`: is not kept here;
    `any_apart[sequence]`: that is so of anybody. `pending[sequence]` are ways that wait, in the order of time: person,
    end and begin, and `queue[sequence]` the first and the end of them. `leaves` are rows of moment at which a way
    ceases to count, person and sequence; how many there are stands at the end of `queue`.
    """

    first_use: Indices
    uses: Indices
    facts: Numbers
    withins: Numbers
    gaps: Numbers
    apart: NDArray[np.bool_]
    any_apart: NDArray[np.bool_]
    pending: Numbers
    queue: Numbers
    leaves: Numbers


@inlined
def start_of(person: Whole, chain: Whole, size: int, blocks: Places, pool: Numbers, used: Numbers) -> int:
    """Return where a person's state of a sequence begins, which is made if it is not there."""
    if blocks[person, chain] < 0:
        blocks[person, chain] = used[0]
        pool[used[0] : used[0] + size] = MISSING
        used[0] += size
    return int(blocks[person, chain])


@inlined
def is_apart(chain: Whole, person: Whole, apart: NDArray[np.bool_], any_apart: NDArray[np.bool_]) -> bool:
    """Return whether a person's sequence is not kept here; who it is is looked up only where there is anybody."""
    return bool(any_apart[chain] and apart[chain, person])


@inlined
def emit(flips: Numbers, found: int, moment: int, person: Whole, number: int, holds: int, cause: int) -> int:
    """Put one flip into `flips` and return how many there are then."""
    flips[found, 0], flips[found, 1], flips[found, 2] = moment, person, 8 * number + 2 * cause + holds
    return found + 1


@inlined
def begin_to_hold(  # noqa: PLR0917 - plain numbers, so that it compiles
    person: Whole,
    chain: Whole,
    at: int,
    begin: int,
    cause: int,
    start: int,
    facts: Numbers,
    queue: Numbers,
    leaves: Numbers,
    pool: Numbers,
    flips: Numbers,
    found: int,
) -> int:
    """Let a way to do a sequence, which began at `begin`, count from `at` on; put what flips into `flips`.

    Whoever is inside until later than `at` stays inside; whoever left meanwhile, unseen, left then. When the way ceases
    to count is noted, if its window ends at all. Returns how many flips there are then.
    """  # fmt: skip
    place = start + facts[chain, SIZE] - 1
    leave, until, number = begin + facts[chain, WINDOW], pool[place], facts[chain, NUMBER]
    if leave <= at:
        return found
    if until < at:
        if until != MISSING:
            found = emit(flips, found, until, person, number, 0, 0)
        found = emit(flips, found, at, person, number, 1, cause)
    pool[place] = max(until, leave)
    if facts[chain, WINDOW] != FOREVER:
        noted = queue[-1, 0]
        leaves[noted, 0], leaves[noted, 1], leaves[noted, 2] = leave, person, chain
        queue[-1, 0] += 1
    return found


@inlined
def pass_deadlines(  # noqa: PLR0917 - as above
    chain: Whole,
    before: int,
    facts: Numbers,
    apart: NDArray[np.bool_],
    any_apart: NDArray[np.bool_],
    pending: Numbers,
    queue: Numbers,
    leaves: Numbers,
    blocks: Places,
    pool: Numbers,
    flips: Numbers,
    found: int,
) -> int:
    """Let the ways of a sequence whose time to be undone ends before `before` count, unless they were undone."""
    wait, size = facts[chain, WAIT], facts[chain, SIZE]
    first, last = queue[chain, 0], queue[chain, 1]
    while first < last and pending[chain, first, 1] + wait < before:
        person, end, begin = pending[chain, first, 0], pending[chain, first, 1], pending[chain, first, 2]
        first += 1
        start = blocks[person, chain]
        if is_apart(chain, person, apart, any_apart) or pool[start + size - 2] > end:
            continue
        found = begin_to_hold(
            person, chain, end + wait, begin, 0, start, facts, queue, leaves, pool, flips, found
        )  # fmt: skip
    queue[chain, 0] = first
    return found


@inlined
def pass_all(  # noqa: PLR0917 - as above
    before: int,
    facts: Numbers,
    apart: NDArray[np.bool_],
    any_apart: NDArray[np.bool_],
    pending: Numbers,
    queue: Numbers,
    leaves: Numbers,
    blocks: Places,
    pool: Numbers,
    flips: Numbers,
    found: int,
) -> int:
    """Do as `pass_deadlines`, for all sequences."""
    for chain in range(len(facts)):
        found = pass_deadlines(
            chain, before, facts, apart, any_apart, pending, queue, leaves, blocks, pool, flips, found
        )
    return found


@inlined
def latest_before(pool: Numbers, place: int, moment: int, step: int) -> int:
    """Return where, from `place` or `step` further on, the latest moment strictly before another stands."""
    return place if pool[place] < moment else place + step


@inlined
def goes_on(  # noqa: PLR0917 - as above
    pool: Numbers,
    start: int,
    came: int,
    gap: Whole,
    moment: int,
    chain: Whole,
    facts: Numbers,
    withins: Numbers,
    gaps: Numbers,
) -> bool:
    """Return whether the way that ended at `pool[came]` goes on at `moment` across a gap between two steps."""
    end = pool[came]
    if end == MISSING or moment - end > withins[facts[chain, WITHINS] + gap]:
        return False
    if moment - pool[came + 1] > facts[chain, LIMIT]:
        return False
    absents = start + _PER_STEP * (facts[chain, STEPS] - 1)
    number = (facts[chain, SIZE] - 2 - _PER_STEP * (facts[chain, STEPS] - 1)) // 2
    for one in range(number):
        place = absents + 2 * one
        if gaps[facts[chain, ABSENTS] + one] == gap and pool[latest_before(pool, place, moment, 1)] > end:
            return False
    return True


@inlined
def note_end(pool: Numbers, place: int, moment: int, begin: int) -> None:
    """Note the latest end of a step, and the begin of its way; what was the latest is the one before."""
    if pool[place] != moment:
        pool[place + 2], pool[place + 3] = pool[place], pool[place + 1]
        pool[place], pool[place + 1] = moment, begin


@inlined
def note_absent(pool: Numbers, place: int, moment: int) -> None:
    """Note the latest row of an absence; what was the latest is the one before."""
    if pool[place] != moment:
        pool[place + 1], pool[place] = pool[place], moment


@inlined
def may_go_on(pool: Numbers, start: int, which: int, moment: int) -> bool:
    """Return whether a step is the first, or a way has come to the one before it: `step_on` says if it goes on."""
    return bool(which == 0 or pool[latest_before(pool, start + _PER_STEP * (which - 1), moment, 2)] != MISSING)


@inlined
def is_over(chain: int, before: int, pending: Numbers, queue: Numbers) -> bool:
    """Return whether the time of the first way of a sequence that waits, if any, began before a moment."""
    return bool(queue[chain, 0] < queue[chain, 1] and pending[chain, queue[chain, 0], 1] < before)


@inlined
def step_on(  # noqa: PLR0917 - as above
    person: Whole,
    moment: int,
    chain: Whole,
    which: Whole,
    start: int,
    facts: Numbers,
    withins: Numbers,
    gaps: Numbers,
    pending: Numbers,
    queue: Numbers,
    leaves: Numbers,
    pool: Numbers,
    flips: Numbers,
    found: int,
) -> int:
    """Let a person do a step of a sequence, if a way goes on with it; return how many flips there are then."""
    begin = moment
    if which > 0:
        came = latest_before(pool, start + _PER_STEP * (which - 1), moment, 2)
        if not goes_on(pool, start, came, which, moment, chain, facts, withins, gaps):
            return found
        begin = pool[came + 1]
    if which < facts[chain, STEPS] - 1:
        note_end(pool, start + _PER_STEP * which, moment, begin)
        return found
    if facts[chain, WAIT] > 0:
        last = queue[chain, 1]
        pending[chain, last, 0], pending[chain, last, 1], pending[chain, last, 2] = person, moment, begin
        queue[chain, 1] += 1
        return found
    return begin_to_hold(person, chain, moment, begin, 1, start, facts, queue, leaves, pool, flips, found)


@inlined
def look_up(
    rows: Numbers, first: int, last: int, first_use: Indices, uses: Indices, blocks: Places, pool: Numbers
) -> None:
    """Ask for the states that rows from `first` to before `last` change, and where those of the next so many begin."""
    for row in range(first, last):
        who = rows[row, WHO]
        person, event = np.uint32(who & PEOPLE), np.uint32(who >> EVENT)
        for use in range(first_use[event], first_use[event + 1]):
            ask_for(pool, blocks[person, uses[np.uint32(use), 0]], 0)
    for row in range(last, min(2 * last - first, len(rows))):
        ask_for(blocks, rows[row, WHO] & PEOPLE, 0)


@inlined
def look_up_pending(now: int, facts: Numbers, pending: Numbers, queue: Numbers, blocks: Places, pool: Numbers) -> None:
    """Do as `look_up`, of the ways whose time to be undone ends by `now`."""
    for chain in range(len(facts)):
        last, place = facts[chain, SIZE] - 1, queue[chain, 0]
        while place < queue[chain, 1] and pending[chain, place, 1] + facts[chain, WAIT] <= now:
            ask_for(pool, blocks[pending[chain, place, 0], chain] + last, 0)
            place += 1


@compiled
def advance(
    ts: Moments,
    rows: Numbers,
    now: int,
    known: tuple[Any, ...],
    blocks: Places,
    pool: Numbers,
    used: Numbers,
    flips: Numbers,
) -> int:
    """Read rows in the order of time, each later than all before this call, and the deadlines up to `now`.

    A person's state of a sequence is: for each step but the last the latest end, its begin, the latest end before it,
    its begin; for each absence the latest row and the one before; the latest row that undoes; until when the sequence
    holds. Returns how many flips there are.
    """
    found = 0
    # Arrays, not the tuple of them, are handed on: a call copies all of a tuple, and each access counts one as used.
    first_use, uses, facts, withins, gaps, apart, any_apart, pending, queue, leaves = known
    look_up_pending(now, facts, pending, queue, blocks, pool)
    for row in range(len(rows)):
        if row % _A_TURN == 0:
            look_up(rows, row, min(row + _A_TURN, len(rows)), first_use, uses, blocks, pool)
        moment, who, bits = ts[row], rows[row, WHO], rows[row, BITS]
        person, event = np.uint32(who & PEOPLE), np.uint32(who >> EVENT)
        for one in range(first_use[event], first_use[event + 1]):
            use = np.uint32(one)
            chain, role, which = uses[use, 0], uses[use, 2], uses[use, 3]
            if (bits >> uses[use, 1]) & 1 == 0 or is_apart(chain, person, apart, any_apart):
                continue
            size, wait = facts[chain, SIZE], facts[chain, WAIT]
            start = start_of(person, chain, size, blocks, pool, used)
            if role != ABSENT and is_over(chain, moment - wait, pending, queue):
                found = pass_deadlines(
                    chain, moment, facts, apart, any_apart, pending, queue, leaves, blocks, pool, flips, found
                )
            if role == NEVER:
                pool[start + size - 2] = moment
            elif role == ABSENT:
                note_absent(pool, start + _PER_STEP * (facts[chain, STEPS] - 1) + 2 * which, moment)
            elif which == 0 and facts[chain, STEPS] > 1:
                note_end(pool, start, moment, moment)
            elif may_go_on(pool, start, which, moment):
                found = step_on(
                    person, moment, chain, which, start,
                    facts, withins, gaps, pending, queue, leaves, pool, flips, found,
                )  # fmt: skip
    return pass_all(now + 1, facts, apart, any_apart, pending, queue, leaves, blocks, pool, flips, found)


@compiled
def leave_windows(
    leaving: Numbers, known: tuple[Any, ...], blocks: Places, pool: Numbers, flips: Numbers, found: int
) -> int:
    """Let sequences end to hold when their first steps leave, unless others hold longer.

    `leaving` are rows as those of `its.leaves`, in the order of time. Returns how many flips there are then.
    """
    _, _, facts, _, _, apart, any_apart, _, _, _ = known
    for row in range(len(leaving)):
        moment, person, chain = leaving[row, 0], leaving[row, 1], leaving[row, 2]
        place = blocks[person, chain] + facts[chain, SIZE] - 1
        if not is_apart(chain, person, apart, any_apart) and pool[place] == moment:
            pool[place] = MISSING
            found = emit(flips, found, moment, person, facts[chain, NUMBER], 0, 0)
    return found
