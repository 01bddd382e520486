"""Requests as SDKs usually send them: a proof, at a fraction of its cost, that careful judging accepts all as it came.

What is accepted is said in `acceptance`, event by event. Here the few names that SDKs write are decoded by type, which
the decoder checks as it goes: it stops at a name that is none of these. What was decoded is written again: a name that
stands twice in an object is gone then, and the colon after it. So as many colons as before prove that nothing was lost.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from kohort.collection.json_names import surely_distinct
from kohort.collection.segment_messages import LONGEST_ID, LONGEST_MESSAGE_ID, name_problem, surely_moments

# Values nested as deep as SDKs nest them: the decoder itself refuses what is nested deeper.
_Plain = str | int | float | bool | None
_Nested1 = _Plain | list[_Plain] | dict[str, _Plain]
_Nested2 = _Plain | list[_Nested1] | dict[str, _Nested1]
_Nested3 = _Plain | list[_Nested2] | dict[str, _Nested2]
_Nested4 = _Plain | list[_Nested3] | dict[str, _Nested3]
_Nested = _Plain | list[_Nested4] | dict[str, _Nested4]
_Values = dict[str, _Nested]

_Id = Annotated[str, msgspec.Meta(max_length=LONGEST_ID)] | UnsetType | None
_MessageId = Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE_ID)] | UnsetType | None
_Time = str | UnsetType | None
_Name = str | UnsetType | None


class _Head(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """An event but for its context."""

    type: Literal["track", "identify", "page", "screen", "group", "alias"]
    event: str | UnsetType = UNSET
    user_id: _Id = UNSET
    anonymous_id: _Id = UNSET
    previous_id: _Id = UNSET
    group_id: _Id = UNSET
    message_id: _MessageId = UNSET
    timestamp: _Time = UNSET
    original_timestamp: _Time = UNSET
    sent_at: _Time = UNSET
    properties: _Values | UnsetType | None = UNSET
    traits: _Values | UnsetType | None = UNSET
    integrations: _Nested | UnsetType = UNSET
    name: _Nested | UnsetType = UNSET
    category: _Nested | UnsetType = UNSET
    channel: _Nested | UnsetType = UNSET
    version: _Nested | UnsetType = UNSET
    metadata: _Nested | UnsetType = msgspec.field(default=UNSET, name="_metadata")


class _Event(_Head, rename="camel", gc=False, forbid_unknown_fields=True):
    context: _Nested | UnsetType = UNSET


class _EventOfBatch(_Head, rename="camel", gc=False, forbid_unknown_fields=True):
    """Its context is looked at by itself, since most events of a batch share theirs."""

    context: Raw | UnsetType = UNSET


class _Batch(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    batch: list[_EventOfBatch]
    sent_at: _Nested | UnsetType = UNSET
    write_key: _Nested | UnsetType = UNSET
    context: _Values | UnsetType = UNSET
    integrations: _Values | UnsetType = UNSET


class _BatchOfTexts(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """A batch of which the events are looked at by themselves."""

    batch: list[Raw]
    sent_at: _Nested | UnsetType = UNSET
    write_key: _Nested | UnsetType = UNSET
    context: _Values | UnsetType = UNSET
    integrations: _Values | UnsetType = UNSET


_BATCH: Final = msgspec.json.Decoder(_Batch)
_TEXTS: Final = msgspec.json.Decoder(_BatchOfTexts)
_EVENT_OF_BATCH: Final = msgspec.json.Decoder(_EventOfBatch)
_EVENT: Final = msgspec.json.Decoder(_Event)
_CONTEXT: Final = msgspec.json.Decoder(_Nested)
# What the decoder raises for what is no JSON text, no UTF-8, in another form, or nested too deep: careful judging says
# which. It skips contexts only, which are decoded next.
_UNUSUAL: Final = (msgspec.MsgspecError, ValueError, RecursionError)


_FEW: Final = 1
_NUL: Final = b"\\u0000"
_ALIKE: Final = frozenset({"track", "page", "screen"})
"""The types whose events need nothing that others do not."""
_CONTEXT_OF: Final = attrgetter("context")
_NAMES_OF: Final = attrgetter("type", "event", "user_id", "anonymous_id")
_TIMES: Final = tuple(map(attrgetter, ("timestamp", "original_timestamp", "sent_at")))


def is_usual_event(text: bytes, kind: str, longest: int) -> bool:
    """Tell that a body is an event of this type, of at most so many bytes, and surely accepted as it came.

    >>> [is_usual_event(body, "page", 99) for body in (b'{"type":"page","userId":"u"}', b'{"type":"page"}')]
    [True, False]
    """
    if len(text) > longest:
        return False
    try:
        event = _EVENT.decode(text)
        return (
            event.type == kind
            and not _has_nul(text)
            and _are_said([event])
            and _is_complete(event, event.context)
            and surely_distinct(text, event)
        )
    except _UNUSUAL:
        return False


def odd_among(text: bytes) -> frozenset[int] | None:
    """Return which events of a batch, by place, are perhaps not accepted as they came: those that are not as usual.

    Whether one is too large is not looked at. None means that it is not known.

    >>> odd_among(b'{"batch":[{"type":"page","userId":"u"},{"type":"page"}]}')
    frozenset({1})
    """
    try:
        try:
            body = _BATCH.decode(text)
        except msgspec.ValidationError:
            return _odd_by_itself(text)
        places = _odd(text, body, body.batch)
        return None if places is None else frozenset(places)
    except _UNUSUAL:
        return None


def _odd_by_itself(text: bytes) -> frozenset[int] | None:
    """Return which events of a batch are odd, where one cannot be read: each is read by itself."""
    body = _TEXTS.decode(text)
    if not surely_distinct(text, body):
        return None
    odd: set[int] = set()
    read: dict[int, _EventOfBatch] = {}
    for place, raw in enumerate(body.batch):
        try:
            read[place] = _EVENT_OF_BATCH.decode(raw)
        except msgspec.ValidationError:
            odd.add(place)
            if len(odd) > _FEW + len(body.batch) // 4:
                return None  # careful judging of all costs less
    events, others = [*read.values()], [*read]
    more = _odd(b"[%b]" % b",".join([bytes(body.batch[place]) for place in others]), events, events)
    return None if more is None else frozenset(odd.union(others[place] for place in more))


def _odd(text: bytes, decoded: object, events: Sequence[_EventOfBatch]) -> Sequence[int] | None:
    """Return the places of decoded events that say too little; None if something else in their text is odd."""
    if _has_nul(text):
        return None
    _read_contexts(events)
    if not surely_distinct(text, decoded):
        return None
    if _say_enough(events):
        return ()
    return [place for place, one in enumerate(events) if not _say_enough([one])] or None


def _has_nul(text: bytes) -> bool:
    return b"\\" in text and _NUL in text


def _read_contexts(events: Sequence[_EventOfBatch]) -> None:
    """Decode the context that events in a row have in common once, into the first, which is written again with it."""
    for raw, alike in groupby(events, _CONTEXT_OF):
        if raw is not UNSET:
            next(alike).context = _CONTEXT.decode(raw)


def _say_enough(events: Sequence[_EventOfBatch]) -> bool:
    """Tell that `envelope_breach` would find nothing; what events in a row have in common is looked at once."""
    if not _are_said(events):
        return False
    others = [one for one in events if one.type not in _ALIKE]
    return not others or all(_is_complete(one, _context_of(one)) for one in others)


def _are_said(events: Sequence[_Head]) -> bool:
    """Tell that each event names somebody and is named itself, and tells no time that is none."""
    for names, _ in groupby(map(_NAMES_OF, events)):
        if not _is_named(*names):
            return False
    times: list[str] = []
    for time_of in _TIMES:
        told = [*map(time_of, events)]
        # Most SDKs tell one of the times with each event, and the others with none.
        times += [one for one in told if type(one) is str] if UNSET in told or None in told else told
    return surely_moments(times)


def _is_named(kind: str, event: str | UnsetType, user_id: _Name, anonymous_id: _Name) -> bool:
    return (_is_id(user_id) or _is_id(anonymous_id)) and (
        kind != "track" or (bool(event) and not name_problem(str(event)))
    )


def _is_complete(event: _Head, context: object) -> bool:
    """Tell that an event has what only its type needs."""
    kind = event.type
    if kind == "identify":
        # RudderStack's SDKs put them into the context.
        return isinstance(event.traits, dict) or not isinstance(context, dict) or _is_object(context.get("traits"))
    return (kind != "group" or _is_id(event.group_id)) and (kind != "alias" or _is_id(event.previous_id))


def _context_of(event: _EventOfBatch) -> object:
    said = event.context
    return _CONTEXT.decode(said) if type(said) is Raw else said


def _is_id(value: str | UnsetType | None) -> bool:
    return isinstance(value, str) and value != "" and not value.isspace()


def _is_object(value: object) -> bool:
    return value is None or isinstance(value, dict)
