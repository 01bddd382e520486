"""What features bring to the scores of many people: exact where the model allows it, else sampled."""

from collections.abc import Sequence
from typing import Final

from kohort.learning.features.table import FeatureTable
from kohort.learning.models.explanation.contributions import contributions
from kohort.learning.models.explanation.sampled import sampled_contributions
from kohort.learning.models.explanation.summaries import global_weights
from kohort.learning.models.explanation.weights import Group, Weight
from kohort.learning.models.plain import Linear, PlainModel
from kohort.learning.models.scoring import points_of
from kohort.learning.models.trees import Trees

_MOST: Final = 1_000
"""People explained exactly; the interval of a mean says how much that leaves open."""
_MOST_SAMPLED: Final = 100
_ROUNDS: Final = 5


def is_exact(model: PlainModel) -> bool:
    """Return whether a model's contributions follow from itself: it is linear, or a sum of trees.

    >>> import numpy as np
    >>> from kohort.learning.models.plain import Link, Part
    >>> is_exact(PlainModel(("orders",), (Part(Linear(np.array([1.0]), 0.0), Link.LOGIT),)))
    True
    """
    return all(isinstance(part.core, Linear | Trees) for part in model.parts)


def weights_of(model: PlainModel, table: FeatureTable, groups: Sequence[Group], *, seed: int) -> tuple[Weight, ...]:
    """Return how much `groups` of features bring to scores, on average over the people of a table, the most first.

    In parts of the score; sampled against those people where nothing exact is to be had. Of more than 1,000 people as
    many are drawn by `seed`, or 100 where contributions are sampled. Nobody has none. Raises UnknownNameError if the
    table lacks a feature, UsageError for groups that hold a feature twice or not at all, and for a linear model that
    does not say whom it compares with.

    >>> import numpy as np
    >>> from kohort.learning.models.plain import Link, Part
    >>> line = Linear(np.array([0.2, 0.0]), 0.0, centre=np.array([1.0, 0.0]))
    >>> model = PlainModel(("orders", "age"), (Part(line, Link.IDENTITY),))
    >>> table = FeatureTable(("ada", "ben"), ("orders", "age"), np.array([[0.0, 30.0], [2.0, 60.0]]))
    >>> [(one.group, one.brought.estimate) for one in weights_of(model, table, (("age",), ("orders",)), seed=0)]
    [(('orders',), 0.2), (('age',), 0.0)]
    """
    if not table.person_ids:
        return ()
    exact = is_exact(model)
    points = points_of(model, table.sample(_MOST if exact else _MOST_SAMPLED, seed=seed))
    if exact:
        return global_weights(contributions(model, points).grouped(groups))
    return global_weights(sampled_contributions(model, points, points, seed=seed, rounds=_ROUNDS).grouped(groups))
