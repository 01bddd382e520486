"""The inner loops over sequences: what a row makes of everybody's steps so far, and the deadlines that pass."""

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import MISSING, Places
from kohort.engines.live.compiled import compiled
from kohort.engines.live.layout import FOREVER
from kohort.engines.live.sliding import Numbers

DONE, ABSENT, NEVER = 0, 1, 2
"""What a row is to a sequence: a step, what must not stand between two steps, what must not follow the last."""

STEPS, WITHINS, LIMIT, WINDOW, WAIT, NUMBER, ABSENTS, SIZE = 0, 1, 2, 3, 4, 5, 6, 7
"""The columns of what is known of a sequence; `WITHINS` and `ABSENTS` are first rows of tables of their own."""

_PER_STEP = 4


@compiled
def start_of(person: int, chain: int, size: int, blocks: Places, pool: Numbers, used: Numbers) -> int:
    """Return where a person's state of a sequence begins, which is made if it is not there."""
    if blocks[person, chain] < 0:
        blocks[person, chain] = used[0]
        pool[used[0] : used[0] + size] = MISSING
        used[0] += size
    return blocks[person, chain]


@compiled
def emit(flips: Numbers, found: int, moment: int, person: int, number: int, holds: int, cause: int) -> int:
    """Put one flip into `flips` and return how many there are then."""
    flips[0, found], flips[1, found], flips[2, found] = moment, person, number
    flips[3, found], flips[4, found] = holds, cause
    return found + 1


@compiled
def open_way(  # noqa: PLR0917 - plain numbers, so that it compiles
    pool: Numbers, leaving: int, at: int, leave: int, person: int, number: int, cause: int, flips: Numbers, found: int
) -> int:
    """Let a way to do a sequence count from `at` to `leave`; put what flips into `flips`.

    `pool[leaving]` is until when some way counts, `MISSING` if none does. Whoever is inside until later than `at`
    stays inside; whoever left meanwhile, unseen, left then. Returns how many flips there are then.
    """
    until = pool[leaving]
    if leave <= at:
        return found
    if until < at:
        if until != MISSING:
            found = emit(flips, found, until, person, number, 0, 0)
        found = emit(flips, found, at, person, number, 1, cause)
    pool[leaving] = max(until, leave)
    return found


@compiled
def await_leave(person: int, chain: int, leave: int, facts: Numbers, queue: Numbers, leaves: Numbers) -> None:
    """Note when a way ceases to count, if its window ends at all."""
    if facts[chain, WINDOW] != FOREVER:
        leaves[queue[-1, 0], 0], leaves[queue[-1, 0], 1], leaves[queue[-1, 0], 2] = person, chain, leave
        queue[-1, 0] += 1


@compiled
def pass_deadlines(
    chain: int,
    before: int,
    facts: Numbers,
    apart: NDArray[np.bool_],
    blocks: Places,
    pool: Numbers,
    pending: Numbers,
    queue: Numbers,
    flips: Numbers,
    leaves: Numbers,
    found: int,
) -> int:
    """Let the ways of a sequence whose time to be undone ends before `before` count, unless they were undone.

    `pending[chain]` are ways in the order of time: person, end and begin; `queue[chain]` the first and the end of
    those that wait, and at last the number of `leaves` so far: rows of person, sequence and moment.
    """
    wait, number, size = facts[chain, WAIT], facts[chain, NUMBER], facts[chain, SIZE]
    while queue[chain, 0] < queue[chain, 1] and pending[chain, queue[chain, 0], 1] + wait < before:
        first = queue[chain, 0]
        person, end, begin = pending[chain, first, 0], pending[chain, first, 1], pending[chain, first, 2]
        queue[chain, 0] += 1
        start = blocks[person, chain]
        if apart[chain, person] or pool[start + size - 2] > end:
            continue
        leave = begin + facts[chain, WINDOW]
        found = open_way(pool, start + size - 1, end + wait, leave, person, number, 0, flips, found)
        if leave > end + wait:
            await_leave(person, chain, leave, facts, queue, leaves)
    return found


@compiled
def latest_before(pool: Numbers, place: int, moment: int, step: int) -> int:
    """Return where, from `place` or `step` further on, the latest moment strictly before another stands."""
    return place if pool[place] < moment else place + step


