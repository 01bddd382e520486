"""What features bring to many people: to everybody, or to a segment, with intervals; those that say the same as one."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.learning.features.table import FeatureTable
from kohort.learning.importance.redundancy import SAME, redundancy_of
from kohort.learning.importance.variables import Variable, category_of
from kohort.learning.models.explanation.contributions import Contributions
from kohort.learning.models.explanation.weights import Group, Weight
from kohort.stats.intervals import mean_interval
from kohort.stats.summaries import Summary

_MOST_COMPARED: Final = 5_000


def groups_of(table: FeatureTable, features: Sequence[str], *, seed: int, same: float = SAME) -> tuple[Group, ...]:
    """Return the features in groups: those that say the same share what they bring, and are read as one.

    By the associations of `kohort.learning.importance.redundancy`, over at most 5,000 people drawn by `seed`.
    Raises UnknownNameError if the table lacks a feature.

    >>> orders = np.arange(30.0)
    >>> table = FeatureTable(tuple(map(str, range(30))), ("orders", "lines", "age"),
    ...                      np.column_stack([orders, orders * 2, orders % 5]))
    >>> groups_of(table, ("orders", "age", "lines"), seed=0)
    (('orders', 'lines'), ('age',))
    """
    seen = table.sample(_MOST_COMPARED, seed=seed)
    variables = []
    for name in features:
        found = category_of(name, seen.texts[name]) if name in seen.texts else Variable(name, seen.column(name))
        if found is not None:
            variables.append(found)
    redundancy = redundancy_of(tuple(variables), same=same) if variables else None
    groups: dict[Group, None] = {}
    for name in features:
        alike = redundancy.cluster_of(name) if redundancy and name in redundancy.names else (name,)
        groups[tuple(sorted(alike, key=list(features).index))] = None
    return tuple(groups)


def global_weights(found: Contributions) -> tuple[Weight, ...]:
    """Return the mean absolute contribution of each group, the largest first; raises UsageError for nobody.

    >>> from kohort.learning.models.explanation.contributions import Unit
    >>> found = Contributions((("a",), ("b",)), 0.5, np.array([[0.1, -0.3], [0.1, 0.3]]), Unit.SCORE)
    >>> [(one.group, round(one.brought.estimate, 3)) for one in global_weights(found)]
    [(('b',), 0.3), (('a',), 0.1)]
    """
    return _weights(found.groups, np.abs(found.brought), absolute=True)


def segment_weights(found: Contributions, inside: npt.NDArray[np.bool_]) -> tuple[Weight, ...]:
    """Return the mean contribution of each group to the people `inside`, shape (people,), the farthest from 0 first.

    Raises UsageError for nobody, or for flags of other people.
    """
    if len(inside) != len(found.brought):
        raise UsageError(f"a segment of {len(inside)} people is not of the {len(found.brought)} that were explained")
    return _weights(found.groups, found.brought[inside], absolute=False)


def _weights(groups: tuple[Group, ...], brought: npt.NDArray[np.float64], *, absolute: bool) -> tuple[Weight, ...]:
    columns = zip(groups, brought.T, strict=True)
    means = [Weight(group, mean_interval(Summary.of(column)), absolute) for group, column in columns]
    return tuple(sorted(means, key=lambda one: -abs(one.brought.estimate)))
