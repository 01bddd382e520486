"""Clusters month by month: sought anew in what was known at the end of each, and what became of those of the first."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from kohort.clock import Moment, datetime_of, moment_of
from kohort.definitions.clusters import ClustersDefinition, Method
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import UnknownNameError, UsageError
from kohort.learning.clustering.choice import Verdict
from kohort.learning.clustering.cohorts import CohortCell, cohort_table
from kohort.learning.clustering.match import match_clusterings
from kohort.learning.clustering.methods.assigners import Assigner
from kohort.learning.clustering.methods.fitted import METHOD_NAMES
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.clustering.period_results import PeriodFound
from kohort.learning.clustering.periods import FEWEST, Period, follow
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.traits import TraitLabel, label_of
from kohort.learning.wording import NARROW_SPACE, Bilingual
from kohort.pipeline.learning.discovery import criteria_of
from kohort.pipeline.learning.documents import DiscoveryDocument, latest_discovery
from kohort.pipeline.learning.known import known_at
from kohort.pipeline.learning.months import month_ends
from kohort.pipeline.wording import trait_labels
from kohort.pipeline.workspace import Workspace
from kohort.reports.periods_data import PeriodsReport


def follow_clusters(workspace: Workspace, score: str | None, at: Moment, *, months: int) -> PeriodsReport:
    """Follow the clusters of a score's newest discovery over the last `months` months that have ended by `at`.

    Features are those of what was known at the end of each month, scaled as at the end of the first, with room
    for what has grown since; clusters are sought by the method that the discovery took. Months of too few people are
    left out. Raises UsageError where no stable clusters were found yet, fewer than two months are left, or the
    method finds nothing that holds in the first.
    """
    definition = workspace.clusters_score(score)
    document = latest_discovery(workspace, definition.name, at)
    if document is None or document.model is None:
        raise UsageError(
            f'score "{definition.name}": there are no stable clusters to follow; find them: kohort discover'
        )
    model = ClusterModel.from_json(document.model)
    ends = month_ends(at, months, workspace)
    tables = {end: table for end in ends if (table := features_at(workspace, definition, end)) is not None}
    tables = {end: table for end, table in tables.items() if len(table.person_ids) >= FEWEST}
    if len(tables) < 2:  # noqa: PLR2004 - a drift needs a before
        raise UsageError(
            f'score "{definition.name}": fewer than two of the last {months} months have {FEWEST} people with its '
            "features; ask for more with --months"
        )
    preparation = fit_preparation(next(iter(tables.values())), definition.preparation)
    preparation = preparation.with_room(_together(list(tables.values())))
    named = {end: _month(workspace, end) for end in tables}
    periods = [Period(named[end], table.person_ids, preparation.apply(table)) for end, table in tables.items()]
    seen = model.assign(next(iter(tables.values())))
    method = Method(document.report.method)
    followed = follow(
        periods, seen, model.assigner.clusters, preparation.names,
        verdict=Verdict(document.report.verdict), seed=definition.seed, method=method, criteria=criteria_of(definition),
    )  # fmt: skip
    first = followed.first
    labels_of = trait_labels(definition)
    names = named_after(document, seen, first.assign(periods[0].points), first.clusters)
    return PeriodsReport(
        score=definition.name,
        first=periods[0].name,
        names=names,
        features={one: _called(label_of(one, labels_of)) for one in preparation.names},
        months=tuple(named.values()),
        periods=followed.periods,
        cohorts=_cohorts(workspace, list(tables), periods, first),
        words=_words(followed.periods, names),
        method=method.value,
        sought_by=METHOD_NAMES[method],
    )


def _together(tables: Sequence[FeatureTable]) -> FeatureTable:
    """Return all months as one table, for a scale that has room for each."""
    people = tuple(f"{place} {person}" for place, one in enumerate(tables) for person in one.person_ids)
    return FeatureTable(people, tables[0].names, np.vstack([one.values for one in tables]))


def named_after(
    document: DiscoveryDocument | None, seen: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], k: int
) -> tuple[Bilingual, ...]:
    """Return a name for each of k clusters of people, `labels`: that of the persona which it is, where there is one.

    `seen` is the persona of the same people by the discovery, -1 for none; both have the shape (people,).
    """
    matches = () if document is None else match_clusterings(seen, labels).matches
    personas = {one.after: document.report.personas[one.before].name for one in matches} if document else {}
    return tuple(personas.get(one, Bilingual(f"group {one + 1}", f"groupe {one + 1}")) for one in range(k))


def features_at(workspace: Workspace, definition: ClustersDefinition, at: Moment) -> FeatureTable | None:
    """Return the features as they were known at `at`; None where nobody had any. Raises UnknownNameError."""
    known = known_at(workspace, at)
    for name in definition.features:
        if name not in known.columns or known.columns[name][1] is not ValueType.NUMBER:
            numbers = [one for one, (_, kind) in known.columns.items() if kind is ValueType.NUMBER]
            raise UnknownNameError("number to follow", name, numbers, where=f'score "{definition.name}"')
    columns = [known.columns[name][0] for name in definition.features]
    values = np.column_stack([_floats(column) for column in columns])
    have = np.flatnonzero(~np.isnan(values).all(axis=1)).tolist()
    if not have:
        return None
    return FeatureTable(tuple(known.people[row] for row in have), definition.features, values[have])


def _called(label: TraitLabel) -> Bilingual:
    return Bilingual(label.en, label.fr)


def _month(workspace: Workspace, end: Moment) -> str:
    return datetime_of(end, workspace.settings.zone).strftime("%Y-%m")


def _floats(column: pa.Array) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False) / MICRO
    return values


def _cohorts(
    workspace: Workspace, ends: Sequence[Moment], periods: Sequence[Period], first: Assigner
) -> tuple[CohortCell, ...]:
    """Return the cohort table of those who came in the months of `periods`; the first holds whoever came before too."""
    zone = workspace.settings.zone
    begin = moment_of(datetime_of(ends[0], zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    came, seen = moments_of(workspace, ends[-1])
    seen = seen.filter(pc.greater_equal(seen.column("ts"), begin))
    people = sorted(came)
    place = {person: row for row, person in enumerate(people)}
    clusters = np.full((len(people), len(periods)), -1, dtype=np.int64)
    for column, period in enumerate(periods):
        known = [place[person] for person in period.person_ids]
        clusters[known, column] = first.assign(period.points)
    active = np.zeros(clusters.shape, dtype=bool)
    rows = np.array([place[person] for person in seen.column("person_id").to_pylist()], dtype=np.int64)
    columns = np.searchsorted(ends, seen.column("ts").to_numpy(), side="left")
    active[rows, columns] = True
    cohort = np.searchsorted(ends, np.array([came[person] for person in people]), side="left")
    return cohort_table(cohort.astype(np.int64), active, clusters, first.clusters)


def moments_of(workspace: Workspace, end: Moment) -> tuple[dict[str, Moment], pa.Table]:
    """Return when each person was first seen, and the moments at which they did anything, up to `end`."""
    catalog = workspace.catalog({})
    before = exp.column("ts") <= exp.Placeholder()
    query = exp.select("person_id", "ts").distinct().from_("events").where(before)
    with workspace.views(catalog) as views:
        seen = views.sql(query.sql(dialect="duckdb"), params=[end]).to_arrow_table()
        first = (
            exp.select("person_id", "first_seen").from_("people").where(exp.column("first_seen") <= exp.Placeholder())
        )
        people = views.sql(first.sql(dialect="duckdb"), params=[end]).to_arrow_table()
    came = dict(zip(people.column("person_id").to_pylist(), people.column("first_seen").to_pylist(), strict=True))
    return came, seen.filter(pc.is_in(seen.column("person_id"), value_set=people.column("person_id").combine_chunks()))


def _words(found: Sequence[PeriodFound], names: Sequence[Bilingual]) -> Bilingual:
    changed = [one for one in found if not one.silent]
    if not changed:
        return Bilingual(
            "The clusters hold: those of every month are those of the first.",
            "Les groupes tiennent : ceux de chaque mois sont ceux du premier.".replace(" :", f"{NARROW_SPACE}:"),
        )
    first = changed[0]
    drifted = [names[one] for one in first.drifted]
    en = ", ".join(one.en for one in drifted) or "what features mean together"
    fr = ", ".join(one.fr for one in drifted) or "le lien entre caractéristiques"
    return Bilingual(
        f"From {first.name} on not all is as in the first month: {en}.",
        f"Dès {first.name}, tout n'est plus comme au premier mois{NARROW_SPACE}: {fr}.",
    )
