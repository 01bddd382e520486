"""Each message once, by its source and its sender's id for it; the same id with another content is a conflict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from kohort.storage.messages import Message, encode_messages
from kohort.storage.records import Rejection
from kohort.storage.seen import SeenMessages, keys_of


@dataclass
class SortedOut:
    """Messages that nobody has seen, conflicts (the first with an id stays), and how many were known."""

    fresh: list[Message] = field(default_factory=list)
    conflicts: list[Message] = field(default_factory=list)
    known: int = 0


def sort_out(seen: SeenMessages, messages: Sequence[Message]) -> SortedOut:
    """Tell messages that are new from repeats and from conflicts, among those seen and among themselves."""
    result = SortedOut()
    first: dict[tuple[str, str], Message] = {}
    for one, stored in zip(messages, seen.find(_keys(messages)), strict=True):
        twin = first.setdefault((one.source, one.event_id), one)
        if stored is None and twin is one:
            result.fresh.append(one)
        elif (twin.digest() if stored is None else stored) == one.digest():
            result.known += 1
        else:
            result.conflicts.append(one)
    return result


def remember(seen: SeenMessages, messages: Sequence[Message], watermark: int, tables: dict[str, int]) -> None:
    """Add messages that were new to those seen, and move the watermark."""
    digests = np.fromiter((one.digest() for one in messages), np.int64, len(messages))
    seen.add(_keys(messages), digests, watermark=watermark, tables=tables)


def conflict_of(message: Message, file: str) -> Rejection:
    """Return the dead letter of a message whose id is that of another one."""
    reason = (
        f'the message id "{message.event_id}" is already used by a message that says something else; the first one '
        "stays; give this one an id of its own"
    )
    return Rejection(message.source, file, 0, "messageId", reason, encode_messages([message]).decode())


def _keys(messages: Iterable[Message]) -> np.ndarray:
    return keys_of((one.source, one.event_id) for one in messages)
