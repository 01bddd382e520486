"""What each feature brings to a score: contributions that add up to it, exact for linear models and trees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.learning.models.arrays import Floats
from kohort.learning.models.explanation.tree_shapley import shapley_of
from kohort.learning.models.explanation.weights import Group
from kohort.learning.models.plain import Linear, Link, Part, PlainModel, is_probability, sources
from kohort.learning.models.scoring import finished, prepared, readable
from kohort.learning.models.trees import Trees

_NEAR: Final = 1e-6


class Unit(StrEnum):
    """What contributions are parts of: the score itself (points of probability), or the margin (log-odds)."""

    SCORE = "score"
    MARGIN = "margin"


@dataclass(frozen=True, eq=False)
class Contributions:
    """What `groups` of features bring, float64 of shape (people, groups): with `base` they add up to `total`.

    `base` is what the model says of somebody of whom nothing is known. `unit` is what the numbers are parts of.
    """

    groups: tuple[Group, ...]
    base: float
    brought: Floats
    unit: Unit

    @property
    def total(self) -> Floats:
        """The score or the margin of each person, shape (people,)."""
        total: Floats = self.base + self.brought.sum(axis=1)
        return total

    def grouped(self, groups: Sequence[Group]) -> "Contributions":
        """Return the contributions of larger groups, each the sum of its features'.

        Raises UsageError unless each feature is in one group.

        >>> found = Contributions((("a",), ("b",)), 0.5, np.array([[0.1, 0.2]]), Unit.SCORE)
        >>> found.grouped([("b", "a")]).brought.round(9).tolist()
        [[0.3]]
        """
        held = [name for group in groups for name in group]
        known = [name for group in self.groups for name in group]
        if sorted(held) != sorted(known):
            raise UsageError("groups of features hold one twice or not at all; name each feature in one group")
        into = {name: place for place, group in enumerate(groups) for name in group}
        brought = np.zeros((len(self.brought), len(groups)))
        for place, group in enumerate(self.groups):
            if len({into[name] for name in group}) > 1:
                raise UsageError(f"groups of features part {group[0]!r} from what is read as one with it")
            brought[:, into[group[0]]] += self.brought[:, place]
        return replace(self, groups=tuple(tuple(one) for one in groups), brought=brought)


def contributions(model: PlainModel, values: npt.ArrayLike, *, unit: Unit = Unit.SCORE) -> Contributions:
    """Return what each feature brings to the scores of people, `values` as `scores` reads them.

    Shapley values, without sampling: of a linear model around the mean of the people it was converted with
    (weight · (x - mean)), of trees by the way of their training data. Both are of the margin. To the score, where it
    is another curve, each brings the share of the way from the base to the score that it has of the margin's way
    (the rescale rule of Shrikumar et al. 2017, ICML, section 3.5.1), so that contributions add up in either unit.

    Raises UsageError as `scores`; for a linear model without background; for other models, which are explained by
    `kohort.learning.models.explanation.sampled`.

    >>> tenth = Linear(np.array([0.2, -0.1]), 0.0, centre=np.array([5.0, 10.0]))
    >>> model = PlainModel(("orders", "days"), (Part(tenth, Link.LOGIT),))
    >>> found = contributions(model, [[9.0, 0.0]], unit=Unit.MARGIN)
    >>> found.base, found.brought.round(3).tolist(), found.total.round(3).tolist()
    (0.0, [[0.8, 1.0]], [1.8])
    """
    return contributions_in((unit,), model, values)[0]


def contributions_in(units: Sequence[Unit], model: PlainModel, values: npt.ArrayLike) -> tuple[Contributions, ...]:
    """Return `contributions` in each of some units, of one walk through the model; raises as they do."""
    read = readable(model, values)
    features = features_of(model)
    brought = [np.zeros((len(read), len(model.features))) for _ in units]
    bases = [0.0 for _ in units]
    for part in model.parts:
        margin = _of_margin(part, prepared(part, read))
        places = [features[source] for source in sources(part, len(model.names))]
        for one, unit in enumerate(units):
            start, of_columns = _of_score(part, *margin) if unit is Unit.SCORE else margin
            bases[one] += start / len(model.parts)
            for column, place in enumerate(places):
                brought[one][:, place] += of_columns[:, column] / len(model.parts)
    groups = tuple((name,) for name in model.features)
    return tuple(Contributions(groups, *found) for found in zip(bases, brought, units, strict=True))


def features_of(model: PlainModel) -> list[int]:
    """Return for each of the model's names the place of the feature that it comes from in `model.features`."""
    if model.preparation is None:
        return list(range(len(model.names)))
    numbers = len(model.preparation.columns)
    levels = [len(one.names) for one in model.preparation.one_hots]
    texts = [numbers + place for place, count in enumerate(levels) for _ in range(count)]
    return [*range(numbers), *texts]


def _of_margin(part: Part, columns: Floats) -> tuple[float, Floats]:
    core = part.core
    if isinstance(core, Trees):
        return shapley_of(core, columns)
    if not isinstance(core, Linear):
        raise UsageError(
            f"a model of the kind {type(core).__name__} has no exact contributions; "
            "ask for sampled ones: kohort.learning.models.explanation.sampled.sampled_contributions"
        )
    if core.centre is None:
        raise UsageError(
            "the model does not say whom it compares with; convert it with `background`, or train it again"
        )
    start = core.intercept + float(core.weights @ core.centre)
    return start, core.weights * (columns - core.centre)


def _of_score(part: Part, start: float, of_margin: Floats) -> tuple[float, Floats]:
    """Return the same in parts of the score: each its share of the way, at the base itself the slope there."""
    way = of_margin.sum(axis=1)
    (base,) = finished(part, np.array([start])).tolist()
    reach = _NEAR * max(1.0, abs(start))
    below, above = finished(part, np.array([start - reach, start + reach])).tolist()
    slopes = np.full(len(way), (above - below) / (2 * reach))
    far = np.abs(way) > reach
    slopes[far] = (finished(part, start + way[far]) - base) / way[far]
    return base, of_margin * slopes[:, None]


def names_unit(model: PlainModel, unit: Unit) -> str:
    """Return what contributions are counted in: "points", "log-odds", or "units" of a number that is foretold.

    >>> names_unit(PlainModel(("orders",), (Part(Linear(np.array([1.0]), 0.0), Link.LOGIT),)), Unit.MARGIN)
    'log-odds'
    """
    shares = any(isinstance(part.core, Trees) and part.core.shares for part in model.parts)
    if unit is Unit.MARGIN and not shares and any(part.link is Link.LOGIT for part in model.parts):
        return "log-odds"
    return "points" if is_probability(model.parts[0]) else "units"
