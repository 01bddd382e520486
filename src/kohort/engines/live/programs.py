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


@dataclass(frozen=True)
class Programs:
    """One program a rule over numbered conditions.

    An instruction is a row of `code`: the condition it asks, and where it goes on if that does not hold, and if it
    holds: another instruction, `INSIDE` or `OUTSIDE`. `starts` are the first instructions. The rules that ask condition
    i are `dependents` from `first_dependent[i]` to before `first_dependent[i + 1]`.
    """

    starts: NDArray[np.int32]
    code: NDArray[np.int32]
    first_dependent: NDArray[np.int32]
    dependents: NDArray[np.int32]

    @property
    def rules(self) -> int:
        """The number of rules."""
        return len(self.starts)


def programs_of(formulas: Iterable[Formula], conditions: int) -> Programs:
    """Return the programs of formulas over so many conditions; none of the formulas may name a segment.

    >>> programs = programs_of([Gate("or", (1, Gate("not", (2,))))], 3)
    >>> programs.code.tolist(), programs.starts.tolist()
    ([[2, -1, -2], [1, 0, -1]], [1])
    """
    code: list[tuple[int, int, int]] = []
    starts, asked = [], []
    for formula in formulas:
        begin = len(code)
        starts.append(_emit(formula, INSIDE, OUTSIDE, code))
        asked.append(sorted({condition for condition, _, _ in code[begin:]}))
    rules = np.repeat(np.arange(len(starts)), [len(one) for one in asked])
    flat = np.array([condition for one in asked for condition in one], np.int64)
    order = np.argsort(flat, kind="stable")
    first = np.searchsorted(flat[order], np.arange(conditions + 1))
    return Programs(
        np.array(starts, np.int32),
        np.array(code, np.int32).reshape(-1, 3),
        first.astype(np.int32),
        rules[order].astype(np.int32),
    )


def expanded(plan: Plan, expression_of: Callable[[Basic], Formula]) -> list[Formula]:
    """Return each rule of `plan` as a formula over what `expression_of` says of its conditions.

    Segments and populations are written out, and whoever does not exist is outside of everything.
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

    return [Gate("and", (EXISTS, expand(plan.formulas[rule]))) for rule in plan.rules.values()]


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
