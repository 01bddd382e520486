"""Checks over the tables: sources beside each other and beside a population, events beside what is usual of them."""

import csv
from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.comparing import PERSON, ReferencePopulation, SourceComparison
from kohort.definitions.source import SourceDefinition
from kohort.definitions.values import ValueType, format_micros, micros_of
from kohort.errors import DefinitionError, Place, UnknownNameError
from kohort.pipeline.facts import traits_at
from kohort.pipeline.quality.source_values import Read, kinds_of, people_of, source_table
from kohort.pipeline.quality.tagging import tagging_errors
from kohort.pipeline.workspace import Workspace
from kohort.quality.cross_checks.agreement import compare
from kohort.quality.cross_checks.wording import agreement_findings, bias_finding
from kohort.rules.catalog import Catalog
from kohort.stats.goodness import fit_of
from kohort.storage.records import Finding


def declared_cross_checks(workspace: Workspace) -> str:
    """Return what is declared of checks over the tables, as text that differs where that does; empty for nothing."""
    sources = [(one.name, one.comparisons, one.references) for one in workspace.file_sources]
    orders = [(key, event.after) for key, event in workspace.plan.events.items() if event.after]
    said = [one for one in sources if one[1] or one[2]]
    return repr((said, orders)) if said or orders else ""


def cross_check(
    workspace: Workspace, views: duckdb.DuckDBPyConnection, catalog: Catalog, at: Moment
) -> Iterator[Finding]:
    """Yield what checks over the tables find as of `at`.

    Raises UnknownNameError for a source, or a value of one, that a comparison names and nobody declares, and
    DefinitionError for a reference population that cannot be read, or whose trait has no categories.
    """
    sources = {one.name: one for one in workspace.file_sources}
    for source in sources.values():
        for comparison in source.comparisons:
            yield from _compared(views, catalog, source, comparison, sources, at)
        for reference in source.references:
            yield from _biased(workspace, views, catalog, source, reference, at)
    yield from tagging_errors(workspace, views, at)


def _compared(
    views: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    source: SourceDefinition,
    declared: SourceComparison,
    sources: dict[str, SourceDefinition],
    at: Moment,
) -> list[Finding]:
    where = f"{source.file}, compare"
    other = sources.get(declared.other)
    if other is None:
        raise UnknownNameError("source", declared.other, sources.keys() - {source.name}, where=where)
    its = [one.name for one in other.values]
    for _, there in (declared.on, *declared.values):
        if there not in its and there != PERSON:
            raise UnknownNameError(f"value of {other.name}", there, its, where=where)
    keys = _read(catalog, source, other, declared.on)
    if keys is None:
        return []
    pairs = [pair for one in declared.values if (pair := _read(catalog, source, other, one)) is not None]
    mine, its_own = (
        source_table(views, catalog, one, keys[side], [pair[side] for pair in pairs], at)
        for side, one in enumerate((source, other))
    )
    if not (mine.num_rows and its_own.num_rows):
        return []  # one of them has not come yet
    found = compare(mine, its_own, [(here.name, there.name) for here, there in pairs])
    kinds = [here.kind if here.kind is there.kind else None for here, there in pairs]
    return agreement_findings(source.name, declared, found, kinds)


def _read(
    catalog: Catalog, source: SourceDefinition, other: SourceDefinition, names: tuple[str, str]
) -> tuple[Read, Read] | None:
    """Return a value of two sources, of the same type if both have one; None if one of them has not come yet."""
    if PERSON in names:
        return Read(PERSON, ValueType.TEXT), Read(PERSON, ValueType.TEXT)
    here, there = kinds_of(catalog, source, names[0]), kinds_of(catalog, other, names[1])
    if not (here and there):
        return None
    shared = next((kind for kind in here if kind in there), None)
    return Read(names[0], shared or here[0]), Read(names[1], shared or there[0])


def _biased(
    workspace: Workspace,
    views: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    source: SourceDefinition,
    reference: ReferencePopulation,
    at: Moment,
) -> list[Finding]:
    place = Place(source.file, field=f"reference: {reference.trait}")
    kind = catalog.traits.get(reference.trait)
    if kind is None:
        return []  # it has not come yet
    wrong = kind is not ValueType.NUMBER if reference.bands else kind in {ValueType.MOMENT, ValueType.TEXT_LIST}
    if wrong:
        raise DefinitionError(f"{place}: {reference.trait} is a {kind}, and has no categories like these")
    weights = dict(reference.weights or _weights_in(workspace, reference.file, place))
    traits = traits_at(views, [(reference.trait, kind)], at=at)
    its = traits.filter(pc.is_in(traits.column(0), value_set=people_of(views, source.name))).column(1).drop_null()
    if reference.bands:
        bounds = np.array([micros_of(one) for one in reference.bands])
        counts = np.bincount(np.searchsorted(bounds, its.to_numpy(), side="right"), minlength=len(weights)).tolist()
    else:
        counted = {str(_category(one["values"], kind)): one["counts"] for one in its.value_counts().to_pylist()}
        counts = [counted.get(name, 0) for name in weights]
    if not sum(counts):
        return []
    fit = fit_of(counts, list(weights.values()))
    return [bias_finding(source.name, reference.trait, list(weights), fit, len(its) - sum(counts))]


def _category(value: object, kind: ValueType) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_micros(value) if kind is ValueType.NUMBER and isinstance(value, int) else value


def _weights_in(workspace: Workspace, file: str, place: Place) -> list[tuple[str, float]]:
    """Return the categories of a population and their weights from a CSV file of the project."""
    try:
        with (workspace.folder.path / file).open(encoding="utf-8-sig", newline="") as text:
            _, *rows = csv.reader(text)
        weights = [(category, micros_of(weight) / micros_of(1)) for category, weight in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise DefinitionError(f"{place}: {file} has no category and share in each line: {error}") from error
    if len(dict(weights)) < max(2, len(weights)) or min(weight for _, weight in weights) <= 0:
        raise DefinitionError(f"{place}: {file} needs two categories or more, each once, with a share above 0")
    return weights
