"""Unusual values of traits flagged with their reasons as a score declares, and capped or left out where it says so."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.provenance import Mark, mark_of
from kohort.definitions.repair import CAPPED, OUTLIER, TRIMMED, DetectionMethod, OutliersDefinition, Treatment
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import MissingExtraError
from kohort.pipeline.enrichment.repairs import FileTable, numbers_of, told_traits
from kohort.pipeline.workspace import Workspace
from kohort.quality.outliers import (
    ANYTHING,
    OutlierFinding,
    OutlierMethod,
    OutlierRule,
    OutlierScale,
    find_outliers,
    reasons,
)
from kohort.stats.agreement import overlaps
from kohort.stats.fences import Fences
from kohort.storage.records import Finding

if TYPE_CHECKING:
    from kohort.learning.anomalies import AnomalyScores

Flags = np.ndarray
_KEPT: Final = {
    Treatment.KEEP: "they are kept",
    Treatment.CAP: "{trait}_capped has them at the limit",
    Treatment.EXCLUDE: "{trait}_trimmed is without them",
}


def flagged_traits(workspace: Workspace, definition: OutliersDefinition, at: Moment) -> tuple[FileTable, list[Finding]]:
    """Return the traits that `definition` writes as of `at`, and what each method flags and how far they agree.

    Raises UnknownNameError and DefinitionError for traits that there are not, or that are no numbers; UsageError
    where a method would take too long; MissingExtraError where one needs the extra "learn".
    """
    told, _ = told_traits(workspace, definition.name, definition.traits, at, (ValueType.NUMBER,))
    values = numbers_of(told, range(len(definition.traits)))
    table, findings = FileTable(told.column(0)), []
    unlike = _unlike_others(definition, told, values)
    for place, trait in enumerate(definition.traits):
        column = values[:, place]
        found = _by_fences(definition, trait, column)
        _add_reasons(table, f"{trait}{OUTLIER}", reasons(list(found.values())) if found else [""] * len(column))
        _add_treated(table, definition, trait, told.column(place + 1).combine_chunks(), found, unlike)
        findings += [_flagged(definition, trait, one) for one in found.values() if one.below + one.above]
        there = ~np.isnan(column)
        by_method = {method.value: one.flags for method, one in found.items()}
        by_method |= {method.value: one.flags & there for method, one in unlike.items()}
        findings += _agreement(trait, by_method)
    if unlike:
        said = [_said(unlike, person) for person in range(told.num_rows)]
        _add_reasons(table, f"{definition.name}{OUTLIER}", said)
        findings += [_unlike_finding(definition, method, one) for method, one in unlike.items()]
    return table, findings


def _by_fences(definition: OutliersDefinition, trait: str, values: np.ndarray) -> dict[DetectionMethod, OutlierFinding]:
    if np.isnan(values).all():
        return {}
    scale = OutlierScale.LOG if definition.logarithmic else OutlierScale.RAW
    found = {}
    for method in definition.methods:
        if method is DetectionMethod.BOUNDS:
            plausible = Fences(*definition.bounds[trait]) if trait in definition.bounds else ANYTHING
            rule = OutlierRule(OutlierMethod.BOUNDS, plausible=plausible)
        elif method.has_fences:
            rule = OutlierRule(OutlierMethod(method.value), scale, definition.reaches[method])
        else:
            continue
        found[method] = find_outliers(trait, values, rule)
    return found


def _unlike_others(
    definition: OutliersDefinition, told: pa.Table, values: np.ndarray
) -> "dict[DetectionMethod, AnomalyScores]":
    """Return what the methods flag that look at all traits, of those who have one at least."""
    methods = [one for one in definition.methods if not one.has_fences]
    if not methods:
        return {}
    try:
        # Model libraries are heavy and optional: only who asks for these methods loads them.
        from kohort.learning.anomalies import AnomalyScores, forest_anomalies, local_anomalies  # noqa: PLC0415
        from kohort.learning.features.table import FeatureTable  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("learn", f"finding outliers by {methods[0]}") from error
    known = ~np.isnan(values).all(axis=1)
    people = told.column(0).filter(pa.array(known)).to_pylist()
    table = FeatureTable(tuple(people), definition.traits, values[known])
    found = {}
    for method in methods:
        limit = definition.reaches[method]
        if method is DetectionMethod.FOREST:
            scored = forest_anomalies(table, limit=limit, seed=definition.seed)
        else:
            scored = local_anomalies(table, limit=limit)
        scores, flags = np.full(len(known), np.nan), np.zeros(len(known), dtype=bool)
        scores[known], flags[known] = scored.scores, scored.flags
        found[method] = AnomalyScores(scores, flags)
    return found


def _add_reasons(table: FileTable, trait: str, said: list[str]) -> None:
    table.add(trait, ValueType.TEXT, pa.array([one or None for one in said], pa.string()))


def _add_treated(
    table: FileTable,
    definition: OutliersDefinition,
    trait: str,
    told: pa.Array,
    found: Mapping[DetectionMethod, OutlierFinding],
    unlike: "Mapping[DetectionMethod, AnomalyScores]",
) -> None:
    """Add the trait as it is used from here on, if values are to be capped or left out; others stay to the digit."""
    by, nothing = definition.by, pa.scalar(None, told.type)
    flags = pa.array(found[by].flags if by in found else unlike[by].flags if by in unlike else [False] * len(told))
    if definition.treatment is Treatment.CAP and by in found:
        limits = [pa.scalar(_micros(one), told.type) for one in (found[by].fences.low, found[by].fences.high)]
        capped = pc.if_else(pa.array(found[by].high), limits[1], limits[0])
        marks = pc.if_else(flags, mark_of(Mark.CAPPED, by), pa.scalar(None, pa.string()))
        table.add(f"{trait}{CAPPED}", ValueType.NUMBER, pc.if_else(flags, capped, told), marks)
    elif definition.treatment is Treatment.CAP:
        table.add(f"{trait}{CAPPED}", ValueType.NUMBER, told)
    elif definition.treatment is Treatment.EXCLUDE:
        table.add(f"{trait}{TRIMMED}", ValueType.NUMBER, pc.if_else(flags, nothing, told))


def _micros(value: float) -> int | None:
    return round(value * MICRO) if np.isfinite(value) else None


def _said(unlike: "Mapping[DetectionMethod, AnomalyScores]", person: int) -> str:
    return "; ".join(f"{method}: score {one.scores[person]:.2f}" for method, one in unlike.items() if one.flags[person])


def _flagged(definition: OutliersDefinition, trait: str, found: OutlierFinding) -> Finding:
    count = found.below + found.above
    treated = definition.by == found.rule.method.value and definition.treatment is not Treatment.KEEP
    kept = _KEPT[definition.treatment if treated else Treatment.KEEP].format(trait=trait)
    detail = (
        f"{count:,} of {found.present:,} {trait} ({100 * found.share:.1f} %) are beyond {found.fences.low:,.2f} to "
        f"{found.fences.high:,.2f} ({found.rule.method} on the {found.rule.scale} scale); {kept}"
    )
    return Finding(f"outlier ({found.rule.method})", "traits", trait, "info", count, found.share, detail)


def _unlike_finding(definition: OutliersDefinition, method: DetectionMethod, found: "AnomalyScores") -> Finding:
    count, people = int(found.flags.sum()), int((~np.isnan(found.scores)).sum())
    traits = ", ".join(definition.traits)
    detail = (
        f"{count:,} of {people:,} people are unlike others by {traits} together ({method} above "
        f"{definition.reaches[method]:g})"
    )
    return Finding(f"outlier ({method})", "traits", traits, "info", count, count / people if people else 0.0, detail)


def _agreement(trait: str, flags: Mapping[str, Flags]) -> list[Finding]:
    return [
        Finding(
            "outliers compared",
            "traits",
            trait,
            "info",
            one.both,
            one.jaccard,
            f"{one.one} and {one.other} both flag {one.both:,} {trait}, only {one.one} {one.one_alone:,}, only "
            f"{one.other} {one.other_alone:,} (Jaccard {one.jaccard:.2f})",
        )
        for one in overlaps(flags)
        if one.jaccard is not None
    ]