@compiled
def goes_on(  # noqa: PLR0917 - plain numbers, so that it compiles
    pool: Numbers,
    start: int,
    came: int,
    gap: int,
    moment: int,
    chain: int,
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


@compiled
def advance(
    people: Places,
    events: NDArray[np.int16],
    bits: NDArray[np.uint64],
    ts: Numbers,
    now: int,
    first_use: Places,
    uses: Numbers,
    facts: Numbers,
    withins: Numbers,
    gaps: Numbers,
    apart: NDArray[np.bool_],
    blocks: Places,
    pool: Numbers,
    used: Numbers,
    pending: Numbers,
    queue: Numbers,
    flips: Numbers,
    leaves: Numbers,
) -> int:
    """Read rows in the order of time, each later than all before this call, and the deadlines up to `now`.

    `uses[first_use[event]:first_use[event + 1]]` say what an event is to sequences, the last steps of each first:
    sequence, stream, role, and which step, absence, or none. A person's state of a sequence is: for each step but the
    last the latest end, its begin, the latest end before it, its begin; for each absence the latest row and the one
    before; the latest row that undoes; until when the sequence holds. Returns how many flips there are.
    """
    found = 0
    for row in range(len(people)):
        person, moment = people[row], ts[row]
        for use in range(first_use[events[row]], first_use[events[row] + 1]):
            chain, stream, role, which = uses[use, 0], uses[use, 1], uses[use, 2], uses[use, 3]
            if (bits[row] >> np.uint64(stream)) & np.uint64(1) == 0 or apart[chain, person]:
                continue
            size = facts[chain, SIZE]
            start = start_of(person, chain, size, blocks, pool, used)
            if role == ABSENT:
                place = start + _PER_STEP * (facts[chain, STEPS] - 1) + 2 * which
                if pool[place] != moment:
                    pool[place + 1], pool[place] = pool[place], moment
                continue
            if facts[chain, WAIT] > 0:
                found = pass_deadlines(
                    chain, moment, facts, apart, blocks, pool, pending, queue, flips, leaves, found
                )  # fmt: skip
            if role == NEVER:
                pool[start + size - 2] = moment
                continue
            begin = moment
            if which > 0:
                came = latest_before(pool, start + _PER_STEP * (which - 1), moment, 2)
                if not goes_on(pool, start, came, which, moment, chain, facts, withins, gaps):
                    continue
                begin = pool[came + 1]
            if which < facts[chain, STEPS] - 1:
                place = start + _PER_STEP * which
                if pool[place] != moment:
                    pool[place + 2], pool[place + 3] = pool[place], pool[place + 1]
                    pool[place], pool[place + 1] = moment, begin
            elif facts[chain, WAIT] > 0:
                pending[chain, queue[chain, 1], 0] = person
                pending[chain, queue[chain, 1], 1], pending[chain, queue[chain, 1], 2] = moment, begin
                queue[chain, 1] += 1
            else:
                leave = begin + facts[chain, WINDOW]
                found = open_way(
                    pool, start + size - 1, moment, leave, person, facts[chain, NUMBER], 1, flips, found
                )  # fmt: skip
                if leave > moment:
                    await_leave(person, chain, leave, facts, queue, leaves)
    for chain in range(len(facts)):
        if facts[chain, WAIT] > 0:
            found = pass_deadlines(chain, now + 1, facts, apart, blocks, pool, pending, queue, flips, leaves, found)
    return found


@compiled
def leave_windows(
    people: Places,
    chains: Places,
    moments: Numbers,
    facts: Numbers,
    apart: NDArray[np.bool_],
    blocks: Places,
    pool: Numbers,
    flips: Numbers,
) -> int:
    """Let sequences end to hold at moments, in order, at which their first steps leave, unless others hold longer."""
    found = 0
    for row in range(len(people)):
        person, chain = people[row], chains[row]
        place = blocks[person, chain] + facts[chain, SIZE] - 1
        if not apart[chain, person] and pool[place] == moments[row]:
            pool[place] = MISSING
            found = emit(flips, found, moments[row], person, facts[chain, NUMBER], 0, 0)
    return found
