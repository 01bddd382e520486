"""The events that SDKs usually send, many requests at a time: from their JSON to columns, without a message for each.

What an event means is said in `segment_messages`, for each by itself. What is read here means the same, or it is left
for there: an event with nested properties, with choices in its context, in a form that SDKs rarely use, or wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Annotated, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import Moment, parse_moment
from kohort.collection.flattening import MOST_VALUES
from kohort.collection.message_columns import Alike, Heads, digests_of, heads_of
from kohort.collection.segment_messages import EVENT_OF_TYPE, LONGEST_ID, LONGEST_MESSAGE_ID
from kohort.collection.usual_values import Group, typed
from kohort.definitions.identity import IdentityDefinition, Origin
from kohort.definitions.tracking import LONGEST_NAME, TrackingPlan, event_key
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


class _Request(msgspec.Struct, gc=False):
    """A request of which every event can be read at once."""

    events: list[_Event]
    context: _Context | None = None


class _NamelessRequest(msgspec.Struct, gc=False):
    events: list[_NamelessEvent]
    context: _NamelessContext | None = None


class _Readers(NamedTuple):
    request: msgspec.json.Decoder[Any]
    context: msgspec.json.Decoder[Any]
    event: msgspec.json.Decoder[Any]


_READERS: Final = tuple(
    _Readers(*map(msgspec.json.Decoder, kinds))
    for kinds in ((_Request, _Context, _Event), (_NamelessRequest, _NamelessContext, _NamelessEvent))
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


class _Candidates(NamedTuple):
    """Events with the numbers of their requests, and theirs in these."""

    requests: list[int]
    numbers: list[int]
    events: list[_Event]

    def only(self, chosen: NDArray[np.bool_]) -> "_Candidates":
        """Return some of them."""
        if chosen.all():
            return self
        its = chosen.tolist()
        requests, numbers, events = self
        return _Candidates([*compress(requests, its)], [*compress(numbers, its)], [*compress(events, its)])


class _Timed(NamedTuple):
    """Candidates whose times could be read, and their times: corrected, and as the sender gave them (0 for none)."""

    candidates: _Candidates
    moments: NDArray[np.int64]
    said: NDArray[np.int64]


def usual_events(
    requests: Sequence[tuple[Received, bytes] | None], plan: TrackingPlan, zone: ZoneInfo, identity: IdentityDefinition
) -> UsualEvents:
    """Return those events of requests, given with their journal records, that are read here; None stands for none.

    >>> raw = b'{"type":"page","userId":"u","messageId":"1","properties":{"path":"/"}}'
    >>> one = Received("web", 5, events=[msgspec.Raw(raw), msgspec.Raw(b"[]")])
    >>> read = usual_events([(one, raw)], TrackingPlan(), ZoneInfo("UTC"), IdentityDefinition())
    >>> read.heads.event_ids.to_pylist(), read.heads.names.to_pylist(), read.alike[0].columns[0][1], read.numbers
    (['1'], ['page_viewed'], 'path', array([0]))
    """
    timed = _timed(_candidates(requests, identity), requests, zone)
    alike = [one for group in _groups(timed.candidates.events, plan) for one in typed(group, plan)]
    right, names = np.zeros(len(timed.moments), np.bool_), np.empty(len(timed.moments), object)
    for one in alike:
        right[one.places], names[one.places] = True, one.name
    kept, left = np.flatnonzero(right), timed.candidates.only(right)
    sources = [one[0].source if one else "" for one in requests]
    received = [one[0].received_at if one else 0 for one in requests]
    its = pa.array(left.requests, pa.int64())
    heads = Heads(
        event_ids=pa.array([one.message_id.strip() for one in left.events], pa.string()),
        types=pa.array([one.type for one in left.events], pa.string()),
        moments=pa.array(timed.moments[kept]),
        received_at=pa.array(received, pa.int64()).take(its),
        sources=pa.array(sources, pa.string()).take(its),
        names=pa.array(names[kept], pa.string()),
        user_ids=pa.array([one.user_id.strip() if one.user_id else "" for one in left.events], pa.string()),
        anonymous_ids=pa.array(
            [one.anonymous_id.strip() if one.anonymous_id else "" for one in left.events], pa.string()
        ),
    )
    alike = [one._replace(places=np.searchsorted(kept, one.places)) for one in alike]
    return UsualEvents(
        requests=np.array(left.requests, np.int64),
        numbers=np.array(left.numbers, np.int64),
        heads=heads,
        digests=digests_of(heads, alike, timed.said[kept]),
        alike=sorted(alike, key=lambda one: int(one.places[0])),
    )


def _candidates(requests: Sequence[tuple[Received, bytes] | None], identity: IdentityDefinition) -> _Candidates:
    readers = _READERS[any(one.origin is not Origin.TRAIT for one in identity.unique)]
    found = _Candidates([], [], [])
    for request, one in enumerate(requests):
        if one is None or not _is_text(one[1]):
            continue
        numbers, events = _read(*one, readers)
        found.requests.extend(repeat(request, len(numbers)))
        found.numbers.extend(numbers)
        found.events.extend(events)
    names = [
        bool(((one.user_id or "").strip() or (one.anonymous_id or "").strip()) and one.message_id.strip())
        for one in found.events
    ]
    return found.only(np.array(names, np.bool_))


def _read(received: Received, record: bytes, readers: _Readers) -> tuple[Sequence[int], list[_Event]]:
    """Return those events of a request that can be read, by number; all at once where all can."""
    try:
        every = readers.request.decode(record).events
        return range(len(every)), every
    except (msgspec.DecodeError, RecursionError):
        pass  # one of them cannot
    numbers: list[int] = []
    events: list[_Event] = []
    try:
        readers.context.decode(received.context)
    except (msgspec.DecodeError, RecursionError):
        return numbers, events
    for number, raw in enumerate(received.events):
        try:
            event = readers.event.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            continue
        numbers.append(number)
        events.append(event)
    return numbers, events


def _is_text(record: bytes) -> bool:
    """Tell that what decoders skip in a request's events is text without NUL."""
    try:
        record.decode()
    except UnicodeDecodeError:
        return False
    return _ESCAPED_NUL not in record


