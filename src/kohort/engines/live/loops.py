"""The inner loops over conditions and rules: bits of people, eight to a byte, people one after another."""

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places
from kohort.engines.live.compiled import compiled
from kohort.engines.live.programs import INSIDE

Sets = NDArray[np.uint8]
_MANY = 64


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
def decide(conditions: Sets, person: int, start: int, code: Places) -> bool:
    """Return whether the program that begins at `start` finds a person inside."""
    place = start
    while place >= 0:
        number = code[place, 0]
        # No branch on what holds, which no processor foresees.
        place = code[place, 1 + ((conditions[person, number >> 3] >> (number & 7)) & 1)]
    return place == INSIDE


@compiled
def decide_all(conditions: Sets, people: Moments, starts: Places, code: Places, members: Sets) -> None:
    """Put into `members` for each of `people` the rules that hold."""
    for person in people:
        for rule in range(len(starts)):
            put_bit(members, person, rule, decide(conditions, person, starts[rule], code))


@compiled
def put_all(conditions: Sets, people: Places, numbers: Places, holds: NDArray[np.bool_]) -> None:
    """Set or clear the bits of conditions, one after another."""
    for row in range(len(people)):
        put_bit(conditions, people[row], numbers[row], holds[row])


@compiled
def order_people(order: Moments, moments: Moments, people: Places) -> bool:
    """Put those of one moment, in an order of moments, into the order of people; return False if they are too many."""
    first = 0
    while first < len(order):
        end = first + 1
        while end < len(order) and moments[order[end]] == moments[order[first]]:
            if end - first > _MANY:
                return False
            row, place = order[end], end
            while place > first and people[order[place - 1]] > people[row]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = row
            end += 1
        first = end
    return True


@compiled
def _fetched(people: Places, numbers: Places, conditions: Sets, members: Sets) -> int:
    """Read what a loop will ask for, none waiting for another, so that the cache has it; return a number for that."""
    seen = 0
    for place in range(len(people)):
        seen += conditions[people[place], numbers[place] >> 3] + members[people[place], 0]
    return seen


@compiled
def resolve(  # noqa: PLR0917 - one loop over plain arrays, so that it compiles to one
    order: Moments,
    moments: Moments,
    people: Places,
    numbers: Places,
    holds: NDArray[np.bool_],
    causes: NDArray[np.int8],
    conditions: Sets,
    members: Sets,
    starts: Places,
    code: Places,
    first_dependent: Places,
    dependents: Places,
    marks: Moments,
    touched: Places,
    changes: Places,
) -> tuple[int, int]:
    """Apply flips in `order`, which is that of moments and people, and decide the rules that ask what flipped.

    Flips of one person and moment are one. `marks` and `touched` are room for each rule, and one more mark. Into
    `changes`, shape (n, 4), go, for each flip's dependents: person, rule, row of the flip, twice the cause and whether
    the person enters. Returns how many there are, and a number without meaning.
    """
    seen = _fetched(people, numbers, conditions, members)
    found, place = 0, 0
    while place < len(order):
        first = order[place]
        moment, person = moments[first], people[first]
        marks[-1] += 1
        mark, size, cause = marks[-1], 0, 0
        while place < len(order) and moments[order[place]] == moment and people[order[place]] == person:
            row = order[place]
            place += 1
            number = numbers[row]
            if is_set(conditions, person, number) == holds[row]:
                continue
            put_bit(conditions, person, number, holds[row])
            cause = max(cause, causes[row])
            for one in range(first_dependent[number], first_dependent[number + 1]):
                rule = dependents[one]
                if marks[rule] != mark:
                    marks[rule] = mark
                    touched[size] = rule
                    size += 1
        begin = found
        for one in range(size):
            rule = touched[one]
            inside = decide(conditions, person, starts[rule], code)
            if inside != is_set(members, person, rule):
                put_bit(members, person, rule, inside)
                spot = found
                while spot > begin and changes[spot - 1, 1] > rule:
                    changes[spot, 1], changes[spot, 3] = changes[spot - 1, 1], changes[spot - 1, 3]
                    spot -= 1
                changes[found, 0], changes[found, 2] = person, first
                changes[spot, 1], changes[spot, 3] = rule, 2 * cause + inside
                found += 1
    return found, seen
