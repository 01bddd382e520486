"""What the collector kept, read into messages by a tracking plan; what the plan refuses is a dead letter."""

from collections.abc import Container, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Moment, format_moment
from kohort.collection.batches import Batch, InputFinding, Origin
from kohort.collection.scalars import JSON
from kohort.collection.segment_messages import Reader, Request, read_message
from kohort.definitions.identity import IdentityDefinition
from kohort.definitions.tracking import TrackingPlan
from kohort.storage.messages import derived_id
from kohort.storage.received import NOTHING, Received

_UTC: Final = ZoneInfo("UTC")
_PLAIN: Final = IdentityDefinition()
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_received(
    received: Received, seq: int, plan: TrackingPlan, zone: ZoneInfo, identity: IdentityDefinition = _PLAIN
) -> Batch:
    """Return the messages and dead letters of one request, which is the journal record `seq`.

    An event without messageId gets one made of its place in the journal. The line of a dead letter is the event's place
    in the request, from 1. Raises nothing.

    >>> one = Received("web", 5, events=[msgspec.Raw(b'{"type":"page","userId":"u"}')])
    >>> batch = read_received(one, 1, TrackingPlan(), ZoneInfo("UTC"))
    >>> batch.messages[0].name, batch.messages[0].ts
    ('page_viewed', 5)
    """
    return read_rest(received, seq, plan, zone, identity)[0]


def read_rest(
    received: Received,
    seq: int,
    plan: TrackingPlan,
    zone: ZoneInfo,
    identity: IdentityDefinition = _PLAIN,
    but: Container[int] = (),
) -> tuple[Batch, list[int]]:
    """Return what `read_received` does without some events, by number, and the number of the event of each message."""
    origin = Origin(received.source, received.origin)
    request = Request(received.sent_at, _decoded(received.context), _decoded(received.integrations))
    reader = Reader(received.source, plan, zone, received.received_at, request, None, identity)
    batch = Batch(rows=len(received.events) + len(received.refused))
    findings: list[InputFinding] = []
    numbers: list[int] = []
    events = zip(received.places or range(len(received.events)), received.events, strict=True)
    for number, (place, raw) in enumerate(events):
        if number in but:
            continue
        read = read_message(bytes(raw), reader)
        findings += [origin.finding(place + 1, one.name, one.check, 1, one.message) for one in read.remarks]
        if read.breach:
            letter = _letter(bytes(raw), received, _id_of(received, seq, place)).decode()
            batch.rejected.append(origin.rejection(place + 1, read.breach.pointer, read.breach.reason, letter))
        elif read.message:
            message = read.message
            if not message.event_id:
                message = msgspec.structs.replace(message, event_id=_id_of(received, seq, place))
            batch.messages.append(message)
            numbers.append(number)
    batch.rejected.extend(origin.rejection(one.place + 1, one.field, one.reason, one.raw) for one in received.refused)
    batch.warnings.extend(findings)
    return batch, numbers


def _id_of(received: Received, seq: int, place: int) -> str:
    return derived_id(received.source, ["received", received.taken or str(seq), str(place)])


def _letter(text: bytes, received: Received, event_id: str) -> bytes:
    """Return an event as a message of a file: with all that its request said, so that a replay needs nothing else."""
    letter = {name: value for name, value in _FIELDS.decode(text).items() if bytes(value) != b"null"}
    for name, of_all in (("context", received.context), ("integrations", received.integrations)):
        own = letter.get(name, NOTHING)
        if bytes(of_all) != bytes(NOTHING) and bytes(own)[:1] == b"{":
            letter[name] = _encoded({**_FIELDS.decode(of_all), **_FIELDS.decode(own)})
    letter.setdefault("messageId", _encoded(event_id))
    given = letter.pop("timestamp", None)
    if given is not None:
        letter.setdefault("originalTimestamp", given)
    letter["receivedAt"] = _moment(received.received_at)
    if "originalTimestamp" not in letter:
        letter["timestamp"] = letter["receivedAt"]
    if received.sent_at is not None:
        letter.setdefault("sentAt", _moment(received.sent_at))
    return msgspec.json.encode(letter)


def _decoded(raw: msgspec.Raw) -> Mapping[str, Any]:
    value = JSON.decode(raw)
    return value if isinstance(value, dict) else {}


def _encoded(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _moment(moment: Moment) -> msgspec.Raw:
    return _encoded(format_moment(moment, _UTC))
