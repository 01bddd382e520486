"""Epochs: all segments evaluated at one moment, with the statistics used, and who entered and left."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pyarrow as pa

from kohort.clock import Moment, format_moment
from kohort.definitions.segment import SegmentDefinition
from kohort.engines.statistics import Statistics
from kohort.errors import UsageError
from kohort.pipeline.mapped.histories import open_history
from kohort.pipeline.recording import append_log, current_memberships
from kohort.pipeline.segments.changes import Believed, Evaluated, MembershipChanges
from kohort.pipeline.segments.engine import engine_of
from kohort.pipeline.segments.seeds import check_seeds
from kohort.pipeline.versions import InForce, in_force, recorded
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule
from kohort.segments.membership import Membership
from kohort.storage.frames import Record
from kohort.storage.records import EpochClosed
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
    """Read every segment in force, and those of the files beside; raises RuleError for a wrong sentence."""
    return _applicable(workspace, workspace.catalog(), workspace.segments, workspace.in_force().sentences)


def declared_segments(workspace: Workspace, declared: Mapping[str, SegmentDefinition]) -> Applicable:
    """Read segments as files declare them against what data have shown; raises RuleError for a wrong sentence.

    Raises DefinitionError for one that asks for look-alikes and says nothing of their seed.
    """
    settings = workspace.settings
    catalog = replace(workspace.catalog(), periods=settings.periods, purposes=settings.consent.categories())
    found = _applicable(workspace, catalog, declared, {})
    for name, sentence in found.sentences.items():
        check_seeds(workspace, name, parse_rule(sentence))
    return found


def _applicable(
    workspace: Workspace, catalog: Catalog, segments: Mapping[str, SegmentDefinition], sure: Container[str]
) -> Applicable:
    """Read segments, those left out that need what no data have shown; those that are `sure` need nothing more."""
    left_out = left_out_of(catalog, segments, sure)
    usable = {name: one.where for name, one in segments.items() if name not in left_out}
    catalog = replace(catalog, segments=usable)
    rules = {name: read_rule(where, catalog) for name, where in usable.items()}
    return Applicable(
        {name: print_rule(rule) for name, rule in rules.items()},
        {name: print_rule(rule, workspace.language) for name, rule in rules.items()},
        left_out,
    )


def left_out_segments(workspace: Workspace) -> Mapping[str, str]:
    """Return the segments that cannot be evaluated yet, and why, without reading any rule."""
    return left_out_of(workspace.catalog(), workspace.segments, workspace.in_force().sentences)


def left_out_of(
    catalog: Catalog, segments: Mapping[str, SegmentDefinition], sure: Container[str] = ()
) -> dict[str, str]:
    """Return the segments that need what no data have shown, and why; those that are `sure` need nothing more."""
    known = catalog.events.keys() | catalog.traits.keys()
    left_out = {}
    for name, segment in segments.items():
        missing = [need for need in segment.needs if need not in known]
        if missing and name not in sure:
            left_out[name] = "needs " + ", ".join(missing) + ", which no data have shown yet"
    return left_out


def evaluate_now(workspace: Workspace, force: InForce, at: Moment) -> EpochClosed:
    """Evaluate segments that are, or will be, in force, and return the epoch to record.

    Raises UsageError if `at` is before an epoch.
    """
    newest = latest_run(workspace)
    if newest is not None and newest.at > at:
        zone = workspace.settings.zone
        raise UsageError(
            f"memberships are recorded up to {format_moment(newest.at, zone)}, after {format_moment(at, zone)}; "
            "ask for the past with: kohort members SEGMENT --at TIME"
        )
    statistics = Statistics()
    catalog, rules = rules_in_force(workspace, force)
    if rules:
        statistics = engine_of(workspace, catalog).evaluate(rules, at).statistics
    return EpochClosed(at, statistics.to_json())


def catalog_in_force(workspace: Workspace, force: InForce) -> Catalog:
    """Return the catalog of segments that are, or will be, in force."""
    return replace(workspace.catalog(force.sentences), periods=force.periods)


def rules_in_force(workspace: Workspace, force: InForce) -> tuple[Catalog, dict[str, Rule]]:
    """Return the catalog of segments that are, or will be, in force, where rules may refer to others, and the rules."""
    catalog = catalog_in_force(workspace, force)
    return catalog, {name: read_rule(sentence, catalog) for name, sentence in force.sentences.items()}


def latest_epoch(workspace: Workspace, at: Moment | None = None) -> EpochClosed | None:
    """Return the newest epoch, or the newest with a moment up to `at`."""
    return _newest(row for row in recorded(workspace.tables, "epochs").to_pylist() if at is None or row["at"] <= at)


def _newest(epochs: Iterable[Mapping[str, Any]]) -> EpochClosed | None:
    newest = max(epochs, key=lambda row: (row["at"], row["seq"]), default=None)
    return None if newest is None else EpochClosed(newest["at"], msgspec.json.decode(newest["statistics"]))


def latest_moment(workspace: Workspace) -> Moment | None:
    """Return the moment that memberships speak of: of the newest epoch, or up to which they were kept live since.

    None before the first epoch.
    """
    epoch = latest_epoch(workspace)
    if epoch is None:
        return None
    kept: list[Moment] = recorded(workspace.tables, "membership_updates").column("recorded_at").to_pylist()
    return max([epoch.at, *kept])


def latest_run(workspace: Workspace) -> EpochClosed | None:
    """Return the newest epoch that was no part of keeping memberships up live; None before the first."""
    return _newest(run_epochs(workspace))


def run_epochs(workspace: Workspace) -> list[dict[str, Any]]:
    """Return the rows of `epochs` that were no part of keeping memberships up live."""
    live = frozenset(recorded(workspace.tables, "membership_updates").column("seq").to_pylist())
    return [row for row in recorded(workspace.tables, "epochs").to_pylist() if row["seq"] not in live]


def pinned_statistics(workspace: Workspace, at: Moment) -> Statistics | None:
    """Return the statistics of the latest epoch up to `at`, None before the first."""
    return pinning(workspace)(at)


def pinning(workspace: Workspace) -> Callable[[Moment], Statistics | None]:
    """Return what gives `pinned_statistics` of any moment, the epochs read once."""
    rows = recorded(workspace.tables, "epochs").to_pylist()

    def pinned(at: Moment) -> Statistics | None:
        epoch = _newest(row for row in rows if row["at"] <= at)
        return Statistics.of_json(epoch.statistics) if epoch else None

    return pinned


def close_epoch(workspace: Workspace, epoch: EpochClosed, record: Record) -> None:
    """Write what an epoch of the journal says: who entered and left, sizes, the epoch itself, and last its members."""
    tables, seq = workspace.tables, record.seq
    if tables.watermark("memberships") >= seq:
        return
    force = in_force(tables, seq)
    catalog, rules = rules_in_force(workspace, force)
    evaluation = engine_of(workspace, catalog).evaluate(rules, epoch.at, Statistics.of_json(epoch.statistics))
    members = {name: frozenset(evaluation.members[name].to_pylist()) for name in rules}
    memberships = [Membership(**row) for row in current_memberships(tables).to_pylist()]
    actors = tables.read("actors")
    people = dict(zip(actors.column("actor_id").to_pylist(), actors.column("person_id").to_pylist(), strict=True))
    finder = MembershipChanges(
        open_history(workspace, catalog, whole=True), catalog, tables, believed(workspace, seq), seq
    )
    changes = finder.between(memberships, Evaluated(epoch.at, rules, force.versions, members), people)
    append_log(tables, changes, record)
    written = {"seq": seq, "at": epoch.at}
    rows = {
        "segment_sizes": [
            {"segment": name, "version": force.versions[name], "size": len(inside), "population": evaluation.population}
            | written
            for name, inside in members.items()
        ],
        "epochs": [
            {"recorded_at": record.recorded_at, "statistics": msgspec.json.encode(epoch.statistics).decode()} | written
        ],
    }
    for table, its in rows.items():
        tables.append(table, pa.Table.from_pylist(its, schema=SCHEMAS[table]), watermark=seq)
    # The commit that counts: what readers see of an epoch is what these memberships have come to.
    tables.replace("memberships", current_memberships(tables, seq), watermark=seq)


def believed(workspace: Workspace, seq: int) -> Believed | None:
    """Return what is recorded before the journal's record `seq`; None before the first epoch."""
    epochs = [row for row in workspace.tables.read("epochs").to_pylist() if row["seq"] < seq]
    if not epochs:
        return None
    updates = {row["seq"]: row["at"] for row in workspace.tables.read("membership_updates").to_pylist()}
    kept = [at for one, at in updates.items() if one < seq]
    last = max(epochs, key=lambda row: (row["at"], row["seq"]))
    run = max(row["seq"] for row in epochs if row["seq"] not in updates)
    sizes = [row for row in workspace.tables.read("segment_sizes").to_pylist() if row["seq"] < seq]
    return Believed(
        max([last["at"], *kept]),
        Statistics.of_json(msgspec.json.decode(last["statistics"])),
        {row["segment"]: row["version"] for row in sizes if row["seq"] == run},
        frozenset(row["segment"] for row in sizes),
    )
