"""The inner loops over conditions and rules: bits of people, eight to a byte, people one after another."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places
from kohort.engines.live.compiled import Whole, compiled, inlined
from kohort.engines.live.flips import Lines
from kohort.engines.live.programs import ASKS_MORE, EXISTS, INSIDE, OTHERS, RULE, TABLES, Indices

Sets = NDArray[np.uint8]
_LINE = 64
_FEW = 64


class Known(NamedTuple):
    """What is true of people, and how rules are decided from it; see `Programs`."""

    conditions: Sets
    members: Sets
    code: Places
    first_dependent: Indices
    dependents: Indices
    starts: Places


class Found(NamedTuple):
    """Room for changes of membership, a column each; see `Changes`."""

    people: Places
    rules: Places
    moments: Moments
    enters: NDArray[np.bool_]
    causes: NDArray[np.int8]


@inlined
def is_set(sets: Sets, person: Whole, number: Whole) -> bool:
    """Return whether a bit of a person is set."""
    return ((sets[person, number >> 3] >> (number & 7)) & 1) == 1  # type: ignore[no-any-return]  # numpy's own boolean


@inlined
def put_bit(sets: Sets, person: Whole, number: Whole, holds: bool) -> None:
    """Set a bit of a person, or clear it."""
    mask = 1 << (number & 7)
    if holds:
        sets[person, number >> 3] = sets[person, number >> 3] | mask
    else:
        sets[person, number >> 3] = sets[person, number >> 3] & (255 - mask)


@inlined
def decide(conditions: Sets, person: Whole, start: int, code: Places) -> bool:
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
        exists = is_set(conditions, person, EXISTS)
        for rule in range(len(starts)):
            put_bit(members, person, rule, exists and decide(conditions, person, starts[rule], code))


@compiled
def put_all(conditions: Sets, people: Places, numbers: Places, holds: NDArray[np.bool_]) -> None:
    """Set or clear the bits of conditions, one after another."""
    for row in range(len(people)):
        put_bit(conditions, people[row], numbers[row], holds[row])


@inlined
def others_of(conditions: Sets, person: Whole, dependents: Indices, dependent: int) -> int:
    """Return which of the other conditions that a rule asks hold of a person, as bits."""
    found = 0
    for place in range(OTHERS):
        number = dependents[dependent, 1 + place]
        found |= ((conditions[person, number >> 3] >> (number & 7)) & 1) << place
    return found


@compiled
def arrange_many(flips: Lines, first: int, last: int) -> None:
    """Do as `arrange`, for many, by merging; by itself, and without numpy's own sort, which takes long to compile."""
    size = last - first
    read, written = flips[first:last], np.empty((size, 3), np.int64)
    width, swapped = 1, False
    while width < size:
        for begin in range(0, size, 2 * width):
            middle, end = min(begin + width, size), min(begin + 2 * width, size)
            left, right = begin, middle
            for place in range(begin, end):
                takes_right = left == middle or (
                    right < end
                    and (
                        read[right, 0] < read[left, 0]
                        or (read[right, 0] == read[left, 0] and read[right, 1] < read[left, 1])
                    )
                )
                row = right if takes_right else left
                written[place, 0], written[place, 1], written[place, 2] = read[row, 0], read[row, 1], read[row, 2]
                if takes_right:
                    right += 1
                else:
                    left += 1
        read, written, width, swapped = written, read, 2 * width, not swapped
    if swapped:
        for row in range(size):
            flips[first + row, 0], flips[first + row, 1], flips[first + row, 2] = (
                read[row, 0],
                read[row, 1],
                read[row, 2],
            )


