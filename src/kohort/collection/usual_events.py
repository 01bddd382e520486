"""The events that SDKs usually send, many requests at a time: from their JSON to columns, without a message for each.

What an event means is said in `segment_messages`, for each by itself. What is read here means the same, or it is left
for there: an event with nested properties, with choices in its context, in a form that SDKs rarely use, or wrong.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress, count
from operator import attrgetter
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import Moment, parse_moment
from kohort.collection.flattening import MOST_VALUES
from kohort.collection.message_columns import Alike, Heads, digests_of, heads_of
from kohort.collection.segment_messages import EVENT_OF_TYPE, LONGEST_ID, LONGEST_MESSAGE_ID, told_by_context
from kohort.collection.usual_values import Group, places_of, typed
from kohort.definitions.identity import IdentityDefinition, Origin
from kohort.definitions.tracking import LONGEST_NAME, TrackingPlan, event_key
from kohort.storage.received import NOTHING, Kept, Received

_USUAL_LENGTHS: Final = (20, 22, 23, 24, 25, 26, 27)
"""Of a time in UTC: without a fraction of a second, or with one to six digits of it."""

_FRACTION: Final = 19
"""Where a fraction would begin."""

_LAST_ASCII: Final = 127
_ESCAPED_NUL: Final = b"\\u0000"
_BACKSLASH: Final = b"\\"

_CALLED_OF: Final = attrgetter("type", "event")
_T = TypeVar("_T")

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

    source: str
    received_at: Moment
    events: Sequence[_Event]
    sent_at: Moment | None = None
    context: _Context | None = None
    refused: list[msgspec.Raw] = []


class _NamelessRequest(_Request, gc=False):
    events: Sequence[_NamelessEvent]
    context: _NamelessContext | None = None


class _WithContext(msgspec.Struct, gc=False):
    context: msgspec.Raw = NOTHING


class _Contexts(msgspec.Struct, gc=False):
    """The contexts of a request's events, as they are written."""

    events: Sequence[_WithContext]
    context: msgspec.Raw = NOTHING


