"""Each variable by itself: how strongly it goes with the goal, with false discoveries held, and its cross-table."""

from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.importance.information import binned, mutual_information
from kohort.learning.importance.ranks import (
    Association,
    category_and_category,
    category_and_number,
    number_and_conversion,
    number_and_number,
)
from kohort.learning.importance.results import Alone, Cell
from kohort.learning.importance.variables import Snapshot, Variable
from kohort.stats.comparisons import benjamini_hochberg
from kohort.stats.intervals import Interval, mean_interval, wilson_interval
from kohort.stats.summaries import Summary

_CELLS: Final = 5


def each_alone(snapshot: Snapshot, *, seed: int) -> tuple[Alone, ...]:
    """Return what each variable says by itself; of one that says nothing testable the p-value is 1.

    >>> values = np.arange(200.0)
    >>> snapshot = Snapshot((Variable("visits", values),), (values > 120).astype(float), is_amount=False)
    >>> [found] = each_alone(snapshot, seed=1)
    >>> found.strength.estimate, found.is_connected, [cell.goal.estimate for cell in found.cells]
    (1.0, True, [0.0, 0.0, 0.0, 0.975, 1.0])
    """
    found = [(_association(one, snapshot, seed), one) for one in snapshot.variables]
    adjusted = benjamini_hochberg([one.p_value for one, _ in found]) if found else np.zeros(0)
    alone = []
    for (association, variable), p_value in zip(found, adjusted.tolist(), strict=True):
        bits, told = mutual_information(variable, snapshot.goal)
        cells, known = cross_table(variable, snapshot), float(variable.known.mean())
        alone.append(Alone(variable.name, known, association.strength, p_value, bits, told, cells))
    return tuple(alone)


def cross_table(variable: Variable, snapshot: Snapshot) -> tuple[Cell, ...]:
    """Return what people do by the value of a variable: numbers in five groups of equal size, and who has none last."""
    known, cells = variable.known, []
    values, goal = variable.values[known], snapshot.goal[known]
    if variable.categories is not None:
        for code, category in enumerate(variable.categories):
            its = goal[values == code]
            if len(its):
                cells.append(Cell(len(its), mean_goal(its, is_amount=snapshot.is_amount), category))
    elif len(values):
        bins = binned(values, _CELLS)
        for one in np.unique(bins):
            its = bins == one
            low, high = float(values[its].min()), float(values[its].max())
            cells.append(Cell(int(its.sum()), mean_goal(goal[its], is_amount=snapshot.is_amount), low=low, high=high))
    if not known.all():
        cells.append(Cell(int((~known).sum()), mean_goal(snapshot.goal[~known], is_amount=snapshot.is_amount)))
    return tuple(cells)


def mean_goal(goal: npt.NDArray[np.float64], *, is_amount: bool) -> Interval:
    """Return the mean of an amount (by the central limit theorem), or the share of who reach a goal (Wilson).

    >>> mean_goal(np.array([1.0, 0.0]), is_amount=False).estimate
    0.5
    """
    if is_amount:
        return mean_interval(Summary.of(goal))
    return wilson_interval(int(goal.sum()), len(goal))


def _association(variable: Variable, snapshot: Snapshot, seed: int) -> Association:
    known = variable.known
    values, goal = variable.values[known], snapshot.goal[known]
    if not len(values):
        found = None
    elif variable.categories is None:
        found = number_and_number(values, goal) if snapshot.is_amount else number_and_conversion(values, goal > 0)
    elif snapshot.is_amount:
        found = category_and_number(values, goal, seed=seed)
    else:
        found = category_and_category(values, goal, seed=seed)
    return found or Association(Interval(0.0, 0.0, 0.0, len(values)), 1.0)
