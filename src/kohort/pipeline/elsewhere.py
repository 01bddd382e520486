"""`run --engine NAME`: the segments in force evaluated where the data are, the results landing beside them.

Everything in the store happens in one transaction, or is shown by one last step. The project's journal learns of
definitions that come into force just before that: if it fails, the store still shows the state before, and the next run
lands them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from kohort.clock import Moment, format_moment
from kohort.definitions.source import SourceDefinition
from kohort.definitions.stores import StoreDefinition
from kohort.engines.sql.landing.answers import ANSWERS, AnsweringEngine
from kohort.engines.sql.landing.changes import landed_changes
from kohort.engines.sql.landing.place import (
    Epoch,
    LandedSegment,
    landed_epochs,
    landed_versions,
)
from kohort.engines.sql.landing.results import create_results, landing, sealing
from kohort.engines.sql.landing.turns import kept_answers, turned
from kohort.engines.sql.refresh.statements import count_people
from kohort.engines.sql.refresh.step import Rescan
from kohort.engines.sql.statements import Statement
from kohort.engines.statistics import Statistics
from kohort.errors import CheckError, DefinitionError, RuleError, UnknownNameError, UsageError
from kohort.pipeline.results import StepOutcome
from kohort.pipeline.segments.applying import application, check_plan
from kohort.pipeline.segments.changes import Believed, cause_of
from kohort.pipeline.segments.planning import declared_definitions, plan_files
from kohort.pipeline.site import Inside, Site, counted, look
from kohort.pipeline.steps import CatchUp
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.rules.read import read_rule, segments_of
from kohort.segments.changes import Definitions
from kohort.storage.openers import open_store
from kohort.storage.records import SegmentsApplied, StepRun

_NAMED = 3


@dataclass(frozen=True)
class _Landed:
    """What came out of a run, in words, what was read of everybody for it, and what makes it seen."""

    summary: str
    rescans: Sequence[Rescan]
    seal: Sequence[Statement]


def run_elsewhere(
    workspace: Workspace, engine: str, at: Moment, catch_up: CatchUp, *, apply: bool, full: bool
) -> Iterator[StepOutcome]:
    """Evaluate the segments in the store called `engine` as of `at`, yielding each outcome; the caller holds the lock.

    Those in force are evaluated; in a project where none ever was, and with `apply`, those of the files come into
    force first. Where every source has a cursor, only what can have changed since the run before is read again, unless
    `full`. Raises UnknownNameError for a store that `kohort.yaml` does not name, CheckError for a test or guard
    rail that stops, LockedError while another run lands there, ProjectError or StorageError for what the store
    refuses. Whatever is raised, the store shows the results that it had.
    """
    records = catch_up()
    if records:
        yield StepOutcome("project", "done", f"{records:,} journal records applied")
    definition, sources = _asked(workspace, engine)
    with open_store(definition, workspace.folder.path) as store, store.alone(definition.schema), store.snapshot():
        site = look(workspace, definition, sources, Inside(store), at, full=full)
        yield from counted(site)
        definitions, cause = _definitions(workspace, site.there, at, apply=apply)
        applied = _application(workspace, site, definitions, at, cause) if cause else None
        versions = _versions(workspace, applied)
        rules, left_out = _readable(site.there, definitions)
        for name, reason in left_out.items():
            yield StepOutcome(f"segment {name}", "skipped", reason)
        landed = _land(site, definitions, rules, versions, at)
        yield from _rescans(landed.rescans)
        if applied is not None:
            body = msgspec.json.encode(applied)
            workspace.journal.append("segments", [body], recorded_at=workspace.clock.now())
        for statement in landed.seal:
            site.store.make(statement)
    step = StepRun(f"segments in {engine}", at, "", landed.summary)
    workspace.journal.append("run", [msgspec.json.encode(step)], recorded_at=workspace.clock.now())
    catch_up()
    yield StepOutcome("segments", "done", landed.summary)


def _asked(workspace: Workspace, engine: str) -> tuple[StoreDefinition, list[SourceDefinition]]:
    stores = workspace.settings.stores
    if engine not in stores:
        raise UnknownNameError("engine", engine, [*stores, "kernel"], where="the stores of kohort.yaml")
    for one in workspace.sources:
        if one.store and one.store not in stores:
            raise UnknownNameError("store", one.store, stores, where=one.file)
    sources = [one for one in workspace.sources if one.store == engine]
    if not sources:
        raise UsageError(
            f'no source reads a table of the store "{engine}"; declare one in sources/, with table and store'
        )
    return stores[engine], sources


def _definitions(workspace: Workspace, there: Workspace, at: Moment, *, apply: bool) -> tuple[Definitions, str]:
    """Return what is to be evaluated, and, where it has to come into force first, by what cause."""
    force = workspace.in_force()
    if not apply and force.seq:
        return Definitions(force.sentences, force.periods), ""
    if not apply:
        definitions = declared_definitions(there)
        return definitions, "first run" if definitions.sentences else ""
    plan = plan_files(there, at)
    lost = [name for name in plan.left_out if name in force.sentences]
    if lost:
        raise CheckError(
            f'"{lost[0]}" is in force, and {plan.left_out[lost[0]]} in the store; nothing was applied: give the store '
            "a source for it, or apply with: kohort apply"
        )
    check_plan(plan)
    return plan.definitions, plan.cause if plan.changes else ""


def _application(workspace: Workspace, site: Site, definitions: Definitions, at: Moment, cause: str) -> SegmentsApplied:
    """Return the record that puts definitions in force; the project's own data are evaluated by them too."""
    return application(replace(workspace, shown=site.there.shown), definitions, at, cause=cause)


