"""Leave out numbers that bring nothing to clusters, and say of each why."""

from typing import Final

import numpy as np

from kohort.definitions.preparation import SelectionDefinition
from kohort.learning.features.scaling import ColumnScaling, DroppedColumn
from kohort.learning.features.table import FeatureTable, Points

ALONE: Final = 0.1
"""A feature whose rank correlations are all below this goes with no other."""
TWO_MODES: Final = 5 / 9
"""Sarle's bimodality coefficient of a uniform distribution: above, there are more modes than one."""


def lacking(table: FeatureTable, limits: SelectionDefinition) -> tuple[DroppedColumn, ...]:
    """Return the numbers of `table` that too few people have, or that nearly all have alike.

    >>> values = np.array([[0.0, np.nan], [0.0, 1.0], [0.0, np.nan], [1.0, np.nan]])
    >>> table = FeatureTable(("a", "b", "c", "d"), ("orders", "age"), values)
    >>> [(one.name, one.reason, one.figure) for one in lacking(table, SelectionDefinition(constant=0.7))]
    [('orders', 'nearly_constant', 0.75), ('age', 'missing', 0.75)]
    """
    dropped = []
    for name in table.names:
        values = table.column(name)
        present = values[~np.isnan(values)]
        missing = 1 - present.size / max(values.size, 1)
        if present.size and missing > limits.missing:
            dropped.append(DroppedColumn(name, "missing", figure=missing))
        elif present.size:
            most = int(np.unique(present, return_counts=True)[1].max()) / present.size
            if limits.constant < most < 1:
                dropped.append(DroppedColumn(name, "nearly_constant", figure=most))
    return tuple(dropped)


def redundant(
    points: Points, columns: tuple[ColumnScaling, ...], limits: SelectionDefinition
) -> tuple[DroppedColumn, ...]:
    """Return the columns that say what a kept one says already, and those without any structure if asked for.

    `points`, shape (people, columns), are the scaled columns. Of two whose rank correlation (Spearman 1904) exceeds
    the limit, the one that more people have is kept, and of equals the one declared first. Without structure is a
    feature with one mode (Sarle's bimodality coefficient, (skewness² + 1) / kurtosis, at most 5/9) whose rank
    correlations are all below 0.1: in a clustering it is noise. A dependence that no rank correlation sees is missed.
    """
    if points.shape[1] < 2:  # noqa: PLR2004 - one alone has nobody to say the same
        return ()
    from scipy.stats import rankdata  # noqa: PLC0415 - a second to load, which reading a model need not wait for

    correlations = np.corrcoef(rankdata(points, axis=0), rowvar=False)
    kept: list[int] = []
    dropped: dict[int, DroppedColumn] = {}
    for place in sorted(range(len(columns)), key=lambda place: (columns[place].missing, place)):
        same = [(abs(correlations[place, other]), -other) for other in kept]
        closest, other = max(same, default=(0.0, 0))
        if closest > limits.correlation:
            dropped[place] = DroppedColumn(
                columns[place].name, "correlated", figure=float(closest), beside=columns[-other].name
            )
        else:
            kept.append(place)
    if limits.noise:
        np.fill_diagonal(correlations, 0.0)
        for place in kept:
            closest = float(np.abs(correlations[place]).max())
            if closest < ALONE and bimodality(points[:, place]) <= TWO_MODES:
                dropped[place] = DroppedColumn(columns[place].name, "noise", figure=closest)
    return tuple(dropped[place] for place in sorted(dropped))


def bimodality(values: Points) -> float:
    """Return Sarle's bimodality coefficient of `values`, shape (people,), without correction for few people.

    >>> bimodality(np.array([-1.0, -1.0, 1.0, 1.0]))
    1.0
    """
    from scipy.stats import kurtosis, skew  # noqa: PLC0415 - as above

    return float((skew(values) ** 2 + 1) / kurtosis(values, fisher=False))
