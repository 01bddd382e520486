"""Epochs: all segments evaluated at one moment, with the statistics used, and who entered and left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec
import pyarrow as pa

from kohort.clock import Moment, format_moment
from kohort.engines.statistics import Statistics
from kohort.errors import UsageError
from kohort.pipeline.changes import LOG_ROWS_A_RECORD, Believed, Evaluated, MembershipChanges
from kohort.pipeline.engine import engine_of
from kohort.pipeline.histories import open_history
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule
from kohort.segments.membership import Membership, apply_changes
from kohort.storage.journal import Record
from kohort.storage.records import EpochClosed, SegmentsApplied, SegmentVersion
from kohort.storage.schemas import SCHEMAS


@dataclass(frozen=True)
class Applicable:
    """The segments that can be evaluated now; the others with the reason why not.

    `sentences` are canonical, in English, as the journal keeps them; `shown` the same in the project's language.
    """

    sentences: Mapping[str, str]
    shown: Mapping[str, str]
    left_out: Mapping[str, str]


def applicable_segments(workspace: Workspace) -> Applicable:
    """Read every segment of the files against what data have shown; raises RuleError for a wrong sentence."""
    catalog = workspace.catalog()
    known = catalog.events.keys() | catalog.traits.keys()
    left_out = {}
    for name, segment in workspace.segments.items():
        missing = [need for need in segment.needs if need not in known]
        if missing:
            left_out[name] = "needs " + ", ".join(missing) + ", which no data have shown yet"
    usable = {name: one.where for name, one in workspace.segments.items() if name not in left_out}
    catalog = replace(catalog, segments=usable)
    rules = {name: read_rule(where, catalog) for name, where in usable.items()}
    return Applicable(
        {name: print_rule(rule) for name, rule in rules.items()},
        {name: print_rule(rule, workspace.language) for name, rule in rules.items()},
        left_out,
    )


def apply_segments(workspace: Workspace, sentences: Mapping[str, str]) -> bytes | None:
    """Return the journal record that puts `sentences` in force, or None if they already are.

    A sentence that means something else than before gets the next version.
    """
    rows = workspace.tables.read("segment_versions").to_pylist()
    newest: dict[str, tuple[int, str]] = {}
    for row in sorted(rows, key=lambda row: int(row["version"])):
        newest[row["segment"]] = (row["version"], row["sentence"])
    active = {row["segment"]: row["sentence"] for row in rows if row["active"]}
    if active == dict(sentences) and _periods(rows) == workspace.settings.periods:
        return None
    versions = []
    for name, sentence in sorted(sentences.items()):
        version, before = newest.get(name, (0, ""))
        versions.append(SegmentVersion(name, version if sentence == before else version + 1, sentence))
    declared = {
        event.key: {one.name: str(one.type) for one in event.properties.values()}
        for event in workspace.plan.events.values()
    }
    return msgspec.json.encode(SegmentsApplied(versions, declared, dict(workspace.settings.periods)))


def evaluate_now(workspace: Workspace, at: Moment) -> EpochClosed:
    """Evaluate the segments in force and return the epoch to record; raises UsageError if `at` is before one."""
    newest = latest_epoch(workspace)
    if newest is not None and newest.at > at:
        zone = workspace.settings.zone
        raise UsageError(
            f"memberships are recorded up to {format_moment(newest.at, zone)}, after {format_moment(at, zone)}; "
            "ask for the past with: kohort members SEGMENT --at TIME"
        )
    statistics = Statistics()
    catalog, _, rules = _in_force(workspace)
    if rules:
        statistics = engine_of(workspace, catalog).evaluate(rules, at).statistics
    return EpochClosed(at, statistics.to_json())


def _in_force(workspace: Workspace) -> tuple[Catalog, dict[str, int], dict[str, Rule]]:
    """Return the catalog of the segments in force, where rules may refer to others, and each version and rule."""
    rows = [row for row in workspace.tables.read("segment_versions").to_pylist() if row["active"]]
    catalog = workspace.catalog({row["segment"]: row["sentence"] for row in rows})
    catalog = replace(catalog, periods=_periods(rows))
    return (
        catalog,
        {row["segment"]: row["version"] for row in rows},
        {row["segment"]: read_rule(row["sentence"], catalog) for row in rows},
    )


def _periods(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, tuple[date, date]]:
    """Return the campaign periods that the versions in force were applied with."""
    active = next((row["periods"] for row in rows if row["active"]), "{}")
    return msgspec.json.decode(active, type=dict[str, tuple[date, date]])


def latest_epoch(workspace: Workspace, at: Moment | None = None) -> EpochClosed | None:
    """Return the newest epoch, or the newest with a moment up to `at`."""
    rows = [row for row in workspace.tables.read("epochs").to_pylist() if at is None or row["at"] <= at]
    if not rows:
        return None
    newest = max(rows, key=lambda row: (row["at"], row["seq"]))
    return EpochClosed(newest["at"], msgspec.json.decode(newest["statistics"]))


def pinned_statistics(workspace: Workspace, at: Moment) -> Statistics | None:
    """Return the statistics of the latest epoch up to `at`, None before the first."""
    epoch = latest_epoch(workspace, at)
    return Statistics.of_json(epoch.statistics) if epoch else None


def close_epoch(workspace: Workspace, epoch: EpochClosed, record: Record) -> None:
    """Write what an epoch of the journal says: memberships, their log, sizes, and the epoch itself."""
    catalog, versions, rules = _in_force(workspace)
    evaluation = engine_of(workspace, catalog).evaluate(rules, epoch.at, Statistics.of_json(epoch.statistics))
    members = {name: frozenset(evaluation.members[name].to_pylist()) for name in rules}
    tables, seq = workspace.tables, record.seq
    memberships = [Membership(**row) for row in tables.read("memberships").to_pylist()]
    actors = tables.read("actors")
    people = dict(zip(actors.column("actor_id").to_pylist(), actors.column("person_id").to_pylist(), strict=True))
    if tables.watermark("memberships") < seq:
        before = _believed(workspace, seq)
        finder = MembershipChanges(open_history(workspace, catalog), catalog, tables, before, seq)
        changes = finder.between(memberships, Evaluated(epoch.at, rules, versions, members), people)
        log = [
            {**vars(change), "seq": seq * LOG_ROWS_A_RECORD + index, "recorded_at": record.recorded_at}
            for index, change in enumerate(changes)
        ]
        tables.append("membership_log", pa.Table.from_pylist(log, schema=SCHEMAS["membership_log"]), watermark=seq)
        rows = [vars(one) for one in apply_changes(memberships, changes)]
        tables.replace("memberships", pa.Table.from_pylist(rows, schema=SCHEMAS["memberships"]), watermark=seq)
    sizes = [
        {
            "seq": seq,
            "segment": name,
            "version": versions[name],
            "at": epoch.at,
            "size": len(inside),
            "population": evaluation.population,
        }
        for name, inside in members.items()
    ]
    tables.append("segment_sizes", pa.Table.from_pylist(sizes, schema=SCHEMAS["segment_sizes"]), watermark=seq)
    row = {
        "seq": seq,
        "at": epoch.at,
        "recorded_at": record.recorded_at,
        "statistics": msgspec.json.encode(epoch.statistics).decode(),
    }
    tables.append("epochs", pa.Table.from_pylist([row], schema=SCHEMAS["epochs"]), watermark=seq)


def _believed(workspace: Workspace, seq: int) -> Believed | None:
    """Return what is recorded before the journal's record `seq`; None before the first epoch."""
    epochs = [row for row in workspace.tables.read("epochs").to_pylist() if row["seq"] < seq]
    if not epochs:
        return None
    last = max(epochs, key=lambda row: int(row["seq"]))
    sizes = [row for row in workspace.tables.read("segment_sizes").to_pylist() if row["seq"] < seq]
    return Believed(
        last["at"],
        Statistics.of_json(msgspec.json.decode(last["statistics"])),
        {row["segment"]: row["version"] for row in sizes if row["seq"] == last["seq"]},
        frozenset(row["segment"] for row in sizes),
    )
