"""Scoring people by a plain model: a crowd at once or one person live, with the same result to the last bit."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from kohort.errors import UsageError
from kohort.learning.features.preparation import Preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.arrays import Floats
from kohort.learning.models.kernels import add_trees, kernel_margins, layer_sums, linear_margins
from kohort.learning.models.plain import (
    Activation,
    Calibrator,
    Choose,
    Fill,
    Kernel,
    Linear,
    Link,
    Network,
    OddsSigmoid,
    Part,
    PlainModel,
    Scale,
    Sigmoid,
    Step,
    Stretch,
)

_AT_ONCE: Final = 65_536
"""People prepared at a time, so that a million do not need several copies of their features."""


def scores(model: PlainModel, values: npt.ArrayLike) -> Floats:
    """Return the score of each person, float64 of shape (people,): a probability, or a number in the label's unit.

    `values` are the features of the model in its order, shape (people, features), NaN where one is missing. Trees give
    what their library gives to the last bit; others sum in a fixed order, and may differ from theirs by some 1e-15.

    Raises UsageError for another shape, an infinite value, or NaN where the model takes none.

    >>> from kohort.learning.models.plain import Linear
    >>> model = PlainModel(("orders",), (Part(Linear(np.array([2.0]), -1.0), Link.LOGIT),))
    >>> scores(model, [[0.5], [9.0]]).round(3).tolist()
    [0.5, 1.0]
    """
    read = readable(model, values)
    total = np.zeros(len(read))
    for begin in range(0, len(read), _AT_ONCE):
        block = read[begin : begin + _AT_ONCE]
        for part in model.parts:
            total[begin : begin + _AT_ONCE] += part_scores(part, prepared(part, block))
    # A sum of one is it: nothing is rounded.
    return total / len(model.parts)


def scores_of(model: PlainModel, table: FeatureTable) -> Floats:
    """Return the score of each person of a table, by the model's preparation, or by its features as they stand.

    Raises UnknownNameError if the table lacks a feature, and UsageError as `scores`.
    """
    return scores(model, points_of(model, table))


def points_of(model: PlainModel, table: FeatureTable) -> Floats:
    """Return the people of a table as a model reads them, shape (people, names); raises UnknownNameError."""
    if model.preparation is not None:
        return model.preparation.apply(table)
    return np.column_stack([table.column(name) for name in model.names])


def score_of(model: PlainModel, features: Mapping[str, float | str | None]) -> float:
    """Return the score of one person by their features' names; None counts as NaN, others than the model's as nothing.

    Raises UsageError as `scores`, and for a feature that is not told.

    >>> from kohort.learning.models.plain import Linear
    >>> model = PlainModel(("orders",), (Part(Linear(np.array([2.0]), -1.0), Link.LOGIT),))
    >>> score_of(model, {"orders": 0.5, "city": 3.0})
    0.5
    """
    missing = [name for name in model.features if name not in features]
    if missing:
        raise UsageError(f"the features of a person lack {missing[0]!r}, which the model reads; tell None if unknown")
    if model.preparation is not None:
        return float(scores_of(model, _alone(model.preparation, features))[0])
    told = (features[name] for name in model.names)
    return float(scores(model, [[np.nan if one is None else one for one in told]])[0])


def _alone(preparation: Preparation, features: Mapping[str, float | str | None]) -> FeatureTable:
    texts = {one.name for one in preparation.codes} | {one.name for one in preparation.one_hots}
    numbers = [name for name in preparation.features if name not in texts]
    told = [np.nan if features[name] is None else features[name] for name in numbers]
    known = {
        name: (None if features[name] is None else str(features[name]),)
        for name in preparation.features
        if name in texts
    }
    return FeatureTable(("",), tuple(numbers), np.array([told], dtype=np.float64), known)


def readable(model: PlainModel, values: npt.ArrayLike) -> Floats:
    """Return features as float64 of shape (people, features), row by row; raises UsageError as `scores`."""
    read = np.ascontiguousarray(values, dtype=np.float64)
    if read.ndim != 2 or read.shape[1] != len(model.names):  # noqa: PLR2004 - people by features
        raise UsageError(f"the model reads {len(model.names)} features of each person; got the shape {read.shape}")
    # A sum is NaN or infinite if anything in it is, and needs no copy of its own.
    with np.errstate(over="ignore", invalid="ignore"):
        clean = bool(np.isfinite(read.sum()))
    if not clean and np.isinf(read).any():
        raise UsageError("a feature is infinite; write NaN for what is missing")
    if not (clean or model.missing) and np.isnan(read).any():
        place = model.names[int(np.isnan(read).any(axis=0).argmax())]
        raise UsageError(f"the model takes no missing values, and {place!r} is missing of somebody; fill it first")
    return read


def prepared(part: Part, values: Floats) -> Floats:
    """Return what the core of a part reads, shape (people, columns)."""
    for step in part.steps:
        values = _stepped(step, values)
    return np.ascontiguousarray(values)


def part_scores(part: Part, columns: Floats) -> Floats:
    """Return the scores of a part, shape (people,), of prepared columns."""
    return finished(part, margins(part, columns))


def finished(part: Part, margin: Floats) -> Floats:
    """Return what link and calibrator make of margins."""
    if part.calibrator is not None and part.of_margin:
        return calibrated(part.calibrator, margin)
    linked = _LINKS[part.link](margin)
    return linked if part.calibrator is None else calibrated(part.calibrator, linked)


def margins(part: Part, columns: Floats) -> Floats:
    """Return the margins of a part, shape (people,), of prepared columns, shape (people, columns)."""
    core = part.core
    match core:
        case Linear():
            return linear_margins(columns, core.weights, core.intercept)
        case Kernel():
            vectors = np.ascontiguousarray(core.vectors.T)
            return kernel_margins(columns, vectors, core.weights, core.intercept, core.gamma)
        case Network():
            for layer in core.layers[:-1]:
                columns = _ACTIVATIONS[core.activation](layer_sums(columns, layer.weights, layer.offsets))
            return layer_sums(columns, core.layers[-1].weights, core.layers[-1].offsets)[:, 0]
    totals = np.full(len(columns), core.base, dtype=np.float32 if core.narrow else np.float64)
    add_trees(columns, core.nodes, core.roots, totals)
    return totals.astype(np.float64) / core.divisor


def calibrated(calibrator: Calibrator, score: Floats) -> Floats:
    """Return calibrated probabilities of scores.

    >>> calibrated(Sigmoid(-1.0, 0.0), np.array([0.0])).tolist()
    [0.5]
    """
    if isinstance(calibrator, Sigmoid):
        return np.asarray(expit(-(calibrator.slope * score + calibrator.offset)))
    if isinstance(calibrator, OddsSigmoid):
        low, high = calibrator.edge, 1 - calibrator.edge
        odds = calibrator.slope * logit(np.clip(score, low, high)) + calibrator.intercept
        return np.asarray(np.clip(expit(odds), low, high))
    return np.interp(score, calibrator.scores, calibrator.values)


def _stepped(step: Step, values: Floats) -> Floats:
    match step:
        case Fill():
            missing = np.isnan(values)
            filled = np.where(missing, step.values, values)
            return np.column_stack([filled, missing[:, step.indicated].astype(np.float64)])
        case Scale():
            return (values - step.centre) / step.spread
        case Stretch():
            return values * step.factor + step.offset
        case Choose():
            return values[:, step.places]


def _same(values: Floats) -> Floats:
    return values


def _rectified(values: Floats) -> Floats:
    return np.maximum(values, 0.0)


_LINKS: Final = {Link.IDENTITY: _same, Link.LOGIT: expit, Link.LOG: np.exp}
_ACTIVATIONS: Final = {
    Activation.IDENTITY: _same,
    Activation.LOGISTIC: expit,
    Activation.RECTIFIED: _rectified,
    Activation.TANH: np.tanh,
}
