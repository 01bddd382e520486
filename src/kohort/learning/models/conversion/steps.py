"""What pipelines of scikit-learn do to features before a model reads them, as plain steps."""

from typing import Any, Final

import numpy as np

from kohort.errors import UsageError, shorten
from kohort.learning.models.plain import Choose, Fill, Scale, Step, Stretch

_RESAMPLERS: Final = "imblearn."
"""They change whom a model learns from, and nobody who is scored."""


def step_of(transformer: Any) -> tuple[Step, ...]:
    """Return a fitted transformer as steps; raises UsageError for one that has no plain form.

    >>> from sklearn.preprocessing import StandardScaler
    >>> (scaled,) = step_of(StandardScaler().fit([[0.0], [4.0]]))
    >>> scaled.centre.tolist(), scaled.spread.tolist()
    ([2.0], [2.0])
    """
    if transformer is None or transformer == "passthrough" or type(transformer).__module__.startswith(_RESAMPLERS):
        return ()
    return (_step(transformer, type(transformer).__name__, getattr(transformer, "n_features_in_", 0)),)


def _step(transformer: Any, name: str, width: int) -> Step:
    match name:
        case "StandardScaler":
            return Scale(_or(transformer.mean_, 0.0, width), _or(transformer.scale_, 1.0, width))
        case "RobustScaler":
            return Scale(_or(transformer.center_, 0.0, width), _or(transformer.scale_, 1.0, width))
        case "MaxAbsScaler":
            return Scale(np.zeros(width), transformer.scale_)
        case "MinMaxScaler" if not transformer.clip:
            return Stretch(transformer.scale_, transformer.min_)
        case "SimpleImputer":
            return _fill(transformer)
        case "VarianceThreshold" | "SelectKBest" | "SelectPercentile" | "SelectFromModel" | "RFE" | "RFECV":
            return Choose(np.flatnonzero(transformer.get_support()), width)
    raise UsageError(
        f"the step {shorten(name)} has no plain form, in which Kohort keeps models; "
        "it keeps SimpleImputer, StandardScaler, RobustScaler, MinMaxScaler, MaxAbsScaler and selections of columns"
    )


def _fill(imputer: Any) -> Fill:
    values = np.asarray(imputer.statistics_, dtype=np.float64)
    if np.isnan(values).any() or not (imputer.missing_values is None or np.isnan(imputer.missing_values)):
        raise UsageError("an imputer met a column without values, or one where a number is missing; leave it out")
    indicated = imputer.indicator_.features_ if imputer.add_indicator else np.empty(0, dtype=np.int64)
    return Fill(values, indicated)


def _or(values: Any, otherwise: float, width: int) -> Any:
    return np.full(width, otherwise) if values is None else values
