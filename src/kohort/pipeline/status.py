"""What a project holds, and each segment at a glance."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from kohort.activation.ledger import Ledger
from kohort.clock import Moment, format_moment
from kohort.pipeline.freshness import evaluated_at, freshness_of, stalled_of
from kohort.pipeline.learning.registry.alerts import ModelAlert, alerts_of
from kohort.pipeline.learning.training.standing import TrainingStanding, training_standings
from kohort.pipeline.segments.epochs import applicable_segments, latest_moment
from kohort.pipeline.versions import recorded
from kohort.pipeline.workspace import Workspace
from kohort.rules.languages import Language
from kohort.storage.journals import open_backlog
from kohort.storage.state import State
from kohort.storage.views import count_by


@dataclass(frozen=True)
class ProjectStatus:
    """A project at a glance: people, events by name, open dead letters, last epoch, journal."""

    name: str
    people: int
    events: dict[str, int]
    traits: int
    dead_letters: int
    segments: int
    last_run: Moment | None
    journal_records: int
    journal_bytes: int | None
    """How much room the journal takes; None where only brokers know."""
    journal_damage: int | None
    """How many pieces of damage were set aside, None where nothing is; the findings say which records were lost."""
    journal_place: str
    """Where the journal is, in words."""
    behind: int
    """How many journal records the tables lack: an interrupted command, which the next one continues."""
    untaken: int | None
    """How many messages of the topic of events the journal lacks; None where collectors write to the journal."""
    waiting_since: Moment | None
    """When the oldest event was received that no evaluation counts yet."""
    lag: int | None
    """How long, in microseconds, the oldest event had waited when the segments were last evaluated."""
    stalled: tuple[str, ...]
    """The segments in force that were not evaluated for longer than the schedule's `stalled_after`."""
    deliveries: Mapping[str, int] = field(default_factory=dict)
    """How many deliveries of journeys are in which state; empty without journeys."""
    models: tuple[ModelAlert, ...] = ()
    """How the model of each score that has one stands."""
    trainings: tuple[TrainingStanding, ...] = ()
    """How the trainings of each score stand that were asked for."""


@dataclass(frozen=True)
class SegmentSummary:
    """One segment, declared or in force: size and share at the last run, or (both None) why it has none."""

    name: str
    label: str
    """What it is called in English."""
    size: int | None
    share: float | None
    at: Moment | None
    """The moment as of which people are in it."""
    version: int | None
    sentence: str
    note: str
    evaluated_at: Moment | None = None
    """When it was last evaluated."""
    stalled: bool = False
    """Whether that is longer ago than the schedule's `stalled_after`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What it is called, by language."""


def project_status(workspace: Workspace) -> ProjectStatus:
    """Return what a project holds."""
    tables = workspace.tables
    letters = tables.read("dead_letters")
    last = workspace.journal.last_seq()
    counted = count_by(tables, "events", "name")
    fresh, damaged = freshness_of(workspace), workspace.journal.damaged()
    backlog = open_backlog(workspace.folder, workspace.settings)
    return ProjectStatus(
        name=workspace.settings.name,
        people=len(tables.read("actors").column("person_id").unique()),
        events=counted,
        traits=len(workspace.catalog({}).traits),
        dead_letters=letters.filter(pc.is_null(letters.column("replayed_at"))).num_rows,
        segments=len(workspace.segments),
        last_run=latest_moment(workspace),
        journal_records=last,
        journal_bytes=workspace.journal.size(),
        journal_damage=None if damaged is None else len(damaged),
        journal_place=workspace.journal.place,
        behind=fresh.behind,
        untaken=None if backlog is None else backlog.count(),
        waiting_since=fresh.waiting_since,
        lag=fresh.lag,
        stalled=_stalled(workspace, fresh.evaluated),
        deliveries=_deliveries(workspace),
        models=alerts_of(workspace),
        trainings=training_standings(workspace),
    )


def segment_summaries(workspace: Workspace) -> list[SegmentSummary]:
    """Return every segment, in the order of the files, then those in force that the files no longer declare."""
    applicable = applicable_segments(workspace)
    force = workspace.in_force()
    newest = _newest_sizes(workspace, force.versions)
    waiting, latest = workspace.why_not_evaluated(), latest_moment(workspace)
    evaluated = evaluated_at(workspace)
    stalled = _stalled(workspace, evaluated)
    told = {
        name: f"stalled: last evaluated {format_moment(evaluated[name], workspace.settings.zone)}" for name in stalled
    }
    summaries = []
    for name, segment in workspace.segments.items():
        row = newest.get(name)
        summaries.append(
            SegmentSummary(
                name=name,
                label=segment.label_in("en"),
                size=row["size"] if row else None,
                share=row["size"] / row["population"] if row and row["population"] else None,
                at=latest if row else None,
                version=row["version"] if row else None,
                sentence=applicable.shown.get(name, segment.where),
                note=applicable.left_out.get(name, told.get(name, "") if row else waiting),
                evaluated_at=evaluated.get(name),
                stalled=name in stalled,
                labels={one.value: segment.label_in(one.value) for one in Language},
            )
        )
    return summaries


def _deliveries(workspace: Workspace) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    if workspace.folder.definitions("journeys"):
        for (_, state), number in Ledger(State(workspace.folder.state)).counts().items():
            found[state] += number
    return found


def _newest_sizes(workspace: Workspace, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the newest row of `segment_sizes` of each of some segments; of each there may be one a second."""
    rows = recorded(workspace.tables, "segment_sizes")
    newest = rows.group_by("segment").aggregate([("seq", "max")])
    last = dict(zip(newest.column("segment").to_pylist(), newest.column("seq_max").to_pylist(), strict=True))
    its = rows.filter(pc.is_in(rows.column("seq"), value_set=newest.column("seq_max").combine_chunks()))
    return {
        row["segment"]: row for row in its.to_pylist() if row["segment"] in names and row["seq"] == last[row["segment"]]
    }


def _stalled(workspace: Workspace, evaluated: Mapping[str, Moment]) -> tuple[str, ...]:
    return stalled_of(evaluated, workspace.clock.now(), workspace.settings.schedule.stalled_after)
