"""Reading a file into batches of messages and dead letters; reading dead letters again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Moment
from kohort.collection.batches import Batch, Origin
from kohort.collection.files import FileKind, kind_of
from kohort.collection.json_rows import JsonRow, rows_of
from kohort.collection.lookups import check_no_clash, load_lookups
from kohort.collection.mapped_rows import RowMapping, map_file
from kohort.collection.normalised_columns import Normalisers, normalisers_of
from kohort.collection.rows import MalformedLine, Rows
from kohort.collection.segment_lines import SEGMENT, MessageText, looks_like_messages, message_texts, read_messages
from kohort.collection.segment_messages import LONGEST_MESSAGE, Reader
from kohort.collection.tables import check_columns, open_rows
from kohort.collection.webhooks.letters import reread_deliveries
from kohort.definitions.identity import IdentityDefinition
from kohort.definitions.source import SourceDefinition
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.webhook import WebhookDefinition
from kohort.errors import InputError, did_you_mean, shorten
from kohort.storage.received import HTTP, WEBHOOK
from kohort.storage.records import Rejection

BATCH_SIZE: Final = 1_000

_RAW: Final = msgspec.json.Decoder(str | list[JsonRow])


@dataclass(frozen=True)
class Ingestion:
    """A file about to be read: the name of the source that reads it, and its batches. Iterate once or again."""

    source: str
    batches: Callable[[], Iterator[Batch]]

    def __iter__(self) -> Iterator[Batch]:
        """Read the file, batch by batch."""
        return self.batches()


def read_file(
    path: Path,
    *,
    sources: Sequence[SourceDefinition],
    source: str | None,
    plan: TrackingPlan,
    zone: ZoneInfo,
    received_at: Moment,
    identity: IdentityDefinition = IdentityDefinition(),  # noqa: B008 - it is frozen
    batch_size: int = BATCH_SIZE,
    shown: str = "",
    normalisers: Normalisers | None = None,
) -> Ingestion:
    """Open a file and return what reads it.

    `source` names one of `sources` (or "segment", for Segment-format JSON lines); None takes the one whose
    pattern matches the file's name. Times without an offset are in the source's zone, else in `zone`. `identity` says
    which identifiers of a message's context are kept. `shown` is what dead letters and findings call the file.
    `normalisers` bring values into the forms that the source declares.

    Raises InputError, before any row is read, for a file that is missing, empty, of the wrong kind or without a
    column that the source asks for, and if it is not clear which source is meant. Wrong rows raise nothing: they
    are the batches' rejections. Only text that is not UTF-8 raises InputError while it is read.
    """
    kind = kind_of(path)
    chosen = _choose(path, kind, sources, source)
    if chosen is None:
        reader, origin = (
            Reader(SEGMENT, plan, zone, received_at, identity=identity),
            Origin(SEGMENT, shown or str(path)),
        )
        return Ingestion(SEGMENT, lambda: read_messages(message_texts(path), origin, reader, batch_size))
    lookups, normalise = load_lookups(chosen, path.parent), normalisers_of(chosen, normalisers, zone)
    mapping = RowMapping(chosen, lookups, plan, zone, received_at, batch_size, normalise)
    _check(path, next(open_rows(path, chosen.delimiter)), mapping)
    origin = Origin(chosen.name, shown or str(path))
    return Ingestion(chosen.name, lambda: map_file(open_rows(path, chosen.delimiter), mapping, origin))


def reread(
    rejections: Iterable[Rejection],
    *,
    sources: Sequence[SourceDefinition],
    webhooks: Sequence[WebhookDefinition] = (),
    plan: TrackingPlan,
    zone: ZoneInfo,
    received_at: Moment,
    identity: IdentityDefinition = IdentityDefinition(),  # noqa: B008 - it is frozen
    batch_size: int = BATCH_SIZE,
    normalisers: Normalisers | None = None,
) -> Iterator[Batch]:
    """Read dead letters again, by today's sources, webhooks and tracking plan; those still wrong are rejected again.

    Ids depend only on what the rows say, so that reading the same dead letters twice changes nothing.

    Raises InputError if a source is no longer declared, or a file that it looks up is gone.
    """
    # A file ingested twice leaves each dead letter twice: a line item must not count twice in its order.
    once = {(one.source, one.file, one.line, one.field, one.raw): one for one in rejections}
    ordered = sorted(once.values(), key=lambda one: (one.source, one.file, one.line))
    for (name, file), together in groupby(ordered, key=lambda one: (one.source, one.file)):
        origin = Origin(name, file)
        if name == SEGMENT or file == HTTP:
            texts = (MessageText(one.line, "", one.raw.encode()) for one in together)
            longest = None if file == HTTP else LONGEST_MESSAGE
            reader = Reader(name, plan, zone, received_at, longest=longest, identity=identity)
            yield from read_messages(texts, origin, reader, batch_size)
            continue
        if file == WEBHOOK:
            reader = Reader(name, plan, zone, received_at, longest=None, identity=identity)
            yield from reread_deliveries(together, webhooks, reader)
            continue
        source = _named(name, sources)
        lookups, normalise = load_lookups(source, Path(file).parent), normalisers_of(source, normalisers, zone)
        mapping = RowMapping(source, lookups, plan, zone, received_at, batch_size, normalise)
        rows = _rows_of(together)
        _check(Path(file), rows, mapping)
        yield from map_file([rows], mapping, origin)


def _rows_of(rejections: Iterable[Rejection]) -> Rows:
    objects, malformed = [], []
    for one in rejections:
        raw = _RAW.decode(one.raw)
        if isinstance(raw, str):
            reason = one.reason.partition(": malformed: ")[2]
            malformed.append(MalformedLine(one.line, reason, raw))
        else:
            objects += [(one.line, row) for row in raw]
    return rows_of(objects, malformed)


def _check(path: Path, rows: Rows, mapping: RowMapping) -> None:
    if rows.columns:  # JSON lines of which none could be read name no column: every line is a dead letter
        check_columns(path, rows, mapping.source.columns(), mapping.source)
    check_no_clash(path, rows, mapping.lookups)


def _choose(
    path: Path, kind: FileKind, sources: Sequence[SourceDefinition], name: str | None
) -> SourceDefinition | None:
    """Return the source that reads a file, None for Segment-format messages."""
    if name is not None:
        return None if name == SEGMENT else _named(name, sources)
    matching = [source for source in sources if fnmatchcase(path.name, source.files)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(f'"{source.name}" ({source.files})' for source in matching)
        raise InputError(f"{path} matches several sources: {names}; choose one with --source")
    if kind is FileKind.JSON_LINES and looks_like_messages(path):
        return None
    patterns = ", ".join(f'"{source.name}" ({source.files})' for source in sources) or "none is declared"
    raise InputError(
        f"{path} matches no source; declared: {patterns}; choose one with --source, or declare one in sources/"
    )


def _named(name: str, sources: Sequence[SourceDefinition]) -> SourceDefinition:
    for source in sources:
        if source.name == name:
            return source
    known = [source.name for source in sources] + [SEGMENT]
    raise InputError(f'no source is called "{shorten(name)}"; {did_you_mean(name, known)}')
