"""The inner loops over conditions and rules: bits of people, eight to a byte, people one after another."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places
from kohort.engines.live.compiled import compiled
from kohort.engines.live.programs import INSIDE

Sets = NDArray[np.uint8]


@compiled
def is_set(sets: Sets, person: int, number: int) -> bool:
    """Return whether a bit of a person is set."""
    return ((sets[person, number >> 3] >> (number & 7)) & 1) == 1  # type: ignore[no-any-return]  # numpy's own boolean


@compiled
def put_bit(sets: Sets, person: int, number: int, holds: bool) -> None:
    """Set a bit of a person, or clear it."""
    mask = 1 << (number & 7)
    if holds:
        sets[person, number >> 3] = sets[person, number >> 3] | mask
    else:
        sets[person, number >> 3] = sets[person, number >> 3] & (255 - mask)


@compiled
def decide(conditions: Sets, person: int, start: int, asks: Places, when_true: Places, when_false: Places) -> bool:
    """Return whether the program that begins at `start` finds a person inside."""
    place = start
    while place >= 0:
        place = when_true[place] if is_set(conditions, person, asks[place]) else when_false[place]
    return place == INSIDE


@compiled
def decide_all(
    conditions: Sets,
    people: Moments,
    starts: Places,
    asks: Places,
    when_true: Places,
    when_false: Places,
    members: Sets,
) -> None:
    """Put into `members` for each of `people` the rules that hold."""
    for person in people:
        for rule in range(len(starts)):
            put_bit(members, person, rule, decide(conditions, person, starts[rule], asks, when_true, when_false))


@compiled
def put_all(conditions: Sets, people: Places, numbers: Places, holds: NDArray[np.bool_]) -> None:
    """Set or clear the bits of conditions, one after another."""
    for row in range(len(people)):
        put_bit(conditions, people[row], numbers[row], holds[row])


@compiled
def resolve(  # noqa: PLR0917 - one loop over plain arrays, so that it compiles to one
    moments: Moments,
    people: Places,
    numbers: Places,
    holds: NDArray[np.bool_],
    causes: NDArray[np.int8],
    conditions: Sets,
    members: Sets,
    starts: Places,
    asks: Places,
    when_true: Places,
    when_false: Places,
    first_dependent: Places,
    dependents: Places,
    marks: Moments,
    touched: Places,
    changes: NDArray[Any],
) -> tuple[int, int]:
    """Apply flips, in the order of moments and then of people, and put into `changes` what rules change by them.

    All flips of a person at one moment apply before their rules are decided. `marks`, one a rule and kept from call to
    call, say when a rule was last touched, the last of them how often anything was; `touched` has room for all rules,
    `changes`, of shape (4, n), for each flip's dependents: people, rules, rows of flips, twice the cause and whether
    the person enters. Returns how many there are, and a number without meaning.
    """
    seen = 0
    for place in range(len(people)):
        # Reads that do not wait for one another, so that the cache has what the loop below asks for.
        seen += conditions[people[place], numbers[place] >> 3] + members[people[place], 0]
    found, row = 0, 0
    while row < len(moments):
        moment, person = moments[row], people[row]
        marks[-1] += 1
        mark, size, cause = marks[-1], 0, 0
        first = row
        while row < len(moments) and moments[row] == moment and people[row] == person:
            number = numbers[row]
            if is_set(conditions, person, number) != holds[row]:
                put_bit(conditions, person, number, holds[row])
                cause = max(cause, causes[row])
                for place in range(first_dependent[number], first_dependent[number + 1]):
                    rule = dependents[place]
                    if marks[rule] != mark:
                        marks[rule] = mark
                        touched[size] = rule
                        size += 1
            row += 1
        if size > 1:
            touched[:size].sort()
        for place in range(size):
            rule = touched[place]
            inside = decide(conditions, person, starts[rule], asks, when_true, when_false)
            if inside != is_set(members, person, rule):
                put_bit(members, person, rule, inside)
                changes[0, found], changes[1, found] = person, rule
                changes[2, found], changes[3, found] = first, 2 * cause + inside
                found += 1
    return found, seen
