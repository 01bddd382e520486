"""The events that SDKs usually send, many requests at a time: from their JSON to columns, without a message for each.

What an event means is said in `segment_messages`, for each by itself. What is read here means the same, or it is left
for there: an event with nested properties, with choices in its context, in a form that SDKs rarely use, or wrong.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import compress
from typing import Annotated, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import Moment, parse_moment
from kohort.collection.flattening import MOST_VALUES
from kohort.collection.segment_messages import EVENT_OF_TYPE, LONGEST_ID, LONGEST_MESSAGE_ID
from kohort.definitions.identity import IdentityDefinition, Origin
from kohort.definitions.tracking import LONGEST_NAME, TrackingPlan, event_key
from kohort.definitions.values import MICRO, ValueType
from kohort.storage.messages import Message, MessageType
from kohort.storage.received import Received

_LARGEST_INTEGER: Final = 9 * 10**12
_LARGEST_SCALED: Final = 2.0**45
"""In micros: above it a binary fraction may not tell which micro the written number is nearest to."""
_NEARLY_HALF: Final = 0.49
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


@dataclass
class Heads:
    """What every message has, by column."""

    event_ids: list[str]
    types: list[MessageType]
    moments: list[Moment]
    received_at: list[Moment]
    sources: list[str]
    names: list[str]
    user_ids: list[str]
    anonymous_ids: list[str]


def heads_of(messages: Iterable[Message]) -> Heads:
    """Return what messages have."""
    its = [*messages]
    return Heads(
        event_ids=[one.event_id for one in its],
        types=[one.type for one in its],
        moments=[one.ts for one in its],
        received_at=[one.received_at for one in its],
        sources=[one.source for one in its],
        names=[one.name for one in its],
        user_ids=[one.user_id for one in its],
        anonymous_ids=[one.anonymous_id for one in its],
    )


class Alike(NamedTuple):
    """Messages of one name whose values have the same names and types: their places, and the values by type and name.

    A column has a value for each place.
    """

    name: str
    places: NDArray[np.int64]
    columns: Sequence[tuple[ValueType, str, pa.Array]]


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


class _Group(NamedTuple):
    """Candidates of one name with the same names of properties, and the columns of these."""

    name: str
    places: NDArray[np.int64]
    columns: Mapping[str, Sequence[Any]]


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
    alike = [one for group in _groups(timed.candidates, plan) for one in _typed(group, plan)]
    kept = np.sort(np.concatenate([one.places for one in alike] or [np.zeros(0, np.int64)]))
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
        digests=_digests(heads, alike, timed.said[kept]),
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


def _groups(candidates: list[_Candidate], plan: TrackingPlan) -> Iterator[_Group]:
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
            yield _Group(name, np.array(places, np.int64), columns)


def _key(event: str, plan: TrackingPlan) -> str:
    """Return the key of an event's name, nothing for none."""
    try:
        event_key(event)
        return plan.key_of(event)
    except ValueError:
        return ""


_FIELDS: Final = {ValueType.NUMBER: "numbers", ValueType.TEXT: "texts", ValueType.BOOLEAN: "booleans"}
_ESCAPED: Final = re.compile(r'["\\\x00-\x1f]')
_TYPES: Final = {str: ValueType.TEXT, bool: ValueType.BOOLEAN, int: ValueType.NUMBER, float: ValueType.NUMBER}


def _typed(group: _Group, plan: TrackingPlan) -> Iterator[Alike]:
    """Yield candidates with values of the same types; those of another type than declared, or inexact, are left out."""
    found = {name: {_TYPES.get(one) for one in set(map(type, values))} for name, values in group.columns.items()}
    mixed = [name for name, kinds in found.items() if len(kinds) > 1]
    if mixed:
        signatures = zip(*([_TYPES.get(type(one)) for one in group.columns[name]] for name in mixed), strict=True)
        parts: dict[tuple[ValueType | None, ...], list[int]] = {}
        for row, signature in enumerate(signatures):
            parts.setdefault(signature, []).append(row)
        for rows in parts.values():
            columns = {name: [values[row] for row in rows] for name, values in group.columns.items()}
            yield from _typed(group._replace(places=group.places[rows], columns=columns), plan)
        return
    kinds = {name: kind for name, (kind,) in found.items() if kind is not None}
    declared = plan.types_of(group.name)
    if any(kinds.get(name, kind) is not kind for name, kind in declared.items()):
        return
    if any(name not in kinds for name in plan.required_of(group.name)):
        return
    yield from _exact(group, kinds)


