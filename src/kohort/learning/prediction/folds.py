"""Parts of examples to learn from and to be judged by: by person, or forward in time."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold

from kohort.errors import UsageError
from kohort.learning.auc import Groups
from kohort.learning.prediction.judged import Reached


@dataclass(frozen=True, eq=False)
class Fold:
    """Places of the rows that are learnt from, and of those that judge it, int64."""

    learnt: Groups
    judged: Groups


def grouped_folds(reached: Reached, groups: Groups, parts: int, *, seed: int) -> tuple[Fold, ...]:
    """Return folds such that all rows of a person are on one side, and each has as many who reached the goal.

    >>> folds = grouped_folds(np.array([True, True, False, False]), np.array([7, 7, 8, 9]), 2, seed=0)
    Traceback (most recent call last):
    kohort.errors.UsageError: 2 folds need 2 people who reached the goal and 2 who did not; there are 1 and 2
    """
    people, places = np.unique(groups, return_inverse=True)
    ever = np.bincount(places, weights=reached) > 0
    if min(int(ever.sum()), int((~ever).sum())) < parts:
        raise UsageError(
            f"{parts} folds need {parts} people who reached the goal and {parts} who did not; "
            f"there are {int(ever.sum())} and {int((~ever).sum())}"
        )
    split = StratifiedKFold(parts, shuffle=True, random_state=seed).split(np.zeros(len(people)), ever)
    sides = [np.isin(places, judged) for _, judged in split]
    return tuple(Fold(np.flatnonzero(~side), np.flatnonzero(side)) for side in sides)


def forward_folds(times: Groups, parts: int, *, gap: int = 0) -> tuple[Fold, ...]:
    """Return folds forward in time: each part is judged by a model of what was known before it (rolling origin).

    Tashman 2000, Int. J. Forecasting 16:437. Rows of one time are in one part; the first part is only learnt from.
    A row is learnt from if its time is at least `gap` before the part: what it was to tell had happened by then.

    >>> [(one.learnt.tolist(), one.judged.tolist()) for one in forward_folds(np.array([1, 3, 1, 2]), 3)]
    [([0, 2], [3]), ([0, 2, 3], [1])]
    """
    moments, places = np.unique(times, return_inverse=True)
    if len(moments) < 2:  # noqa: PLR2004 - one to learn from, one to judge by
        raise UsageError("folds in time need rows of two moments; leave the time out, or bring earlier rows")
    ends = np.bincount(places).cumsum()
    share = np.minimum((ends - 1) * parts // len(times), parts - 1)
    _, part = np.unique(share, return_inverse=True)
    if part.max() == 0:
        part = np.arange(len(moments))
    folds = []
    for one in range(1, int(part.max()) + 1):
        begins = moments[part == one].min()
        learnt = np.flatnonzero((times < begins) & (times + gap <= begins))
        if len(learnt):
            folds.append(Fold(learnt, np.flatnonzero(part[places] == one)))
    if not folds:
        raise UsageError("no row was over before another began; the times lie too close for the gap")
    return tuple(folds)
