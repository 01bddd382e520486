"""One message of the Segment HTTP tracking API: checked, its values typed, its time and person found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Moment, parse_moment
from kohort.collection.assembly import missing_required
from kohort.collection.consents import choices_in, recorded_choices
from kohort.collection.flattening import Breach, Flattened, Remark, flatten
from kohort.collection.scalars import JSON, NUL_REFUSED, NumberLiteral
from kohort.definitions.identity import IdentityDefinition, Origin
from kohort.definitions.tracking import TrackingPlan
from kohort.definitions.values import ValueType
from kohort.errors import InputError, did_you_mean, shorten
from kohort.storage.messages import Choices, Message, MessageType

LONGEST_MESSAGE: Final = 32 * 1024
"""The most bytes of one message."""
LONGEST_MESSAGE_ID: Final = 100
LONGEST_ID: Final = 200

TYPES: Final[Mapping[str, MessageType]] = {
    one: one for one in ("track", "page", "screen", "identify", "alias", "group", "consent")
}
_EVENT_OF_TYPE: Final = {"page": "page_viewed", "screen": "screen_viewed"}


@dataclass(frozen=True)
class Reader:
    """What reading messages depends on: the source's name, the tracking plan, the zone of times without an offset.

    Of what `context` says of devices and external ids only what `identity` declares is kept.
    """

    source: str
    plan: TrackingPlan
    zone: ZoneInfo
    received_at: Moment
    identity: IdentityDefinition = field(default_factory=IdentityDefinition)


@dataclass(frozen=True)
class ReadMessage:
    """What one text gave: a message, or the breach that makes it a dead letter; and remarks."""

    message: Message | None = None
    breach: Breach | None = None
    remarks: list[Remark] = field(default_factory=list)


class _RefusedError(InputError):  # it never leaves this module, where a refusal is a result
    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(reason)
        self.breach = Breach(pointer, reason)


def read_message(text: bytes, reader: Reader) -> ReadMessage:
    """Read one message; `event_id` is empty where the sender gave no messageId.

    The time is `timestamp`; else `receivedAt` - (`sentAt` - `originalTimestamp`), the skew correction of the
    Segment specification; else `originalTimestamp`. Of `context` only consent and declared identifiers are kept.
    Nothing is raised for a wrong message.

    >>> plan, zone = TrackingPlan(), ZoneInfo("UTC")
    >>> line = b'{"type":"track","event":"Order Completed","userId":"u1","timestamp":"2026-01-31"}'
    >>> read_message(line, Reader("segment", plan, zone, 0)).message.name
    'order_completed'
    >>> read_message(b'{"type":"track"}', Reader("segment", plan, zone, 0)).breach
    Breach(pointer='/userId', reason='one of userId and anonymousId is required')
    """
    try:
        document = _decoded(text)
        return _read(document, reader)
    except _RefusedError as refused:
        return ReadMessage(breach=refused.breach)


def _decoded(text: bytes) -> dict[str, Any]:
    if len(text) > LONGEST_MESSAGE:
        raise _RefusedError("", f"the message has {len(text):,} bytes, and at most {LONGEST_MESSAGE:,} are accepted")
    try:
        document = JSON.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _RefusedError("", f"malformed JSON: {error}") from error
    except RecursionError as error:
        raise _RefusedError("", "nested deeper than 32 levels") from error
    if not isinstance(document, dict):
        raise _RefusedError("", "expected a JSON object")
    return document


def _read(document: Mapping[str, Any], reader: Reader) -> ReadMessage:
    kind = TYPES.get(str(document.get("type")))
    if kind is None:
        given = shorten(str(document.get("type", "")))
        raise _RefusedError("/type", f'expected one of {", ".join(TYPES)}, got "{given}"; {did_you_mean(given, TYPES)}')
    user_id, anonymous_id = _id(document, "userId"), _id(document, "anonymousId")
    if not (user_id or anonymous_id):
        raise _RefusedError("/userId", "one of userId and anonymousId is required")
    name = _event(document, kind, reader.plan)
    flattened = _values(document, kind, name, reader)
    missing = missing_required(flattened.values, reader.plan.required_of(name))
    if missing:
        raise _RefusedError(f"/properties/{missing}", "the property is required by the tracking plan and is missing")
    message = Message(
        event_id=_id(document, "messageId", LONGEST_MESSAGE_ID),
        type=kind,
        ts=_time(document, reader.zone),
        received_at=reader.received_at,
        source=reader.source,
        name=name,
        user_id=user_id,
        anonymous_id=anonymous_id,
        previous_id=_needed(document, "previousId") if kind == "alias" else "",
        values=flattened.values,
        shared=_shared(document, reader.identity),
        choices=_recorded(document) if kind == "consent" else choices_in(document),
    )
    return ReadMessage(message, remarks=flattened.remarks)


def _id(document: Mapping[str, Any], name: str, longest: int = LONGEST_ID) -> str:
    value = document.get(name)
    if isinstance(value, bool | dict | list | NumberLiteral):
        raise _RefusedError(f"/{name}", "expected text or a whole number")
    text = "" if value is None else str(value).strip()
    if len(text) > longest:
        raise _RefusedError(f"/{name}", f"at most {longest} characters are accepted, this has {len(text)}")
    if "\0" in text:
        raise _RefusedError(f"/{name}", NUL_REFUSED)
    return text


def _recorded(document: Mapping[str, Any]) -> Choices:
    found = recorded_choices(document)
    if isinstance(found, Breach):
        raise _RefusedError(*found)
    return found


def _shared(document: Mapping[str, Any], identity: IdentityDefinition) -> dict[str, str]:
    """Return the external ids and device ids that the project declares unique, by kind; what is none is left out."""
    wanted = {(str(one.origin), one.name): one.kind for one in identity.unique if one.origin is not Origin.TRAIT}
    context = document.get("context")
    if not wanted or not isinstance(context, dict):
        return {}
    external, device = context.get("externalIds"), context.get("device")
    given: list[tuple[str, str, object]] = []
    if isinstance(device, dict):
        given += [(Origin.DEVICE, name, value) for name, value in device.items()]
    if isinstance(external, list):
        named = [one for one in external if isinstance(one, dict)]
        given += [(Origin.EXTERNAL_ID, str(one.get("type")), one.get("id")) for one in named]
    return {
        wanted[origin, name]: value.strip()
        for origin, name, value in given
        if (origin, name) in wanted
        and isinstance(value, str)
        and 0 < len(value.strip()) <= LONGEST_ID
        and "\0" not in value
    }


def _needed(document: Mapping[str, Any], name: str) -> str:
    text = _id(document, name)
    if not text:
        raise _RefusedError(f"/{name}", f"{name} is required here")
    return text


def _event(document: Mapping[str, Any], kind: MessageType, plan: TrackingPlan) -> str:
    if kind != "track":
        return _EVENT_OF_TYPE.get(kind, "")
    event = document.get("event")
    if not isinstance(event, str) or isinstance(event, NumberLiteral) or not event.strip():
        raise _RefusedError("/event", "a track message needs the name of its event, as text")
    try:
        return plan.key_of(event)
    except ValueError as error:
        raise _RefusedError("/event", str(error)) from error


def _values(document: Mapping[str, Any], kind: MessageType, name: str, reader: Reader) -> Flattened:
    field_name = "traits" if kind in {"identify", "group"} else "properties"
    given = document.get(field_name)
    if given is not None and not isinstance(given, dict):
        raise _RefusedError(f"/{field_name}", "expected an object")
    named = dict(given or {})
    if name in _EVENT_OF_TYPE.values() and kind != "track":
        named |= {part: document[part] for part in ("name", "category") if document.get(part) is not None}
    if kind == "group":
        named["group_id"] = _needed(document, "groupId")
    types: Mapping[str, ValueType] = reader.plan.types_of(name) if name else reader.plan.traits
    flattened = flatten(named, f"/{field_name}", types, reader.zone)
    if flattened.breach:
        raise _RefusedError(*flattened.breach)
    if kind != "identify":
        flattened.values.removed.clear()  # null removes a trait; a property is merely missing
    return flattened


def _time(document: Mapping[str, Any], zone: ZoneInfo) -> Moment:
    given = _moment(document, "timestamp", zone)
    if given is not None:
        return given
    original, sent = _moment(document, "originalTimestamp", zone), _moment(document, "sentAt", zone)
    received = _moment(document, "receivedAt", zone)
    if original is not None:
        return original if sent is None or received is None else received - (sent - original)
    raise _RefusedError("/timestamp", "the message has no time: timestamp or originalTimestamp is required in a file")


def _moment(document: Mapping[str, Any], name: str, zone: ZoneInfo) -> Moment | None:
    value = document.get(name)
    if value is None:
        return None
    try:
        return parse_moment(value if isinstance(value, str) else "", zone)
    except ValueError as error:
        raise _RefusedError(f"/{name}", str(error)) from error