_CONTEXTS: Final = msgspec.json.Decoder(_Contexts)


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

    The places of `alike` are theirs among these events. `digests` are those of the messages that they are. `whole` are
    the numbers of requests of which nothing is left to read.
    """

    requests: NDArray[np.int64]
    numbers: NDArray[np.int64]
    heads: Heads
    digests: NDArray[np.int64]
    alike: Sequence[Alike]
    whole: frozenset[int] = frozenset()


_NONE: Final = np.zeros(0, np.int64)
NO_USUAL: Final = UsualEvents(_NONE, _NONE, heads_of([]), _NONE, [])


class _Opened(NamedTuple):
    """A request with those of its events that can be read, by number, and whether that is all that it says.

    `told` is what is kept of the context of each event, if anything is.
    """

    said: _Request | Received
    numbers: Sequence[int]
    events: Sequence[_Event]
    is_whole: bool
    told: Sequence[dict[str, Any]] = ()


class _Candidates(NamedTuple):
    """Events with the numbers of their requests and theirs in these, and what was found of them.

    Their times are corrected, and as the sender gave them (0 for none).
    """

    requests: NDArray[np.int64]
    numbers: NDArray[np.int64]
    events: Sequence[_Event]
    moments: NDArray[np.int64]
    said: NDArray[np.int64]
    event_ids: pa.Array
    user_ids: pa.Array
    anonymous_ids: pa.Array
    told: Sequence[dict[str, Any]]

    def only(self, chosen: NDArray[np.bool_]) -> "_Candidates":
        """Return some of them."""
        if chosen.all():
            return self
        mask = pa.array(chosen)
        return _Candidates(
            requests=self.requests[chosen],
            numbers=self.numbers[chosen],
            events=[*compress(self.events, chosen.tolist())],
            moments=self.moments[chosen],
            said=self.said[chosen],
            event_ids=self.event_ids.filter(mask),
            user_ids=self.user_ids.filter(mask),
            anonymous_ids=self.anonymous_ids.filter(mask),
            told=[*compress(self.told, chosen.tolist())],
        )


def usual_events(
    requests: Sequence[Kept | None], plan: TrackingPlan, zone: ZoneInfo, identity: IdentityDefinition
) -> UsualEvents:
    """Return those events of requests that are read here; None stands for what is no request.

    >>> raw = b'{"type":"page","userId":"u","messageId":"1","properties":{"path":"/"}}'
    >>> one = Kept(b'{"source":"web","received_at":5,"events":[' + raw + b",[]]}")
    >>> read = usual_events([one], TrackingPlan(), ZoneInfo("UTC"), IdentityDefinition())
    >>> read.heads.event_ids.to_pylist(), read.heads.names.to_pylist(), read.alike[0].columns[0][1], read.numbers
    (['1'], ['page_viewed'], 'path', array([0]))
    """
    readers = _READERS[any(one.origin is not Origin.TRAIT for one in identity.unique)]
    told_by = _ToldByContexts(plan.context)
    opened = [told_by.added_to(_opened(one, readers), one) if one else None for one in requests]
    found = _candidates(opened, zone)
    alike = [one for group in _groups(found.events, found.told, plan) for one in typed(group, plan)]
    right, kinds = np.zeros(len(found.events), np.bool_), np.zeros(len(found.events), np.int64)
    for kind, one in enumerate(alike):
        right[one.places], kinds[one.places] = True, kind
    left, kept = found.only(right), np.cumsum(right) - 1
    its = pa.array(left.requests)
    heads = Heads(
        event_ids=left.event_ids,
        types=pa.array([one.type for one in left.events], pa.string()),
        moments=pa.array(left.moments),
        received_at=pa.array([one.said.received_at if one else 0 for one in opened], pa.int64()).take(its),
        sources=pa.array([one.said.source if one else "" for one in opened], pa.string()).take(its),
        names=pa.array([one.name for one in alike], pa.string()).take(pa.array(kinds[right])),
        user_ids=left.user_ids,
        anonymous_ids=left.anonymous_ids,
    )
    alike = [one._replace(places=kept[one.places]) for one in alike]
    counts = np.bincount(left.requests, minlength=len(opened)).tolist()
    return UsualEvents(
        requests=left.requests,
        numbers=left.numbers,
        heads=heads,
        digests=digests_of(heads, alike, left.said),
        alike=sorted(alike, key=lambda one: int(one.places[0])),
        whole=frozenset(n for n, one in enumerate(opened) if one and one.is_whole and counts[n] == len(one.events)),
    )


def _opened(request: Kept, readers: _Readers) -> _Opened | None:
    """Return what can be read of a request, all at once where all can."""
    if not _is_text(request.body):
        return None
    try:
        every = readers.request.decode(request.body)
        return _Opened(every, range(len(every.events)), every.events, not every.refused)
    except (msgspec.DecodeError, RecursionError):
        pass  # one of its events cannot
    numbers: list[int] = []
    events: list[_Event] = []
    try:
        readers.context.decode(request.received.context)
    except (msgspec.DecodeError, RecursionError):
        return None
    for number, raw in enumerate(request.received.events):
        try:
            event = readers.event.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            continue
        numbers.append(number)
        events.append(event)
    return _Opened(request.received, numbers, events, is_whole=False)


class _ToldByContexts:
    """What is kept of contexts, each of which is looked at once: most events of a journal share theirs."""

    def __init__(self, kept: Mapping[str, tuple[str, ...]]) -> None:
        self._kept = kept
        self._told: dict[tuple[bytes, bytes], dict[str, Any]] = {}

    def added_to(self, opened: _Opened | None, request: Kept) -> _Opened | None:
        """Return what was opened with what its contexts tell; None where they cannot be read so."""
        if opened is None or not self._kept:
            return opened
        try:
            contexts = _CONTEXTS.decode(request.body)
            its = [bytes(contexts.events[number].context) for number in opened.numbers]
            return opened._replace(told=[self._of(bytes(contexts.context), one) for one in its])
        except (msgspec.DecodeError, RecursionError):
            return None

    def _of(self, batch: bytes, own: bytes) -> dict[str, Any]:
        if (batch, own) not in self._told:
            both = [msgspec.json.decode(one) or {} for one in (batch, own)]
            self._told[batch, own] = told_by_context(both[0] | both[1], self._kept)
        return self._told[batch, own]


def _is_text(record: bytes) -> bool:
    """Tell that what decoders skip in a request's events is text without NUL."""
    if not record.isascii():
        try:
            record.decode()
        except UnicodeDecodeError:
            return False
    return not (_BACKSLASH in record and _ESCAPED_NUL in record)


def _candidates(opened: Sequence[_Opened | None], zone: ZoneInfo) -> _Candidates:
    """Return the events that have an id, name somebody, and tell no time that is none."""
    sizes = [len(one.events) if one else 0 for one in opened]
    numbers = chain.from_iterable(one.numbers for one in opened if one)
    events = [*chain.from_iterable(one.events for one in opened if one)]
    requests = np.repeat(np.arange(len(opened)), sizes)
    moments, said, right = _times(events, opened, requests, zone)
    event_ids, user_ids, anonymous_ids = (
        _stripped([*map(attrgetter(name), events)]) for name in ("message_id", "user_id", "anonymous_id")
    )
    has_id, has_user, has_visitor = (
        np.array(pc.not_equal(one, ""), np.bool_) for one in (event_ids, user_ids, anonymous_ids)
    )
    found = _Candidates(
        *(requests, np.fromiter(numbers, np.int64, len(events)), events, moments, said),
        *(event_ids, user_ids, anonymous_ids),
        [*chain.from_iterable(one.told for one in opened if one)],
    )
    return found.only(right & has_id & (has_user | has_visitor))


def _stripped(texts: list[str | None]) -> pa.Array:
    """Return texts without the space around them, nothing for none."""
    written = pc.fill_null(pa.array(texts, pa.string()), "")
    content = np.frombuffer(written.buffers()[2] or b"", np.uint8)
    if not ((content <= ord(" ")) | (content > _LAST_ASCII)).any():
        return written
    return pa.array([one.strip() if one else "" for one in texts], pa.string())


