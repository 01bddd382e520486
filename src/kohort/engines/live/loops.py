"""The inner loops over conditions and rules: bits of people, eight to a byte, people one after another."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kohort.engines.columns import Moments, Places
from kohort.engines.live.compiled import Whole, ask_for, compiled, inlined
from kohort.engines.live.flips import Lines
from kohort.engines.live.programs import ASKS_MORE, EXISTS, INSIDE, OTHERS, RULE, TABLES, Indices

Sets = NDArray[np.uint8]
_LINE = 64
FEW = 64
"""So many rows are put in order one by one."""


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
def insert(lines: Lines, first: int, last: int) -> None:
    """Do as `arrange`, for what is few, or nearly in order."""
    for row in range(first + 1, last):
        moment, person, what = lines[row, 0], lines[row, 1], lines[row, 2]
        place = row
        while place > first and (
            lines[place - 1, 0] > moment or (lines[place - 1, 0] == moment and lines[place - 1, 1] > person)
        ):
            lines[place, 0], lines[place, 1], lines[place, 2] = (
                lines[place - 1, 0],
                lines[place - 1, 1],
                lines[place - 1, 2],
            )
            place -= 1
        lines[place, 0], lines[place, 1], lines[place, 2] = moment, person, what


@inlined
def are_in_order(lines: Lines, last: int) -> bool:
    """Return whether the first rows stand in the order of moments, and of what stands in the second column."""
    for row in range(1, last):
        if lines[row - 1, 0] > lines[row, 0] or (
            lines[row - 1, 0] == lines[row, 0] and lines[row - 1, 1] > lines[row, 1]
        ):
            return False
    return True


@inlined
def arrange(flips: Lines, first: int, last: int) -> None:
    """Put rows into the order of moments and people; what is of the same ones keeps its order."""
    if last - first > FEW:
        arrange_many(flips, first, last)
    else:
        insert(flips, first, last)


@inlined
def arrange_moments(flips: Lines, last: int) -> None:
    """Put the first rows, which stand in the order of moments, into that of people too."""
    first = 0
    for row in range(1, last + 1):
        if row == last or flips[row, 0] != flips[first, 0]:
            arrange(flips, first, row)
            first = row


@inlined
def ask_for_person(conditions: Sets, members: Sets, person: Whole) -> None:
    """Ask for all that is known of a person."""
    for place in range(0, conditions.shape[1], _LINE):
        ask_for(conditions, person, place)
    for place in range(0, members.shape[1], _LINE):
        ask_for(members, person, place)


@inlined
def most_changes(flips: Lines, last: int, first_dependent: Indices) -> int:
    """Return how many rules the first flips can change at most."""
    most = 0
    for row in range(last):
        number = np.uint32(flips[row, 2] >> 3)
        most += first_dependent[number + 1] - first_dependent[number]
    return most


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


@inlined
def put_in_order(rules: Places, enters: NDArray[np.bool_], first: int, last: int) -> None:
    """Put the rows from `first` to before `last`, a few, into the order of rules."""
    for row in range(first + 1, last):
        rule, inside, place = rules[row], enters[row], row
        while place > first and rules[place - 1] > rule:
            rules[place], enters[place] = rules[place - 1], enters[place - 1]
            place -= 1
        rules[place], enters[place] = rule, inside


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
                rule = dependents[dependent, RULE]
                if dependents[dependent, ASKS_MORE] != 0:
                    inside = decide(conditions, person, starts[rule], code)
                else:
                    others = others_of(conditions, person, dependents, dependent)
                    inside = ((dependents[dependent, TABLES + holds] >> others) & 1) == 1
                inside &= exists
                # No branch, which no processor foresees: what does not change is written over.
                changes = 1 if inside != is_set(members, person, rule) else 0
                members[person, rule >> 3] ^= changes << (rule & 7)
                rules[found], enters[found] = rule, inside
                found += changes
        for row in range(first, found):
            people[row], moments[row], causes[row] = person, moment, cause
        if size > 1:
            put_in_order(rules, enters, first, found)
    return found