def _versions(workspace: Workspace, applied: SegmentsApplied | None) -> Mapping[str, int]:
    if applied is None:
        return workspace.in_force().versions
    return {one.segment: one.version for one in applied.segments}


def _readable(there: Workspace, definitions: Definitions) -> tuple[dict[str, Rule], dict[str, str]]:
    """Return the rules that speak of nothing but what the store shows; the others with the reason why not."""
    catalog = _catalog(there, definitions)
    rules, left_out = {}, {}
    for name, sentence in sorted(definitions.sentences.items()):
        try:
            rule = read_rule(sentence, catalog)
            segments_of([rule], catalog)
        except RuleError as error:
            left_out[name] = f"not in this store: {error.problem}"
        except DefinitionError as error:
            left_out[name] = f"not in this store: {error}"
        else:
            rules[name] = rule
    return rules, left_out


def _catalog(there: Workspace, definitions: Definitions) -> Catalog:
    return replace(there.catalog(definitions.sentences), periods=definitions.periods)


def _land(
    site: Site, definitions: Definitions, rules: Mapping[str, Rule], versions: Mapping[str, int], at: Moment
) -> "_Landed":
    """Evaluate `rules` and write who entered and left."""
    store, dialect, place = site.store, site.dialect, site.place
    for statement in create_results(dialect, place):
        store.make(statement)
    epochs = store.rows(landed_epochs(dialect, place))
    newest = epochs[-1] if epochs else None
    if newest is not None and newest["at"] > at:
        zone = site.there.settings.zone
        raise UsageError(
            f"memberships have landed up to {format_moment(newest['at'], zone)}, after {format_moment(at, zone)}; "
            "run as of a later moment"
        )
    statistics = Statistics() if newest is None else Statistics.of_json(msgspec.json.decode(newest["statistics"]))
    before = None if newest is None else _believed(site, newest["seq"], newest["at"], statistics)
    catalog = _catalog(site.there, definitions)
    segments = [
        LandedSegment(name, versions[name], rule, str(cause_of(name, rule, versions, before, catalog)))
        for name, rule in rules.items()
    ]
    pinned = statistics if newest is not None and newest["at"] == at else None
    with AnsweringEngine(store, catalog).answers(rules, at, pinned, site.memory) as answers:
        used = msgspec.json.encode(answers.statistics.to_json()).decode()
        epoch = Epoch(1 if newest is None else newest["seq"] + 1, at, site.there.clock.now(), used)
        looked = answers
        if site.memory is not None:
            looked = turned(answers, site.memory, segments, epoch.seq - 1) or answers
            for statement in kept_answers(dialect, site.memory, looked):
                store.make(statement)
        for statement in landing(dialect, place, looked, segments, epoch):
            store.make(statement)
        (counts,) = store.rows(landed_changes(dialect))
        (everybody,) = store.rows(count_people(dialect, ANSWERS))
    left, people = counts["everybody"] - counts["entered"], everybody["people"]
    recomputed = people if answers.concerned is None else answers.concerned
    summary = (
        f"{len(rules)} segments evaluated in {place.schema}; recomputed {recomputed:,} of {people:,} people"
        f"{_why_everybody(site)}; {counts['entered']:,} entered, {left:,} left"
    )
    return _Landed(summary, answers.rescans, [*sealing(dialect, place, epoch)])


def _why_everybody(site: Site) -> str:
    """Return why nothing that an earlier run kept was used, if so."""
    if site.memory is not None:
        return f", since {site.memory.full}" if site.memory.full else ""
    lacking = [one.source.name for one in site.tables if not one.source.cursor]
    return f", since {_some_of(lacking)} {'names' if len(lacking) == 1 else 'name'} no cursor"


def _some_of(names: Sequence[str]) -> str:
    """Return names in words, the first few by themselves."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _rescans(rescans: Sequence[Rescan]) -> Iterator[StepOutcome]:
    """Yield for which values the rows of everybody were read again, for which rules: a line for each reason."""
    by_reason: dict[str, list[Rescan]] = {}
    for one in rescans:
        by_reason.setdefault(one.reason, []).append(one)
    for reason, its in by_reason.items():
        values = _some_of([one.value for one in its])
        segments = _some_of(sorted({name for one in its for name in one.rules}))
        yield StepOutcome("rescan", "done", f"{values} (for {segments}): {reason}")


def _believed(site: Site, seq: int, at: Moment, statistics: Statistics) -> Believed:
    rows = site.store.rows(landed_versions(site.dialect, site.place))
    versions = {row["segment"]: row["version"] for row in rows if row["seq"] == seq}
    return Believed(at, statistics, versions, frozenset(row["segment"] for row in rows))
