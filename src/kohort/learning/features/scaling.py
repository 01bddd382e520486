"""Bring features of any skew and unit onto one scale, fitted once and applied everywhere.

Money and counts are heavy-tailed: on raw z-scores k-means spends its clusters on a handful of big spenders. So
each feature is winsorised, a skewed one is bent by a power (Yeo and Johnson 2000, Biometrika 87:954), and all
are standardised. People at a later time are scaled by the parameters of the first, or nothing could be compared.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from kohort.errors import ProjectError
from kohort.learning.features.table import FeatureTable

Values = npt.NDArray[np.float64]

_TAILS: Final = (0.005, 0.995)
_SKEWED: Final = 0.5
_FITTING_POINTS: Final = 2_001
NEAR_ZERO: Final = 1e-9


@dataclass(frozen=True)
class ColumnScaling:
    """How one feature is scaled: fill, clip, divide by `unit`, bend by `power`, standardise.

    `median` fills what is missing, `missing` counts how often it did when fitted; `low` and `high` are the
    winsorising limits; `power` is the Yeo–Johnson parameter (1 leaves values as they are); `mean` and `deviation`
    are those of the bent values.

    >>> plain = ColumnScaling("orders", median=2, missing=0, low=0, high=9, unit=1, power=1, mean=2, deviation=2)
    >>> plain.apply(np.array([4.0, np.nan, 50.0])).tolist()
    [1.0, 0.0, 3.5]
    """

    name: str
    median: float
    missing: int
    low: float
    high: float
    unit: float
    power: float
    mean: float
    deviation: float

    def apply(self, values: Values) -> Values:
        """Return `values`, shape (people,), on the common scale."""
        filled = np.clip(np.where(np.isnan(values), self.median, values), self.low, self.high)
        scaled: Values = (yeo_johnson(filled / self.unit, self.power) - self.mean) / self.deviation
        return scaled


@dataclass(frozen=True)
class DroppedColumn:
    """A feature that cannot tell people apart, and why: "constant" or "empty"."""

    name: str
    reason: str


@dataclass(frozen=True)
class Scaler:
    """The scaling of a table's features: parameters only, so it can be stored, compared and applied later.

    >>> table = FeatureTable(("a", "b", "c"), ("orders", "always"), np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]]))
    >>> scaler = fit_scaler(table)
    >>> scaler.apply(table).shape, scaler.dropped
    ((3, 1), (DroppedColumn(name='always', reason='constant'),))
    >>> Scaler.from_json(scaler.to_json()) == scaler
    True
    """

    columns: tuple[ColumnScaling, ...]
    dropped: tuple[DroppedColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The features kept, in the order of the scaled columns."""
        return tuple(column.name for column in self.columns)

    @property
    def digest(self) -> str:
        """The SHA-256 of the parameters in canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def apply(self, table: FeatureTable) -> Values:
        """Return the scaled features of `table`, shape (people, features kept).

        Raises UnknownNameError if the table lacks a feature that the scaler knows.
        """
        if not self.columns:
            return np.empty((len(table.person_ids), 0))
        return np.column_stack([column.apply(table.column(column.name)) for column in self.columns])

    def to_json(self) -> str:
        """Return the parameters as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Scaler":
        """Read what `to_json` wrote; raises ProjectError for anything else."""
        try:
            return cls.from_record(json.loads(text))
        except (ValueError, TypeError, KeyError) as error:
            raise ProjectError(f"a stored scaler cannot be read ({error}); run `kohort discover` again") from error

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Scaler":
        """Build a scaler from decoded JSON; raises TypeError or KeyError if fields are missing or unknown."""
        return cls(
            tuple(ColumnScaling(**column) for column in record["columns"]),
            tuple(DroppedColumn(**column) for column in record["dropped"]),
        )


def fit_scaler(table: FeatureTable) -> Scaler:
    """Fit the scaling of every feature of `table`; features without any spread are dropped, by name and reason."""
    fitted = [_fit_column(name, table.column(name)) for name in table.names]
    return Scaler(
        tuple(column for column in fitted if isinstance(column, ColumnScaling)),
        tuple(column for column in fitted if isinstance(column, DroppedColumn)),
    )


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


def _box_cox(values: Values, power: float) -> Values:
    if abs(power) < NEAR_ZERO:
        return np.log1p(values)
    bent: Values = np.expm1(power * np.log1p(values)) / power
    return bent


def _fit_column(name: str, values: Values) -> ColumnScaling | DroppedColumn:
    present = values[~np.isnan(values)]
    if present.size == 0:
        return DroppedColumn(name, "empty")
    low, high = (float(limit) for limit in np.quantile(present, _TAILS))
    clipped = np.clip(present, low, high)
    unit = float(clipped.std())
    if high <= low or unit <= NEAR_ZERO * max(abs(low), abs(high)):
        return DroppedColumn(name, "constant")
    # Quantiles stand for the column: the fit costs the same at any size, and cannot depend on the order of people.
    shape = np.quantile(clipped / unit, np.linspace(0, 1, _FITTING_POINTS))
    power = float(stats.yeojohnson_normmax(shape)) if abs(float(stats.skew(shape))) > _SKEWED else 1.0
    median = float(np.median(present))
    bent = yeo_johnson(np.clip(np.where(np.isnan(values), median, values), low, high) / unit, power)
    return ColumnScaling(
        name=name,
        median=median,
        missing=int(values.size - present.size),
        low=low,
        high=high,
        unit=unit,
        power=power,
        mean=float(bent.mean()),
        deviation=float(bent.std()),
    )
