"""The obvious rule that a model has to beat: people by one thing known of them, such as how long ago they bought."""

from dataclasses import dataclass

import numpy as np

from kohort.errors import UnknownNameError
from kohort.learning.auc import auc_interval
from kohort.learning.features.table import Points
from kohort.learning.prediction.judged import Chances, Reached


@dataclass(frozen=True, eq=False)
class Rule:
    """One column of the points, the more the better, or the less; `seen` are its values where it was chosen."""

    name: str
    column: int
    rises: bool
    seen: np.ndarray

    def scores(self, points: Points) -> Chances:
        """Return which share of those seen each stands above, from 0 to 1: so that rules of several folds compare."""
        values = points[:, self.column]
        below = np.searchsorted(self.seen, values, side="left") + np.searchsorted(self.seen, values, side="right")
        share: Chances = below / (2 * len(self.seen))
        return share if self.rises else 1 - share


def obvious_rule(names: tuple[str, ...], points: Points, reached: Reached, feature: str | None = None) -> Rule:
    """Return the column that alone tells best who reaches the goal, or that of a `feature`; chosen where one learns.

    Raises UnknownNameError for a feature that is no column.

    >>> rule = obvious_rule(("orders",), np.array([[1.0], [2.0], [3.0]]), np.array([True, True, False]))
    >>> rule.rises, rule.scores(np.array([[0.0], [9.0]])).tolist()
    (False, [1.0, 0.0])
    """
    if feature is not None and feature not in names:
        raise UnknownNameError("feature", feature, names)
    places = range(len(names)) if feature is None else (names.index(feature),)
    areas = {place: auc_interval(points[:, place], reached).estimate for place in places}
    best = max(areas, key=lambda place: abs(areas[place] - 0.5))
    return Rule(names[best], best, areas[best] >= 0.5, np.sort(points[:, best]))  # noqa: PLR2004 - a coin
