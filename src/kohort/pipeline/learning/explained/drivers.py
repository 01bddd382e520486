"""What goes with one score: the contributions of a model's features, those that say the same read as one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from kohort.learning.features.table import FeatureTable
from kohort.learning.models.explanation.by_shap import shap_contributions
from kohort.learning.models.explanation.contributions import (
    Contributions,
    Unit,
    contributions_in,
    names_unit,
)
from kohort.learning.models.explanation.sampled import local_model, sampled_contributions
from kohort.learning.models.explanation.usual import is_exact
from kohort.learning.models.plain import Linear, PlainModel
from kohort.learning.models.scoring import points_of
from kohort.pipeline.learning.explained.found import Driver, Drivers, Method, Told
from kohort.pipeline.learning.explained.opened import OpenedModel

COMPARED: Final = 200
"""With how many people a score is compared where contributions are sampled."""
_SEED: Final = 0
Others = Callable[[], FeatureTable]
"""What gives the people whom somebody is compared with, where that is needed."""


def is_explained(model: PlainModel) -> bool:
    """Return whether contributions can be told: a linear model must say whom it compares with."""
    return all(part.core.centre is not None for part in model.parts if isinstance(part.core, Linear))


def drivers_of(model: OpenedModel, one: FeatureTable, values: np.ndarray, others: Others) -> Drivers:
    """Return what goes with the score of the one person of a table, `values` as `points_of` makes them of it.

    Exact where the model is linear or made of trees; else sampled against the people that `others` gives, by
    permutations with a fixed seed. Raises UsageError for a linear model that does not say whom it compares with.
    """
    plain = model.plain
    if not is_exact(plain):
        asked = sampled_contributions(plain, values, points_of(plain, others()), seed=_SEED)
        return listed(Method.SAMPLED, model, one, alike(model, asked), None)
    points, margins = contributions_in((Unit.SCORE, Unit.MARGIN), plain, values)
    return listed(Method.EXACT, model, one, alike(model, points), alike(model, margins))


def asked_drivers(
    method: Method, model: OpenedModel, one: FeatureTable, values: np.ndarray, others: FeatureTable
) -> Drivers:
    """Return what goes with a score as SHAP or LIME say, to compare with what the model itself says.

    LIME is a linear model of the scores nearby, whose fidelity is told: its parts do not add up to the chance. Raises
    MissingExtraError for SHAP without the extra `[explain]`.
    """
    plain, beside = model.plain, points_of(model.plain, others)
    if method is Method.SHAP:
        return listed(method, model, one, alike(model, shap_contributions(plain, values, beside)), None)
    near = local_model(plain, values[0], beside, seed=_SEED)
    groups = tuple((name,) for name in plain.features)
    brought = Contributions(groups, near.base, near.brought[None], Unit.SCORE)
    return replace(listed(method, model, one, alike(model, brought), None), fidelity=near.fidelity)


def alike(model: OpenedModel, found: Contributions) -> Contributions:
    """Return contributions with the features that say the same read as one, as was found when the model learnt."""
    known = sorted(name for group in model.alike for name in group)
    return found.grouped(model.alike) if known == sorted(model.plain.features) else found


def listed(
    method: Method, model: OpenedModel, one: FeatureTable, points: Contributions, margins: Contributions | None
) -> Drivers:
    """Return the contributions to one person's score as a list, those that bring most first."""
    brought = points.brought[0]
    order = sorted(range(len(points.groups)), key=lambda place: (-abs(brought[place]), points.groups[place]))
    found = tuple(
        Driver(
            points.groups[place],
            tuple(told(one, name) for name in points.groups[place]),
            float(brought[place]),
            None if margins is None else float(margins.brought[0, place]),
        )
        for place in order
    )
    base = None if margins is None else margins.base
    return Drivers(method, points.base, base, names_unit(model.plain, Unit.MARGIN), found)


def told(one: FeatureTable, name: str) -> Told:
    """Return the value of a feature of the one person of a table."""
    if name in one.texts:
        return one.texts[name][0]
    value = float(one.column(name)[0])
    return None if np.isnan(value) else value
