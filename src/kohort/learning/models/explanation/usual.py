"""What features bring to the scores of the people of a table: exactly where the model allows it, else by sampling."""

from typing import Final

from kohort.learning.features.table import FeatureTable
from kohort.learning.models.explanation.contributions import Contributions, contributions
from kohort.learning.models.explanation.sampled import sampled_contributions
from kohort.learning.models.explanation.summaries import global_weights, groups_of
from kohort.learning.models.explanation.weights import Weight
from kohort.learning.models.plain import Linear, PlainModel
from kohort.learning.models.scoring import points_of
from kohort.learning.models.trees import Trees

_MOST: Final = 1_000
"""People explained exactly; the interval of a mean says how much that leaves open."""
_MOST_SAMPLED: Final = 100
_ROUNDS: Final = 5


def is_exact(model: PlainModel) -> bool:
    """Return whether contributions to a model's scores are exact: of trees, and of a linear model that has a centre.

    >>> import numpy as np
    >>> from kohort.learning.models.plain import Link, Part
    >>> is_exact(PlainModel(("orders",), (Part(Linear(np.array([1.0]), 0.0), Link.LOGIT),)))
    False
    """
    cores = [part.core for part in model.parts]
    return all(isinstance(one, Trees) or (isinstance(one, Linear) and one.centre is not None) for one in cores)


def contributions_of(model: PlainModel, table: FeatureTable, *, seed: int) -> Contributions:
    """Return what each feature brings to the scores of all people of a table, in parts of the score.

    What is not exact is sampled against those people, as `sampled_contributions` does. Raises UnknownNameError if the
    table lacks a feature.
    """
    points = points_of(model, table)
    if is_exact(model):
        return contributions(model, points)
    return sampled_contributions(model, points, points, seed=seed, rounds=_ROUNDS)


def weights_of(model: PlainModel, table: FeatureTable, *, seed: int) -> tuple[Weight, ...]:
    """Return how much groups of features that say the same bring to scores, on average over people, the most first.

    Of more than 1,000 people as many are drawn by `seed`, or 100 where contributions are sampled. Nobody has none.

    >>> import numpy as np
    >>> from kohort.learning.models.plain import Link, Part
    >>> line = Linear(np.array([0.2, 0.0]), 0.0, centre=np.array([1.0, 0.0]))
    >>> model = PlainModel(("orders", "age"), (Part(line, Link.IDENTITY),))
    >>> table = FeatureTable(("ada", "ben"), ("orders", "age"), np.array([[0.0, 30.0], [2.0, 60.0]]))
    >>> [(one.group, one.brought.estimate) for one in weights_of(model, table, seed=0)]
    [(('orders',), 0.2), (('age',), 0.0)]
    """
    if not table.person_ids:
        return ()
    groups = groups_of(table, model.features, seed=seed)
    some = table.sample(_MOST if is_exact(model) else _MOST_SAMPLED, seed=seed)
    return global_weights(contributions_of(model, some, seed=seed).grouped(groups))
