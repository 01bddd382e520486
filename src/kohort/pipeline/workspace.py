"""What every step of the pipeline works on: a project's definitions, journal and tables."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec

from kohort.clock import Clock, Moment
from kohort.collection.webhooks.shipped import shipped_mappings
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.consent import CONSENT_PREFIX
from kohort.definitions.journey import JourneyDefinition, journey_definition_of
from kohort.definitions.personas import PersonaEntry, merged_entries, persona_entries_of
from kohort.definitions.project import ProjectDefinition, project_definition_of
from kohort.definitions.score import ScoreDefinition, score_definitions_of
from kohort.definitions.segment import SegmentDefinition, by_name, segment_definitions_of
from kohort.definitions.source import SourceDefinition, source_definition_of
from kohort.definitions.tracking import TrackingPlan, tracking_plan_of
from kohort.definitions.values import ValueType
from kohort.definitions.webhook import WebhookDefinition, webhook_definition_of
from kohort.errors import DefinitionError, UnknownNameError, UsageError
from kohort.pipeline.adoption import adopted_purposes
from kohort.pipeline.columns import Names, Shown
from kohort.pipeline.reading_once import ReadOnce
from kohort.pipeline.sharing import Shared
from kohort.pipeline.versions import InForce, in_force
from kohort.rules.catalog import Catalog
from kohort.rules.languages import Language
from kohort.storage.folder import ProjectFolder
from kohort.storage.immutable import keep, parts_of
from kohort.storage.journals import OpenJournal, open_journal
from kohort.storage.records import FilePart
from kohort.storage.seen import SeenMessages
from kohort.storage.tables import Tables

if TYPE_CHECKING:
    import duckdb

    from kohort.engines.evaluation import RuleEngine


@dataclass(frozen=True)
class Workspace:
    """A project, opened. Definitions are read from its files when first asked for.

    `shown` are names that a store has shown, as `Names.add` takes them. With `elsewhere`, which makes the engine for
    rules that a catalog resolves, the project is looked at as it is in that store: its names are those alone. Steps of
    one run have `shared` what they compute of people. With `only`, actors of some people, views show these people
    alone. Questions about one history read it `once`.
    """

    folder: ProjectFolder
    settings: ProjectDefinition
    clock: Clock
    journal: OpenJournal
    tables: Tables
    seen: SeenMessages
    shown: Shown = field(default_factory=dict)
    elsewhere: "Callable[[Catalog], RuleEngine] | None" = None
    shared: Shared | None = None
    only: tuple[str, ...] = ()
    once: ReadOnce | None = None

    @classmethod
    def open(
        cls,
        folder: ProjectFolder,
        clock: Clock,
        journal: OpenJournal | None = None,
        kept: tuple[Tables, SeenMessages] | None = None,
    ) -> "Workspace":
        """Open the project in `folder`; raises ProjectError or DefinitionError if it cannot be used.

        A `journal` that was opened before knows its end, and how far it was read; what was `kept` open is as it is.
        """
        folder.check()
        settings = folder.read_definition(folder.settings, project_definition_of)
        journal = open_journal(folder, settings, journal)
        tables, seen = kept or (Tables(folder.tables), SeenMessages(folder.seen))
        return cls(folder, settings, clock, journal, tables, seen)

    @cached_property
    def plan(self) -> TrackingPlan:
        """The tracking plan; an empty one if there is no tracking.yaml."""
        path = self.folder.tracking
        document = self.folder.read_yaml(path) if path.exists() else {}
        return tracking_plan_of(document, self.folder.name_of(path))

    @cached_property
    def sources(self) -> list[SourceDefinition]:
        """The mappings in sources/."""
        paths = self.folder.definitions("sources")
        return [source_definition_of(self.folder.read_yaml(path), self.folder.name_of(path)) for path in paths]

    @property
    def file_sources(self) -> list[SourceDefinition]:
        """The mappings of files, not those of a store's tables."""
        return [one for one in self.sources if one.table is None]

    @cached_property
    def webhooks(self) -> list[WebhookDefinition]:
        """The webhooks in webhooks/; raises DefinitionError for a source declared twice."""
        found: dict[str, WebhookDefinition] = {}
        for path in self.folder.definitions("webhooks"):
            file = self.folder.name_of(path)
            one = webhook_definition_of(self.folder.read_yaml(path), file, shipped_mappings())
            if one.source in found:
                raise DefinitionError(f'{file}: the source "{one.source}" has a webhook already; rename this one')
            found[one.source] = one
        return list(found.values())

    @cached_property
    def journeys(self) -> list[JourneyDefinition]:
        """The journeys in journeys/; raises DefinitionError for a name used twice, or a segment that nobody knows."""
        found: dict[str, JourneyDefinition] = {}
        for path in self.folder.definitions("journeys"):
            file = self.folder.name_of(path)
            one = journey_definition_of(self.folder.read_yaml(path), file)
            if one.name in found:
                raise DefinitionError(f'{file}: "{one.name}" is the name of {found[one.name].file} too; rename one')
            found[one.name] = one
        force = self.in_force().versions if found else {}
        for one in found.values():
            # Only then are the segment files looked at: a draft that is wrong keeps nothing from being delivered.
            if one.segment not in force and one.segment not in self.declared:
                raise UnknownNameError("segment", one.segment, force.keys() | self.declared.keys(), where=one.file)
        return list(found.values())

    @cached_property
    def personas(self) -> dict[str, PersonaEntry]:
        """What people added to personas in personas/, by the id of the persona; raises DefinitionError."""
        paths = self.folder.definitions("personas")
        lists = [persona_entries_of(self.folder.read_yaml(path), self.folder.name_of(path)) for path in paths]
        return merged_entries(entry for one in lists for entry in one)

    @cached_property
    def scores(self) -> list[ScoreDefinition]:
        """The scores in scores/, in the order of the files; raises DefinitionError for a name used twice."""
        found: dict[str, ScoreDefinition] = {}
        for path in self.folder.definitions("scores"):
            for score in self.folder.read_definition(path, score_definitions_of):
                if score.name in found:
                    raise DefinitionError(f'score "{score.name}" is declared twice; rename the one in {path.name}')
                found[score.name] = score
        return list(found.values())

    def clusters_score(self, name: str | None) -> ClustersDefinition:
        """Return the clusters score of a name, or the only one.

        Raises UnknownNameError for a name that none has, UsageError where there is none, or more than one.
        """
        scores = {score.name: score for score in self.scores if isinstance(score, ClustersDefinition)}
        if name is None and len(scores) == 1:
            return next(iter(scores.values()))
        if name in scores:
            return scores[name]
        if name is not None:
            raise UnknownNameError("clusters score", name, scores)
        raise UsageError(
            "declare one score of the kind clusters in scores/, with its features"
            if not scores
            else f"name one of the clusters scores: {', '.join(scores)}"
        )

    @cached_property
    def declared(self) -> dict[str, SegmentDefinition]:
        """The segments in segments/, by name: what `kohort apply` would put in force."""
        paths = self.folder.definitions("segments")
        lists = [segment_definitions_of(self.folder.read_yaml(path), self.folder.name_of(path)) for path in paths]
        return by_name([segment for one in lists for segment in one])

    @property
    def segments(self) -> dict[str, SegmentDefinition]:
        """The segments as everything but `plan` and `test` means them.

        Those in force have the rule that was applied, whatever the files say now; those of the files that are not in
        force yet have theirs.
        """
        applied = self.in_force().sentences
        found = {
            name: replace(one, where=self.spoken(applied[name])) if name in applied else one
            for name, one in self.declared.items()
        }
        gone = [name for name in applied if name not in found]
        return found | {name: SegmentDefinition(name, self.spoken(applied[name]), "") for name in gone}

    def in_force(self) -> InForce:
        """Return the segments in force."""
        return in_force(self.tables)

    def why_not_evaluated(self) -> str:
        """Say why a segment that could be evaluated has no members yet, and what to do."""
        if self.in_force().seq:
            return "is not in force yet; see: kohort plan"
        return "has not been evaluated yet; run: kohort run"

    def spoken(self, sentence: str) -> str:
        """Return a canonical sentence, which is in English, in the project's language."""
        if self.language is Language.EN:
            return sentence
        from kohort.rules.parse import parse_rule  # noqa: PLC0415 - a command that speaks of no rule needs no parser
        from kohort.rules.print import print_rule  # noqa: PLC0415 - as above

        return print_rule(parse_rule(sentence), self.language)

    def moment(self, at: Moment | None = None) -> Moment:
        """Return the moment to evaluate at: the one asked for, else the project's `as_of`, else the present."""
        if at is not None:
            return at
        return self.settings.as_of if self.settings.as_of is not None else self.clock.now()

    def catalog(self, segments: Mapping[str, str] | None = None) -> Catalog:
        """Return every name a rule may use now: what data have shown, what is declared, and the segments.

        Without `segments` they are those of `segments`, in the project's language; `segments` given are canonical
        sentences, in English. Campaign periods are those in force, and beside them those of `kohort.yaml`.
        """
        sentences = self.sentences() if segments is None else segments
        if self.elsewhere is None:
            names, plan = Names.of(self.tables.read("names")), self.plan
        else:
            names, plan = Names(), TrackingPlan(keys_by_alias=self.plan.keys_by_alias)
        names.add(self.shown)
        found = catalog_of(names, plan, sentences)
        language = Language.EN if segments is not None else self.language
        periods = {**self.settings.periods, **self.in_force().periods}
        purposes = {**self.settings.consent.categories(), **adopted_purposes(self.tables)}
        if self.elsewhere is not None:
            purposes = {}  # a store holds no consents yet: refused, and not answered by a no
        return replace(found, zone=self.settings.zone, language=language, periods=periods, purposes=purposes)

    @property
    def language(self) -> Language:
        """The language of the rules that people write and read in this project."""
        return Language(self.settings.language)

    def sentences(self) -> dict[str, str]:
        """Return the sentence of each segment, in the project's language."""
        return {name: segment.where for name, segment in self.segments.items()}

    def open_views(self, catalog: Catalog) -> "duckdb.DuckDBPyConnection":
        """Open the relations that show the tables as people and events."""
        # A fifth of a second that a preview on mapped arrays need not pay.
        from kohort.storage.views import open_views  # noqa: PLC0415

        return open_views(self.tables, catalog, memory=self.settings.memory, only=self.only)

    def views(self, catalog: Catalog) -> "AbstractContextManager[duckdb.DuckDBPyConnection]":
        """Give the relations of `open_views` for a block; those of `once`, and of one run, stay open after it."""
        if self.once is not None:
            return nullcontext(self.once.views(self.only, catalog, lambda: self.open_views(catalog)))
        shared = self.shared_views(catalog)
        return self.open_views(catalog) if shared is None else nullcontext(shared)

    def shared_views(self, catalog: Catalog) -> "duckdb.DuckDBPyConnection | None":
        """Return the relations of `open_views` that steps of one run share, as the tables are now; else None."""
        if self.shared is None or self.only:
            return None
        return self.shared.views(self.tables, catalog, memory=self.settings.memory)

    @contextmanager
    def read_once(self, until: Moment) -> "Iterator[Workspace]":
        """Give the same for questions about several moments up to `until`, which open and read the history once.

        Whoever writes meanwhile is not seen. Within another such block it is that one that stays open.
        """
        if self.once is not None:
            yield self
            return
        once = ReadOnce(until)
        try:
            yield replace(self, once=once)
        finally:
            once.close()

    @property
    def of_everybody(self) -> "Workspace":
        """The same, whose views show everybody."""
        return replace(self, only=()) if self.only else self

    def keep_file(self, kind: Literal["scores", "models"], content: bytes, suffix: str) -> str:
        """Keep an immutable file that a record will speak of, and return its name; raises StorageError.

        A journal that others read elsewhere holds it too.
        """
        name = keep(self.folder.scores if kind == "scores" else self.folder.models, content, suffix)
        if self.journal.holds_files:
            parts = [FilePart(kind, name, start, len(content), part) for start, part in parts_of(content)]
            self.journal.append("file", [msgspec.json.encode(one) for one in parts], recorded_at=self.clock.now())
        return name

    def data_seq(self) -> int:
        """Return the journal number of the newest messages that the tables hold: what data-driven steps depend on."""
        return self.tables.watermark("identifiers")


def catalog_of(names: Names, plan: TrackingPlan, segments: Mapping[str, str]) -> Catalog:
    """Return the catalog of what data have shown and the plan declares; `names` grows by what is declared only."""
    events: dict[str, dict[str, dict[ValueType, str]]] = {key: {} for key in (*plan.events, *names.events)}
    for declared in plan.events.values():
        for one in declared.properties.values():
            names.column(declared.key, one.name, one.type)
    for (event, name, kind), column in names.columns.items():
        events.setdefault(event, {}).setdefault(name, {})[kind] = column
    traits = dict(plan.traits)
    for name, kind in names.traits:
        if not name.startswith(CONSENT_PREFIX):
            traits.setdefault(name, kind)
    return Catalog(events=events, traits=traits, aliases=plan.keys_by_alias, segments=segments)
