"""Missing values of traits filled as a score declares: traits of their own, what was imputed marked as such."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.provenance import Mark, mark_of
from kohort.definitions.repair import FILLED, MISSING, ImputationDefinition, ImputationMethod
from kohort.definitions.values import MICRO, ValueType, micros_of
from kohort.errors import DefinitionError
from kohort.pipeline.enrichment.repairs import FileTable, numbers_of, told_traits
from kohort.pipeline.workspace import Workspace
from kohort.quality.imputation.chained import chained_draws
from kohort.quality.imputation.neighbours import fill_from_neighbours
from kohort.quality.imputation.scale import scale_of
from kohort.quality.imputation.single import STATISTICS, fill_with_statistic, mode_of
from kohort.quality.missing import estimate_finding, imputed_finding, randomness_findings
from kohort.storage.records import Finding

_NUMBERS: Final = frozenset(
    (ImputationMethod.MEAN, ImputationMethod.MEDIAN, ImputationMethod.KNN, ImputationMethod.MICE)
)


def imputed_traits(
    workspace: Workspace, definition: ImputationDefinition, at: Moment
) -> tuple[FileTable, list[Finding]]:
    """Return the traits that `definition` writes as of `at`, and what was found of the missing values.

    The methods knn and mice leave out people of whom no trait is known that they look at. Raises UnknownNameError and
    DefinitionError for traits that there are not, or of a type that the method does not take; UsageError where it
    would take too long or too much memory.
    """
    kinds = (ValueType.NUMBER,) if definition.method in _NUMBERS else tuple(ValueType)
    told, types = told_traits(workspace, definition.name, definition.columns, at, kinds)
    if definition.method.is_model:
        told = told.filter(_somewhat_known(told))
    table = FileTable(told.column(0))
    findings = []
    filled = _filled(definition, told, types)
    for place, trait in enumerate(definition.traits):
        column, estimate = filled[place]
        given = told.column(place + 1).combine_chunks()
        missing = given.is_null()
        if types[place] is ValueType.NUMBER:
            # What was told stays to the last digit, which floating point does not keep of large numbers.
            column = pc.coalesce(given, column)
        mark = mark_of(Mark.IMPUTED, definition.method)
        table.add(f"{trait}{FILLED}", types[place], column, pc.if_else(missing, mark, pa.scalar(None, pa.string())))
        table.add(f"{trait}{MISSING}", ValueType.NUMBER, pc.multiply(missing.cast(pa.int64()), MICRO))
        findings.append(imputed_finding(trait, definition.method, missing.true_count, len(missing)))
        findings += estimate
    numeric = [place for place, kind in enumerate(types) if kind is ValueType.NUMBER]
    if numeric and told.num_rows:
        names = [definition.columns[place] for place in numeric]
        findings += randomness_findings(numbers_of(told, numeric), names, seed=definition.seed)
    return table, findings


def _filled(
    definition: ImputationDefinition, told: pa.Table, types: Sequence[ValueType]
) -> list[tuple[pa.Array, list[Finding]]]:
    """Return each of the traits filled, with what is estimated from it."""
    if not told.num_rows:
        return [(told.column(place + 1).combine_chunks(), []) for place in range(len(definition.traits))]
    if not definition.method.is_model:
        columns = told.columns[1 : len(definition.traits) + 1]
        return [(_simply(definition, column, kind), []) for column, kind in zip(columns, types, strict=False)]
    values = numbers_of(told, range(len(definition.columns)))
    _check_known(definition, values)
    if definition.method is ImputationMethod.KNN:
        scale = scale_of(values)
        near = fill_from_neighbours(
            scale.apply(values), neighbours=definition.neighbours, donors=definition.donors, seed=definition.seed
        )
        whole = np.where(np.isnan(values), near * scale.deviation + scale.mean, values)
        return [(_micros(whole[:, place]), []) for place in range(len(definition.traits))]
    draws = chained_draws(
        values, draws=definition.draws, rounds=definition.rounds, seed=definition.seed, drawing=definition.drawing
    )
    return [
        (_micros(draws.expected(place)), estimate_finding(trait, values[:, place], draws.completed(place)))
        for place, trait in enumerate(definition.traits)
    ]


def _simply(definition: ImputationDefinition, column: pa.ChunkedArray, kind: ValueType) -> pa.Array:
    """Return a column with one value for all who lack it."""
    if definition.method is ImputationMethod.CONSTANT:
        fill: Any = _constant(definition, kind)
    elif column.null_count == len(column):
        return column.combine_chunks()
    elif definition.method in STATISTICS:
        return _micros(fill_with_statistic(_floats(column), definition.method))
    else:
        lists = kind is ValueType.TEXT_LIST
        fill = mode_of(tuple(one) if lists and one is not None else one for one in column.to_pylist())
        fill = list(fill) if lists else fill
    whole = column.combine_chunks()
    return pc.if_else(whole.is_null(), pa.scalar(fill, whole.type), whole)


def _constant(definition: ImputationDefinition, kind: ValueType) -> object:
    place, text = f'score "{definition.name}", constant', definition.constant
    match kind:
        case ValueType.NUMBER:
            try:
                return micros_of(Decimal(text))
            except InvalidOperation as error:
                raise DefinitionError(f'{place}: expected a number, got "{text}"') from error
        case ValueType.BOOLEAN if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        case ValueType.TEXT:
            return text
    raise DefinitionError(f'{place}: "{text}" is no value of a trait that is a {kind}; numbers, texts and truths are')


def _check_known(definition: ImputationDefinition, values: np.ndarray) -> None:
    known = (~np.isnan(values)).sum(axis=0)
    few = [name for name, count in zip(definition.columns, known, strict=True) if count < 2]  # noqa: PLR2004 - a spread
    if few:
        raise DefinitionError(
            f'score "{definition.name}": fewer than two people have {", ".join(few)}, from which nothing can be '
            "imputed; take it out"
        )


def _somewhat_known(told: pa.Table) -> pa.Array:
    known = np.zeros(told.num_rows, dtype=bool)
    for column in told.columns[1:]:
        known |= column.is_valid().to_numpy()
    return pa.array(known)


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    values: np.ndarray = column.cast(pa.float64(), safe=False).to_numpy() / MICRO
    return values


def _micros(values: np.ndarray) -> pa.Array:
    return pa.array(np.rint(values * MICRO).astype(np.int64))
