"""Files of Segment-format JSON lines: one message a line, or a batch of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from kohort.collection.batches import Batch, InputFinding, Origin, merged
from kohort.collection.files import LONGEST_LINE, text_lines
from kohort.collection.occurrences import Occurrences
from kohort.collection.scalars import JSON
from kohort.collection.segment_messages import TYPES, Reader, read_message
from kohort.storage.messages import derived_id

SEGMENT: Final = "segment"
"""The name of the source of Segment-format messages."""


class MessageText(NamedTuple):
    """The text of one message, the line where it stands, and its place in a batch ("" alone on its line)."""

    line: int
    pointer: str
    text: bytes
    cut: bool = False


class _BatchLine(msgspec.Struct):
    batch: list[msgspec.Raw]


_BATCH: Final = msgspec.json.Decoder(_BatchLine)


def message_texts(path: Path) -> Iterator[MessageText]:
    """Yield the text of each message of a file; a line {"batch": [...]} holds several."""
    for line in text_lines(path):
        text = line.data.strip()
        if not text:
            continue
        items = _batch(text) if b'"batch"' in text and not line.cut else None
        if items is None:
            yield MessageText(line.number, "", text, line.cut)
        else:
            yield from (MessageText(line.number, f"/batch/{at}", bytes(one)) for at, one in enumerate(items))


def read_messages(texts: Iterable[MessageText], origin: Origin, reader: Reader, batch_size: int) -> Iterator[Batch]:
    """Yield batches of what the texts say; a message without messageId gets hash(source, text, occurrence)."""
    occurrences = Occurrences()
    batch, rows, findings = Batch(), 0, list[InputFinding]()
    for one in texts:
        if rows == batch_size:
            yield Batch(batch.messages, batch.rejected, merged(findings), rows)
            batch, rows, findings = Batch(), 0, []
        rows += 1
        raw = one.text.decode(errors="replace")
        if one.cut:
            reason = f"line {one.line}: longer than {LONGEST_LINE:,} bytes; only its start is kept here"
            batch.rejected.append(origin.rejection(one.line, one.pointer, reason, raw))
            continue
        read = read_message(one.text, reader)
        if read.breach:
            place = one.pointer + read.breach.pointer
            reason = f"line {one.line}: {read.breach.reason}"
            batch.rejected.append(origin.rejection(one.line, place, reason, raw))
        elif read.message:
            message = read.message
            if not message.event_id:
                event_id = derived_id(origin.source, [raw, str(occurrences.number(raw))])
                message = msgspec.structs.replace(message, event_id=event_id)
            batch.messages.append(message)
        findings += [origin.finding(one.line, remark.name, remark.check, 1, remark.message) for remark in read.remarks]
    if rows:
        yield Batch(batch.messages, batch.rejected, merged(findings), rows)


def looks_like_messages(path: Path) -> bool:
    """Tell whether the first line that is JSON is a message, or a batch of them, and not a plain row."""
    for line in text_lines(path):
        document = _document(line.data)
        if document is not None:
            return document.get("type") in TYPES or isinstance(document.get("batch"), list)
    return True


def _document(text: bytes) -> dict[str, Any] | None:
    try:
        document = JSON.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _batch(text: bytes) -> list[msgspec.Raw] | None:
    try:
        return _BATCH.decode(text).batch
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
