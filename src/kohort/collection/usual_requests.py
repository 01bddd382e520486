"""Requests as SDKs usually send them: a proof, at a fraction of its cost, that careful judging accepts all as it came.

What is accepted is said in `acceptance`, event by event. Here the few names that SDKs write are decoded by type, which
the decoder checks as it goes, and what was decoded is written again: a name that stands twice in an object, or that is
none of these, is gone then, and the colon after it. So as many colons as before prove that nothing was lost.
"""

from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import UNSET, Raw, UnsetType

from kohort.collection.segment_messages import LONGEST_ID, LONGEST_MESSAGE_ID, name_problem, surely_moment

_ESCAPED: Final = (b"\\u0000", b"\\u003a", b"\\u003A")
"""A NUL, which is refused, and a colon, which is written otherwise when it is written again."""
_MANY: Final = 4_096
_COLON: Final = ord(":")

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


class _Head(msgspec.Struct, rename="camel", gc=False):
    """An event but for its context."""

    type: Literal["track", "identify", "page", "screen"]
    event: str | UnsetType = UNSET
    user_id: _Id = UNSET
    anonymous_id: _Id = UNSET
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


class _Event(_Head, rename="camel", gc=False):
    context: _Nested | UnsetType = UNSET


class _EventOfBatch(_Head, rename="camel", gc=False):
    """Its context is looked at by itself, since most events of a batch share theirs."""

    context: Raw | UnsetType = UNSET


class _Batch(msgspec.Struct, rename="camel", gc=False):
    batch: list[_EventOfBatch]
    sent_at: _Nested | UnsetType = UNSET
    write_key: _Nested | UnsetType = UNSET
    context: _Values | UnsetType = UNSET
    integrations: _Values | UnsetType = UNSET


_BATCH: Final = msgspec.json.Decoder(_Batch)
_EVENT: Final = msgspec.json.Decoder(_Event)
_CONTEXT: Final = msgspec.json.Decoder(_Nested)
_ENCODER: Final = msgspec.json.Encoder()
# What the decoder raises for what is no JSON text, in another form, or nested too deep: careful judging says which.
_UNUSUAL: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def is_usual_event(text: bytes, kind: str, longest: int) -> bool:
    """Tell that a body is an event of this type, of at most so many bytes, and surely accepted as it came.

    >>> [is_usual_event(body, "page", 99) for body in (b'{"type":"page","userId":"u"}', b'{"type":"page"}')]
    [True, False]
    """
    if len(text) > longest:
        return False
    try:
        event = _EVENT.decode(text)
        return event.type == kind and _is_readable(text) and _is_sound(event) and _is_whole(text, event)
    except _UNUSUAL:
        return False


def is_usual_batch(text: bytes) -> bool:
    """Tell that a body is a batch, and each of its events, unless one is too large, surely accepted as it came.

    >>> is_usual_batch(b'{"batch":[{"type":"page","userId":"u"}]}')
    True
    >>> is_usual_batch(b'{"batch":[{"type":"page","userId":"u"},{"type":"page"}]}')
    False
    """
    try:
        body = _BATCH.decode(text)
        return _is_readable(text) and _are_sound(body.batch) and _is_whole(text, body)
    except _UNUSUAL:
        return False


def _is_readable(text: bytes) -> bool:
    """Tell that a JSON text is UTF-8, also where the decoder does not look, and has nothing in disguise.

    Raises ValueError for what is not UTF-8.
    """
    if not text.isascii():
        text.decode()
    return not (b"\\" in text and any(one in text for one in _ESCAPED))


def _is_sound(event: _Head) -> bool:
    """Tell that `envelope_breach` would find nothing."""
    kind = event.type
    if kind == "track":
        if not event.event or name_problem(event.event):
            return False
    elif kind == "identify" and not isinstance(event.traits, dict):
        return False  # they may stand in the context
    user_id = event.user_id
    if not user_id or user_id.isspace():
        anonymous_id = event.anonymous_id
        if not anonymous_id or anonymous_id.isspace():
            return False
    given, original, sent = event.timestamp, event.original_timestamp, event.sent_at
    return (
        (not isinstance(given, str) or surely_moment(given))
        and (not isinstance(original, str) or surely_moment(original))
        and (not isinstance(sent, str) or surely_moment(sent))
    )


def _are_sound(events: Iterable[_EventOfBatch]) -> bool:
    known: Raw | UnsetType = UNSET
    for event in events:
        if not _is_sound(event):
            return False
        context = event.context
        if context is not UNSET and context != known:
            if not _is_whole(bytes(context), _CONTEXT.decode(context)):
                return False
            known = context
    return True


def _is_whole(text: bytes, decoded: object) -> bool:
    """Tell that nothing of a JSON text was lost in decoding it: neither a repeated name, nor one that is not known."""
    return _colons(text) == _colons(_ENCODER.encode(decoded))


def _colons(text: bytes) -> int:
    if len(text) < _MANY:
        return text.count(b":")
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _COLON))
