"""One message of the Segment HTTP tracking API: checked, its values typed, its time and person found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Moment, parse_moment
from kohort.collection.assembly import missing_required
from kohort.collection.consents import choices_in, recorded_choices
from kohort.collection.flattening import Breach, Flattened, Remark, flatten
from kohort.collection.scalars import JSON, NUL_REFUSED, NumberLiteral
from kohort.definitions.identity import IdentityDefinition, Origin
from kohort.definitions.tracking import TrackingPlan, event_key
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
IDENTIFIER_REQUIRED: Final = "one of userId and anonymousId is required"
EVENT_OF_TYPE: Final[Mapping[str, str]] = {"page": "page_viewed", "screen": "screen_viewed"}
_TIMES: Final = ("timestamp", "originalTimestamp", "sentAt")


@dataclass(frozen=True)
class Request:
    """The request that brought messages: when its sender's clock says that it was sent, and what holds for all."""

    sent_at: Moment | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    integrations: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """What reading messages depends on: the source's name, the tracking plan, the zone of times without an offset.

    `request` is the one that brought them, None for those of a file; `longest` the most bytes of one message. Of what
    `context` says of devices and external ids only what `identity` declares is kept.
    """

    source: str
    plan: TrackingPlan
    zone: ZoneInfo
    received_at: Moment
    request: Request | None = None
    longest: int | None = LONGEST_MESSAGE
    identity: IdentityDefinition = field(default_factory=IdentityDefinition)


class ReadMessage(NamedTuple):
    """What one text gave: a message, or the breach that makes it a dead letter; and remarks."""

    message: Message | None = None
    breach: Breach | None = None
    remarks: Sequence[Remark] = ()


class _RefusedError(InputError):  # it never leaves this module, where a refusal is a result
    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(reason)
        self.breach = Breach(pointer, reason)


def read_message(text: bytes, reader: Reader) -> ReadMessage:
    """Read one message; `event_id` is empty where the sender gave no messageId.

    The time of a message in a file is `timestamp`; else `receivedAt` - (`sentAt` - `originalTimestamp`), the skew
    correction of the Segment specification; else `originalTimestamp`. One that a request brought has only the sender's
    time, under either name, and is always corrected; without any, its time is when it was received. Of `context` only
    consent, declared identifiers and what the plan names are kept. Nothing is raised for a wrong message.

    >>> plan, zone = TrackingPlan(), ZoneInfo("UTC")
    >>> line = b'{"type":"track","event":"Order Completed","userId":"u1","timestamp":"2026-01-31"}'
    >>> read_message(line, Reader("segment", plan, zone, 0)).message.name
    'order_completed'
    >>> read_message(b'{"type":"track"}', Reader("segment", plan, zone, 0)).breach
    Breach(pointer='/userId', reason='one of userId and anonymousId is required')
    """
    try:
        document = _decoded(text, reader.longest)
        return _read(complete(document, reader.request), reader)
    except _RefusedError as refused:
        return ReadMessage(breach=refused.breach)


def envelope_breach(document: Mapping[str, Any], zone: ZoneInfo, kind: MessageType | None = None) -> Breach | None:
    """Return what is wrong with a message whatever the tracking plan says: its type, who it speaks of, its times.

    `document` may come from any JSON decoder; `kind` is its type where that is known. What is not refused here, reading
    may still refuse for its values.

    >>> envelope_breach({"type": "track", "userId": "u1"}, ZoneInfo("UTC"))
    Breach(pointer='/event', reason='a track message needs the name of its event, as text')
    """
    try:
        kind = kind or _kind(document)
        _who(document)
        _id(document, "messageId", LONGEST_MESSAGE_ID)
        if kind == "track":
            _event_name(document)
        elif kind == "alias":
            _needed(document, "previousId")
        elif kind == "group":
            _needed(document, "groupId")
        elif kind == "consent":
            _recorded(document)
        _named_values(document, kind)
        for name in _TIMES:
            if name in document and not surely_moment(document[name]):
                _moment(document, name, zone)
    except _RefusedError as refused:
        return refused.breach
    return None


def complete(document: dict[str, Any], request: Request | None) -> dict[str, Any]:
    """Return a message with what its whole batch says of it; its own word comes first.

    >>> complete({"context": {"page": {}}}, Request(context={"page": {"url": "/"}, "ip": "10.0.0.1"}))
    {'context': {'page': {}, 'ip': '10.0.0.1'}}
    """
    for name, of_all in (("context", request.context), ("integrations", request.integrations)) if request else ():
        own = document.get(name)
        if of_all and isinstance(own, dict | None):
            document[name] = {**of_all, **(own or {})}
    return document


def _decoded(text: bytes, longest: int | None) -> dict[str, Any]:
    if longest is not None and len(text) > longest:
        raise _RefusedError("", f"the message has {len(text):,} bytes, and at most {longest:,} are accepted")
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
    kind = _kind(document)
    user_id, anonymous_id = _who(document)
    name = _event(document, kind, reader.plan)
    flattened = _values(document, kind, name, reader)
    required = reader.plan.required_of(name)
    missing = missing_required(flattened.values, required) if required else ""
    if missing:
        raise _RefusedError(f"/properties/{missing}", "the property is required by the tracking plan and is missing")
    time, said = _time(document, reader)
    message = Message(
        event_id=_id(document, "messageId", LONGEST_MESSAGE_ID),
        type=kind,
        ts=time,
        received_at=reader.received_at,
        source=reader.source,
        name=name,
        user_id=user_id,
        anonymous_id=anonymous_id,
        previous_id=_needed(document, "previousId") if kind == "alias" else "",
        values=flattened.values,
        shared=_shared(document, reader.identity),
        choices=_recorded(document) if kind == "consent" else choices_in(document),
        said_at=said,
    )
    return ReadMessage(message, remarks=flattened.remarks)


