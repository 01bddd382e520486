"""Unusual values of a column: flagged, counted and shown with their fences, never removed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError
from kohort.stats.fences import Fences, mad_fences, tukey_fences, z_fences


class OutlierMethod(StrEnum):
    """How the fences are found."""

    IQR = "iqr"
    Z_SCORE = "z-score"
    ROBUST = "robust z-score"
    BOUNDS = "bounds"


ANYTHING: Final = Fences(float("-inf"), float("inf"))


class OutlierScale(StrEnum):
    """On which scale: money and counts are so skewed that most of what raw fences flag is ordinary."""

    RAW = "raw"
    LOG = "log"


@dataclass(frozen=True)
class OutlierRule:
    """How to look for outliers.

    `reach` is in interquartile ranges for IQR (1.5: Tukey 1977), in standard deviations for z-scores (3), and in
    robust ones for robust z-scores (3.5: Iglewicz and Hoaglin 1993). For bounds `plausible` are the fences, in the
    column's own unit.
    """

    method: OutlierMethod
    scale: OutlierScale = OutlierScale.RAW
    reach: float = 1.0
    plausible: Fences = ANYTHING


DEFAULT_RULES: Final = (
    OutlierRule(OutlierMethod.IQR, OutlierScale.RAW, 1.5),
    OutlierRule(OutlierMethod.IQR, OutlierScale.LOG, 1.5),
    OutlierRule(OutlierMethod.Z_SCORE, OutlierScale.RAW, 3.0),
    OutlierRule(OutlierMethod.Z_SCORE, OutlierScale.LOG, 3.0),
)


@dataclass(frozen=True, eq=False)
class OutlierFinding:
    """What one rule flags in a column.

    `fences` are in the column's own unit, whatever the scale; `flags` is bool of shape (n,), False where the value is
    missing, and `high` the same of those above; `present` counts the values that are not, and `share` is that of the
    flagged among them.
    """

    column: str
    rule: OutlierRule
    fences: Fences
    flags: npt.NDArray[np.bool_]
    high: npt.NDArray[np.bool_]
    below: int
    above: int
    present: int

    @property
    def share(self) -> float:
        """The share of present values that are flagged."""
        return (self.below + self.above) / self.present


def find_outliers(column: str, values: npt.NDArray[np.float64], rule: OutlierRule) -> OutlierFinding:
    """Flag the values of a column that lie beyond the fences of `rule`.

    `values` is float64 of shape (n,), NaN where missing. The logarithmic scale is sign(x) · log(1 + |x|), which
    keeps zero and refunds. A value on a fence is not flagged.

    Raises UsageError if no value is present or one is infinite.

    >>> totals = np.array([20.0, 25.0, 30.0, 35.0, 900.0, np.nan])
    >>> finding = find_outliers("total", totals, DEFAULT_RULES[0])
    >>> finding.fences, finding.above, finding.share
    (Fences(low=10.0, high=50.0), 1, 0.2)
    """
    present = int((~np.isnan(values)).sum())
    if present == 0 or np.isinf(values).any():
        raise UsageError(f'outliers of "{column}": there must be finite values; write NaN for what is missing')
    if rule.method is OutlierMethod.BOUNDS:
        scaled, fences, found = values, rule.plausible, rule.plausible
    else:
        forward, back = _SCALES[rule.scale]
        scaled = forward(values)
        fences = _fences(scaled, rule)
        found = Fences(*back(np.array([fences.low, fences.high])).tolist())
    below, above = scaled < fences.low, scaled > fences.high
    return OutlierFinding(column, rule, found, below | above, above, int(below.sum()), int(above.sum()), present)


def reasons(found: Sequence[OutlierFinding]) -> list[str]:
    """Return why each value of a column is flagged, by which methods; "" where none flags it.

    >>> totals = np.array([20.0, 25.0, 30.0, 35.0, 900.0, np.nan])
    >>> rules = [OutlierRule(OutlierMethod.ROBUST, reach=3.5), DEFAULT_RULES[0]]
    >>> reasons([find_outliers("total", totals, rule) for rule in rules])[4:]
    ['above 55.95 (robust z-score); above 50.00 (iqr)', '']
    """
    said = [[""] * len(found[0].flags) for _ in found]
    for number, one in enumerate(found):
        for place in np.flatnonzero(one.flags).tolist():
            beyond = f"above {one.fences.high:,.2f}" if one.high[place] else f"below {one.fences.low:,.2f}"
            said[number][place] = f"{beyond} ({one.rule.method})"
    return ["; ".join(filter(None, each)) for each in zip(*said, strict=True)]


def _fences(values: npt.NDArray[np.float64], rule: OutlierRule) -> Fences:
    if rule.method is OutlierMethod.IQR:
        return tukey_fences(values, reach=rule.reach)
    if rule.method is OutlierMethod.ROBUST:
        return mad_fences(values, limit=rule.reach)
    return z_fences(values, limit=rule.reach)


def _identity(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values


def _signed_log(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    logs: npt.NDArray[np.float64] = np.sign(values) * np.log1p(np.abs(values))
    return logs


def _signed_exp(logs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = np.sign(logs) * np.expm1(np.abs(logs))
    return values


_Scaling = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
_SCALES: Final[dict[OutlierScale, tuple[_Scaling, _Scaling]]] = {
    OutlierScale.RAW: (_identity, _identity),
    OutlierScale.LOG: (_signed_log, _signed_exp),
}