def _timed(candidates: _Candidates, requests: Sequence[tuple[Received, bytes] | None], zone: ZoneInfo) -> _Timed:
    events = candidates.events
    given, has_given, wrong = _moments([one.timestamp for one in events], zone)
    original, has_original, wrong_original = _moments([one.original_timestamp for one in events], zone)
    sent, has_sent, wrong_sent = _moments([one.sent_at for one in events], zone)
    its = np.array(candidates.requests, np.int64)
    received = _by_request(requests, lambda one: one.received_at)[its]
    # A request that does not tell when it was sent came when it was sent.
    request_sent = _by_request(requests, lambda one: one.received_at if one.sent_at is None else one.sent_at)[its]
    skew = received - np.where(has_sent, sent, request_sent)
    said = np.where(has_original, original, given)
    has_said = has_original | has_given
    right = ~(wrong | wrong_original | wrong_sent)
    moments, said = np.where(has_said, said + skew, received), np.where(has_said, said, 0)
    return _Timed(candidates.only(right), moments[right], said[right])


def _by_request(
    requests: Sequence[tuple[Received, bytes] | None], told: Callable[[Received], Moment]
) -> NDArray[np.int64]:
    return np.array([told(one[0]) if one else 0 for one in requests], np.int64)


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


def _groups(events: Sequence[_Event], plan: TrackingPlan) -> Iterator[Group]:
    alike: dict[tuple[str, ...], tuple[list[int], list[Any]]] = {}
    for place, event in enumerate(events):
        values: Mapping[str, Any] = event.properties or {}
        if event.type == "track":
            key = (*values, event.event or "", "track")
        else:
            told = {"name": event.name, "category": event.category}
            values = {**values, **{name: value for name, value in told.items() if value is not None}}
            key = (*values, "", event.type)
        group = alike.get(key)
        if group is None:
            group = alike[key] = [], []
        group[0].append(place)
        group[1].append(values.values())
    for (*names, called, kind), (places, rows) in alike.items():
        name = EVENT_OF_TYPE[kind] if kind != "track" else _key(called, plan)
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
