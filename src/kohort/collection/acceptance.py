"""What the collector accepts of a request: checked at once, by what holds whatever the tracking plan says.

Each event is judged by itself: a wrong one is refused with its place and the reason, the others are accepted. Only what
cannot be read at all refuses the request as a whole.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from kohort.clock import Moment, parse_moment
from kohort.collection.flattening import Breach
from kohort.collection.json_names import repeated_name, surely_distinct
from kohort.collection.scalars import DEEPEST, container_problem
from kohort.collection.segment_messages import IDENTIFIER_REQUIRED, envelope_breach
from kohort.collection.usual_requests import is_usual_event, odd_among
from kohort.definitions.collecting import CollectLimits
from kohort.errors import InputError, shorten
from kohort.storage.messages import MessageType
from kohort.storage.received import NOTHING, Received, Refused

UTC: Final = ZoneInfo("UTC")

_NO_OPENERS: Final = bytes(byte for byte in range(256) if byte not in b"{[")

_PLAIN: Final = msgspec.json.Decoder()
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


USUAL: Final = object()
"""Stands for the values of an event that is surely accepted as it came."""

# msgspec does not tell type checkers that a raw text has a length.
_size_of: Final[Callable[[object], int]] = len  # type: ignore[assignment]


class RequestRefusedError(InputError):
    """A request is refused as a whole: the HTTP status, a word for programs, why, and where in the request it is."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after: int | None = None, where: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after, self.where = status, code, retry_after, where


@dataclass(frozen=True)
class EventError:
    """Why one event was refused: its place in the request (from 0), a word for programs, the pointer, the reason."""

    place: int
    code: str
    pointer: str
    message: str


class _Body(msgspec.Struct):
    batch: list[msgspec.Raw] = []
    sent_at: Any = msgspec.field(default=None, name="sentAt")
    write_key: Any = msgspec.field(default=None, name="writeKey")
    context: msgspec.Raw = NOTHING
    integrations: msgspec.Raw = NOTHING


_BODY: Final = msgspec.json.Decoder(_Body)


class RequestBody(msgspec.Struct, frozen=True):
    """The body of a request, decoded: the texts and values of its events, and what it says of all of them.

    `kind` is the type that the request's path gives to events which name none; `distinct` tells that surely no object
    repeats a name. `usual`: each event is surely accepted as it came, and there are no `documents`; so is one that has
    `USUAL` there.
    """

    events: list[msgspec.Raw]
    documents: Sequence[Any]
    write_key: str
    kind: MessageType | None = None
    usual: bool = False
    sent_at: Moment | None = None
    context: msgspec.Raw = NOTHING
    integrations: msgspec.Raw = NOTHING
    distinct: bool = True


class Acceptance(msgspec.Struct, frozen=True):
    """What becomes of a request: what goes to the journal, and the refused events.

    So many events are `withheld` for want of consent; of `consents` of them what they tell of it is received instead.
    """

    received: Received
    errors: Sequence[EventError] = ()
    withheld: int = 0
    consents: int = 0

    @property
    def stored(self) -> int:
        """How many events go to the journal as they are."""
        return len(self.received.events) - self.consents


def read_one(text: bytes, kind: MessageType, limits: CollectLimits) -> RequestBody:
    """Decode a body that is one event; raises RequestRefusedError if it is no JSON object."""
    if is_usual_event(text, kind, limits.event):
        return RequestBody([msgspec.Raw(text)], (), "", kind, usual=True)
    return read_one_carefully(text, kind)


def read_one_carefully(text: bytes, kind: MessageType) -> RequestBody:
    """As `read_one`, whose meaning this is, but event by event also where that is not needed."""
    document = _decoded(text)
    if not isinstance(document, dict):
        raise RequestRefusedError(400, "invalid_json", "the body must be one JSON object: an event")
    distinct = surely_distinct(text, document)
    return RequestBody([msgspec.Raw(text)], [document], _text(document.get("writeKey")), kind, distinct=distinct)


def read_batch(text: bytes, limits: CollectLimits) -> RequestBody:
    """Decode a body {"batch": [...]}; raises RequestRefusedError if it is none, or holds too many events.

    >>> read_batch(b'{"batch": [{"type": "track"}], "writeKey": "wk"}', CollectLimits()).write_key
    'wk'
    """
    odd = odd_among(text)
    if odd is None:
        return read_batch_carefully(text, limits)
    body = _BODY.decode(text)
    if len(text) > limits.event and max(map(_size_of, body.batch), default=0) > limits.event:
        odd |= {place for place, one in enumerate(body.batch) if _size_of(one) > limits.event}
    if not 0 < len(body.batch) <= limits.events:
        return read_batch_carefully(text, limits)
    if not odd:
        return _body_of(body, (), distinct=True, usual=True)
    documents: list[Any] = [USUAL] * len(body.batch)
    for place in odd:
        try:
            documents[place] = _decoded(bytes(body.batch[place]))
        except RequestRefusedError:
            return read_batch_carefully(text, limits)
    distinct = all(surely_distinct(bytes(body.batch[place]), documents[place]) for place in odd)
    return _body_of(body, documents, distinct=distinct)


