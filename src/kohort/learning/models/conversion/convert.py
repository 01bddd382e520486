"""Any fitted estimator that Kohort keeps as a plain model: steps, core, link and calibrators found in it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils import get_tags

from kohort.errors import UsageError, shorten
from kohort.learning.features.preparation import Preparation
from kohort.learning.models.conversion.boosters import BOOSTERS
from kohort.learning.models.conversion.estimators import ESTIMATORS
from kohort.learning.models.conversion.steps import step_of
from kohort.learning.models.plain import Calibrator, Fill, Isotonic, Linear, Part, PlainModel, Sigmoid, Step
from kohort.learning.models.scoring import prepared

_CORES: Final = {**ESTIMATORS, **BOOSTERS}
_WRAPPED: Final = {
    "FrozenEstimator": "estimator",
    "TunedThresholdClassifierCV": "estimator_",
    "FixedThresholdClassifier": "estimator_",
    "GridSearchCV": "best_estimator_",
    "RandomizedSearchCV": "best_estimator_",
    "HalvingGridSearchCV": "best_estimator_",
    "HalvingRandomSearchCV": "best_estimator_",
}
"""Where the estimator itself stands in one that only searched, tuned or froze it."""


def plain_model(
    estimator: Any,
    names: Sequence[str],
    *,
    background: npt.ArrayLike | None = None,
    preparation: Preparation | None = None,
) -> PlainModel:
    """Return a fitted estimator of scikit-learn, LightGBM or XGBoost as a plain model over the features `names`.

    Kept are logistic and linear models, decision trees, random forests, extra trees, gradient boosting of all three
    libraries, support vector machines, networks; in pipelines (imputers, scalers, selections; resamplers only learn),
    calibrated by a sigmoid or isotonic, in folds or not. The score is the probability of the second class.
    `background` are features of the people that explanations of linear models compare with, shape (people, names).
    `preparation` is what made the points that the estimator learnt from, where they were made so; `names` are its own.
    NaN is taken where the library takes it: by its estimator's tags, or because a step fills what is missing.

    Raises UsageError for what has no plain form, such as more than two classes, with what to do instead.

    >>> from sklearn.linear_model import LogisticRegression
    >>> fitted = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> from kohort.learning.models.scoring import scores
    >>> bool(np.allclose(scores(plain_model(fitted, ["orders"]), [[2.5]]), fitted.predict_proba([[2.5]])[:, 1]))
    True
    """
    classes = getattr(estimator, "classes_", None)
    if classes is not None and len(classes) != 2:  # noqa: PLR2004 - yes or no
        raise UsageError(f"the model tells {len(classes)} classes apart; Kohort keeps models of one label, yes or no")
    found = _found(estimator, ())
    takes = all(one.missing for one in found)
    model = PlainModel(tuple(names), tuple(one.part for one in found), takes, preparation)
    if background is None:
        return model
    people = np.ascontiguousarray(background, dtype=np.float64)
    return replace(model, parts=tuple(_centred(part, people) for part in model.parts))


class _Found(NamedTuple):
    """A part, and whether it takes missing values."""

    part: Part
    missing: bool


def _found(estimator: Any, steps: tuple[Step, ...]) -> list[_Found]:
    name = type(estimator).__name__
    if name in _WRAPPED:
        return _found(getattr(estimator, _WRAPPED[name]), steps)
    if name == "Pipeline":
        for _, one in estimator.steps[:-1]:
            steps += step_of(one)
        return _found(estimator.steps[-1][1], steps)
    if name == "CalibratedClassifierCV":
        return [_calibrated(one, steps) for one in estimator.calibrated_classifiers_]
    if name not in _CORES:
        raise UsageError(
            f"{shorten(name)} has no plain form, in which Kohort keeps models; it keeps {', '.join(_CORES)}"
        )
    core, link = _CORES[name](estimator)
    filled = any(isinstance(step, Fill) for step in steps)
    return [_Found(Part(core, link, steps), filled or bool(get_tags(estimator).input_tags.allow_nan))]


def _calibrated(one: Any, steps: tuple[Step, ...]) -> _Found:
    if one.method not in {"sigmoid", "isotonic"}:
        raise UsageError(f"a calibration by {one.method} has no plain form; calibrate by a sigmoid or isotonic")
    inner = _found(one.estimator, steps)
    if len(inner) != 1 or inner[0].part.calibrator is not None:
        raise UsageError("a calibrated model is calibrated again; calibrate it once")
    (fitted,) = one.calibrators
    calibrator: Calibrator
    if one.method == "sigmoid":
        calibrator = Sigmoid(float(fitted.a_), float(fitted.b_))
    else:
        calibrator = Isotonic(fitted.X_thresholds_, fitted.y_thresholds_)
    of_margin = hasattr(one.estimator, "decision_function")
    return _Found(replace(inner[0].part, calibrator=calibrator, of_margin=of_margin), inner[0].missing)


def _centred(part: Part, people: npt.NDArray[np.float64]) -> Part:
    if not isinstance(part.core, Linear):
        return part
    return replace(part, core=replace(part.core, centre=prepared(part, people).mean(axis=0)))
