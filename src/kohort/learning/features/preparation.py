"""From a table of features to points on one scale: fitted once, kept as parameters, applied to anybody later.

People at a later time are prepared by the parameters of the first, or nothing could be compared.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kohort.definitions.preparation import PreparationDefinition
from kohort.errors import ProjectError
from kohort.learning.features.scaling import ColumnScaling, DroppedColumn, fit_column
from kohort.learning.features.table import FeatureTable, Points


@dataclass(frozen=True)
class Preparation:
    """How a table's features become points: parameters only, so it can be stored, compared and applied later.

    >>> table = FeatureTable(("a", "b", "c"), ("orders", "always"), np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]]))
    >>> preparation = fit_preparation(table)
    >>> preparation.apply(table).shape, preparation.dropped
    ((3, 1), (DroppedColumn(name='always', reason='constant'),))
    >>> Preparation.from_json(preparation.to_json()) == preparation
    True
    """

    columns: tuple[ColumnScaling, ...]
    dropped: tuple[DroppedColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the points' columns, in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def features(self) -> tuple[str, ...]:
        """The features of a table that `apply` reads."""
        return tuple(column.name for column in self.columns)

    @property
    def digest(self) -> str:
        """The SHA-256 of the parameters in canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def apply(self, table: FeatureTable) -> Points:
        """Return the people of `table` as points, shape (people, names).

        Raises UnknownNameError if the table lacks a feature that is needed.
        """
        if not self.columns:
            return np.empty((len(table.person_ids), 0))
        return np.column_stack([column.apply(table.column(column.name)) for column in self.columns])

    def to_json(self) -> str:
        """Return the parameters as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Preparation":
        """Read what `to_json` wrote; raises ProjectError for anything else."""
        try:
            return cls.from_record(json.loads(text))
        except (ValueError, TypeError, KeyError) as error:
            raise ProjectError(f"a stored preparation cannot be read ({error}); run `kohort discover` again") from error

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Preparation":
        """Build from decoded JSON; raises TypeError or KeyError if fields are missing or unknown."""
        return cls(
            tuple(ColumnScaling.from_record(column) for column in record["columns"]),
            tuple(DroppedColumn(**column) for column in record["dropped"]),
        )


def fit_preparation(
    table: FeatureTable,
    options: PreparationDefinition = PreparationDefinition(),  # noqa: B008 - frozen, so it cannot be changed by a call
) -> Preparation:
    """Fit how the features of `table` become points; what cannot tell people apart is dropped, by name and reason.

    >>> from kohort.definitions.preparation import Scaling
    >>> table = FeatureTable(("a", "b", "c"), ("orders",), np.array([[1.0], [2.0], [np.nan]]))
    >>> fit_preparation(table, PreparationDefinition(scaling=Scaling.MIN_MAX)).apply(table).tolist()
    [[0.0], [1.0], [0.5]]
    """
    fitted = [fit_column(name, table.column(name), options.scaling_of(name)) for name in table.names]
    return Preparation(
        tuple(column for column in fitted if isinstance(column, ColumnScaling)),
        tuple(column for column in fitted if isinstance(column, DroppedColumn)),
    )
