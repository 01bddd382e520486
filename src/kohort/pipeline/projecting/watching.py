"""What the projection decides, told to whoever watches."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import msgspec

from kohort.clock import Moment
from kohort.storage.messages import Message
from kohort.storage.records import Rejection
from kohort.storage.watch import Seen, Watch


class ProjectionWatch:
    """Shows messages and dead letters as the projection applies them; does nothing while nobody watches."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def watched(self) -> bool:
        """Tell whether somebody watches."""
        return self._watch.watched()

    def messages(self, given: Sequence[Message], fresh: AbstractSet[int]) -> None:
        """Show messages: those at the places `fresh` are accepted, the others were known."""
        self._watch.write("projection", [_seen(one, new=place in fresh) for place, one in enumerate(given)])

    def letters(self, given: Sequence[tuple[Moment, Rejection]]) -> None:
        """Show dead letters, each with when it was recorded."""
        if self._watch.watched():
            self._watch.write("projection", [_rejected(at, one) for at, one in given])


def _seen(one: Message, *, new: bool) -> Seen:
    return Seen(
        at=one.received_at,
        what="accepted" if new else "duplicate",
        source=one.source,
        type=one.type,
        name=one.name,
        user_id=one.user_id,
        anonymous_id=one.anonymous_id,
        message_id=one.event_id,
    )


class _Sent(msgspec.Struct):
    """What a refused event says of itself, where that can be read."""

    type: object = ""
    event: object = ""
    userId: object = ""  # noqa: N815 - as it is sent
    anonymousId: object = ""  # noqa: N815 - as above
    messageId: object = ""  # noqa: N815 - as above


_SENT = msgspec.json.Decoder(_Sent)


def _rejected(at: Moment, one: Rejection) -> Seen:
    try:
        sent = _SENT.decode(one.raw)
    except (msgspec.DecodeError, RecursionError):
        sent = _Sent()
    words = [value if isinstance(value, str) else "" for value in msgspec.structs.astuple(sent)]
    kind, name, user_id, anonymous_id, message_id = words
    return Seen(at, "rejected", one.source, kind, name, user_id, anonymous_id, message_id, one.field, one.reason)
