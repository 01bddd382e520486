"""Rules as short programs of jumps: ask one condition, then go on, or know the answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
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

_MOST_SPLIT: Final = 16
"""How many conditions a rule may ask that gets programs for each of them: their length grows with the square."""

_ALWAYS: Final = Gate("and", ())
_NEVER: Final = Gate("or", ())


@dataclass(frozen=True)
class Programs:
    """One program a rule over numbered conditions; whoever does not exist is outside of all of them.

    An instruction is a row of `code`: the condition it asks, and where it goes on if that does not hold, and if it
    holds: another instruction, `INSIDE` or `OUTSIDE`. `starts` are the first instructions. The rules that ask condition
    i are `dependents` from `first_dependent[i]` to before `first_dependent[i + 1]`; in the same rows of `remainders`
    stands where what is left to ask begins when that condition does not hold, and when it does.
    """

    starts: NDArray[np.int32]
    code: NDArray[np.int32]
    first_dependent: NDArray[np.int32]
    dependents: NDArray[np.int32]
    remainders: NDArray[np.int32]

    @property
    def rules(self) -> int:
        """The number of rules."""
        return len(self.starts)


def programs_of(formulas: Iterable[Formula], conditions: int) -> Programs:
    """Return the programs of formulas over so many conditions; none of the formulas may name a segment.

    >>> programs = programs_of([Gate("or", (1, Gate("not", (2,))))], 3)
    >>> programs.starts.tolist(), programs.code.tolist()
    ([1], [[2, -1, -2], [1, 0, -1], [2, -1, -2], [1, -2, -1]])
    >>> programs.dependents.tolist(), programs.remainders.tolist()
    ([0, 0, 0], [[-2, 1], [2, -1], [-1, 3]])
    """
    code: list[tuple[int, int, int]] = []
    known: dict[Formula, int] = {}

    def start_of(formula: Formula) -> int:
        if formula not in known:
            known[formula] = _emit(formula, INSIDE, OUTSIDE, code)
        return known[formula]

    starts, table = [], []
    for rule, formula in enumerate(formulas):
        starts.append(start_of(formula))
        table.append((EXISTS, rule, OUTSIDE, starts[-1]))
        asked = _conditions_of(formula)
        short = len(asked) <= _MOST_SPLIT
        for condition in asked:
            outside, inside = (
                start_of(_given(formula, condition, holds) if short else formula) for holds in (_NEVER, _ALWAYS)
            )
            table.append((condition, rule, outside, inside))
    rows = np.array(sorted(table), np.int32).reshape(-1, 4)
    first = np.searchsorted(rows[:, 0], np.arange(conditions + 1))
    return Programs(
        np.array(starts, np.int32),
        np.array(code, np.int32).reshape(-1, 3),
        first.astype(np.int32),
        rows[:, 1].copy(),
        rows[:, 2:].copy(),
    )


def _conditions_of(formula: Formula) -> set[int]:
    """Return the conditions that a formula asks."""
    match formula:
        case Gate(parts=parts):
            return {condition for part in parts for condition in _conditions_of(part)}
        case int():
            return {formula}
        case _:
            raise TypeError("a segment is written out before it is programmed")


def _given(formula: Formula, condition: int, holds: Formula) -> Formula:
    """Return what is left of `formula` if it is known of a condition whether it `holds`, always or never."""
    match formula:
        case Gate(operator="not", parts=(part,)):
            left = _given(part, condition, holds)
            opposites: dict[Formula, Formula] = {_ALWAYS: _NEVER, _NEVER: _ALWAYS}
            return opposites.get(left, Gate("not", (left,)))
        case Gate(operator=operator, parts=parts):
            neutral, decisive = (_ALWAYS, _NEVER) if operator == "and" else (_NEVER, _ALWAYS)
            rest = [_given(part, condition, holds) for part in parts]
            if decisive in rest:
                return decisive
            some = tuple(one for one in rest if one != neutral)
            return some[0] if len(some) == 1 else Gate(operator, some)
        case _:
            return holds if formula == condition else formula


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
