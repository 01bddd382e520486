"""Bring a feature of any skew and unit onto one scale, fitted once and applied everywhere.

Money and counts are heavy-tailed: on raw z-scores k-means spends its clusters on a handful of big spenders. So by
default a feature is winsorised, bent by a power if it is skewed (Yeo and Johnson 2000, Biometrika 87:954), and
standardised. The other ways are for those who know their data; all are one formula with other parameters:

    (yeo_johnson((clip(x, low, high) - shift) / unit, power) - centre) / spread
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kohort.definitions.preparation import Scaling

Values = npt.NDArray[np.float64]

_TAILS: Final = (0.005, 0.995)
_SKEWED: Final = 0.5
_FITTING_POINTS: Final = 2_001
NEAR_ZERO: Final = 1e-9


@dataclass(frozen=True)
class ColumnScaling:
    """How one feature is scaled, by the formula above.

    `median` fills what is missing, `missing` counts how often it did when fitted; `low` and `high` are the limits
    beyond which values count as the limit, None where there is none; `power` is the Yeo–Johnson parameter: 1 leaves
    values as they are, 0 is the logarithm of 1 + x.

    >>> plain = ColumnScaling("orders", "standard", median=2, missing=0, low=0, high=9, centre=2, spread=2)
    >>> plain.apply(np.array([4.0, np.nan, 50.0])).tolist()
    [1.0, 0.0, 3.5]
    >>> plain.inverse(np.array([1.0, 3.5])).tolist()
    [4.0, 9.0]
    """

    name: str
    method: str
    median: float
    missing: int
    low: float | None = None
    high: float | None = None
    shift: float = 0.0
    unit: float = 1.0
    power: float = 1.0
    centre: float = 0.0
    spread: float = 1.0

    def apply(self, values: Values) -> Values:
        """Return `values`, shape (people,), on the common scale."""
        scaled: Values = (self._bent(np.where(np.isnan(values), self.median, values)) - self.centre) / self.spread
        return scaled

    def inverse(self, scaled: Values) -> Values:
        """Return the values in the feature's own unit that `apply` brings to `scaled`, shape (people,).

        What lay beyond the limits comes back as the limit.
        """
        straight = yeo_johnson_inverse(scaled * self.spread + self.centre, self.power)
        return self.clipped(straight * self.unit + self.shift)

    def _bent(self, values: Values) -> Values:
        return yeo_johnson((self.clipped(values) - self.shift) / self.unit, self.power)

    def clipped(self, values: Values) -> Values:
        """Return `values`, shape (people,), with the limit in the place of what lies beyond it."""
        if self.low is None and self.high is None:
            return values
        return np.clip(values, self.low, self.high)

    def with_room(self, values: Values) -> "ColumnScaling":
        """Return the same scale with limits that are as far as the 0.5 % and 99.5 % quantiles of `values` at least.

        A scale without limits is returned as it is; `values` have the shape (people,), NaN for missing.

        >>> narrow = ColumnScaling("spend", "automatic", median=2, missing=0, low=1, high=9)
        >>> wide = narrow.with_room(np.array([5.0, 20.0, 20.0, np.nan]))
        >>> wide.low, wide.high
        (1, 20.0)
        """
        if self.low is None or self.high is None or np.isnan(values).all():
            return self
        low, high = (float(limit) for limit in np.nanquantile(values, _TAILS))
        return replace(self, low=min(self.low, low), high=max(self.high, high))

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "ColumnScaling":
        """Build from decoded JSON; raises TypeError if fields are missing or unknown."""
        return cls(**record)


@dataclass(frozen=True)
class DroppedColumn:
    """A feature that is left out, and why.

    "constant" or "empty" cannot tell people apart, "identifier" is a text that tells everybody apart. By the limits
    of a selection: "missing" and "nearly_constant" (`figure` is the share of people), "correlated" (with the feature
    `beside`, by `figure`), "noise" (its largest correlation with another is `figure`).
    """

    name: str
    reason: str
    figure: float | None = None
    beside: str = ""


def fit_column(name: str, values: Values, scaling: Scaling = Scaling.AUTOMATIC) -> ColumnScaling | DroppedColumn:
    """Fit the scaling of one feature, `values` of shape (people,) with NaN for missing.

    - automatic: clip at the 0.5 % and 99.5 % quantiles, Yeo–Johnson if the skewness exceeds 0.5, standardise;
    - log: logarithm of 1 + x, standardised; where values are negative, of 1 + (x - the smallest seen);
    - yeo_johnson: the power of greatest likelihood, standardised, nothing clipped;
    - robust: minus the median, over the range of the middle half of people;
    - standard: minus the mean, over the standard deviation (n in the denominator);
    - min_max: 0 for the smallest seen, 1 for the largest; a later person may lie outside.

    >>> fit_column("orders", np.array([1.0, 2.0, 3.0]), Scaling.MIN_MAX).apply(np.array([1.5])).tolist()
    [0.25]
    """
    present = values[~np.isnan(values)]
    if present.size == 0:
        return DroppedColumn(name, "empty")
    low, high = (
        (float(limit) for limit in np.quantile(present, _TAILS))
        if scaling is Scaling.AUTOMATIC
        else (float(present.min()), float(present.max()))
    )
    clipped = np.clip(present, low, high)
    if high <= low or clipped.std() <= NEAR_ZERO * max(abs(low), abs(high)):
        return DroppedColumn(name, "constant")
    median = float(np.median(present))
    filled = np.where(np.isnan(values), median, values)
    parameters = _FITS[scaling](_Seen(clipped, np.clip(filled, low, high)))
    if parameters["spread"] <= 0:
        return DroppedColumn(name, "constant")
    return ColumnScaling(name, scaling.value, median, int(values.size - present.size), **parameters)


def yeo_johnson(values: Values, power: float) -> Values:
    """Bend `values` by the transformation of Yeo and Johnson 2000, equation 2.1; a power of 1 changes nothing.

    >>> yeo_johnson(np.array([-1.0, 0.0, 1.0]), 0.0).round(3).tolist()
    [-1.5, 0.0, 0.693]
    """
    if power == 1:
        return values
    upper, lower = np.maximum(values, 0.0), np.maximum(-values, 0.0)
    bent: Values = _box_cox(upper, power) - _box_cox(lower, 2.0 - power)
    return bent


def yeo_johnson_inverse(bent: Values, power: float) -> Values:
    """Return the values that `yeo_johnson` bends to `bent`.

    >>> yeo_johnson_inverse(np.array([-1.5, 0.0, np.log(2)]), 0.0).round(3).tolist()
    [-1.0, 0.0, 1.0]
    """
    if power == 1:
        return bent
    upper, lower = np.maximum(bent, 0.0), np.maximum(-bent, 0.0)
    straight: Values = _box_cox_inverse(upper, power) - _box_cox_inverse(lower, 2.0 - power)
    return straight


def _box_cox(values: Values, power: float) -> Values:
    if abs(power) < NEAR_ZERO:
        return np.log1p(values)
    bent: Values = np.expm1(power * np.log1p(values)) / power
    return bent


def _box_cox_inverse(bent: Values, power: float) -> Values:
    if abs(power) < NEAR_ZERO:
        return np.expm1(bent)
    straight: Values = np.expm1(np.log1p(power * bent) / power)
    return straight


class _Seen(NamedTuple):
    """Values within the limits: of the people who have one, and of everyone with the median for what is missing."""

    known: Values
    filled: Values


def _automatic(seen: _Seen) -> dict[str, float]:
    unit = float(seen.known.std())
    shape = _shape(seen.known / unit)
    from scipy import stats  # noqa: PLC0415 - a second to load, which only learning needs

    power = float(stats.yeojohnson_normmax(shape)) if abs(float(stats.skew(shape))) > _SKEWED else 1.0
    limits = {"low": float(seen.known.min()), "high": float(seen.known.max())}
    return {**limits, "unit": unit, "power": power, **_standardised(yeo_johnson(seen.filled / unit, power))}


def _logarithm(seen: _Seen) -> dict[str, float]:
    shift = min(0.0, float(seen.known.min()))
    return {"low": shift, "shift": shift, "power": 0.0, **_standardised(np.log1p(seen.filled - shift))}


def _yeo_johnson(seen: _Seen) -> dict[str, float]:
    unit = float(seen.known.std())
    from scipy import stats  # noqa: PLC0415 - as above

    power = float(stats.yeojohnson_normmax(_shape(seen.known / unit)))
    return {"unit": unit, "power": power, **_standardised(yeo_johnson(seen.filled / unit, power))}


def _robust(seen: _Seen) -> dict[str, float]:
    lower, middle, upper = (float(quantile) for quantile in np.quantile(seen.known, [0.25, 0.5, 0.75]))
    return {"centre": middle, "spread": upper - lower}


def _standard(seen: _Seen) -> dict[str, float]:
    return _standardised(seen.filled)


def _min_max(seen: _Seen) -> dict[str, float]:
    smallest = float(seen.known.min())
    return {"centre": smallest, "spread": float(seen.known.max()) - smallest}


def _shape(values: Values) -> Values:
    # Quantiles stand for the column: the fit costs the same at any size, and cannot depend on the order of people.
    return quantiles_of(values, _FITTING_POINTS)


def quantiles_of(values: Values, points: int) -> Values:
    """Return so many quantiles, evenly from the least to the greatest, float64 of shape (points,).

    They are those of `numpy.quantile` to the last bit, whose partition by thousands of places takes up to a hundred
    times as long as sorting.

    >>> quantiles_of(np.array([4.0, 0.0, 2.0]), 5).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    ordered = np.sort(values)
    places = (len(values) - 1) * np.linspace(0, 1, points)
    below = np.floor(places).astype(np.int64)
    above = np.minimum(below + 1, len(values) - 1)
    share, low, high = places - below, ordered[below], ordered[above]
    # From the nearer end, as numpy does it.
    return np.where(share >= 0.5, high - (high - low) * (1 - share), low + (high - low) * share)  # noqa: PLR2004 - half way


def _standardised(bent: Values) -> dict[str, float]:
    return {"centre": float(bent.mean()), "spread": float(bent.std())}


_FITS: Final[Mapping[Scaling, Callable[[_Seen], dict[str, float]]]] = {
    Scaling.AUTOMATIC: _automatic,
    Scaling.LOG: _logarithm,
    Scaling.YEO_JOHNSON: _yeo_johnson,
    Scaling.ROBUST: _robust,
    Scaling.STANDARD: _standard,
    Scaling.MIN_MAX: _min_max,
}