@inlined
def arrange(flips: Lines, first: int, last: int) -> None:
    """Put rows into the order of moments and people; what is of the same ones keeps its order."""
    if last - first > _FEW:
        arrange_many(flips, first, last)
        return
    for row in range(first + 1, last):
        moment, person, what = flips[row, 0], flips[row, 1], flips[row, 2]
        place = row
        while place > first and (
            flips[place - 1, 0] > moment or (flips[place - 1, 0] == moment and flips[place - 1, 1] > person)
        ):
            flips[place, 0], flips[place, 1], flips[place, 2] = (
                flips[place - 1, 0],
                flips[place - 1, 1],
                flips[place - 1, 2],
            )
            place -= 1
        flips[place, 0], flips[place, 1], flips[place, 2] = moment, person, what


@inlined
def fetch(flips: Lines, last: int, first_dependent: Indices, conditions: Sets, members: Sets) -> tuple[int, int]:
    """Read what the first flips will ask for, none waiting for another, so that the cache has it.

    Returns how many rules they can change at most, and a number without meaning: a compiler leaves nothing out then.
    """
    seen, most = 0, 0
    for row in range(last):
        person, number = np.uint32(flips[row, 1]), np.uint32(flips[row, 2] >> 3)
        most += first_dependent[number + 1] - first_dependent[number]
        for place in range(0, conditions.shape[1], _LINE):
            seen += int(conditions[person, place])
        for place in range(0, members.shape[1], _LINE):
            seen += int(members[person, place])
    return most, seen


@inlined
def flip(flips: Lines, place: int, last: int, conditions: Sets) -> tuple[int, int, int]:
    """Apply the flips of one person and moment, from `place` on; the conditions that change take their places.

    Returns the next place, how many conditions change, and what causes it.
    """
    begin, cause, moment, person = place, 0, flips[place, 0], np.uint32(flips[place, 1])
    size = 0
    while place < last and flips[place, 0] == moment and flips[place, 1] == person:
        what = flips[place, 2]
        place += 1
        number, holds = np.uint32(what >> 3), (what & 1) == 1
        if is_set(conditions, person, number) != holds:
            put_bit(conditions, person, number, holds)
            cause = max(cause, (what >> 1) & 3)
            flips[begin + size, 2] = number
            size += 1
    return place, size, cause


@compiled
def resolve(  # noqa: PLR0917 - one loop over plain arrays, so that it compiles to one
    flips: Lines,
    last: int,
    conditions: Sets,
    members: Sets,
    code: Places,
    first_dependent: Indices,
    dependents: Indices,
    starts: Places,
    people: Places,
    rules: Places,
    moments: Moments,
    enters: NDArray[np.bool_],
    causes: NDArray[np.int8],
    found: int,
) -> int:
    """Apply the first flips, which are in order, and decide the rules that ask what flipped; the flips are used up.

    From row `found` on, what changes goes into the columns from `people` to `causes`: of one person and moment in the
    order of rules. Returns how many rows there are then.
    """
    place = 0
    while place < last:
        begin = place
        moment, person = flips[begin, 0], np.uint32(flips[begin, 1])
        place, size, cause = flip(flips, place, last, conditions)
        exists = is_set(conditions, person, EXISTS)
        first = found
        for one in range(begin, begin + size):
            number = np.uint32(flips[one, 2])
            holds = 1 if is_set(conditions, person, number) else 0
            for dependent in range(first_dependent[number], first_dependent[number + 1]):
                rule, table = dependents[dependent, RULE], dependents[dependent, TABLES + holds]
                if dependents[dependent, ASKS_MORE] != 0:
                    inside = decide(conditions, person, starts[rule], code)
                elif table == 0:
                    inside = False
                else:
                    inside = ((table >> others_of(conditions, person, dependents, dependent)) & 1) == 1
                inside &= exists
                if inside == is_set(members, person, rule):
                    continue
                put_bit(members, person, rule, inside)
                spot = found
                while spot > first and rules[spot - 1] > rule:
                    rules[spot], enters[spot] = rules[spot - 1], enters[spot - 1]
                    spot -= 1
                rules[spot], enters[spot] = rule, inside
                people[found], moments[found], causes[found] = person, moment, cause
                found += 1
    return found
