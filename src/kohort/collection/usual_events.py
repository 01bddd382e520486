"""The events that SDKs usually send, many requests at a time: from their JSON to columns, without a message for each.

What an event means is said in `segment_messages`, for each by itself. What is read here means the same, or it is left
for there: an event with nested properties, with choices in its context, in a form that SDKs rarely use, or wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Annotated, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import parse_moment
from kohort.collection.flattening import MOST_VALUES
from kohort.collection.message_columns import Alike, Heads, digests_of, heads_of
from kohort.collection.segment_messages import EVENT_OF_TYPE, LONGEST_ID, LONGEST_MESSAGE_ID
from kohort.collection.usual_values import Group, typed
from kohort.definitions.identity import IdentityDefinition, Origin
from kohort.definitions.tracking import LONGEST_NAME, TrackingPlan, event_key
from kohort.storage.messages import MessageType
from kohort.storage.received import Received

_TIME: Final = r"^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"
_ESCAPED_NUL: Final = b"\\u0000"

_Name = Annotated[str, msgspec.Meta(max_length=LONGEST_ID)]


class _Context(msgspec.Struct, rename="camel", gc=False):
    """A context that says nothing of consent."""

    consent: None = None
    consent_mode: None = None
    consent_management: None = None


class _NamelessContext(_Context, rename="camel", gc=False):
    """A context that names nobody either."""

    external_ids: None = None
    device: None = None


class _Event(msgspec.Struct, rename="camel", gc=False):
    type: Literal["track", "page", "screen"]
    message_id: Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE_ID)]
    event: str | None = None
    user_id: _Name | None = None
    anonymous_id: _Name | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    properties: dict[str, str | int | float | bool | None] | None = None
    name: str | None = None
    category: str | None = None
    context: _Context | None = None


class _NamelessEvent(_Event, rename="camel", gc=False):
    context: _NamelessContext | None = None


_READERS: Final = (
    (msgspec.json.Decoder(_Event), msgspec.json.Decoder(_Context)),
    (msgspec.json.Decoder(_NamelessEvent), msgspec.json.Decoder(_NamelessContext)),
)


@dataclass(frozen=True)
class UsualEvents:
    """Events that were read here: which they are (the number of their request, and theirs in it), and what they say.

    The places of `alike` are theirs among these events. `digests` are those of the messages that they are.
    """

    requests: NDArray[np.int64]
    numbers: NDArray[np.int64]
    heads: Heads
    digests: NDArray[np.int64]
    alike: Sequence[Alike]


_NONE: Final = np.zeros(0, np.int64)
NO_USUAL: Final = UsualEvents(_NONE, _NONE, heads_of([]), _NONE, [])


class _Candidate(NamedTuple):
    request: int
    number: int
    event: _Event
    user_id: str
    anonymous_id: str


class _Timed(NamedTuple):
    """Candidates whose times could be read, and their times: corrected, and as the sender gave them (0 for none)."""

    candidates: list[_Candidate]
    moments: NDArray[np.int64]
    said: NDArray[np.int64]


def usual_events(
    requests: Sequence[tuple[Received, bytes] | None], plan: TrackingPlan, zone: ZoneInfo, identity: IdentityDefinition
) -> UsualEvents:
    """Return those events of requests, given with their journal records, that are read here; None stands for none.

    >>> raw = b'{"type":"page","userId":"u","messageId":"1","properties":{"path":"/"}}'
    >>> one = Received("web", 5, events=[msgspec.Raw(raw), msgspec.Raw(b"[]")])
    >>> read = usual_events([(one, raw)], TrackingPlan(), ZoneInfo("UTC"), IdentityDefinition())
    >>> read.heads.event_ids, read.heads.names, read.alike[0].columns[0][1], read.numbers
    (['1'], ['page_viewed'], 'path', array([0]))
    """
    timed = _timed([*_candidates(requests, identity)], requests, zone)
    alike = [one for group in _groups(timed.candidates, plan) for one in typed(group, plan)]
    kept = np.sort(np.concatenate([one.places for one in alike] or [_NONE]))
    left = [timed.candidates[place] for place in kept.tolist()]
    sources = {number: one[0].source for number, one in enumerate(requests) if one}
    received = {number: one[0].received_at for number, one in enumerate(requests) if one}
    names = np.empty(len(timed.candidates), object)
    for one in alike:
        names[one.places] = one.name
    heads = Heads(
        event_ids=[one.event.message_id.strip() for one in left],
        types=[one.event.type for one in left],
        moments=timed.moments[kept].tolist(),
        received_at=[received[one.request] for one in left],
        sources=[sources[one.request] for one in left],
        names=names[kept].tolist(),
        user_ids=[one.user_id for one in left],
        anonymous_ids=[one.anonymous_id for one in left],
    )
    alike = [one._replace(places=np.searchsorted(kept, one.places)) for one in alike]
    return UsualEvents(
        requests=np.array([one.request for one in left], np.int64),
        numbers=np.array([one.number for one in left], np.int64),
        heads=heads,
        digests=digests_of(heads, alike, timed.said[kept]),
        alike=sorted(alike, key=lambda one: int(one.places[0])),
    )


def _candidates(
    requests: Sequence[tuple[Received, bytes] | None], identity: IdentityDefinition
) -> Iterator[_Candidate]:
    names_people = any(one.origin is not Origin.TRAIT for one in identity.unique)
    event_reader, context_reader = _READERS[names_people]
    decode = event_reader.decode
    for request, one in enumerate(requests):
        if one is None or not _is_usual(*one, context_reader):
            continue
        for number, raw in enumerate(one[0].events):
            try:
                event = decode(raw)
            except (msgspec.DecodeError, RecursionError):
                continue
            user_id, anonymous_id = (event.user_id or "").strip(), (event.anonymous_id or "").strip()
            if (user_id or anonymous_id) and event.message_id.strip():
                yield _Candidate(request, number, event, user_id, anonymous_id)


def _is_usual(received: Received, record: bytes, reader: msgspec.json.Decoder[Any]) -> bool:
    """Tell that what the decoder skips in a request's events is text without NUL, and its context says nothing."""
    try:
        record.decode()
        reader.decode(received.context)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return _ESCAPED_NUL not in record


