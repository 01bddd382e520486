"""A model that has learnt: fitted on prepared points, with weights or made-up examples where the goal is rare."""

from enum import StrEnum
from typing import Any

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from kohort.imports import needing_extra
from kohort.learning.features.table import Points
from kohort.learning.prediction.families import Family
from kohort.learning.prediction.judged import Chances, Reached
from kohort.learning.prediction.results import Settings


class Balance(StrEnum):
    """What is done about a goal that few reach; chances are repaired by calibration, whatever is chosen.

    `weights` lets both classes count alike; `smote` makes up examples between those of the rarer class (Chawla et al.
    2002, JAIR 16:321), from what is learnt from alone. Neither is needed for a good ranking by most families.
    """

    NONE = "none"
    WEIGHTS = "weights"
    SMOTE = "smote"


def fit_estimator(
    family: Family, settings: Settings, points: Points, reached: Reached, *, balance: Balance, seed: int
) -> Any:
    """Return an estimator that has learnt from `points`, float64 of shape (rows, columns).

    With one thread, so that the same seed gives the same model on any machine. Where there are more rows than the
    family takes, a sample with the same share who reached the goal. Raises MissingExtraError for a missing library.
    """
    points, reached = _sampled(points, reached, family.most_rows, seed)
    if balance is Balance.SMOTE:
        points, reached = _with_made_up(points, reached, seed)
    weights = None
    if balance is Balance.WEIGHTS:
        weights = np.where(reached, 0.5 / reached.mean(), 0.5 / (1 - reached.mean()))
    estimator = family.estimator(settings, seed=seed)
    with threadpool_limits(1):
        return estimator.fit(points, reached.astype(np.int64), sample_weight=weights)


def raw_scores(estimator: Any, points: Points) -> Chances:
    """Return what a model says of each row, from 0 to 1, shape (rows,): no chance before it is calibrated."""
    with threadpool_limits(1):
        if hasattr(estimator, "predict_proba"):
            return np.asarray(estimator.predict_proba(points)[:, 1], dtype=np.float64)
        return np.asarray(expit(estimator.decision_function(points)), dtype=np.float64)


def _sampled(points: Points, reached: Reached, most: int, seed: int) -> tuple[Points, Reached]:
    if len(reached) <= most:
        return points, reached
    random = np.random.default_rng(seed)
    sides = (np.flatnonzero(reached), np.flatnonzero(~reached))
    drawn = [random.choice(side, max(1, most * len(side) // len(reached)), replace=False) for side in sides]
    rows = np.sort(np.concatenate(drawn))
    return points[rows], reached[rows]


def _with_made_up(points: Points, reached: Reached, seed: int) -> tuple[Points, Reached]:
    with needing_extra("tune", "SMOTE"):
        from imblearn.over_sampling import SMOTE
    fewest = int(min(reached.sum(), (~reached).sum()))
    made, told = SMOTE(random_state=seed, k_neighbors=min(5, fewest - 1)).fit_resample(points, reached)
    return made, told.astype(bool)
