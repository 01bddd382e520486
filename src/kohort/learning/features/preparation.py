"""From a table of features to points on one scale: fitted once, kept as parameters, applied to anybody later.

People at a later time are prepared by the parameters of the first, or nothing could be compared.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from kohort.definitions.preparation import PreparationDefinition, Reduction, ReductionDefinition
from kohort.errors import ProjectError
from kohort.learning.features.autoencoder import AutoEncoder, fit_autoencoder
from kohort.learning.features.components import PrincipalComponents, fit_components
from kohort.learning.features.encoding import LevelCodes, OneHot, fit_encoding
from kohort.learning.features.scaling import ColumnScaling, DroppedColumn, Values, fit_column
from kohort.learning.features.selection import lacking, redundant
from kohort.learning.features.table import FeatureTable, Points

_REDUCTIONS: Final[Mapping[str, type[PrincipalComponents] | type[AutoEncoder]]] = {
    Reduction.PCA: PrincipalComponents,
    Reduction.AUTOENCODER: AutoEncoder,
}


@dataclass(frozen=True)
class Preparation:
    """How a table's features become points: parameters only, so it can be stored, compared and applied later.

    `columns` scale numbers, and texts that `codes` make numbers; `one_hots` make several columns of a text each.
    Where there is a `reduction`, the points are its components.

    >>> table = FeatureTable(("a", "b", "c"), ("orders", "always"), np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]]))
    >>> preparation = fit_preparation(table)
    >>> preparation.apply(table).shape, [(one.name, one.reason) for one in preparation.dropped]
    ((3, 1), [('always', 'constant')])
    >>> Preparation.from_json(preparation.to_json()) == preparation
    True
    """

    columns: tuple[ColumnScaling, ...]
    dropped: tuple[DroppedColumn, ...]
    codes: tuple[LevelCodes, ...] = ()
    one_hots: tuple[OneHot, ...] = ()
    reduction: PrincipalComponents | AutoEncoder | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the points' columns, in their order: `component_1` and so on where they are reduced."""
        if self.reduction is None:
            return self.scaled_names
        return tuple(f"component_{number}" for number in range(1, self.reduction.components + 1))

    @property
    def scaled_names(self) -> tuple[str, ...]:
        """The names of the columns before any reduction: numbers first, then `text=level`."""
        return (
            *(column.name for column in self.columns),
            *(name for one_hot in self.one_hots for name in one_hot.names),
        )

    @property
    def features(self) -> tuple[str, ...]:
        """The features of a table that `apply` reads."""
        return (*(column.name for column in self.columns), *(one_hot.name for one_hot in self.one_hots))

    @property
    def digest(self) -> str:
        """The SHA-256 of the parameters in canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def apply(self, table: FeatureTable) -> Points:
        """Return the people of `table` as points, shape (people, names).

        Raises UnknownNameError if the table lacks a feature that is needed.
        """
        scaled = self.scaled(table)
        return scaled if self.reduction is None else self.reduction.apply(scaled)

    def scaled(self, table: FeatureTable) -> Points:
        """Return the people of `table` before any reduction, shape (people, scaled names).

        Raises UnknownNameError if the table lacks a feature that is needed.
        """
        codes = {code.name: code for code in self.codes}
        blocks = [
            column.apply(_numbers(table, column.name, codes.get(column.name)))[:, None] for column in self.columns
        ]
        blocks += [one_hot.apply(table.text(one_hot.name)) for one_hot in self.one_hots]
        return np.column_stack(blocks) if blocks else np.empty((len(table.person_ids), 0))

    def with_room(self, table: FeatureTable) -> "Preparation":
        """Return the same scales with limits that cut off no more than 0.5 % of `table` at either end.

        So what has grown beyond the largest values that were seen while fitting does not look as if it had not.
        """
        codes = {one.name: one for one in self.codes}
        columns = tuple(one.with_room(_numbers(table, one.name, codes.get(one.name))) for one in self.columns)
        return replace(self, columns=columns)

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
        """Build from decoded JSON; raises TypeError or KeyError if fields are missing or unknown.

        Pictures, such as of t-SNE, are no reduction: they cannot place anybody else, and are refused by KeyError.
        """
        reduction = record["reduction"]
        return cls(
            tuple(ColumnScaling.from_record(column) for column in record["columns"]),
            tuple(DroppedColumn(**column) for column in record["dropped"]),
            tuple(LevelCodes.from_record(code) for code in record["codes"]),
            tuple(OneHot.from_record(one_hot) for one_hot in record["one_hots"]),
            None if reduction is None else _REDUCTIONS[reduction["method"]].from_record(reduction),
        )


def fit_preparation(
    table: FeatureTable,
    options: PreparationDefinition = PreparationDefinition(),  # noqa: B008 - frozen, so it cannot be changed by a call
    *,
    seed: int = 0,
) -> Preparation:
    """Fit how the features of `table` become points; what is left out is told by name and reason.

    `seed` is that of an auto-encoder; nothing else is drawn.

    Raises UsageError for a text outside its declared order, or a reduction to more columns than there are.

    >>> from kohort.definitions.preparation import Scaling
    >>> table = FeatureTable(("a", "b", "c"), ("orders",), np.array([[1.0], [2.0], [np.nan]]))
    >>> fit_preparation(table, PreparationDefinition(scaling=Scaling.MIN_MAX)).apply(table).tolist()
    [[0.0], [1.0], [0.5]]
    """
    limits = options.selection
    dropped = list(lacking(table, limits)) if limits else []
    left_out = {one.name for one in dropped}
    encodings = [fit_encoding(name, texts, options.encoding_of(name)) for name, texts in table.texts.items()]
    codes = tuple(one for one in encodings if isinstance(one, LevelCodes))
    numbers = {name: table.column(name) for name in table.names if name not in left_out}
    numbers |= {code.name: code.apply(table.text(code.name)) for code in codes}
    fitted = [fit_column(name, values, options.scaling_of(name)) for name, values in numbers.items()]
    columns = tuple(column for column in fitted if isinstance(column, ColumnScaling))
    dropped += [one for one in (*fitted, *encodings) if isinstance(one, DroppedColumn)]
    if limits and columns:
        scaled = np.column_stack([column.apply(numbers[column.name]) for column in columns])
        same = redundant(scaled, columns, limits)
        dropped += same
        columns = tuple(column for column in columns if column.name not in {one.name for one in same})
    kept = {column.name for column in columns}
    preparation = Preparation(
        columns,
        tuple(dropped),
        tuple(code for code in codes if code.name in kept),
        tuple(one for one in encodings if isinstance(one, OneHot)),
    )
    if options.reduction is None or not preparation.scaled_names:
        return preparation
    reduction = _reduced(preparation.scaled(table), options.reduction, seed)
    return Preparation(preparation.columns, preparation.dropped, preparation.codes, preparation.one_hots, reduction)


def _reduced(points: Points, definition: ReductionDefinition, seed: int) -> PrincipalComponents | AutoEncoder:
    if definition.method is Reduction.PCA:
        return fit_components(points, components=definition.components, variance=definition.variance)
    return fit_autoencoder(points, components=definition.components or 1, seed=seed)


def _numbers(table: FeatureTable, name: str, codes: LevelCodes | None) -> Values:
    return table.column(name) if codes is None else codes.apply(table.text(name))