def read_batch_carefully(text: bytes, limits: CollectLimits) -> RequestBody:
    """As `read_batch`, whose meaning this is, but event by event also where that is not needed."""
    document = _decoded(text)
    try:
        body = _BODY.decode(text)
    except msgspec.DecodeError as error:
        raise RequestRefusedError(400, "invalid_batch", f'expected {{"batch": [events]}}: {error}') from error
    if not body.batch:
        raise RequestRefusedError(400, "empty_batch", 'the body has no "batch" with at least one event')
    if len(body.batch) > limits.events:
        problem = f"the batch has {len(body.batch):,} events, and at most {limits.events:,} are accepted"
        raise RequestRefusedError(413, "batch_too_large", problem)
    distinct = surely_distinct(text, document)
    for name in ("context", "integrations"):
        if name in document:
            _check_of_all(name, document[name], distinct=distinct, text=bytes(getattr(body, name)))
    if not distinct:
        _check_top(text)
    return _body_of(body, document["batch"], distinct=distinct)


def _body_of(body: _Body, documents: Sequence[Any], *, distinct: bool, usual: bool = False) -> RequestBody:
    return RequestBody(
        body.batch,
        documents,
        _text(body.write_key),
        usual=usual,
        sent_at=_sent_at(body.sent_at),
        context=body.context,
        integrations=body.integrations,
        distinct=distinct,
    )


def accept(body: RequestBody, source: str, received_at: Moment, limits: CollectLimits) -> Acceptance:
    """Judge each event of a body; raises nothing.

    >>> body = read_batch(b'{"batch": [{"type": "page", "userId": "u"}, {"type": "page"}]}', CollectLimits())
    >>> judged = accept(body, "web", 0, CollectLimits())
    >>> len(judged.received.events), judged.errors[0].code, judged.errors[0].place
    (1, 'no_user_anon_id', 1)
    """
    if body.usual:
        return Acceptance(Received(source, received_at, body.sent_at, body.context, body.integrations, body.events))
    accepted: list[msgspec.Raw] = []
    places: list[int] = []
    errors: list[EventError] = []
    refused: list[Refused] = []
    for place, (text, document) in enumerate(zip(map(bytes, body.events), body.documents, strict=True)):
        problem = None if document is USUAL else _problem(text, document, body, limits)
        if problem is None:
            accepted.append(msgspec.Raw(text if document is USUAL else _kept(text, document, body.kind)))
            places.append(place)
        else:
            code, pointer, message = problem
            errors.append(EventError(place, code, pointer, message))
            # Written anew, a text would lose the name that it repeats.
            said = _kept(text, document, body.kind) if isinstance(document, dict) and body.distinct else text
            refused.append(Refused(place, pointer, message, said[: limits.event].decode(errors="replace")))
    received = Received(
        source,
        received_at,
        body.sent_at,
        body.context,
        body.integrations,
        accepted,
        places if errors else [],
        refused,
    )
    return Acceptance(received, errors)


def _problem(text: bytes, document: Any, body: RequestBody, limits: CollectLimits) -> tuple[str, str, str] | None:
    if len(text) > limits.event:
        return "event_too_large", "", f"the event has {len(text):,} bytes, and at most {limits.event:,} are accepted"
    breach = _breach(text, document, body)
    if breach is None:
        return None
    return "no_user_anon_id" if breach.reason == IDENTIFIER_REQUIRED else "invalid_event", *breach


def _breach(text: bytes, document: Any, body: RequestBody) -> Breach | None:
    if not isinstance(document, dict):
        return Breach("", "expected a JSON object")
    # As many brackets as levels are allowed cannot be nested deeper.
    if b"\\u0000" in text or len(text.translate(None, _NO_OPENERS)) > DEEPEST:
        problem = container_problem(document)
        if problem:
            return Breach("", problem)
    repeated = None if body.distinct else repeated_name(text)
    if repeated is not None:
        return Breach("", f'the name "{shorten(repeated)}" is repeated in one object')
    kind = document.get("type", body.kind)
    if body.kind is not None and kind != body.kind:
        return Breach("/type", f'the path says "{body.kind}", the event "{shorten(str(kind))}"')
    return envelope_breach(document, UTC, body.kind)


def _kept(text: bytes, document: dict[str, Any], kind: MessageType | None) -> bytes:
    """Return the text of an event with its type, which the path may tell, and without a write key."""
    if (kind is None or "type" in document) and "writeKey" not in document:
        return text
    raw = _OBJECT.decode(text)
    raw.pop("writeKey", None)
    if kind is not None:
        raw.setdefault("type", msgspec.Raw(msgspec.json.encode(kind)))
    return msgspec.json.encode(raw)


def _decoded(text: bytes) -> Any:
    try:
        text.decode()
        return _PLAIN.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestRefusedError(400, "invalid_json", f"the body is no JSON text in UTF-8: {error}") from error
    except RecursionError as error:
        raise RequestRefusedError(400, "invalid_json", f"the body is nested deeper than {DEEPEST} levels") from error


def _check_of_all(name: str, value: object, *, distinct: bool, text: bytes) -> None:
    problem = "" if isinstance(value, dict) else "expected an object"
    problem = problem or container_problem(value, 2)
    if not (problem or distinct) and repeated_name(text) is not None:
        problem = "a name is repeated in one object"
    if problem:
        raise RequestRefusedError(400, "invalid_batch", f"/{name}: {problem}")


def _check_top(text: bytes) -> None:
    outermost: list[tuple[str, object]] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        outermost[:] = pairs

    json.loads(text, object_pairs_hook=note)
    if len(dict(outermost)) < len(outermost):
        raise RequestRefusedError(400, "invalid_batch", "a name is repeated in the object of the batch")


def _sent_at(value: object) -> Moment | None:
    if value is None:
        return None
    try:
        return parse_moment(value if isinstance(value, str) else "", UTC)
    except ValueError as error:
        raise RequestRefusedError(400, "invalid_batch", f"/sentAt: {error}") from error


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
