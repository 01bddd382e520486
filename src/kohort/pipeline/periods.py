"""Clusters month by month: sought anew in what was known at the end of each, and what became of those of the first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from kohort.clock import Moment, datetime_of, moment_of
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import UnknownNameError, UsageError
from kohort.learning.clustering.choice import Verdict
from kohort.learning.clustering.cohorts import CohortCell, cohort_table
from kohort.learning.clustering.discovery import discover
from kohort.learning.clustering.match import match_clusterings
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.clustering.nearest import nearest_in_order
from kohort.learning.clustering.periods import FEWEST, Period, PeriodFound, begin_with, follow
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.wording import NARROW_SPACE, Bilingual
from kohort.measurement.outcomes import measure_outcomes
from kohort.measurement.prediction import predictive_power
from kohort.pipeline.documents import latest_discovery
from kohort.pipeline.facts import revenue_of
from kohort.pipeline.known import known_at
from kohort.pipeline.outcomes import did_between, horizon_words
from kohort.pipeline.workspace import Workspace
from kohort.reports.periods_data import ClusterConversion, PeriodsReport

_MONTHS_A_YEAR: Final = 12
_QUINTILES: Final = (0.2, 0.4, 0.6, 0.8)


def follow_clusters(workspace: Workspace, score: str | None, at: Moment, *, months: int) -> PeriodsReport:
    """Follow the clusters of a score's newest discovery over the last `months` months that have ended by `at`.

    Features are those of what was known at the end of each month, scaled as at the end of the first. Months of too few
    people are left out. Raises UsageError where no stable clusters were found yet, or fewer than two months are left.
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
    named = {end: _month(workspace, end) for end in tables}
    periods = [Period(named[end], table.person_ids, preparation.apply(table)) for end, table in tables.items()]
    seen = model.assign(next(iter(tables.values())))
    centroids = begin_with(periods[0].points, seen, len(model.centroids), seed=definition.seed)
    verdict = Verdict(document.report.verdict)
    found = follow(periods, centroids, preparation.names, verdict=verdict, seed=definition.seed)
    labels = nearest_in_order(periods[0].points, centroids)
    personas = {one.after: document.report.personas[one.before].name for one in match_clusterings(seen, labels).matches}
    names = tuple(
        personas.get(one, Bilingual(f"cluster {one + 1}", f"groupe {one + 1}")) for one in range(len(centroids))
    )
    return PeriodsReport(
        score=definition.name,
        first=periods[0].name,
        names=names,
        months=tuple(named.values()),
        periods=found,
        cohorts=_cohorts(workspace, list(tables), periods, centroids),
        words=_words(found, names),
    )


def cluster_conversion(workspace: Workspace, score: str | None, at: Moment) -> tuple[ClusterConversion, ...]:
    """Return, for each outcome event, whether clusters found before a split tell who does it after.

    Clusters are sought among what was known at the split, `at` minus the horizon, alone. Raises UsageError where no
    outcome is declared, nobody was known then, or nothing stable is found.
    """
    definition, outcome = workspace.clusters_score(score), workspace.settings.outcome
    if outcome is None:
        raise UsageError("kohort.yaml names no outcome: say there what people may do, and within how long")
    split = at - outcome.horizon
    table = features_at(workspace, definition, split)
    if table is None:
        raise UsageError(f'score "{definition.name}": nobody had its features before the split; ask for a later moment')
    revenue = revenue_of(workspace, split)
    found = discover(
        table,
        value=np.array([revenue.get(person, 0) / MICRO for person in table.person_ids]),
        seed=definition.seed,
        ks=range(definition.smallest, definition.largest + 1),
        bootstraps=definition.bootstraps,
        options=definition.preparation,
    )
    if found.choice.k is None:
        raise UsageError(f'score "{definition.name}", before the split: {found.choice.words.en}')
    people = np.array(table.person_ids)
    groups = {f"cluster {one + 1}": frozenset(people[found.labels == one].tolist()) for one in range(found.choice.k)}
    recency = _recency_quintiles(workspace, table.person_ids, split)
    spent = {person: micros / MICRO for person, micros in revenue_of(workspace, at, after=split).items()}
    answers = []
    for event, words in outcome.events.items():
        if event not in workspace.catalog({}).events:
            continue
        did = did_between(workspace, event, split, at)
        hits = np.array([person in did for person in table.person_ids])
        few = min(int(hits.sum()), int((~hits).sum())) < 10  # noqa: PLR2004 - of which nothing can be said
        answers.append(
            ClusterConversion(
                did=Bilingual(words["en"], words["fr"]),
                horizon=horizon_words(outcome.horizon),
                split=datetime_of(split, workspace.settings.zone),
                outcomes=measure_outcomes(groups, everyone=frozenset(table.person_ids), converted=did, value=spent),
                power=None if few else predictive_power(found.labels + 1, recency, hits, seed=definition.seed),
            )
        )
    return tuple(answers)


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


