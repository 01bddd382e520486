"""Each message once, by its source and its sender's id for it; the same id with another content is a conflict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kohort.storage.messages import Message, encode_messages
from kohort.storage.records import Rejection
from kohort.storage.seen import Arrived, Keys, SeenMessages, keys_of, order_of


@dataclass(frozen=True)
class SortedOut:
    """The places of messages that nobody has seen, and of conflicts (the first stays); how many were known."""

    fresh: NDArray[np.int64]
    conflicts: NDArray[np.int64]
    known: int


def identities_of(messages: Sequence[Message]) -> tuple[Keys, NDArray[np.int64]]:
    """Return what tells messages apart: the hash of each one's source and id, and the digest of what it says."""
    keys = keys_of((one.source, one.event_id) for one in messages)
    return keys, np.fromiter((one.digest() for one in messages), np.int64, len(messages))


def sort_out(seen: SeenMessages, keys: Keys, digests: NDArray[np.int64]) -> SortedOut:
    """Tell messages that are new from repeats and from conflicts, among those seen and among themselves."""
    known, first_said = seen.find(keys)
    order = order_of(keys)  # it is stable: of equal ones the first to come stays first
    ordered = keys[order]
    begins = np.ones(len(keys), np.bool_)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    firsts = np.empty(len(keys), np.int64)
    firsts[order] = order[begins][np.cumsum(begins) - 1]
    fresh = ~known & (firsts == np.arange(len(keys)))
    same = np.where(known, first_said, digests[firsts]) == digests
    conflicts = np.flatnonzero(~fresh & ~same)
    return SortedOut(np.flatnonzero(fresh), conflicts, len(keys) - int(fresh.sum()) - len(conflicts))


def arrived(sources: pa.Array, found: SortedOut) -> dict[str, Arrived]:
    """Return how many messages of each source were new, and how many repeats, which are neither new nor conflicts.

    >>> found = SortedOut(np.array([0]), np.array([], np.int64), known=2)
    >>> arrived(pa.array(["web", "app", "app"]), found)
    {'web': Arrived(new=1, known=0), 'app': Arrived(new=0, known=2)}
    """
    coded = sources.dictionary_encode()
    names, codes = coded.dictionary.to_pylist(), np.from_dlpack(coded.indices)
    every, new, conflicting = (
        np.bincount(its, minlength=len(names)).tolist() for its in (codes, codes[found.fresh], codes[found.conflicts])
    )
    return {
        name: Arrived(new[place], every[place] - new[place] - conflicting[place]) for place, name in enumerate(names)
    }


def conflict_of(message: Message, file: str) -> Rejection:
    """Return the dead letter of a message whose id is that of another one."""
    reason = (
        f'the message id "{message.event_id}" is already used by a message that says something else; the first one '
        "stays; give this one an id of its own"
    )
    return Rejection(message.source, file, 0, "messageId", reason, encode_messages([message]).decode())
