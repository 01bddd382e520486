"""`ingest` and `replay`: from a file, or from dead letters, into the journal; each message once."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from kohort.clock import Moment
from kohort.collection.batches import Batch, InputFinding, Tally, merged, summed
from kohort.collection.ingestion import Ingestion, read_file, reread
from kohort.pipeline.collection.admission import admitted
from kohort.pipeline.collection.normalising import findings_of, normalisers_in
from kohort.pipeline.findings import finding_of
from kohort.pipeline.projecting.deduplication import conflict_of, identities_of, sort_out
from kohort.pipeline.projecting.projection import dead_letter_id, known_dead_letters
from kohort.pipeline.quality.loads import Load
from kohort.pipeline.quality.wording import gate_findings
from kohort.pipeline.results import IngestResult
from kohort.pipeline.workspace import Workspace
from kohort.storage.messages import encode_messages
from kohort.storage.records import FindingsRecorded, Rejection, Replayed

_MESSAGES_A_RECORD: Final = 1_000
_MESSAGES_AT_ONCE: Final = 50_000

CatchUp = Callable[[], int]


def ingest(
    workspace: Workspace,
    path: Path,
    source: str | None,
    catch_up: CatchUp,
    progress: Callable[[int], None] | None = None,
    *,
    shown: str = "",
    despite_gates: bool = False,
) -> IngestResult:
    """Read a file into the journal and bring the tables up to date; the caller holds the write lock.

    A message that is known already changes nothing; one whose id is known and whose content differs becomes a
    dead letter, and the first stays. Interrupted, what was acknowledged is kept, and the same call continues.
    `progress` is called with the number of rows read so far. `shown` is what the file is called instead of its path.
    What the load measures is recorded; where a gate of the source fails, that is all, unless it is `despite_gates`.

    Raises InputError if the file cannot be read at all, StoppedError if a gate stops it.
    """
    catch_up()
    now = workspace.clock.now()
    ingestion = _opened(workspace, path, source, shown, now)
    result = IngestResult(shown or path.name, ingestion.source)
    load = Load.of(workspace, ingestion.source, result.file, now)
    if load.may_be_stopped and not despite_gates:
        for batch in ingestion:
            load.meter.take(batch)
        load.check(catch_up)
        load = load.anew()
    warnings: list[InputFinding] = []
    tallies: list[Tally] = []
    letters = known_dead_letters(workspace.tables)
    known_letters = len(letters)
    for chunk in _chunks(ingestion):
        result.rows += chunk.rows
        load.meter.take(chunk)
        warnings.extend(chunk.warnings)
        tallies = summed([*tallies, *chunk.tallies])
        _accept(workspace, chunk, result, letters)
        catch_up()
        if progress is not None:
            progress(result.rows)
    result.measured = load.measured(result.accepted, stopped=False)
    result.findings = [*(finding_of(one, result.rows) for one in merged(warnings)), *gate_findings(result.measured)]
    result.findings += findings_of(ingestion.source, result.file, tallies)
    if result.accepted and result.findings:
        body = msgspec.json.encode(FindingsRecorded("ingest", result.findings))
        workspace.journal.append("findings", [body], recorded_at=now)
    if result.accepted or len(letters) > known_letters:
        load.record(result.measured)
        catch_up()
    return result


def _opened(workspace: Workspace, path: Path, source: str | None, shown: str, now: Moment) -> Ingestion:
    return read_file(
        path,
        sources=workspace.file_sources,
        source=source,
        plan=workspace.plan,
        zone=workspace.settings.zone,
        received_at=now,
        identity=workspace.settings.identity,
        shown=shown,
        normalisers=normalisers_in(workspace.settings),
    )


def replay(workspace: Workspace, catch_up: CatchUp) -> tuple[int, int]:
    """Read the dead letters again by today's mapping and plan; return how many were taken in and how many remain."""
    catch_up()
    rows = [row for row in workspace.tables.read("dead_letters").to_pylist() if row["replayed_at"] is None]
    waiting = {
        row["dead_letter_id"]: Rejection(**{key: row[key] for key in Rejection.__struct_fields__}) for row in rows
    }
    now = workspace.clock.now()
    batches = reread(
        list(waiting.values()),
        sources=workspace.file_sources,
        webhooks=workspace.webhooks,
        plan=workspace.plan,
        zone=workspace.settings.zone,
        received_at=now,
        identity=workspace.settings.identity,
        normalisers=normalisers_in(workspace.settings),
    )
    result = IngestResult("dead letters", "")
    still: set[tuple[str, str]] = set()
    for chunk in _chunks(batches):
        conflicts = _accept(workspace, chunk, result, set(waiting), keep_rejected=False)
        still.update((one.file, one.raw) for one in [*chunk.rejected, *conflicts])
    taken = [identity for identity, one in waiting.items() if (one.file, one.raw) not in still]
    if taken:
        workspace.journal.append("replayed", [msgspec.json.encode(Replayed(taken))], recorded_at=now)
    catch_up()
    return len(taken), len(waiting) - len(taken)


def _chunks(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Join batches up to the size in which the projection applies them."""
    joined = Batch()
    for batch in batches:
        joined = Batch(
            joined.messages + batch.messages,
            joined.rejected + batch.rejected,
            joined.warnings + batch.warnings,
            joined.rows + batch.rows,
            [*joined.lines, *batch.lines],
            [*joined.again, *batch.again],
            joined.tallies + batch.tallies,
        )
        if len(joined.messages) >= _MESSAGES_AT_ONCE:
            yield joined
            joined = Batch()
    if joined.rows or joined.rejected or joined.warnings or joined.messages or joined.tallies:
        yield joined


def _accept(
    workspace: Workspace, chunk: Batch, result: IngestResult, letters: set[str], *, keep_rejected: bool = True
) -> list[Rejection]:
    """Append what is new to the journal; return the conflicts."""
    messages, withheld = admitted(workspace, chunk.messages)
    result.withheld += withheld
    found = sort_out(workspace.seen, *identities_of(messages))
    result.known += found.known
    fresh = [messages[place] for place in found.fresh.tolist()]
    conflicts = [conflict_of(messages[place], result.file) for place in found.conflicts.tolist()]
    now = workspace.clock.now()
    if fresh:
        bodies = [
            encode_messages(fresh[start : start + _MESSAGES_A_RECORD])
            for start in range(0, len(fresh), _MESSAGES_A_RECORD)
        ]
        workspace.journal.append("messages", bodies, recorded_at=now)
        result.accepted += len(fresh)
    rejected = [one for one in [*chunk.rejected, *conflicts] if dead_letter_id(one) not in letters]
    result.rejected += len(chunk.rejected) + len(conflicts)
    if rejected and keep_rejected:
        workspace.journal.append("rejects", [msgspec.json.encode(rejected)], recorded_at=now)
        letters.update(dead_letter_id(one) for one in rejected)
    return conflicts
