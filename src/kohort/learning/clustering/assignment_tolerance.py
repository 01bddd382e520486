"""How far apart a database and Python can be when both assign people to clusters."""

from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.clustering.methods.assigners import Mixture
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.autoencoder import AutoEncoder
from kohort.learning.features.scaling import NEAR_ZERO, ColumnScaling
from kohort.learning.features.table import FeatureTable, Points

_ROUNDING: Final = float(np.finfo(np.float64).eps)
_OF_A_POWER: Final = 8
"""How many roundings a power or logarithm may be off, in numpy and in a database together, with what is around it."""
_OF_A_TANGENT: Final = 16
"""The same of a hyperbolic tangent, which a database is told by the exponential."""

Bounds = npt.NDArray[np.float64]


def tolerance(model: ClusterModel, table: FeatureTable) -> float:
    """Return the most by which a margin of people in `table` can differ in a database.

    A margin is the difference of two squared distances, or of two log densities of a mixture. Whoever's is larger has
    the same cluster in both. Bounds of rounding to the first order (Higham 2002, Accuracy and Stability of Numerical
    Algorithms, chapter 3), with powers, logarithms and tangents right to a few units in the last place; where nothing
    is bent, all is computed alike and the answer is 0.

    >>> from kohort.learning.clustering.methods.assigners import Centroids
    >>> from kohort.learning.features.preparation import Preparation
    >>> table = FeatureTable(("ann",), ("orders",), np.array([[7.0]]))
    >>> orders = ColumnScaling("orders", "log", median=2, missing=0, power=0)
    >>> model = ClusterModel(Preparation((orders,), ()), Centroids(((-1.0,), (1.0,))), ("few", "many"), seed=1)
    >>> 0 < tolerance(model, table) < 1e-13
    True
    """
    preparation = model.preparation
    if all(column.power == 1 for column in preparation.columns) and not isinstance(preparation.reduction, AutoEncoder):
        return 0.0
    points = preparation.scaled(table)
    codes = {code.name: code.apply(table.text(code.name)) for code in preparation.codes}
    off = np.zeros(points.shape[1])
    for place, column in enumerate(preparation.columns):
        off[place] = _off(column, codes[column.name] if column.name in codes else table.column(column.name))
    points, off = _reduced(model, points, off)
    if isinstance(model.assigner, Mixture):
        return _of_densities(model.assigner, points, off)
    farthest = np.abs(np.array(model.centroids)).max(axis=0)
    sums = (farthest * farthest).sum() + 2 * (_reach(points) * farthest).sum()
    return float(2 * (2 * (off * farthest).sum() + (len(off) + 2) * _ROUNDING * sums))


def _reduced(model: ClusterModel, points: Points, off: Bounds) -> tuple[Points, Bounds]:
    """Return the points after the reduction, and how far each column of them can be off."""
    reduction = model.preparation.reduction
    if reduction is None:
        return points, off
    if not isinstance(reduction, AutoEncoder):
        loadings = np.abs(np.array(reduction.loadings)).T
        reach = _reach(points) + np.abs(np.array(reduction.centre))
        return reduction.apply(points), _summed(loadings, np.zeros(loadings.shape[1]), reach, off)
    for layer in reduction.encoder:
        weights, offsets = np.abs(np.array(layer.weights)), np.abs(np.array(layer.offsets))
        # A tangent is nowhere steeper than 1: what goes in comes out no farther off, but for its own rounding.
        off = _summed(weights, offsets, _reach(points), off) + _OF_A_TANGENT * _ROUNDING
        points = np.tanh(layer.apply(points))
    return points, off


def _summed(weights: Points, starts: Bounds, reach: Bounds, off: Bounds) -> Bounds:
    """Return how far sums can be off: what their terms are off, and the rounding of all that is added."""
    bound: Bounds = off @ weights + (len(off) + 2) * _ROUNDING * (starts + reach @ weights)
    return bound


def _of_densities(mixture: Mixture, points: Points, off: Bounds) -> float:
    """Return how far the difference of two log densities can be off."""
    worst = 0.0
    for mean, rows, constant in zip(mixture.means, mixture.roots, mixture.constants, strict=True):
        root = np.abs(np.triu(np.array(rows)))
        reach = np.abs(points - np.array(mean)).max(axis=0)
        projected = reach @ root
        projected_off = _summed(root, np.zeros(len(off)), reach, off + _ROUNDING * reach)
        quadratic = 2 * (projected * projected_off).sum() + (len(off) + 2) * _ROUNDING * (projected * projected).sum()
        worst = max(worst, quadratic / 2 + 2 * _ROUNDING * (abs(constant) + (projected * projected).sum() / 2))
    return float(2 * worst)


def _reach(points: Points) -> Bounds:
    reach: Bounds = np.abs(points).max(axis=0)
    return reach


def _off(column: ColumnScaling, values: npt.NDArray[np.float64]) -> float:
    """Return how far a scaled value can be from that of another library."""
    if column.power == 1:
        return 0.0
    filled = np.where(np.isnan(values), column.median, values)
    ends = np.array([filled.min(), filled.max()])
    worst = 0.0
    for value in (column.clipped(ends) - column.shift) / column.unit:
        power = column.power if value >= 0 else 2.0 - column.power
        logarithm = float(np.log1p(abs(value)))
        bent = 1.0 + logarithm
        if abs(power) >= NEAR_ZERO:
            bent *= float(np.exp(max(power, 0.0) * logarithm)) * max(1.0, 1.0 / abs(power))
        worst = max(worst, bent)
    return _OF_A_POWER * _ROUNDING * (worst + abs(column.centre)) / column.spread