def _exact(group: _Group, kinds: dict[str, ValueType]) -> Iterator[Alike]:
    right = np.ones(len(group.places), np.bool_)
    columns: list[tuple[ValueType, str, pa.Array]] = []
    for kind in _FIELDS:
        for name in [name for name, one in kinds.items() if one is kind]:
            values = group.columns[name]
            if kind is ValueType.NUMBER:
                micros, sure = _micros(values)
                right &= sure
                columns.append((kind, name, pa.array(micros)))
            else:
                columns.append((kind, name, pa.array(values, pa.string() if kind is ValueType.TEXT else pa.bool_())))
    if right.any():
        chosen = pa.array(right)
        its = [(kind, name, values if right.all() else values.filter(chosen)) for kind, name, values in columns]
        yield Alike(group.name, group.places[right], its)


def _micros(values: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return numbers as micros, and of which that is sure."""
    try:
        if set(map(type, values)) == {int}:
            whole = np.array(values, np.int64)
            sure = (whole < _LARGEST_INTEGER) & (whole > -_LARGEST_INTEGER)
            return np.where(sure, whole, 0) * MICRO, sure
        scaled = np.array(values, np.float64) * MICRO
    except OverflowError:
        return np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    nearest = np.rint(scaled)
    sure = (np.abs(scaled) < _LARGEST_SCALED) & (np.abs(scaled - nearest) < _NEARLY_HALF)
    return np.where(sure, nearest, 0).astype(np.int64), sure


def _digests(heads: Heads, alike: Sequence[Alike], said: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what `Message.digest` returns for each event, of which the JSON is put together by columns."""
    begins = [
        f'{{"event_id":{event_id},"type":"{kind}","ts":{time},"source":{source},"name":{name}{user}{visitor}'
        for event_id, kind, time, source, name, user, visitor in zip(
            _quoted(heads.event_ids), heads.types, said.tolist(), _quoted(heads.sources), _quoted(heads.names),
            _given("user_id", heads.user_ids), _given("anonymous_id", heads.anonymous_ids), strict=True,
        )
    ]  # fmt: skip
    hashes = [b""] * len(begins)
    for one in alike:
        form, columns = _values_form(one)
        for place, *row in zip(one.places.tolist(), *columns, strict=True):
            text = begins[place] + form % tuple(row)
            hashes[place] = blake2b(text.encode(), digest_size=8).digest()
    return (np.frombuffer(b"".join(hashes), ">u8") >> np.uint64(1)).astype(np.int64)


def _values_form(alike: Alike) -> tuple[str, list[list[Any]]]:
    """Return how values are written, with a place for each, and what stands in these places, by column."""
    parts, columns = [], []
    for kind, field in _FIELDS.items():
        its = sorted((name, values.to_pylist()) for one, name, values in alike.columns if one is kind)
        if its:
            names = (msgspec.json.encode(name).decode().replace("%", "%%") for name, _ in its)
            parts.append(f'"{field}":{{{",".join(f"{name}:%s" for name in names)}}}')
            columns += [_written(kind, values) for _, values in its]
    return f',"values":{{{",".join(parts)}}}}}', columns


def _written(kind: ValueType, values: list[Any]) -> list[Any]:
    if kind is ValueType.TEXT:
        return _quoted(values)
    return ["true" if one else "false" for one in values] if kind is ValueType.BOOLEAN else values


def _given(field: str, texts: list[str]) -> list[str]:
    return [f',"{field}":{quoted}' if text else "" for text, quoted in zip(texts, _quoted(texts), strict=True)]


def _quoted(texts: list[str]) -> list[str]:
    if _ESCAPED.search("".join(texts)):
        return [msgspec.json.encode(one).decode() for one in texts]
    return [f'"{one}"' for one in texts]