def month_ends(at: Moment, months: int, workspace: Workspace) -> list[Moment]:
    """Return the ends of the last so many months that have ended by `at`, in the project's time zone."""
    zone = workspace.settings.zone
    now = datetime_of(at, zone)
    last = now.year * _MONTHS_A_YEAR + now.month
    starts = (divmod(number - 1, _MONTHS_A_YEAR) for number in range(last - months + 1, last + 1))
    # A month ends a microsecond before the next one begins.
    return [moment_of(datetime(year, month + 1, 1, tzinfo=zone)) - 1 for year, month in starts]


def _month(workspace: Workspace, end: Moment) -> str:
    return datetime_of(end, workspace.settings.zone).strftime("%Y-%m")


def _floats(column: pa.Array) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False) / MICRO
    return values


def _cohorts(
    workspace: Workspace, ends: Sequence[Moment], periods: Sequence[Period], centroids: npt.NDArray[np.float64]
) -> tuple[CohortCell, ...]:
    """Return the cohort table of those who came in the months of `periods`; the first holds whoever came before too."""
    zone = workspace.settings.zone
    begin = moment_of(datetime_of(ends[0], zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    came, seen = _moments(workspace, ends[-1])
    seen = seen.filter(pc.greater_equal(seen.column("ts"), begin))
    people = sorted(came)
    place = {person: row for row, person in enumerate(people)}
    clusters = np.full((len(people), len(periods)), -1, dtype=np.int64)
    for column, period in enumerate(periods):
        known = [place[person] for person in period.person_ids]
        clusters[known, column] = nearest_in_order(period.points, centroids)
    active = np.zeros(clusters.shape, dtype=bool)
    rows = np.array([place[person] for person in seen.column("person_id").to_pylist()], dtype=np.int64)
    columns = np.searchsorted(ends, seen.column("ts").to_numpy(), side="left")
    active[rows, columns] = True
    cohort = np.searchsorted(ends, np.array([came[person] for person in people]), side="left")
    return cohort_table(cohort.astype(np.int64), active, clusters, len(centroids))


def _moments(workspace: Workspace, end: Moment) -> tuple[dict[str, Moment], pa.Table]:
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


def _recency_quintiles(workspace: Workspace, people: Sequence[str], split: Moment) -> npt.NDArray[np.int64]:
    """Return in which fifth of people each is by when they last did anything; the obvious rule."""
    _, seen = _moments(workspace, split)
    last = seen.group_by("person_id").aggregate([("ts", "max")])
    latest = dict(zip(last.column("person_id").to_pylist(), last.column("ts_max").to_pylist(), strict=True))
    moments = np.array([latest.get(person, 0) for person in people], dtype=np.float64)
    return np.searchsorted(np.quantile(moments, _QUINTILES), moments, side="right").astype(np.int64)


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
