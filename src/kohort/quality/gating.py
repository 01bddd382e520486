"""Judging a load by its gates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from statistics import fmean, median
from typing import Final

from kohort.definitions.gates import Action, Gate, History, Measure, Summary

_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_SUMMARIES: Final[Mapping[Summary, Callable[[Sequence[float]], float]]] = {
    Summary.MEAN: fmean,
    Summary.MEDIAN: median,
    Summary.LOWEST: min,
    Summary.HIGHEST: max,
}


@dataclass(frozen=True)
class Verdict:
    """What came of one gate: whether its condition held, by which `value` against which `bound`.

    `holds` is None where it could not be judged: nothing was measured, or no load was before.
    """

    gate: Gate
    holds: bool | None
    value: float | None
    bound: float | None


def judge(
    gates: Sequence[Gate], measured: Mapping[Measure, float], before: Sequence[Mapping[Measure, float]]
) -> list[Verdict]:
    """Judge a load by what was `measured` of it, and of the loads `before`, the newest last.

    A gate that looks at more loads than there were looks at those that there are.

    >>> from kohort.definitions.gates import gate_of
    >>> gate = gate_of("fail if volume < 50 % of median of last 3 runs")
    >>> judge([gate], {Measure.VOLUME: 40}, [{Measure.VOLUME: 100}, {Measure.VOLUME: 90}])[0].bound
    47.5
    >>> judge([gate], {Measure.VOLUME: 40}, [])[0].holds is None
    True
    """
    return [_verdict(gate, measured.get(gate.measure), before) for gate in gates]


def fails(verdicts: Sequence[Verdict]) -> bool:
    """Return whether a load fails by any of its gates."""
    return any(one.holds and one.gate.action is Action.FAIL for one in verdicts)


def _verdict(gate: Gate, value: float | None, before: Sequence[Mapping[Measure, float]]) -> Verdict:
    bound = _bound(gate, before)
    holds = None if value is None or bound is None else _COMPARISONS[gate.comparison](value, bound)
    return Verdict(gate, holds, value, bound)


def _bound(gate: Gate, before: Sequence[Mapping[Measure, float]]) -> float | None:
    if not isinstance(gate.bound, History):
        return gate.bound
    known = [one[gate.measure] for one in before[-gate.bound.runs :] if gate.measure in one]
    return gate.bound.share * _SUMMARIES[gate.bound.summary](known) if known else None
