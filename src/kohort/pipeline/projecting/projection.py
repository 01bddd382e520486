"""The projection: from the journal to the tables, exactly once, resumable at any point.

The journal is read in order. Messages are applied in chunks; every other record by itself. Each table takes a
chunk together with its watermark. The tables of people are written whole, so they follow only every so many chunks, or
when a record needs them. The messages seen, written last, mark the place from which the next call goes on: an
interruption repeats what came after it, and the tables that have it already refuse it. Chunks end wherever a table
stands, so none is refused a part of what it lacks.

What messages say is held until there is much of it, and written at once: that costs less than a little at a time. With
a `WriteBehind`, messages and changes kept live are applied in memory, and written later still. Any other record may
read what the tables say as of it, so what waits is written before it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.clock import Moment
from kohort.collection.batches import InputFinding, merged
from kohort.definitions.identity import IdentityDefinition
from kohort.definitions.values import ValueType
from kohort.errors import CorruptionError
from kohort.pipeline.adoption import identity_in_force
from kohort.pipeline.columns import Names, score_rows
from kohort.pipeline.findings import lost_finding
from kohort.pipeline.projecting.deduplication import arrived, conflict_of, sort_out
from kohort.pipeline.projecting.evidence import Evidence
from kohort.pipeline.projecting.identities import Changed, identity_changes, identity_tables_anew
from kohort.pipeline.projecting.leading import counts, term_in_force
from kohort.pipeline.projecting.reader_processes import ReaderProcesses
from kohort.pipeline.projecting.reading import Terms, messages_at, messages_of
from kohort.pipeline.projecting.reading_ahead import Read, groups_of, read_ahead
from kohort.pipeline.projecting.tracking_plans import adopted_plan, plan_row
from kohort.pipeline.projecting.watching import ProjectionWatch
from kohort.pipeline.projecting.write_behind import WriteBehind
from kohort.pipeline.quality.loads import append_load
from kohort.pipeline.recording import LogSoFar, log_kept
from kohort.pipeline.versions import in_force, readable
from kohort.storage.folder import ProjectFolder
from kohort.storage.frames import Record
from kohort.storage.immutable import fetch, put_part
from kohort.storage.journals import OpenJournal
from kohort.storage.messages import derived_id
from kohort.storage.received import HTTP, PlanAdopted, decode_plan
from kohort.storage.records import (
    ClustersStudied,
    DriftWatched,
    EpochClosed,
    FilePart,
    FindingsRecorded,
    ImportanceStudied,
    ModelFitted,
    ModelPromoted,
    ModelTrained,
    PeopleEdited,
    PersonaNoted,
    Rejection,
    Replayed,
    ScoreRun,
    SegmentsApplied,
    SettingsAdopted,
    StepRun,
    TermBegun,
    ValueStudied,
)
from kohort.storage.schemas import SCHEMAS
from kohort.storage.seen import SeenMessages
from kohort.storage.tables import Tables
from kohort.storage.watch import Watch

CHUNK: Final = 16 * 2**20
"""How many bytes of messages are applied at once: what bounds the memory of a projection."""

_SETTLED_AT_ONCE: Final = 4_000_000
_MOST_EVIDENCE: Final = 4_000_000
"""After so many messages, or so many sightings and links, the tables of people are written: it takes as long for a few
new people among many as for all of them, and what waits takes some hundred bytes each."""
_WRITTEN_AT_ONCE: Final = 250_000
"""After so many messages that are applied behind, all is written: whoever is killed again and again before they have
caught up gets on all the same."""
_MOST_HELD: Final = 200_000
_MOST_BEHIND: Final = 2_000_000
"""How many rows may wait to be written; more of them where each table is written in its turn, so that nobody who comes
meanwhile waits for all."""
_HELD_KINDS: Final = frozenset({"changes", "findings"})
"""Records that read nothing of what messages before and after them say."""

EpochHandler = Callable[[EpochClosed, Record], None]


@dataclass
class Tally:
    """What became of messages since the projection was opened: applied, known before, dead letters; and remarks.

    `up_to` is the journal's record up to which everything is applied, once that is known.
    """

    applied: int = 0
    known: int = 0
    rejected: int = 0
    remarks: list[InputFinding] = field(default_factory=list)
    up_to: int = 0


class Projection:
    """Brings the tables of a project up to the end of its journal; the caller holds the write lock.

    `close_epoch` evaluates the segments at an epoch and writes who entered and left; `watch` is told what becomes of
    messages. What is applied waits to be written if there is a `behind`.
    """

    def __init__(
        self,
        folder: ProjectFolder,
        journal: OpenJournal,
        tables: Tables,
        seen: SeenMessages,
        close_epoch: EpochHandler,
        watch: Watch,
        behind: WriteBehind | None = None,
    ) -> None:
        self._behind = behind
        self._log_so_far = LogSoFar() if behind is None else behind.log_so_far
        self._folder, self._journal, self._tables, self._seen = folder, journal, tables, seen
        self._close_epoch = close_epoch
        self._names: Names | None = None
        self._plan: PlanAdopted | None = None
        self._evidence = Evidence()
        self._identity: IdentityDefinition | None = None
        self._term: int | None = None
        self.tally = Tally()
        self._watch = ProjectionWatch(watch)

    def catch_up(
        self, progress: Callable[[int, int], None] | None = None, readers: ReaderProcesses | None = None
    ) -> int:
        """Apply everything that the journal holds and the tables lack; return how many records that was.

        `progress` is called with (records done, records in all) after each chunk. `readers` read it, where it is long;
        others are started if there are none, and all have ended when this returns. Raises CorruptionError if the
        journal or a table has lost what was there.
        """
        start, end = self._seen.watermark(), self._journal.last_seq()
        self._check(end)
        expected = 0 if start else self._journal.size() or 0
        for seq in self._apply(self._journal.read(after=start), expected, readers):
            if progress is not None:
                progress(seq - start, end - start)
        return end - start

    def _check(self, end: int) -> None:
        stands = self._watermarks()
        if max(stands.values()) > end:
            raise CorruptionError(
                f"the journal in {self._journal.place} ends at record {end:,}, and the tables have come further; "
                "restore the journal from a backup, or make the tables what it says with: kohort rebuild"
            )
        for name, seq in self._seen.tables().items():
            if stands[name] < seq:
                raise CorruptionError(
                    f'the table "{name}" in {self._tables.folder} has lost rows (it stands at record {stands[name]:,} '
                    f"of the journal and stood at {seq:,}); make the tables anew with: kohort rebuild"
                )

    def _watermarks(self) -> dict[str, int]:
        return {name: self._tables.watermark(name) for name in SCHEMAS}

    def _apply(self, records: Iterator[Record], expected: int, readers: ReaderProcesses | None) -> Iterator[int]:
        # Where an interruption fell between two tables, a chunk must end where it did then.
        ends = frozenset(self._watermarks().values())
        # What an interrupted call had not finished begins again.
        self._seen.forget_staged()
        self._evidence = Evidence()
        unsettled = 0
        for one in read_ahead(groups_of(records, CHUNK, ends), self._terms, expected, readers):
            if isinstance(one, Read):
                with self._tables.held():
                    self._flush(one)
                unsettled = one.records[-1].seq
                if self._seen.staged >= _SETTLED_AT_ONCE or len(self._evidence) >= _MOST_EVIDENCE:
                    self._settle(unsettled)
                if self._behind is not None and self._seen.staged >= _WRITTEN_AT_ONCE:
                    self._settle(unsettled)
                    self._behind.write_all()
                if self._tables.waiting > (_MOST_HELD if self._behind is None else _MOST_BEHIND):
                    self._tables.write_all()
                yield unsettled
                continue
            if unsettled:
                self._settle(unsettled)
            self._apply_alone(one)
            yield one.seq
            unsettled = 0
        if unsettled:
            self._settle(unsettled)

    def _apply_alone(self, record: Record) -> None:
        """Apply a record that is no message."""
        behind = self._behind
        if not self._counts(record):
            if behind is None:
                self._seen.keep(record.seq, self._watermarks())
            else:
                self._seen.settle(record.seq)
            return
        if behind is None or record.kind not in _HELD_KINDS:
            if behind is not None:
                behind.write_all()
            self._apply_record(record)
            self._seen.keep(record.seq, self._watermarks())
            return
        before = readable(self._tables)
        with self._tables.held():
            self._apply_record(record)
        self._seen.settle(record.seq)
        if record.kind == "changes":
            behind.recent.add(record, before)

    def _terms(self, record: Record) -> Terms:
        """Return by which terms a record is read that comes after all that was applied."""
        if self._plan is None:
            self._plan = adopted_plan(self._tables, before=record.seq)
        return Terms(self._plan, self._identity_in_force())

    def _flush(self, read: Read) -> None:
        """Append what messages say to the tables that grow; who is who waits until it settles."""
        records, terms, said = read
        seq = records[-1].seq
        found = sort_out(self._seen, said.stretch.keys, said.stretch.digests)
        conflicts = messages_at(found.conflicts.tolist(), *read)
        letters = [*said.letters, *((one.received_at, conflict_of(one, HTTP)) for one in conflicts)]
        self.tally.applied += len(found.fresh)
        self.tally.known += found.known
        self.tally.rejected += len(letters)
        if said.remarks:
            self.tally.remarks = merged([*self.tally.remarks, *said.remarks])
        names, fresh = self._known_names(), said.stretch.only(found.fresh)
        fresh.show(names)
        for table, rows in (
            ("events", fresh.event_rows(names)),
            ("trait_values", fresh.trait_rows()),
            ("consent_choices", fresh.choice_rows()),
        ):
            if rows.num_rows:
                self._tables.append(table, rows, watermark=seq)
        if letters:
            self._store_letters(letters, seq)
        self._store_names(names, seq)
        self._seen.stage(fresh.keys, fresh.digests, arrived(said.stretch.sources, found))
        if len(fresh):
            self._evidence.add(fresh)
        if self._watch.watched():
            self._watch.messages(messages_of(records, terms), set(found.fresh.tolist()))

    def _settle(self, seq: int) -> None:
        """Bring the tables of people, which are written whole, up to a record; from there the next call goes on."""
        if self._behind is None:
            # To find who is who reads none of the tables that are written meanwhile.
            with ThreadPoolExecutor(1) as pool:
                writing = pool.submit(self._tables.write_all)
                changes = identity_changes(self._tables, self._evidence)
                writing.result()
            self._write_people(changes, seq)
            self._seen.keep(seq, self._watermarks())
        else:
            with self._tables.held():
                self._write_people(identity_changes(self._tables, self._evidence), seq)
            self._seen.settle(seq)
        self._evidence = Evidence()

    def _write_people(self, changes: Mapping[str, Changed], seq: int) -> None:
        for table, changed in changes.items():
            changed.write(self._tables, table, seq)

    def _identity_in_force(self) -> IdentityDefinition:
        if self._identity is None:
            self._identity = identity_in_force(self._tables)
        return self._identity

    def _known_names(self) -> Names:
        if self._names is None:
            self._names = Names.of(self._tables.read("names"))
        return self._names

    def _store_names(self, names: Names, seq: int) -> None:
        if names.fresh:
            self._tables.replace("names", names.rows(), watermark=seq)
            names.fresh = 0

    def _counts(self, record: Record) -> bool:
        if self._term is None:
            self._term = term_in_force(self._tables).seq
        return counts(record, self._term)

    def _apply_record(self, record: Record) -> None:
        handlers: Mapping[str, Callable[[Record], None]] = {
            "plan": self._adopt,
            "rejects": self._rejects,
            "replayed": self._replayed,
            "findings": self._findings,
            "load": lambda one: append_load(self._tables, one),
            "scores": self._scores,
            "model": self._model,
            "clusters": self._clusters,
            "trained": lambda one: self._append_one(
                "model_runs", one, msgspec.json.decode(one.body, type=ModelTrained)
            ),
            "drift": lambda one: self._append_one("model_drift", one, msgspec.json.decode(one.body, type=DriftWatched)),
            "study": self._study,
            "value": self._value,
            "note": self._note,
            "segments": self._segments,
            "run": self._run,
            "settings": self._settings,
            "people": self._people,
            "lost": self._lost,
            "term": self._term_begun,
            "file": self._file,
            "changes": lambda one: log_kept(self._tables, one, self._log_so_far),
            "epoch": lambda one: self._close_epoch(msgspec.json.decode(one.body, type=EpochClosed), one),
        }
        handlers[record.kind](record)

    def _adopt(self, record: Record) -> None:
        adopted = decode_plan(record.body)
        self._plan = adopted
        self._tables.append("tracking_plans", plan_row(adopted, record), watermark=record.seq)

    def _rejects(self, record: Record) -> None:
        rejected = msgspec.json.decode(record.body, type=list[Rejection])
        self._store_letters([(record.recorded_at, one) for one in rejected], record.seq)

    def _store_letters(self, letters: Sequence[tuple[Moment, Rejection]], seq: int) -> None:
        known = known_dead_letters(self._tables)
        rows: dict[str, dict[str, object]] = {}
        for recorded_at, one in letters:
            identity = dead_letter_id(one)
            if identity not in known and identity not in rows:
                said = msgspec.structs.asdict(one)
                rows[identity] = {"dead_letter_id": identity, "recorded_at": recorded_at, **said}
        table = pa.Table.from_pylist(list(rows.values()), schema=SCHEMAS["dead_letters"])
        if self._tables.append("dead_letters", table, watermark=seq):
            self._watch.letters(letters)

    def _replayed(self, record: Record) -> None:
        taken = msgspec.json.decode(record.body, type=Replayed).dead_letter_ids
        letters = self._tables.read("dead_letters")
        mask = pc.is_in(letters.column("dead_letter_id"), value_set=pa.array(taken, pa.string()))
        replayed_at = pc.if_else(mask, pa.scalar(record.recorded_at), letters.column("replayed_at"))
        position = letters.schema.get_field_index("replayed_at")
        self._tables.replace(
            "dead_letters", letters.set_column(position, "replayed_at", replayed_at), watermark=record.seq
        )

    def _findings(self, record: Record) -> None:
        self._add_findings(msgspec.json.decode(record.body, type=FindingsRecorded), record)

    def _add_findings(self, found: FindingsRecorded, record: Record) -> None:
        fixed = {"recorded_at": record.recorded_at, "step": found.step}
        rows = [fixed | msgspec.structs.asdict(one) for one in found.findings]
        table = pa.Table.from_pylist(rows, schema=SCHEMAS["quality_findings"])
        self._tables.append("quality_findings", table, watermark=record.seq)

    def _lost(self, record: Record) -> None:
        self._add_findings(FindingsRecorded("journal", [lost_finding(record, self._journal.remains)]), record)

    def _scores(self, record: Record) -> None:
        self._scored(msgspec.json.decode(record.body, type=ScoreRun), record)

    def _scored(self, run: ScoreRun, record: Record) -> None:
        scores = pq.read_table(BytesIO(fetch(self._folder.scores, run.file)))
        types = {name: ValueType(kind) for name, kind in run.types.items()}
        rows = score_rows(
            scores,
            run,
            recorded_at=record.recorded_at,
            value_id=f"score:{record.seq:020d}",
            types=types,
        )
        self._tables.append("trait_values", rows, watermark=record.seq)
        self._append_row("score_runs", record, {"score": run.score, "at": run.at, "file": run.file})
        names = self._known_names()
        for name, kind in types.items():
            names.trait(name, kind)
        self._store_names(names, record.seq)

    def _model(self, record: Record) -> None:
        model = msgspec.json.decode(record.body, type=ModelFitted)
        self._append_one("models", record, model)

    def _clusters(self, record: Record) -> None:
        self._append_one("cluster_studies", record, msgspec.json.decode(record.body, type=ClustersStudied))

    def _promoted(self, promoted: ModelPromoted, record: Record) -> None:
        self._scored(promoted.scores, record)
        if promoted.fitted is not None:
            self._append_one("models", record, promoted.fitted)
        said = {name: getattr(promoted, name) for name in ("score", "run", "cause")}
        self._append_row("model_promotions", record, {**said, "at": promoted.scores.at})

    def _study(self, record: Record) -> None:
        self._append_one("importance_studies", record, msgspec.json.decode(record.body, type=ImportanceStudied))

    def _value(self, record: Record) -> None:
        self._append_one("value_studies", record, msgspec.json.decode(record.body, type=ValueStudied))

    def _note(self, record: Record) -> None:
        self._append_one("persona_notes", record, msgspec.json.decode(record.body, type=PersonaNoted))

    def _run(self, record: Record) -> None:
        self._append_one("runs", record, msgspec.json.decode(record.body, type=StepRun))

    def _settings(self, record: Record) -> None:
        adopted = msgspec.json.decode(record.body, type=SettingsAdopted)
        row = {name: msgspec.json.encode(value).decode() for name, value in msgspec.structs.asdict(adopted).items()}
        self._append_row("settings", record, row)
        self._identity = adopted.identity
        self._identify_anew(record)

    def _people(self, record: Record) -> None:
        self._append_one("people_edits", record, msgspec.json.decode(record.body, type=PeopleEdited))
        self._identify_anew(record)

    def _term_begun(self, record: Record) -> None:
        self._append_one("terms", record, msgspec.json.decode(record.body, type=TermBegun))
        self._term = record.seq

    def _file(self, record: Record) -> None:
        part = msgspec.json.decode(record.body, type=FilePart)
        folder = {"scores": self._folder.scores, "models": self._folder.models}[part.folder]
        put_part(folder, part.name, part.start, part.size, part.content)

    def _identify_anew(self, record: Record) -> None:
        for table, changed in identity_tables_anew(self._tables).items():
            changed.write(self._tables, table, record.seq)

    def _append_one(self, table: str, record: Record, said: msgspec.Struct) -> None:
        self._append_row(table, record, msgspec.structs.asdict(said))

    def _append_row(self, table: str, record: Record, said: Mapping[str, object]) -> None:
        row = {"seq": record.seq, "recorded_at": record.recorded_at, **said}
        self._tables.append(table, pa.Table.from_pylist([row], schema=SCHEMAS[table]), watermark=record.seq)

    def _segments(self, record: Record) -> None:
        applied = msgspec.json.decode(record.body, type=SegmentsApplied)
        names = self._known_names()
        for event, properties in applied.declared.items():
            for name, kind in properties.items():
                names.column(event, name, ValueType(kind))
        names.add(
            {event: {name: ValueType(kind) for name, kind in its.items()} for event, its in applied.shown.items()}
        )
        if applied.promoted is not None:
            for name, kind in applied.promoted.scores.types.items():
                names.trait(name, ValueType(kind))
        self._store_names(names, record.seq)
        self._tables.append("segment_versions", _versions(self._tables, applied, record.seq), watermark=record.seq)
        said = {"cause": applied.cause, "despite": applied.despite, "reason": applied.reason}
        self._append_row("applications", record, said)
        if applied.promoted is not None:
            self._promoted(applied.promoted, record)
        if applied.epoch is not None:
            self._close_epoch(applied.epoch, record)


def _versions(tables: Tables, applied: SegmentsApplied, seq: int) -> pa.Table:
    """Return a row for each segment that an application puts in force, and for each that it takes out."""
    before = in_force(tables, seq - 1)
    now = {one.segment: msgspec.structs.asdict(one) | {"active": True} for one in applied.segments}
    gone = [
        {"segment": name, "version": before.versions[name], "sentence": sentence, "active": False}
        for name, sentence in before.sentences.items()
        if name not in now
    ]
    fixed = {"periods": msgspec.json.encode(applied.periods).decode(), "seq": seq}
    rows = [row | fixed for row in (*now.values(), *gone)]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["segment_versions"])


def dead_letter_id(rejection: Rejection) -> str:
    """Return the id of a dead letter: the same row of the same file for the same reason is the same letter."""
    return derived_id(
        rejection.source, ["dead letter", rejection.file, str(rejection.line), rejection.raw, rejection.reason]
    )


def known_dead_letters(tables: Tables) -> set[str]:
    """Return the ids of all dead letters, replayed ones included."""
    return set(tables.read("dead_letters").column("dead_letter_id").to_pylist())
