"""Requests as SDKs usually send them: a proof, at a fraction of its cost, that careful judging accepts all as it came.

What is accepted is said in `acceptance`, event by event. Here the few names that SDKs write are decoded by type, which
the decoder checks as it goes, and what was decoded is written again: a name that stands twice in an object, or that is
none of these, is gone then, and the colon after it. So as many colons as before prove that nothing was lost.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from msgspec import UNSET, Raw, UnsetType

from kohort.collection.scalars import DEEPEST, surely_shallow
from kohort.collection.segment_messages import LONGEST_ID, LONGEST_MESSAGE_ID, name_problem, surely_moment

_ESCAPED: Final = (b"\\u0000", b"\\u003a", b"\\u003A")
"""A NUL, which is refused, and a colon, which is written otherwise when it is written again."""
_MANY: Final = 4_096
_COLON: Final = ord(":")

_Id = Annotated[str, msgspec.Meta(max_length=LONGEST_ID)] | UnsetType | None
_Time = str | UnsetType | None
_Values = dict[str, Any] | UnsetType | None


class _Event(msgspec.Struct, rename="camel", gc=False):
    """An event whose context is looked at by itself, since most events of a batch share theirs."""

    type: Literal["track", "identify", "page", "screen"]
    event: str | UnsetType = UNSET
    user_id: _Id = UNSET
    anonymous_id: _Id = UNSET
    message_id: Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE_ID)] | UnsetType | None = UNSET
    timestamp: _Time = UNSET
    original_timestamp: _Time = UNSET
    sent_at: _Time = UNSET
    properties: _Values = UNSET
    traits: _Values = UNSET
    context: Raw | UnsetType = UNSET
    integrations: Any = UNSET
    name: Any = UNSET
    category: Any = UNSET
    channel: Any = UNSET
    version: Any = UNSET
    metadata: Any = msgspec.field(default=UNSET, name="_metadata")


class _EventAlone(_Event, rename="camel", gc=False):
    context: Any = UNSET


class Envelope(msgspec.Struct):
    """The body of a batch: the texts of its events, and what it says of all of them."""

    batch: list[Raw] | UnsetType = UNSET
    sent_at: Any = msgspec.field(default=UNSET, name="sentAt")
    write_key: Any = msgspec.field(default=UNSET, name="writeKey")
    context: Raw | UnsetType = UNSET
    integrations: Raw | UnsetType = UNSET


ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_EVENT: Final = msgspec.json.Decoder(_Event)
_EVENT_ALONE: Final = msgspec.json.Decoder(_EventAlone)
_ANYTHING: Final = msgspec.json.Decoder()
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_ENCODER: Final = msgspec.json.Encoder()
# What the decoder raises for what is no JSON text, in another form, or nested too deep: careful judging says which.
_UNUSUAL: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def is_usual_event(text: bytes, kind: str, longest: int) -> bool:
    """Tell that a body is an event of this type, of at most so many bytes, and surely accepted as it came.

    >>> [is_usual_event(body, "page", 99) for body in (b'{"type":"page","userId":"u"}', b'{"type":"page"}')]
    [True, False]
    """
    try:
        event = _EVENT_ALONE.decode(text)
        return (
            event.type == kind
            and len(text) <= longest
            and _is_readable(text)
            and surely_shallow(text)
            and _is_sound(event)
            and _is_whole(text, event)
        )
    except _UNUSUAL:
        return False


def usual_envelope(text: bytes, longest: int) -> Envelope | None:
    """Return the body of a batch if it is well-formed, and each of its events surely accepted as it came, else None.

    `longest` is the most bytes of an event.

    >>> len(usual_envelope(b'{"batch":[{"type":"page","userId":"u"}]}', 99).batch)
    1
    >>> usual_envelope(b'{"batch":[{"type":"page","userId":"u"},{"type":"page"}]}', 99)
    """
    try:
        envelope = ENVELOPE.decode(text)
        if not envelope.batch or not _is_readable(text):
            return None
        texts = [bytes(one) for one in envelope.batch]
        events = [_EVENT.decode(one) for one in texts]
        usual = (
            all(len(one) <= longest and surely_shallow(one) for one in texts)
            and all(_is_sound(one) for one in events)
            and _are_sound_contexts(one.context for one in events)
            and all(_is_sound_of_all(one) for one in (envelope.context, envelope.integrations))
            and _is_whole(text, msgspec.structs.replace(envelope, batch=events))
        )
    except _UNUSUAL:
        return None
    return envelope if usual else None


def _is_readable(text: bytes) -> bool:
    """Tell that a JSON text is UTF-8, also where the decoder does not look, and has nothing in disguise.

    Raises ValueError for what is not UTF-8.
    """
    if not text.isascii():
        text.decode()
    return not (b"\\" in text and any(one in text for one in _ESCAPED))


def _is_sound(event: _Event) -> bool:
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


def _are_sound_contexts(contexts: Iterable[Raw | UnsetType]) -> bool:
    known: Raw | UnsetType = UNSET
    for context in contexts:
        if context is not UNSET and context != known:
            if not _is_whole(context, _ANYTHING.decode(context)):
                return False
            known = context
    return True


def _is_sound_of_all(part: Raw | UnsetType) -> bool:
    return part is UNSET or (surely_shallow(bytes(part), DEEPEST - 1) and _is_whole(part, _OBJECT.decode(part)))


def _is_whole(text: bytes | Raw, decoded: object) -> bool:
    """Tell that nothing of a JSON text was lost in decoding it: neither a repeated name, nor one that is not known."""
    return _colons(bytes(text)) == _colons(_ENCODER.encode(decoded))


def _colons(text: bytes) -> int:
    if len(text) < _MANY:
        return text.count(b":")
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _COLON))