def _times(
    events: Sequence[_Event], opened: Sequence[_Opened | None], requests: NDArray[np.int64], zone: ZoneInfo
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the times of events: corrected, and as the sender gave them; and of which these could be read."""
    given, has_given, wrong = _moments([one.timestamp for one in events], zone)
    original, has_original, wrong_original = _moments([one.original_timestamp for one in events], zone)
    sent, has_sent, wrong_sent = _moments([one.sent_at for one in events], zone)
    its = [one.said if one else None for one in opened]
    received = np.array([one.received_at if one else 0 for one in its], np.int64)
    # A request that does not tell when it was sent came when it was sent.
    sendings = [0 if one is None else one.received_at if one.sent_at is None else one.sent_at for one in its]
    skew = received[requests] - np.where(has_sent, sent, np.array(sendings, np.int64)[requests])
    said = np.where(has_original, original, given)
    has_said = has_original | has_given
    right = ~(wrong | wrong_original | wrong_sent)
    return np.where(has_said, said + skew, received[requests]), np.where(has_said, said, 0), right


def _moments(texts: list[str | None], zone: ZoneInfo) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the times that texts tell (0 where they tell none), whether there is a text, and whether it is no time."""
    times, is_given, is_wrong = np.zeros(len(texts), np.int64), *np.zeros((2, len(texts)), np.bool_)
    if texts.count(None) == len(texts):
        return times, is_given, is_wrong
    written = pa.array(texts, pa.string())
    is_given, is_usual = np.array(written.is_valid(), np.bool_), _usually_written(written)
    try:
        usual = written if is_usual.all() else written.filter(pa.array(is_usual))
        times[is_usual] = usual.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        is_usual[:] = False  # one of them is no time: each is read by itself
    for place in np.flatnonzero(is_given & ~is_usual).tolist():
        try:
            times[place] = parse_moment(texts[place] or "", zone)
        except ValueError:
            is_wrong[place] = True
    return times, is_given, is_wrong


def _usually_written(times: pa.Array) -> NDArray[np.bool_]:
    """Tell which texts are `2026-01-31T10:00:00Z`, or that with a fraction, or no time."""
    _, ends, texts = times.buffers()
    starts, content = np.frombuffer(ends, np.int32), np.frombuffer(texts or b"", np.uint8)
    lengths = np.diff(starts)
    right = np.isin(lengths, _USUAL_LENGTHS)
    first, last = starts[:-1][right], starts[1:][right] - 1
    right[right] = (
        (content[first] > ord("0"))
        & (content[first + 10] == ord("T"))
        & (content[last] == ord("Z"))
        & ((content[first + _FRACTION] == ord(".")) | (last - first == _FRACTION))
    )
    return right


def _groups(events: Sequence[_Event], told: Sequence[dict[str, Any]], plan: TrackingPlan) -> Iterator[Group]:
    """Yield the events whose properties, those that their contexts tell included, have the same names."""
    values: list[dict[str, Any]] = [
        (one.properties or {}) if one.type == "track" else _values_of_page(one) for one in events
    ]
    if told:
        values = [of_context | own for of_context, own in zip(told, values, strict=True)]
    shapes, called = _numbered(map(tuple, values)), _numbered(map(_CALLED_OF, events))
    keys = [EVENT_OF_TYPE[kind] if kind != "track" else _key(event or "", plan) for kind, event in called.distinct]
    for names, places in zip(shapes.distinct, shapes.places(), strict=True):
        if len(names) <= MOST_VALUES and all(0 < len(each) <= LONGEST_NAME for each in names):
            its = values if len(shapes.distinct) == 1 else [values[place] for place in places.tolist()]
            cells = [*chain.from_iterable(map(dict.values, its))]
            columns = {each: cells[number :: len(names)] for number, each in enumerate(names)}
            yield Group(keys, called.numbers[places], places, columns)


class _Numbered(NamedTuple, Generic[_T]):
    """Distinct values in the order in which they came, and the number of each one's own."""

    distinct: Sequence[_T]
    numbers: NDArray[np.int64]

    def places(self) -> Iterator[NDArray[np.int64]]:
        """Yield where each distinct value stands."""
        return places_of(self.numbers, len(self.distinct))


def _numbered(values: Iterable[_T]) -> _Numbered[_T]:
    firsts = dict[_T, int]()
    first_of = np.fromiter(map(firsts.setdefault, values, count()), np.int64)
    return _Numbered([*firsts], np.searchsorted(np.fromiter(firsts.values(), np.int64), first_of))


def _values_of_page(event: _Event) -> dict[str, Any]:
    """Return the properties of a page or screen, its name and category among them."""
    told = {"name": event.name, "category": event.category}
    return {**(event.properties or {}), **{name: value for name, value in told.items() if value is not None}}


def _key(event: str, plan: TrackingPlan) -> str:
    """Return the key of an event's name, nothing for none."""
    try:
        event_key(event)
        return plan.key_of(event)
    except ValueError:
        return ""
