"""Variables that should not be looked at: those that hardly vary, and those that know the goal already."""

from typing import Final

import numpy as np

from kohort.learning.auc import TELLING, auc_interval
from kohort.learning.importance.ranks import counted, cramers_v, number_and_number
from kohort.learning.importance.results import Fault, LeftOut
from kohort.learning.importance.variables import Snapshot, Variable

CONSTANT: Final = 0.995
"""A variable with the same value for this share of those who have one hardly varies."""
KNOWN: Final = 0.01
"""Less than this share of people with a value is too few to learn from."""
_FEWEST: Final = 20


def screened(snapshot: Snapshot) -> tuple[Snapshot, tuple[LeftOut, ...]]:
    """Return people with the variables that are worth looking at, and those left out.

    One leaks if it tells who reaches a goal with an AUC, or an association, of `TELLING` or more, or if that it is
    missing does: nothing that was known before does so (Kaufman et al. 2012, ACM TKDD 6:15).

    >>> goal = np.tile([0.0, 1.0], 50)
    >>> refunds = Variable("refunds", goal * 3)
    >>> screened(Snapshot((refunds, Variable("one", np.ones(100))), goal, is_amount=False))[1]
    (LeftOut(name='refunds', fault=<Fault.LEAKING: 'leaking'>, value=1.0), LeftOut(name='one', ...
    """
    out = [found for one in snapshot.variables if (found := _fault(one, snapshot))]
    names = {one.name for one in out}
    return snapshot.only([one.name for one in snapshot.variables if one.name not in names]), tuple(out)


def _fault(variable: Variable, snapshot: Snapshot) -> LeftOut | None:
    known = variable.known
    share = float(known.mean())
    if share < KNOWN or known.sum() < _FEWEST:
        return LeftOut(variable.name, Fault.UNKNOWN, share)
    told = _told_by_absence(variable, snapshot)
    if told >= TELLING:
        return LeftOut(variable.name, Fault.LEAKING, told)
    _, counts = np.unique(variable.values[known], return_counts=True)
    usual = float(counts.max() / counts.sum())
    if usual >= CONSTANT:
        return LeftOut(variable.name, Fault.CONSTANT, usual)
    told = _told(variable, snapshot)
    return LeftOut(variable.name, Fault.LEAKING, told) if told >= TELLING else None


def _told_by_absence(variable: Variable, snapshot: Snapshot) -> float:
    known = variable.known
    if known.all():
        return 0.0
    reached = snapshot.goal > 0
    return cramers_v(counted(known.astype(np.float64), reached.astype(np.float64)))


def _told(variable: Variable, snapshot: Snapshot) -> float:
    known = variable.known
    values, goal = variable.values[known], snapshot.goal[known]
    if variable.categories is not None:
        return cramers_v(counted(values, (goal > 0).astype(np.float64)))
    if snapshot.is_amount:
        found = number_and_number(values, goal)
        return 0.0 if found is None else abs(found.strength.estimate)
    reached = goal > 0
    if reached.all() or not reached.any():
        return 0.0
    area = auc_interval(values, reached).estimate
    return max(area, 1 - area)
