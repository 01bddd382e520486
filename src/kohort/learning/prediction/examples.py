"""What is learnt from: rows of features known at some moment, and whether somebody then reached the goal."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.auc import Groups
from kohort.learning.features.table import FeatureTable
from kohort.learning.prediction.judged import Reached

FEWEST: Final = 20
"""How many must have reached the goal, and how many not, to learn and to judge at all."""
_COARSE: Final = 0.1


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows of `table` and whether each `reached` the goal; rows of equal `groups` are one person's.

    `times`, int64 of shape (rows,), are the moments up to which features were known; None where all are of one.
    Raises UsageError if the shapes disagree.
    """

    table: FeatureTable
    reached: Reached
    groups: Groups
    times: Groups | None = None

    def __post_init__(self) -> None:
        shapes = {(len(self.table.person_ids),), self.reached.shape, self.groups.shape}
        if len(shapes | ({self.times.shape} if self.times is not None else set())) > 1:
            raise UsageError("examples need a label, a person and a time for each row of features")

    def __len__(self) -> int:
        return len(self.reached)

    @property
    def people(self) -> int:
        """How many people the rows are of."""
        return len(np.unique(self.groups))

    def take(self, rows: Groups) -> "Examples":
        """Return some rows, by their places."""
        times = None if self.times is None else self.times[rows]
        return Examples(self.table.take(rows), self.reached[rows], self.groups[rows], times)


def enough(examples: Examples) -> None:
    """Raise UsageError where too few people reached the goal, or too few did not, to tell anything."""
    inside = len(np.unique(examples.groups[examples.reached]))
    outside = len(np.unique(examples.groups[~examples.reached]))
    if min(inside, outside) < FEWEST:
        raise UsageError(
            f"learning takes {FEWEST} people who reached the goal and {FEWEST} who did not; there are {inside} and "
            f"{outside}: wait for more, or take a goal that more people reach"
        )


def alike(table: FeatureTable, reached: Reached) -> Groups:
    """Return a group for each row such that rows which are alike in everything are of one, int64 of shape (rows,).

    A row that comes twice is most likely a person who comes twice: learnt from and judged by, it would flatter. Where
    fewer than a tenth of the rows are different, being alike says nothing, and each row is its own.

    >>> table = FeatureTable(("a", "b", "c"), ("orders",), np.array([[1.0], [2.0], [1.0]]))
    >>> alike(table, np.array([True, False, True])).tolist()
    [0, 1, 0]
    """
    texts = [np.unique([text or "" for text in column], return_inverse=True)[1] for column in table.texts.values()]
    columns = np.column_stack([np.nan_to_num(table.values, nan=-np.inf), *texts, reached])
    _, groups = np.unique(columns, axis=0, return_inverse=True)
    many = np.arange(len(reached))
    return many if groups.max(initial=0) + 1 < _COARSE * len(reached) else groups.reshape(-1).astype(np.int64)
