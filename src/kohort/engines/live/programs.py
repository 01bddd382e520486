"""Rules as short programs of jumps: ask one condition, then go on, or know the answer."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.engines.plan import Formula, Gate, Plan
from kohort.engines.statistics import population_rule, population_term
from kohort.rules.nodes import AgainstMean, AgainstQuantile, Basic, Missing

INSIDE: Final = -1
OUTSIDE: Final = -2
EXISTS: Final = 0
"""The number of the condition that somebody exists at all, which every rule asks."""

OTHERS: Final = 4
"""How many other conditions a rule may ask that is decided by a table."""

RULE, TABLES, ASKS_MORE = 0, 1 + OTHERS, 3 + OTHERS
"""The columns of what is known of a rule that asks a condition; the others that it asks stand between the first two."""

_WIDTH: Final = OTHERS + 5
_SMALL: Final = 2**16
Indices = NDArray[np.uint16] | NDArray[np.uint32]
"""Numbers that are never negative: a loop need not look for a place from the end."""


@dataclass(frozen=True)
class Programs:
    """One program a rule over numbered conditions; whoever does not exist is outside of all of them.

    An instruction is a row of `code`: the condition it asks, and where it goes on if that does not hold, and if it
    holds: another instruction, `INSIDE` or `OUTSIDE`. `starts` are the first instructions.

    What asks condition i are the rows of `dependents` from `first_dependent[i]` to before `first_dependent[i + 1]`: a
    rule, the `OTHERS` other conditions that it asks, who is inside when condition i does not hold, and when it does,
    and whether it asks more than that. Bit k is set if somebody is inside of whom those others hold that are the bits
    of k. A rule that asks more is decided by its program. Rows take 16 bytes, so that they stay near, unless there are
    more than 65,535 rules or conditions.
    """

    starts: NDArray[np.int32]
    code: NDArray[np.int32]
    first_dependent: Indices
    dependents: Indices

    @property
    def rules(self) -> int:
        """The number of rules."""
        return len(self.starts)


def programs_of(formulas: Iterable[Formula], conditions: int) -> Programs:
    """Return the programs of formulas over so many conditions; none of the formulas may name a segment.

    >>> programs = programs_of([Gate("or", (1, Gate("not", (2,))))], 3)
    >>> programs.starts.tolist(), programs.code.tolist()
    ([1], [[2, -1, -2], [1, 0, -1]])
    >>> [[f"{one:b}" for one in tables] for tables in programs.dependents[:, -3:-1] & 15]
    [['0', '1011'], ['101', '1111'], ['1111', '1010']]
    """
    code: list[tuple[int, int, int]] = []
    starts, table = [], []
    for rule, formula in enumerate(formulas):
        starts.append(_emit(formula, INSIDE, OUTSIDE, code))
        asked = _conditions_of(formula)
        table += [(condition, rule, *_remainder(formula, condition, asked)) for condition in asked | {EXISTS}]
    rows = np.array(sorted(table), np.int64).reshape(-1, _WIDTH)
    first = np.searchsorted(rows[:, 0], np.arange(conditions + 1))
    small = max(conditions, len(starts)) < _SMALL
    dependents: Indices = rows[:, 1:].astype(np.uint16) if small else rows[:, 1:].astype(np.uint32)
    return Programs(
        np.array(starts, np.int32), np.array(code, np.int32).reshape(-1, 3), first.astype(np.uint32), dependents
    )


def _remainder(formula: Formula, condition: int, asked: set[int]) -> tuple[int, ...]:
    """Return which others a formula asks, and who is inside when a condition does not hold, and when it does."""
    others = sorted(asked - {condition})
    if len(others) > OTHERS:
        return (*[EXISTS] * OTHERS, 0, 0, 1)
    tables = [0, 0]
    for holds, place in product((False, True), range(2**OTHERS)):
        known = {other: place >> bit & 1 == 1 for bit, other in enumerate(others)}
        exists = holds or condition != EXISTS
        tables[holds] |= (exists and _is_inside(formula, {EXISTS: True, **known, condition: holds})) << place
    return (*others, *[EXISTS] * (OTHERS - len(others)), *tables, 0)


def _is_inside(formula: Formula, known: Mapping[int, bool]) -> bool:
    """Return whether somebody is inside of whom it is known which conditions hold."""
    match formula:
        case Gate(operator="not", parts=(part,)):
            return not _is_inside(part, known)
        case Gate(operator="and", parts=parts):
            return all(_is_inside(part, known) for part in parts)
        case Gate(parts=parts):
            return any(_is_inside(part, known) for part in parts)
        case int():
            return known[formula]
        case _:
            raise TypeError("a segment is written out before it is programmed")


def _conditions_of(formula: Formula) -> set[int]:
    """Return the conditions that a formula asks."""
    match formula:
        case Gate(parts=parts):
            return {condition for part in parts for condition in _conditions_of(part)}
        case int():
            return {formula}
        case _:
            raise TypeError("a segment is written out before it is programmed")


def expanded(plan: Plan, expression_of: Callable[[Basic], Formula]) -> list[Formula]:
    """Return each rule of `plan` as a formula over what `expression_of` says of its conditions.

    Segments and populations are written out.
    """

    def expand(formula: Formula) -> Formula:
        match formula:
            case Gate(operator=operator, parts=parts):
                return Gate(operator, tuple(map(expand, parts)))
            case str():
                return expand(plan.formulas[plan.segments[formula]])
            case _:
                return _confined(plan.conditions[formula])

    def _confined(condition: Basic) -> Formula:
        holds = expression_of(condition)
        among = population_rule(population_term(condition))
        if among is None or isinstance(condition, AgainstMean | AgainstQuantile):
            return holds
        inside = expand(plan.formulas[among])
        if isinstance(condition, Missing):
            return Gate("or", (holds, Gate("not", (inside,))))
        return Gate("and", (holds, inside))

    return [expand(plan.formulas[rule]) for rule in plan.rules.values()]


def _emit(formula: Formula, when_true: int, when_false: int, code: list[tuple[int, int, int]]) -> int:
    """Append the instructions that decide `formula` and return the first; what comes next must stand there already."""
    match formula:
        case Gate(operator="not", parts=(part,)):
            return _emit(part, when_false, when_true, code)
        case Gate(operator="and", parts=parts):
            for part in reversed(parts):
                when_true = _emit(part, when_true, when_false, code)
            return when_true
        case Gate(parts=parts):
            for part in reversed(parts):
                when_false = _emit(part, when_true, when_false, code)
            return when_false
        case int():
            code.append((formula, when_false, when_true))
            return len(code) - 1
        case _:
            raise TypeError("a segment is written out before it is programmed")