def _kind(document: Mapping[str, Any]) -> MessageType:
    kind = TYPES.get(str(document.get("type")))
    if kind is None:
        given = shorten(str(document.get("type", "")))
        raise _RefusedError("/type", f'expected one of {", ".join(TYPES)}, got "{given}"; {did_you_mean(given, TYPES)}')
    return kind


def _who(document: Mapping[str, Any]) -> tuple[str, str]:
    user_id, anonymous_id = _id(document, "userId"), _id(document, "anonymousId")
    if not (user_id or anonymous_id):
        raise _RefusedError("/userId", IDENTIFIER_REQUIRED)
    return user_id, anonymous_id


def _id(document: Mapping[str, Any], name: str, longest: int = LONGEST_ID) -> str:
    value = document.get(name)
    if type(value) is str and len(value) <= longest and "\0" not in value:
        return value.strip()
    if isinstance(value, bool | float | dict | list | NumberLiteral):
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
    if not identity.unique:
        return {}
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
        return EVENT_OF_TYPE.get(kind, "")
    return plan.key_of(_event_name(document))


def _event_name(document: Mapping[str, Any]) -> str:
    event = document.get("event")
    if not isinstance(event, str) or isinstance(event, NumberLiteral) or not event.strip():
        raise _RefusedError("/event", "a track message needs the name of its event, as text")
    problem = name_problem(event)
    if problem:
        raise _RefusedError("/event", problem)
    return event


@lru_cache(maxsize=4_096)
def name_problem(event: str) -> str:
    """Return why the name of an event cannot be one, else nothing.

    >>> name_problem("Order Completed")
    ''
    """
    try:
        event_key(event)
    except ValueError as error:
        return str(error)
    return ""


def _named_values(document: Mapping[str, Any], kind: MessageType) -> tuple[str, dict[str, Any]]:
    """Return the place of a message's values, and the values."""
    place = "traits" if kind in {"identify", "group"} else "properties"
    given = document.get(place)
    if given is None and kind == "identify" and isinstance(document.get("context"), dict):
        # RudderStack's SDKs put them there.
        place, given = "context/traits", document["context"].get("traits")
    if given is None:
        return place, {}
    if not isinstance(given, dict):
        raise _RefusedError(f"/{place}", "expected an object")
    return place, given


def _values(document: Mapping[str, Any], kind: MessageType, name: str, reader: Reader) -> Flattened:
    place, given = _named_values(document, kind)
    named = dict(given)
    if name in EVENT_OF_TYPE.values() and kind != "track":
        named |= {part: document[part] for part in ("name", "category") if document.get(part) is not None}
    if name and reader.plan.context:
        named = told_by_context(document.get("context"), reader.plan.context) | named
    if kind == "group":
        named["group_id"] = _needed(document, "groupId")
    types: Mapping[str, ValueType] = reader.plan.types_of(name) if name else reader.plan.traits
    flattened = flatten(named, f"/{place}", types, reader.zone)
    if flattened.breach:
        raise _RefusedError(*flattened.breach)
    if kind != "identify":
        flattened.values.removed.clear()  # null removes a trait; a property is merely missing
    return flattened


def told_by_context(context: object, kept: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return what is kept of a context, by the names that it has as properties: single values at their paths.

    >>> told_by_context({"userAgent": "curl/8", "ip": "10.0.0.1"}, {"agent": ("userAgent",), "url": ("page", "url")})
    {'agent': 'curl/8'}
    """
    told: dict[str, Any] = {}
    for name, path in kept.items():
        value = context
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str | bool | int | float | NumberLiteral):
            told[name] = value
    return told


def _time(document: Mapping[str, Any], reader: Reader) -> tuple[Moment, Moment | None]:
    """Return the time of a message, and the one that its sender gave where they are not the same by nature."""
    given, original, sent = (_moment(document, name, reader.zone) for name in _TIMES)
    received: Moment | None
    if reader.request is None:
        received = _moment(document, "receivedAt", reader.zone)
        if given is not None:
            # A dead letter of the collector's whose sender gave no time has that of its receipt: see `letter_of`.
            return given, 0 if original is None and given == received else None
    else:
        received, original = reader.received_at, given if original is None else original
        sent = reader.request.sent_at if sent is None else sent
        if original is None:
            return received, 0
    if original is None:
        problem = "the message has no time: timestamp or originalTimestamp is required in a file"
        raise _RefusedError("/timestamp", problem)
    return original if sent is None or received is None else received - (sent - original), original


def surely_moment(value: object) -> bool:
    """Tell at a third of the cost of reading it that a value is a time; False means: read it.

    >>> surely_moment("2026-01-31"), surely_moment("soon")
    (True, False)
    """
    return isinstance(value, str) and surely_moments({value})


def surely_moments(texts: Collection[str]) -> bool:
    """Tell that texts are times, all of them; False means: read each."""
    if not texts:
        return True
    # In the first and last year an offset may lead out of the calendar; the year always comes first.
    if not (min(texts) >= "0002" and max(texts) < "9999"):
        return False
    try:
        for _ in map(datetime.fromisoformat, texts):
            pass
    except ValueError:
        return False
    return True


def _moment(document: Mapping[str, Any], name: str, zone: ZoneInfo) -> Moment | None:
    value = document.get(name)
    if value is None:
        return None
    try:
        return parse_moment(value if isinstance(value, str) else "", zone)
    except ValueError as error:
        raise _RefusedError(f"/{name}", str(error)) from error
