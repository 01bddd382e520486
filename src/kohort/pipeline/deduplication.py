"""Each message once, by its source and its sender's id for it; the same id with another content is a conflict."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kohort.storage.messages import Message, encode_messages
from kohort.storage.records import Rejection
from kohort.storage.seen import Keys, SeenMessages, keys_of


@dataclass
class SortedOut:
    """Messages that nobody has seen with their hashes, conflicts (the first stays), and how many were known."""

    keys: Keys
    fresh: list[Message] = field(default_factory=list)
    conflicts: list[Message] = field(default_factory=list)
    known: int = 0


def sort_out(seen: SeenMessages, messages: Sequence[Message]) -> SortedOut:
    """Tell messages that are new from repeats and from conflicts, among those seen and among themselves."""
    keys = keys_of((one.source, one.event_id) for one in messages)
    result = SortedOut(keys)
    first: dict[tuple[str, str], Message] = {}
    places = []
    for place, (one, stored) in enumerate(zip(messages, seen.find(keys), strict=True)):
        twin = one if stored is not None else first.setdefault((one.source, one.event_id), one)
        if stored is None and twin is one:
            result.fresh.append(one)
            places.append(place)
        elif (twin.digest() if stored is None else stored) == one.digest():
            result.known += 1
        else:
            result.conflicts.append(one)
    result.keys = keys[places]
    return result


def stage(seen: SeenMessages, found: SortedOut) -> None:
    """Know what was new, until it is kept with a watermark."""
    seen.stage(found.keys, np.fromiter((one.digest() for one in found.fresh), np.int64, len(found.fresh)))


def conflict_of(message: Message, file: str) -> Rejection:
    """Return the dead letter of a message whose id is that of another one."""
    reason = (
        f'the message id "{message.event_id}" is already used by a message that says something else; the first one '
        "stays; give this one an id of its own"
    )
    return Rejection(message.source, file, 0, "messageId", reason, encode_messages([message]).decode())
