"""Where data came from: what each source declares, what it has brought, and what of it was refused."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.collection.segment_lines import SEGMENT
from kohort.definitions.provenance import provenance_of
from kohort.pipeline.workspace import Workspace
from kohort.storage.seen import Arrived, ArrivedBySource
from kohort.storage.spans import spans_by
from kohort.storage.tables import Tables

Kind = Literal["file", "table", "webhook", "messages", "score"]

_PLACE: Final = re.compile(r"^(line|row) [\d,]+: ")
_VALUE: Final = re.compile(r'"[^\n]*"')
_NUMBER: Final = re.compile(r"\d(?:[\d.,]*\d)?")
_MOST_REASONS: Final = 20


@dataclass(frozen=True)
class RefusalCount:
    """How many open dead letters fail at a field for a reason, in which no values stand."""

    field: str
    reason: str
    count: int


@dataclass(frozen=True)
class SourceSummary:
    """A source: what it declares, and what it has brought so far.

    `declares` is the event that its rows become, "" for traits or messages of any event; `files` the pattern of the
    files that it reads. `events` and `traits` count what the tables hold, `rejected` all dead letters that ever were.
    Of the messages that came one by one, `accepted` were new and `duplicates` repeats; with the dead letters that wait
    they are what was `received`. They are None where nobody has counted: of scores, of tables elsewhere, of tables
    that were begun before this was counted, and repeats of files, which whoever reads a file is told.
    """

    name: str
    kind: Kind
    file: str = ""
    declares: str = ""
    files: str = ""
    requires_consent: tuple[str, ...] = ()
    received: int | None = None
    accepted: int | None = None
    duplicates: int | None = None
    events: int = 0
    traits: int = 0
    first_event: Moment | None = None
    last_event: Moment | None = None
    last_received: Moment | None = None
    rejected: int = 0
    dead_letters: int = 0
    reasons: tuple[RefusalCount, ...] = ()


def source_summaries(workspace: Workspace) -> list[SourceSummary]:
    """Return every source that is declared or has brought anything, by name."""
    tables = workspace.tables
    events = spans_by(tables, "events", "source", ("ts", "received_at"))
    traits = _spans_of_traits(tables)
    letters = tables.read("dead_letters")
    refused = Counter(letters.column("source").to_pylist())
    known, arrived = _declared(workspace), workspace.seen.arrived()
    for name in sorted(events.keys() | traits.keys() | refused.keys() - known.keys()):
        known.setdefault(name, SourceSummary(name, "messages"))
    found = []
    for name, one in sorted(known.items()):
        count, first, last, _, received = events.get(name, (0, None, None, None, None))
        held, _, recorded = traits.get(name, (0, None, None))
        waiting = _open(letters, name)
        brought = {
            "events": count,
            "traits": held,
            "first_event": first,
            "last_event": last,
            "last_received": max((at for at in (received, recorded) if at is not None), default=None),
            "rejected": refused.get(name, 0),
            "dead_letters": waiting.num_rows,
            "reasons": _reasons(waiting),
            **_arrived(one.kind, arrived, name, waiting.num_rows),
        }
        found.append(SourceSummary(**{**vars(one), **brought}))
    return found


def _arrived(kind: Kind, arrived: ArrivedBySource | None, name: str, waiting: int) -> dict[str, int]:
    if arrived is None or kind in {"table", "score"}:
        return {}
    its = arrived.get(name, Arrived())
    if kind == "file" or name == SEGMENT:
        return {"accepted": its.new}
    return {"received": its.new + its.known + waiting, "accepted": its.new, "duplicates": its.known}


@dataclass(frozen=True)
class DeadLetterPage:
    """Dead letters, the newest first, and whether more follow."""

    letters: list[dict[str, Any]]
    more: bool


def dead_letter_page(
    workspace: Workspace, source: str | None, after: tuple[Moment, str] | None, most: int
) -> DeadLetterPage:
    """Return dead letters that no replay has taken in, of a source or of all, behind the place `after`."""
    letters = workspace.tables.read("dead_letters")
    letters = letters.filter(pc.is_null(letters.column("replayed_at")))
    if source is not None:
        letters = letters.filter(pc.equal(letters.column("source"), source))
    if after is not None:
        moment, name = after
        at, identity = letters.column("recorded_at"), letters.column("dead_letter_id")
        same = pc.and_(pc.equal(at, moment), pc.greater(identity, name))
        letters = letters.filter(pc.or_(pc.less(at, pa.scalar(moment, pa.int64())), same))
    ordered = letters.sort_by([("recorded_at", "descending"), ("dead_letter_id", "ascending")])
    return DeadLetterPage(ordered.slice(0, most).to_pylist(), ordered.num_rows > most)


def reason_without_values(reason: str) -> str:
    """Return why something was refused, without where it stood and without anybody's values.

    >>> reason_without_values('line 7: expected a number, got "12 rue de la Paix"')
    'expected a number, got "…"'
    """
    return _NUMBER.sub("…", _VALUE.sub('"…"', _PLACE.sub("", reason)))


def _spans_of_traits(tables: Tables) -> dict[str, tuple[int, Moment, Moment]]:
    """Return for each source and score how many trait values it has told or made, and when the first and the last."""
    found: dict[str, tuple[int, Moment, Moment]] = {}
    for source, (count, first, last) in spans_by(tables, "trait_values", "source", ("recorded_at",)).items():
        name = provenance_of(source).name
        before = found.get(name, (0, first, last))
        found[name] = before[0] + count, min(before[1], first), max(before[2], last)
    return found


def _declared(workspace: Workspace) -> dict[str, SourceSummary]:
    found = {}
    for one in workspace.sources:
        kind: Kind = "file" if one.table is None else "table"
        consent = one.requires_consent
        found[one.name] = SourceSummary(one.name, kind, one.file, one.event, one.files, requires_consent=consent)
    for hook in workspace.webhooks:
        found[hook.source] = SourceSummary(hook.source, "webhook")
    for score in workspace.scores:
        found[score.name] = SourceSummary(score.name, "score", declares="")
    return found


def _open(letters: pa.Table, source: str) -> pa.Table:
    mine = pc.equal(letters.column("source"), source)
    return letters.filter(pc.and_(mine, pc.is_null(letters.column("replayed_at"))))


def _reasons(letters: pa.Table) -> tuple[RefusalCount, ...]:
    pairs = zip(letters.column("field").to_pylist(), letters.column("reason").to_pylist(), strict=True)
    counted = Counter((field, reason_without_values(reason)) for field, reason in pairs)
    return tuple(RefusalCount(field, reason, count) for (field, reason), count in counted.most_common(_MOST_REASONS))
