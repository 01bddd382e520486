"""The report: everything that it shows, gathered as of the last run."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from kohort.clock import datetime_of
from kohort.definitions.provenance import provenance_of
from kohort.errors import StorageError, UsageError
from kohort.learning.wording import Bilingual
from kohort.pipeline.facts import revenue_of
from kohort.pipeline.findings import current_findings
from kohort.pipeline.learning.cluster_studies import kept_studies
from kohort.pipeline.learning.documents import cluster_search
from kohort.pipeline.learning.goals import goals_of, latest_importance
from kohort.pipeline.learning.outcomes import horizon_words, outcome_tables
from kohort.pipeline.learning.predictions_shown import labelled_segments, predictions_shown
from kohort.pipeline.learning.rfm import rfm_found
from kohort.pipeline.learning.values import value_studies
from kohort.pipeline.quality.reporting import scores_of, source_reports
from kohort.pipeline.segments.counting import recorded_members
from kohort.pipeline.segments.epochs import latest_moment
from kohort.pipeline.segments.people import open_memberships
from kohort.pipeline.status import SegmentSummary, segment_summaries
from kohort.pipeline.versions import recorded
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import (
    EventCount,
    GoalImportance,
    IntersectionRow,
    IntersectionTable,
    Note,
    Overlap,
    ReportData,
    SegmentRow,
    SizePoint,
    SourceLine,
)
from kohort.reports.periods_data import NOTHING_YET
from kohort.segments.intersections import intersections_of
from kohort.storage.views import count_by

_MOST_INTERSECTED: Final = 12
_NOTES: Final = (
    Note("Segments", "Rules are evaluated exactly, for every person, as of the moment above; nothing is sampled."),
    Note(
        "Recency, frequency, monetary value",
        "Scores 1 to 5 by ntile, equal values get equal scores (Hughes 1994); cells are declared ranges of scores.",
    ),
    Note(
        "Clusters",
        "Skew-aware scaling; k-means with many starts; stability by bootstrap with matched Jaccard similarity "
        "(Hennig 2007); compared with populations of the same covariance without clusters (Tibshirani et al. 2001).",
    ),
    Note(
        "What matters",
        "Traits as of the split only; a random forest that learnt one horizon earlier (Breiman 2001), what it loses "
        "without each variable and its like; associations alone by false discovery rate (Benjamini, Hochberg 1995).",
    ),
    Note(
        "Later conversion",
        "Groups are formed from what was known at the split only; rates with Wilson intervals, differences with "
        "Newcombe intervals (method 10), members against non-members, p values adjusted by Holm.",
    ),
)


def write_report(workspace: Workspace, path: Path) -> Path:
    """Write the report of the last run to `path`, and return it; raises StorageError if that cannot be written."""
    # The charts' library is heavy, and who asks for the plain values does not need it.
    from kohort.reports.page import render_report  # noqa: PLC0415

    page = render_report(report_data(workspace))
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"could not write {path}: {error.strerror}") from error
    return path


def report_data(workspace: Workspace) -> ReportData:
    """Gather what the report shows; raises UsageError before the first run."""
    at = latest_moment(workspace)
    if at is None:
        raise UsageError("there is nothing to report yet; run first: kohort run")
    zone = workspace.settings.zone
    document = cluster_search(workspace, None, at).document
    revenue = revenue_of(workspace, at)
    summaries = segment_summaries(workspace)
    inside = open_memberships(workspace)
    actors = workspace.tables.read("actors")
    people = actors.filter(pc.less_equal(actors.column("first_seen"), at)).column("person_id").unique()
    return ReportData(
        project=workspace.settings.name,
        as_of=datetime_of(at, zone),
        generated_at=datetime_of(workspace.clock.now(), zone),
        currency=workspace.settings.currency,
        people=len(people),
        revenue=sum(revenue.values()),
        events=tuple(EventCount(*one) for one in count_by(workspace.tables, "events", "name").items()),
        segments=_segments(workspace, summaries, inside, revenue),
        sizes=tuple(
            SizePoint(row["segment"], datetime_of(row["at"], zone), row["size"])
            for row in recorded(workspace.tables, "segment_sizes").sort_by("seq").to_pylist()
        ),
        rfm=found.grid if (found := rfm_found(workspace, at)) else None,
        discovery=None if document is None else document.report,
        over_time=NOTHING_YET if document is None else kept_studies(workspace, document.name, at).over_time,
        overlap=_overlap(workspace, inside),
        intersections=_intersections(workspace, summaries),
        outcomes=outcome_tables(workspace, at),
        importance=tuple(_importance(workspace)),
        findings=tuple(current_findings(workspace)),
        sources=tuple(
            SourceLine(source, count, workspace.settings.licence)
            for source, count in sorted(_rows_by_source(workspace).items())
        ),
        scores=tuple(scores_of(source_reports(workspace, at), zone)),
        notes=_NOTES,
        values=tuple(value_studies(workspace)),
        predictions=tuple(predictions_shown(workspace)),
        labelled=tuple(labelled_segments(workspace, at)),
    )


def _importance(workspace: Workspace) -> Iterator[GoalImportance]:
    zone = workspace.settings.zone
    for goal in goals_of(workspace).values():
        found = latest_importance(workspace, goal.name)
        if found is not None:
            did, split = Bilingual(goal.label["en"], goal.label["fr"]), datetime_of(found.split, zone)
            yield GoalImportance(goal.name, did, horizon_words(found.goal.horizon), split, found.study)


def _segments(
    workspace: Workspace,
    summaries: Sequence[SegmentSummary],
    inside: Mapping[str, frozenset[str]],
    revenue: Mapping[str, int],
) -> tuple[SegmentRow, ...]:
    total, segments = sum(revenue.values()), workspace.segments
    rows = []
    for summary in summaries:
        definition = segments[summary.name]
        spent = sum(revenue.get(person, 0) for person in inside.get(summary.name, frozenset()))
        rows.append(
            SegmentRow(
                name=summary.name,
                label=Bilingual(definition.label_in("en"), definition.label_in("fr")),
                description=definition.description,
                sentence=summary.sentence,
                size=summary.size or 0,
                share=summary.share or 0.0,
                revenue=spent,
                revenue_share=spent / total if total else 0.0,
                note=summary.note,
            )
        )
    return tuple(rows)


def _overlap(workspace: Workspace, inside: Mapping[str, frozenset[str]]) -> Overlap | None:
    segments = workspace.segments
    names = [name for name in segments if name in inside]
    if not names:
        return None
    shared = tuple(tuple(len(inside[one] & inside[other]) for other in names) for one in names)
    return Overlap(tuple(segments[name].label_in("en") for name in names), shared)


def _intersections(workspace: Workspace, summaries: Sequence[SegmentSummary]) -> IntersectionTable | None:
    """Return who is in exactly which of the largest segments; with many more, nearly everybody is alone."""
    evaluated = [(one.name, one.size) for one in summaries if one.size is not None]
    largest = {name for name, _ in sorted(evaluated, key=lambda one: -one[1])[:_MOST_INTERSECTED]}
    names = [name for name, _ in evaluated if name in largest]
    if len(names) <= 1:
        return None
    found, segments = intersections_of(*recorded_members(workspace, names)), workspace.segments
    return IntersectionTable(
        tuple(segments[name].label_in("en") for name in names),
        tuple(
            IntersectionRow(tuple(names.index(name) for name in one.segments), one.size) for one in found.intersections
        ),
        found.population,
    )


def _rows_by_source(workspace: Workspace) -> dict[str, int]:
    counts = count_by(workspace.tables, "events", "source")
    computed = {score.name for score in workspace.scores}
    for source, count in count_by(workspace.tables, "trait_values", "source").items():
        if provenance_of(source).name not in computed:
            counts[source] = counts.get(source, 0) + count
    return counts
