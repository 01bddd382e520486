"""The facade: what the doors (command line, Python, later the web) call."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from kohort.clock import Clock, Moment, SystemClock, format_moment, parse_duration, parse_moment
from kohort.definitions.stores import StoreDefinition
from kohort.errors import UsageError
from kohort.facets.accounts import AccountsFacet
from kohort.facets.editing import EditingFacet
from kohort.facets.events import EventsFacet
from kohort.facets.learning import LearningFacet
from kohort.facets.models import ModelsFacet
from kohort.facets.people import PeopleFacet
from kohort.facets.personas import PersonasFacet
from kohort.facets.records import RecordsFacet
from kohort.facets.segments import SegmentsFacet
from kohort.facets.serving import ServingFacet
from kohort.facets.training import TrainingFacet
from kohort.facets.vocabulary import VocabularyFacet
from kohort.imports import needing_extra
from kohort.pipeline.creation import create_project
from kohort.pipeline.results import IngestResult, StepOutcome
from kohort.pipeline.workspace import Workspace
from kohort.rules.languages import Language
from kohort.storage.folder import ProjectFolder
from kohort.storage.holder import Holder
from kohort.storage.journals import OpenJournal, open_journal
from kohort.storage.lock import write_lock
from kohort.storage.mapped import drop_others
from kohort.storage.one_duckdb import OneDuckDB
from kohort.storage.records import Finding
from kohort.storage.seen import SeenMessages
from kohort.storage.tables import Tables

if TYPE_CHECKING:
    from kohort.definitions.clusters import Picture
    from kohort.engines.evaluation import Explanation
    from kohort.governance.audit import Actor
    from kohort.pipeline.collection.kept_open import KeptOpen
    from kohort.pipeline.freshness import Freshness
    from kohort.pipeline.learning.goals import ImportanceDocument
    from kohort.pipeline.live.keeping import LiveMemberships
    from kohort.pipeline.projecting.leading import Standing
    from kohort.pipeline.projecting.projection import Tally
    from kohort.pipeline.projecting.reader_processes import ReaderProcesses
    from kohort.pipeline.segments.counting import SizeAt
    from kohort.pipeline.segments.history import VersionRow
    from kohort.pipeline.segments.member_lists import MemberList
    from kohort.pipeline.segments.membership_log import MembershipLog
    from kohort.pipeline.segments.preview import Preview
    from kohort.pipeline.status import ProjectStatus, SegmentSummary
    from kohort.pipeline.today import Today
    from kohort.reports.data import DiscoveryReport, ReportData
    from kohort.rules.expressions import RuleExpression
    from kohort.rules.nodes import Rule
    from kohort.segments.change_plan import ChangePlan
    from kohort.segments.expectations import Verdict
    from kohort.segments.flows import Flows
    from kohort.segments.intersections import Intersections

Time = str | Moment | None
_FOREVER: Final = 2**63 - 1


class Project(
    AccountsFacet,
    EditingFacet,
    EventsFacet,
    LearningFacet,
    ModelsFacet,
    PeopleFacet,
    PersonasFacet,
    RecordsFacet,
    SegmentsFacet,
    ServingFacet,
    TrainingFacet,
    VocabularyFacet,
):
    """A project in a folder.

    Reading never waits; writing commands (`ingest`, `run`, `apply`, `discover`, `replay`, `rebuild`) hold the project's
    lock, for which they wait up to `patience` seconds, and first finish what an interrupted one left undone. A time is
    ISO 8601 text (without an offset: in the project's time zone), a moment in microseconds UTC, or None for the
    project's own `as_of`, else the present.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     project = Project.create(Path(folder) / "shop", time_zone="Europe/Paris")
    ...     project.status().people
    0
    """

    def __init__(self, path: Path | str = ".", *, clock: Clock | None = None, patience: float = 0) -> None:
        self._patience = patience
        self.folder = ProjectFolder(Path(path))
        self._holder = Holder(self.folder)
        self.clock = clock or SystemClock()
        self._journal: OpenJournal | None = None
        self._read: Tables | None = None
        self._duckdb = OneDuckDB(self.folder.tables)
        self.folder.check()

    @classmethod
    def create(cls, path: Path | str, *, time_zone: str = "UTC", clock: Clock | None = None) -> "Project":
        """Make a project in a new or empty folder, with the reference segments and scores; raises ProjectError."""
        create_project(Path(path), time_zone)
        return cls(path, clock=clock)

    def ingest(
        self,
        path: Path | str,
        *,
        source: str | None = None,
        progress: Callable[[int], None] | None = None,
        despite_gates: bool = False,
    ) -> IngestResult:
        """Read a file into the project; the same file again changes nothing.

        Raises InputError for a file that cannot be read, StoppedError for one that a gate of its source stops, unless
        it is taken in `despite_gates`.
        """
        from kohort.pipeline.collection.ingest import ingest

        with self._writing() as (workspace, catch_up):
            return ingest(workspace, Path(path), source, catch_up, progress, despite_gates=despite_gates)

    def replay(self) -> tuple[int, int]:
        """Try the dead letters again; return how many were taken in and how many remain."""
        from kohort.pipeline.collection.ingest import replay

        with self._writing() as (workspace, catch_up):
            return replay(workspace, catch_up)

    def run(
        self,
        at: Time = None,
        *,
        apply: bool = False,
        engine: str | None = None,
        full: bool = False,
        follow: bool = True,
    ) -> Iterator[StepOutcome]:
        """Run every stale step, in order, yielding what became of each.

        The segments evaluated are those in force. In a project where none ever was, and with `apply`, the files'
        segments come into force first; the latter raises CheckError for a test that fails or a guard rail that stops.
        `engine` names a store of `kohort.yaml`: the segments are evaluated there, on the tables that sources name, and
        the results land beside them, whole or not at all; with `full`, from nothing but those tables. Clusters that are
        due are followed over time, unless not to `follow`. Raises
        UnknownNameError for a store that nobody named, LockedError, ProjectError or StorageError for what the store
        refuses, UsageError for `full` without a store.
        """
        if engine not in {None, "kernel"}:
            from kohort.pipeline.elsewhere import run_elsewhere

            with self._writing() as (workspace, catch_up):
                moment = self._moment(workspace, at)
                yield from run_elsewhere(workspace, str(engine), moment, catch_up, apply=apply, full=full)
            return
        if full:
            raise UsageError("full is of a run in a store, which goes on from the one before; name the store as engine")
        from kohort.pipeline.run import run_steps

        with self._writing() as (workspace, catch_up):
            yield from run_steps(workspace, self._moment(workspace, at), catch_up, apply=apply, follow=follow)

    def plan(self, at: Time = None, *, instead: Mapping[str, str] | None = None) -> "ChangePlan":
        """Return what applying the segment files would change: who would enter and leave, and what speaks against it.

        `instead` asks what other sentences would change, by segment. Nothing is written. Raises RuleError for a wrong
        sentence.
        """
        from kohort.pipeline.segments.planning import plan_files

        workspace = self._workspace()
        return plan_files(workspace, self._moment(workspace, at), instead)

    def plan_rollback(self, segment: str | None = None, version: int | None = None, at: Time = None) -> "ChangePlan":
        """Return what going back would change: one segment to a version, or everything to before the last application.

        Without `version` the segment becomes what it was before its last change. Raises UnknownNameError or UsageError
        where there is nothing to go back to.
        """
        from kohort.pipeline.segments.planning import plan_rollback

        workspace = self._workspace()
        return plan_rollback(workspace, segment, version, self._moment(workspace, at))

    def apply(
        self, plan: "ChangePlan", *, despite: Sequence[str] = (), reason: str = "", by: "Actor | None" = None
    ) -> bool:
        """Put in force exactly what a plan says, definitions and members at once; return whether it changed anything.

        `despite` names guard rails to override, for a `reason` that is kept. The audit says of a model `by` whom it was
        put in force, the operator by default. Raises StalePlanError if what the plan was
        made from has changed since, CheckError for a test that fails or a guard rail that stops: then nothing changes.
        """
        if plan.model is not None:
            self._apply_model(plan, despite, reason, by)
            return True
        from kohort.pipeline.segments.applying import apply_plan
        from kohort.pipeline.steps import StepRunner

        with self._writing() as (workspace, catch_up):
            return apply_plan(StepRunner(workspace, plan.at, catch_up), plan, despite, reason) is not None

    def history(self, segment: str) -> "list[VersionRow]":
        """Return every change of a segment's definition, oldest first; raises UnknownNameError if it never had one."""
        from kohort.pipeline.segments.history import history_of

        return history_of(self._workspace(), segment)

    def test(self, segments: Sequence[str] = (), at: Time = None) -> "tuple[Verdict, ...]":
        """Run the tests in the segment files, of these segments or of all, on the rules that the files have now."""
        from kohort.pipeline.segments.planning import run_tests

        workspace = self._workspace()
        return run_tests(workspace, segments, self._moment(workspace, at))

    def keep_up(self, live: "LiveMemberships | None" = None, standing: "Standing | None" = None) -> "Tally":
        """Bring the tables up to the end of the journal, and read by today's `tracking.yaml` what is received from now.

        Returns what became of the messages. With `live`, the same one at every call, who has entered and left segments
        by now is recorded besides. What cannot wait for tables to be written, since more has come, leaves that to the
        next call, or to `write_behind`. Where another folder leads on the same journal, only the tables are brought up;
        with `standing`, which `engine` gives, this one may come to lead. Raises DefinitionError for a wrong
        `tracking.yaml`: the one in force stays.
        """
        from kohort.pipeline.collection.receiving import keep_up

        with self._kept.open(self._journal) as (workspace, behind):
            self._journal = workspace.journal
            return keep_up(workspace, behind, self._holder, live, standing)

    def write_behind(self, *, whole: bool = False) -> None:
        """Write what `keep_up` has left to be written: all if `whole`, otherwise until more comes."""
        self._kept.write(self._journal, whole=whole)

    def engine(self) -> "AbstractContextManager[Standing | None]":
        """Be the engine of this folder, as `pipeline.leading.engine_of`; raises LockedError where there is one."""
        from kohort.pipeline.projecting.leading import engine_of

        return engine_of(self.folder, self.settings, self._holder, self.clock)

    def tidy(self, live: "LiveMemberships") -> None:
        """Join the small files of tables that `keep_up` has written, and delete those that no table holds any more."""
        with self._kept.open(self._journal) as (workspace, behind):
            live.tidy(workspace, behind)

    def rebuild(
        self, progress: Callable[[int, int], None] | None = None, readers: "ReaderProcesses | None" = None
    ) -> int:
        """Delete every table and make it anew from the journal; return how many records were applied.

        `progress` is called with (records done, records in all), `readers` read a long journal: see
        `kohort.pipeline.projecting.projection.Projection.catch_up`.
        """
        from kohort.pipeline.collection.receiving import open_projection

        with write_lock(self.folder.lock, self._patience):
            workspace = self._opened()
            # In this order: with nothing seen, what is left of the tables is continued, not taken for whole.
            workspace.seen.drop()
            workspace.tables.drop_all()
            drop_others(workspace.folder.mapped, "")
            return open_projection(workspace).catch_up(progress, readers)

    def preview(
        self,
        rule: "str | Rule | RuleExpression",
        at: Time = None,
        *,
        sample: int = 5,
        language: Language | None = None,
    ) -> "Preview":
        """Evaluate a rule that nobody saved, and each of its conditions: a sentence, or one built in Python.

        It is read and told in `language`, by default the project's. Raises RuleError if it is wrong.
        """
        from kohort.pipeline.segments.preview import preview

        if not isinstance(rule, str):
            from kohort.rules.expressions import tree_of

            rule = tree_of(rule)
        workspace = self._workspace()
        return preview(workspace, rule, self._moment(workspace, at), sample, language)

    def preview_segment(self, segment: str, at: Time = None, *, sample: int = 5) -> "Preview":
        """Evaluate the rule of a segment, and each of its conditions, as of the last run by default."""
        from kohort.pipeline.segments.preview import preview_segment

        workspace = self._workspace()
        return preview_segment(workspace, segment, None if at is None else self._moment(workspace, at), sample)

    def members(self, segment: str, at: Time = None) -> pa.Table:
        """Return a segment's members: person_id, user_id (null where unknown), entered_at (a UTC timestamp).

        Without `at`, those of the last run; with it, the rule evaluated at that moment, `entered_at` null where
        the membership log does not know it. Raises UnknownNameError, or UsageError before the first run.
        """
        from kohort.pipeline.segments.people import members

        workspace = self._workspace()
        return members(workspace, segment, None if at is None else self._moment(workspace, at))

    def member_list(self, segment: str, at: Time = None) -> "MemberList":
        """Return `members` together with the version of the rule, the moment that they speak of, and their freshness.

        Raises what `members` does.
        """
        from kohort.pipeline.segments.member_lists import member_list

        workspace = self._workspace()
        return member_list(workspace, segment, None if at is None else self._moment(workspace, at))

    def membership_log(self) -> "MembershipLog":
        """Return what follows the log of memberships: who enters and leaves, in pages, while others write it."""
        from kohort.pipeline.segments.membership_log import MembershipLog

        return MembershipLog(self.folder.tables, self.folder.recent)

    def explain(self, segment: str, person: str, at: Time = None) -> "Explanation":
        """Say why a person (by person id, user id or anonymous id) is in a segment or not.

        The explanation has the facts behind each condition, since when the person is in or out, and what would change
        it: as of the last run, unless `at` says otherwise. Raises UnknownNameError for a segment or person that nobody
        knows, UsageError for a segment that cannot be evaluated yet.
        """
        from kohort.pipeline.segments.people import explain

        workspace = self._workspace()
        return explain(workspace, segment, person, None if at is None else self._moment(workspace, at))

    def merge_people(self, one: str, other: str, *, reason: str = "") -> str:
        """Make two people one by hand, and return their person id; earlier splits that part them are taken back.

        Raises UnknownNameError for people that nobody knows, UsageError for two who are one already.
        """
        from kohort.pipeline.duplicates.merging import merge_people

        with self._writing() as (workspace, catch_up):
            return merge_people(workspace, one, other, reason, catch_up)

    def split_people(self, one: str, other: str, *, reason: str = "") -> tuple[str, str]:
        """Make two people of one, and return their person ids: a merge by hand is taken back, or links are cut.

        `other` leaves with the identifiers that are nearer to it, and stays apart whatever becomes known. Raises
        UnknownNameError for people that nobody knows, UsageError for two who are no one person.
        """
        from kohort.pipeline.duplicates.merging import split_people

        with self._writing() as (workspace, catch_up):
            return split_people(workspace, one, other, reason, catch_up)

    def overlap(self, segments: Sequence[str] = (), at: Time = None) -> "Intersections":
        """Return who is in exactly which of these segments (by default of all), at the last run or at a moment."""
        from kohort.pipeline.segments.counting import overlap

        workspace = self._workspace()
        return overlap(workspace, segments, None if at is None else self._moment(workspace, at))

    def flows(self, since: str | Moment, until: Time = None, segments: Sequence[str] = ()) -> "Flows":
        """Return who entered, left and stayed, and went from which segment to which, between two moments."""
        from kohort.pipeline.segments.counting import flows

        workspace = self._workspace()
        return flows(workspace, segments, self._moment(workspace, since), self._moment(workspace, until))

    def sizes(
        self, segment: str, since: Time = None, until: Time = None, *, every: str = "1 day"
    ) -> "Iterator[SizeAt]":
        """Yield a segment's size, computed at regular moments, beside what the runs recorded.

        `every` is a duration such as "7 days". Without `since` they are the last 31 moments up to `until`.
        """
        from kohort.pipeline.segments.counting import sizes

        workspace = self._workspace()
        try:
            step = parse_duration(every)
        except ValueError as error:
            raise UsageError(str(error)) from error
        first = None if since is None else self._moment(workspace, since)
        return sizes(workspace, segment, first, self._moment(workspace, until), step)

    def sql(self, statement: str) -> pa.Table:
        """Return the answer to one SELECT over the project's tables, as `docs/tables.md` lists them.

        Moments are timestamps in the project's time zone, numbers are decimals. Nothing but these tables can be read,
        and nothing written; raises UsageError for a statement that is wrong or would.
        """
        from kohort.pipeline.querying import query

        return query(self._workspace(), statement)

    def known_segments(self) -> frozenset[str]:
        """Return the names of all segments that are declared, or were in force at any time."""
        from kohort.pipeline.segments.member_lists import known_segments

        return known_segments(self._workspace())

    def segments(self) -> "list[SegmentSummary]":
        """Return every declared segment with its size at the last run, or the reason why it has none."""
        from kohort.pipeline.status import segment_summaries

        return segment_summaries(self._workspace())

    def status(self) -> "ProjectStatus":
        """Return what the project holds, and whether the tables lag behind the journal."""
        from kohort.pipeline.status import project_status

        return project_status(self._workspace())

    def today(self) -> "Today":
        """Return what has changed in the day before the project's present, and what needs somebody; soon answered."""
        from kohort.pipeline.today import today

        workspace = self._workspace()
        return today(workspace, self._moment(workspace, None))

    def dead_letters(self) -> pa.Table:
        """Return what was rejected and not replayed yet: source, file, line, field, reason, raw."""
        from kohort.pipeline.findings import open_dead_letters

        return open_dead_letters(self._workspace())

    def findings(self) -> list[Finding]:
        """Return what reading files has found, and what the last quality checks found."""
        from kohort.pipeline.findings import current_findings

        return current_findings(self._workspace())

    def discover(
        self,
        at: Time = None,
        *,
        score: str | None = None,
        maps: "Sequence[Picture]" = (),
        progress: Callable[[int, int], None] | None = None,
        follow: bool = True,
    ) -> "DiscoveryReport":
        """Look for clusters as the clusters score (the only one, unless named) says; write them as a trait.

        `maps` are drawn this time beside those that the score asks for. Clusters are followed over time besides where
        the score declares `follow_months`, unless not to `follow`.

        Raises MissingExtraError without the extra `[learn]`, UsageError if there is nothing to learn from.
        """
        with needing_extra("learn", "discovering clusters"):
            from kohort.pipeline.learning.discovery import discover_clusters
        from kohort.pipeline.learning.cluster_studies import is_due, study_clusters

        with self._writing() as (workspace, catch_up):
            definition = workspace.clusters_score(score)
            definition = replace(definition, maps=tuple(dict.fromkeys((*definition.maps, *maps))))
            moment = self._moment(workspace, at)
            document = discover_clusters(workspace, definition, moment, progress)
            catch_up()
            if follow and document.model is not None and is_due(workspace, definition, moment):
                study_clusters(workspace, definition, moment)
                catch_up()
            return document.report

    def discovery(self, at: Time = None, *, score: str | None = None) -> "DiscoveryReport | None":
        """Return the newest discovery of a clusters score (the only one, unless named) on data up to `at`.

        It is None before the first. Raises UnknownNameError or UsageError where it is not clear which score is meant.
        """
        from kohort.pipeline.learning.documents import latest_discovery

        workspace = self._workspace()
        moment = _FOREVER if at is None else self._moment(workspace, at)
        document = latest_discovery(workspace, workspace.clusters_score(score).name, moment)
        return document.report if document else None

    def study_importance(
        self, goal: str | None = None, at: Time = None, *, progress: Callable[[int, int], None] | None = None
    ) -> "ImportanceDocument":
        """Find which variables matter for a goal (the first, unless named): an event of the outcome, or `revenue`.

        Raises MissingExtraError without the extra `[learn]`, UnknownNameError, UsageError if too few people are known.
        """
        with needing_extra("learn", "finding which variables matter"):
            from kohort.pipeline.learning.importance import study_importance
        from kohort.pipeline.learning.goals import goal_of

        with self._writing() as (workspace, catch_up):
            document = study_importance(workspace, goal_of(workspace, goal), self._moment(workspace, at), progress)
            catch_up()
            return document

    def report(self, path: Path | str | None = None) -> Path:
        """Write the report of the last run to `path` (by default report.html in the project) and return where."""
        from kohort.pipeline.reporting import write_report

        return write_report(self._workspace(), Path(path) if path is not None else self.folder.report)

    def report_data(self) -> "ReportData":
        """Return what the report shows, as plain values; `kohort.reports.charts` draws them in a notebook."""
        from kohort.pipeline.reporting import report_data

        return report_data(self._workspace())

    def freshness(self, before: "Freshness | None" = None, *, kept_up: bool = False) -> "Freshness":
        """Return how far memberships are behind what was received; `before`, an earlier answer, makes it cheaper.

        With `kept_up` as `keep_up` has it in this process: what waits to be written counts, and no table is opened.
        """
        from kohort.pipeline.freshness import freshness_of

        return freshness_of((kept_up and self._kept.look(self._journal)) or self._workspace(), before)

    def open_journal(self) -> OpenJournal:
        """Return the journal, opened anew: for who appends to it without the project's lock, as the collector does.

        Raises MissingExtraError for a journal in Kafka without the extra `[kafka]`.
        """
        return open_journal(self.folder, self.settings)

    def moment(self, at: Time = None) -> Moment:
        """Return a time as a moment: the project's own `as_of`, else the present, where `at` is None."""
        return self._moment(self._workspace(), at)

    @property
    def has_run(self) -> bool:
        """Whether the tables know of any run: no more than a look at the disk."""
        return (self.folder.tables / "runs").exists()

    def last_run(self) -> Moment | None:
        """Return when a step of `run` was last recorded, None before the first."""
        rows = self._workspace().tables.read("runs").column("recorded_at").to_pylist()
        return max(rows, default=None)

    @property
    def zone(self) -> ZoneInfo:
        """The project's time zone."""
        return self._workspace().settings.zone

    @property
    def stores(self) -> Mapping[str, StoreDefinition]:
        """The stores that `kohort.yaml` names, where rules can run besides."""
        return self._workspace().settings.stores

    @property
    def language(self) -> Language:
        """The language of the rules that people write and read in this project."""
        return self._workspace().language

    @property
    def spoken(self) -> Callable[[str], str]:
        """What says a canonical sentence, as plans hold it, in the project's language."""
        return self._workspace().spoken

    def show_moment(self, moment: Moment | None) -> str:
        """Return a moment in ISO 8601 in the project's time zone, "" for None."""
        return "" if moment is None else format_moment(moment, self.zone)

    @cached_property
    def _kept(self) -> "KeptOpen":
        from kohort.pipeline.collection.kept_open import KeptOpen

        return KeptOpen(self.folder, self.clock, self._patience)

    def _workspace(self) -> Workspace:
        """Open the project to read: what nobody has written since the last time is not opened again."""
        tables = Tables(self.folder.tables, self._duckdb) if self._read is None else self._read.for_another()
        workspace = self._opened((tables, SeenMessages(self.folder.seen)))
        self._read = tables
        return workspace

    def _opened(self, kept: tuple[Tables, SeenMessages] | None = None) -> Workspace:
        kept = kept or (Tables(self.folder.tables, self._duckdb), SeenMessages(self.folder.seen))
        workspace = Workspace.open(self.folder, self.clock, self._journal, kept)
        self._journal = workspace.journal
        return workspace

    def _moment(self, workspace: Workspace, at: Time) -> Moment:
        if not isinstance(at, str):
            return workspace.moment(at)
        try:
            return parse_moment(at, workspace.settings.zone)
        except ValueError as error:
            raise UsageError(str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[tuple[Workspace, Callable[[], int]]]:
        from kohort.pipeline.collection.receiving import writing

        with write_lock(self.folder.lock, self._patience):
            workspace = self._opened()
            yield workspace, writing(workspace, self._holder)