def _timed(candidates: list[_Candidate], requests: Sequence[tuple[Received, bytes] | None], zone: ZoneInfo) -> _Timed:
    events = [one.event for one in candidates]
    given, has_given, wrong = _moments([one.timestamp for one in events], zone)
    original, has_original, wrong_original = _moments([one.original_timestamp for one in events], zone)
    sent, has_sent, wrong_sent = _moments([one.sent_at for one in events], zone)
    received_at = {number: one[0].received_at for number, one in enumerate(requests) if one}
    sent_at = {number: one[0].sent_at for number, one in enumerate(requests) if one}
    received = np.array([received_at[one.request] for one in candidates], np.int64)
    # A request that does not tell when it was sent came when it was sent.
    skew = received - np.array(
        [received_at[one.request] if sent_at[one.request] is None else sent_at[one.request] for one in candidates],
        np.int64,
    )
    skew = np.where(has_sent, received - sent, skew)
    said = np.where(has_original, original, given)
    has_said = has_original | has_given
    right = ~(wrong | wrong_original | wrong_sent)
    moments, said = np.where(has_said, said + skew, received), np.where(has_said, said, 0)
    return _Timed([*compress(candidates, right.tolist())], moments[right], said[right])


def _moments(texts: list[str | None], zone: ZoneInfo) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the times that texts tell (0 where they tell none), whether there is a text, and whether it is no time."""
    written = pa.array(texts, pa.string())
    usual, times = pc.fill_null(pc.match_substring_regex(written, _TIME), False), np.zeros(len(texts), np.int64)
    is_usual = np.array(usual, np.bool_)
    try:
        found = written.filter(usual).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        times[is_usual] = found.to_numpy()
    except pa.ArrowInvalid:
        is_usual[:] = False  # one of them is no time: each is read by itself
    is_given, is_wrong = np.array(written.is_valid(), np.bool_), np.zeros(len(texts), np.bool_)
    for place in np.flatnonzero(is_given & ~is_usual).tolist():
        try:
            times[place] = parse_moment(texts[place] or "", zone)
        except ValueError:
            is_wrong[place] = True
    return times, is_given, is_wrong


def _groups(candidates: list[_Candidate], plan: TrackingPlan) -> Iterator[Group]:
    key: tuple[MessageType, str, tuple[str, ...]]
    alike: dict[tuple[MessageType, str, tuple[str, ...]], tuple[list[int], list[Any]]] = {}
    for place, candidate in enumerate(candidates):
        event = candidate.event
        values, kind = event.properties or {}, event.type
        if kind == "track":
            key = kind, event.event or "", tuple(values)
        else:
            told = {"name": event.name, "category": event.category}
            values = {**values, **{name: value for name, value in told.items() if value is not None}}
            key = kind, "", tuple(values)
        group = alike.get(key)
        if group is None:
            group = alike[key] = [], []
        group[0].append(place)
        group[1].append(values.values())
    for (one, called, names), (places, rows) in alike.items():
        name = EVENT_OF_TYPE[one] if one != "track" else _key(called, plan)
        if name and len(names) <= MOST_VALUES and all(0 < len(each) <= LONGEST_NAME for each in names):
            columns = dict(zip(names, zip(*rows, strict=True), strict=True))
            yield Group(name, np.array(places, np.int64), columns)


def _key(event: str, plan: TrackingPlan) -> str:
    """Return the key of an event's name, nothing for none."""
    try:
        event_key(event)
        return plan.key_of(event)
    except ValueError:
        return ""
